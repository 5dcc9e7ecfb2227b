"""The store: everything the service knows, in SQLite. Shared by the service and its workers, thread-safe."""

from __future__ import annotations

import time
from collections.abc import Callable

from fttool.service.state import StateDir
from fttool.service.store.connections import Connections
from fttool.service.store.files import Files
from fttool.service.store.models import Models
from fttool.service.store.training import Training
from fttool.service.store.uploads import Uploads


class Store(Files, Uploads, Training, Models):
    """Opens the database of a state folder, and makes it where there is none.

    `durable`: a transaction survives a power cut too (the service; workers only need to survive being killed).

    Raises:
        ConfigError: the folder cannot be used, is of a newer fttool, or has something else in place of the database.
    """

    def __init__(self, state: StateDir, *, durable: bool = False, clock: Callable[[], float] = time.time) -> None:
        state.make()
        self._clock = clock
        self._connections = Connections(state.database, durable=durable)

    def close(self) -> None:
        """Close the database."""
        self._connections.close()
