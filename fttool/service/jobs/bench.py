"""What a worker works with."""

from __future__ import annotations

from dataclasses import dataclass

from fttool.service.blobs import Blobs
from fttool.service.state import StateDir
from fttool.service.store import Store


@dataclass(frozen=True)
class Bench:
    """The store, the state folder and the bytes of files."""

    store: Store
    state: StateDir
    blobs: Blobs
