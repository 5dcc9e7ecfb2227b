"""What the parts of the store stand on."""

from __future__ import annotations

import time
from collections.abc import Callable

from fttool.service.store.connections import Connections


class Base:
    """The database's connections and the clock."""

    _connections: Connections
    _clock: Callable[[], float] = staticmethod(time.time)

    def now(self) -> int:
        """The time in unix seconds."""
        return int(self._clock())
