"""A job into a tracker while it is followed: metrics as they come, all the rest when it has ended.

    stream = Stream(tracker, job_id, client)
    stream.see(record)              # every JobView and EventView, as they come
    stream.end(job)                 # or stream.leave()
    stream.join(seconds)

All of it happens in a thread of its own. A tracker that fails or hangs changes nothing about following: `problem` says
what went wrong, the first time, and nothing more is sent. `sync` completes such a run later.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from fttool.errors import FttoolError
from fttool.jobs.trackers import facts
from fttool.jobs.trackers.files import Shelf
from fttool.jobs.trackers.sync import sync_job
from fttool.records.jobs import EventView, JobView

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.trackers.base import Run, Tracker
    from fttool.records.tracking import Synced


class Stream:
    """`reopen` gives a client for the end, where the service may have another address by then."""

    def __init__(
        self, tracker: Tracker, job_id: str, client: Client, reopen: Callable[[], Client] | None = None
    ) -> None:
        self.tracker = tracker
        self.problem: FttoolError | Exception | None = None
        self.synced: Synced | None = None
        self._client = client
        self._reopen = reopen
        self._key = facts.run_key(client, job_id)
        self._records: queue.SimpleQueue[JobView | EventView | None] = queue.SimpleQueue()
        self._ended: JobView | None = None
        self._thread = threading.Thread(target=self._work, name=f"{tracker.name} {job_id}", daemon=True)
        self._thread.start()

    def see(self, record: JobView | EventView) -> None:
        """Something has come. Returns at once."""
        self._records.put(record)

    def end(self, job: JobView) -> None:
        """The job has ended: the run is completed. Returns at once."""
        self._ended = job
        self._records.put(None)

    def leave(self) -> None:
        """No one follows any more: the run is left as it is. Returns at once."""
        self._records.put(None)

    def join(self, seconds: float) -> bool:
        """Wait until all is sent; whether it was, in that time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._stream()
            if self._ended is not None:
                self._complete(self._ended)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach who follows
            self.problem = error
        finally:
            self._close()

    def _close(self) -> None:
        try:
            self.tracker.close()
        except Exception as error:  # noqa: BLE001 - likewise
            self.problem = self.problem or error

    def _stream(self) -> None:
        """Until there is nothing more to see."""
        found = self.tracker.find(self._key)
        run: Run | None = None
        complete = found is not None and found.complete
        try:
            last = -1
            while (record := self._next(run)) is not None:
                if complete:
                    continue
                if isinstance(record, JobView):
                    if run is None and not record.finished:
                        run = self.tracker.start(self._key, record, facts.config(self._client, record))
                    continue
                step = facts.event_step(record)
                if run is not None and step is not None and step.step > last:
                    run.log(step)
                    last = step.step
        finally:
            if run is not None:
                run.leave()

    def _next(self, run: Run | None) -> JobView | EventView | None:
        """What has come; before it is waited for, what was held back is sent."""
        try:
            return self._records.get_nowait()
        except queue.Empty:
            if run is not None:
                run.flush()
            return self._records.get()

    def _complete(self, job: JobView) -> None:
        """By the way of `sync`: with the result file, which may say more than the events, and with all files."""
        client = self._reopen() if self._reopen is not None else self._client
        with Shelf() as shelf:
            self.synced = sync_job(client, self.tracker, job, shelf)
