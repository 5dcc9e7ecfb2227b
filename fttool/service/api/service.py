"""The service as its routes see it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fttool.service.blobs import Blobs
from fttool.service.state import StateDir
from fttool.service.store import Store

_MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What is too much: sizes in bytes, as OpenAI's are where it has such a limit."""

    upload_bytes: int = 512 * _MB  # a file
    part_bytes: int = 64 * _MB  # a part of an upload
    whole_bytes: int = 8 * 1024 * _MB  # an upload
    upload_seconds: int = 3600  # that an upload may take
    body_bytes: int = 16 * _MB  # any other request
    unfinished_jobs: int = 1000


@dataclass
class Service:
    """All that a request may need: on `request.app.state.service`."""

    state: StateDir
    store: Store
    blobs: Blobs
    key: str
    limits: Limits = field(default_factory=Limits)
    models: Any = None  # the ModelCache that inference answers from
    poke: Callable[[], None] = lambda: None  # wakes the queue
    host: str = "127.0.0.1"  # where it listens
    allow_hosts: Sequence[str] = ()  # names that clients may call it by, besides its address
    aliases: Mapping[str, str] = field(default_factory=dict)  # model name -> trainer

    def tidy(self) -> None:
        """Let go of what nobody needs any more: expired files, what was left half done. At start, and each hour."""
        self.blobs.discard(self.store.expire(), self.store.shas_in_use)
        self.blobs.collect(self.store.shas_in_use)

    def remove_model_folder(self, folder: str) -> None:
        """Delete a model's folder, unless something still needs it."""
        for unused in self.store.unused_folders([folder]):
            shutil.rmtree(self.state.model(unused), ignore_errors=True)
