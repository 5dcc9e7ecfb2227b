"""Steps on their way into the store: in batches, so that thousands of steps a second cost little."""

from __future__ import annotations

import time

from fttool.service.records import JobRow, StepRow
from fttool.service.store import Store

#: A step is in the store after so many seconds at most; or when so many wait.
EVERY = 0.2
MOST = 250

#: Seconds between two estimates of the time the job will end.
ESTIMATE_EVERY = 1.0


class Recorder:
    """Records the steps of a job that is this worker's, and when it will have made them all."""

    def __init__(self, store: Store, job: JobRow, steps_done: int) -> None:
        self._store = store
        self._job = job
        self._waiting: list[StepRow] = []
        self._flushed = 0.0
        self._began = (time.monotonic(), steps_done)
        self._estimated = time.monotonic()

    def add(self, row: StepRow) -> None:
        """One more step."""
        self._waiting.append(row)
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Store what waits, if it has waited long enough."""
        if len(self._waiting) >= MOST or time.monotonic() - self._flushed >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Store what waits. Whether the job is still ours, the store decides; `Watch` says so to the worker."""
        if not self._waiting:
            return
        self._flushed = time.monotonic()
        if self._store.record_steps(self._job.id, self._job.attempt, self._waiting):
            self._estimate(self._waiting[-1])
        self._waiting = []

    def _estimate(self, last: StepRow) -> None:
        now = time.monotonic()
        began, first = self._began
        if now - self._estimated < ESTIMATE_EVERY or last.step <= first:
            return
        self._estimated = now
        left = (now - began) / (last.step - first) * (last.total_steps - last.step)
        finish = int(time.time() + left) + 1
        self._store.update(self._job.id, frm=("running",), attempt=self._job.attempt, estimated_finish=finish)
