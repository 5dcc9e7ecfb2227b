"""A worker's eye on its job: does it still run, and is it this worker's?

The store is the truth. A job that is cancelled or paused is so at once, and its worker finds out here; a service that
stops asks by SIGTERM, or by a file in the job's folder where there are no signals, or the worker is not its child.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Literal

from fttool.service.state import StateDir
from fttool.service.store import Store

#: Seconds between two looks: so late may a pause or a cancellation be seen.
EVERY = 0.05

#: "save": save what there is and end; "end": end at once.
Verdict = Literal["go on", "save", "end"]


class Ended(BaseException):
    """The job is not to be worked on any more. A BaseException: no trainer's `except Exception` may swallow it."""


class Watch:
    """Looks after one job for the worker that has its attempt number `attempt`."""

    def __init__(self, store: Store, state: StateDir, job_id: str, attempt: int) -> None:
        self._store = store
        self._job_id = job_id
        self._attempt = attempt
        self._stop_file = stop_file(state, job_id)
        self._next = 0.0
        self._last: Verdict = "go on"
        self.asked_to_stop = False
        #: Whether there is something to save, and the trainer in a state that can be saved between two steps.
        self.stepping = False
        #: What is to be done now and then, also within a long step.
        self.meanwhile: Callable[[], None] = lambda: None

    def listen(self) -> None:
        """From now on SIGTERM means: save, and end."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def look(self) -> Verdict:
        """What is to be done. Asks the store at most every 0.05 s."""
        now = time.monotonic()
        if now >= self._next:
            self._last = self._ask()
            self._next = now + EVERY
        return self._last

    def alive(self) -> None:
        """For trainers to call during long work. Raises Ended if the work is in vain.

        Within a step there is nothing to save, so a pause waits for its end.
        """
        self.meanwhile()
        verdict = self.look()
        if verdict == "end" or (verdict == "save" and not self.stepping):
            raise Ended

    def _ask(self) -> Verdict:
        job = self._store.job(self._job_id)
        if job is None or job.attempt != self._attempt or job.finished:
            return "end"
        if job.status != "running":
            return "save"
        self.asked_to_stop = self.asked_to_stop or self._stop_file.exists()
        return "save" if self.asked_to_stop else "go on"

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True
        self._next = 0.0


def stop_file(state: StateDir, job_id: str) -> Path:
    """While it exists, the job's worker is to stop."""
    return state.job(job_id) / "stop"
