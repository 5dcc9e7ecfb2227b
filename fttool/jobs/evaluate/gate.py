"""How many requests may be under way, and from when on: so that a service that is busy is not stormed.

When it answers 429, nobody asks until the time it named is over, and then half as many ask at once as before; each
round of answers allows one more. (Additive increase, multiplicative decrease, as in TCP: RFC 5681.)
"""

from __future__ import annotations

import random
import threading
import time

#: Seconds to wait where the service does not say: doubled each time in a row, up to the most.
_FIRST_WAIT = 1.0
_MOST_WAIT = 60.0


class Gate:
    """A request enters, and leaves when it is answered. `most` may be inside at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(most)
        self._inside = 0
        self._until = 0.0
        self._refusals = 0
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waits(self) -> float:
        """For how many seconds nobody may enter."""
        return max(0.0, self._until - time.monotonic())

    @property
    def allowed(self) -> int:
        """How many may be inside."""
        return max(1, int(self._allowed))

    def enter(self) -> bool:
        """Wait until it is one's turn. False if the gate was closed instead."""
        with self._changed:
            while not self._closed:
                wait = self.waits
                if wait <= 0 and self._inside < self.allowed:
                    self._inside += 1
                    return True
                self._changed.wait(wait or None)
            return False

    def leave(self, *, answered: bool) -> None:
        """The request is over; `answered` if it was let through by the service."""
        with self._changed:
            self._inside -= 1
            if answered:
                self._refusals = 0
                self._allowed = min(self._most, self._allowed + 1 / max(self._allowed, 1.0))
            self._changed.notify_all()

    def refused(self, retry_after: float | None) -> None:
        """The service is busy, and names (or not) the seconds to wait. Refusals of one burst count once."""
        with self._changed:
            if self.waits <= 0:
                self._allowed = max(1.0, self._allowed / 2)
                self._refusals += 1
            own = min(_MOST_WAIT, _FIRST_WAIT * 2 ** (self._refusals - 1)) * random.uniform(0.75, 1.25)
            self._until = max(self._until, time.monotonic() + (own if retry_after is None else retry_after))
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody enters any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Wait outside, unless the gate is closed meanwhile."""
        end = time.monotonic() + seconds
        with self._changed:
            while not self._closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
