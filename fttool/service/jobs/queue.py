"""The queue: sees to it that every job that is not finished has a worker, and only one; in the service's process.

The store says what is to be done, the workers' locks say what is being done. So the queue keeps nothing that matters:
after a death of the service, the next one's queue finds what it needs to know.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time

from fttool.service.jobs import deaths, workers
from fttool.service.jobs.workers import EXIT_BUSY, EXIT_FULL, Worker
from fttool.service.logs import logger
from fttool.service.records import JobRow
from fttool.service.state import StateDir
from fttool.service.store import Store

#: Seconds between two looks at the jobs, with a worker at work and without.
BUSY, IDLE = 0.1, 1.0

#: Seconds that a worker gets to see that its job is cancelled, before it is killed; and at a stop, to save its work.
CANCEL_GRACE = 1.0
STOP_GRACE = 5.0

#: So many files are validated at once.
VALIDATIONS = 2

#: After a round that failed (the disk is full …) nothing is tried for so many seconds.
_PATIENCE = 2.0

#: Seconds between two looks for what finished jobs have left behind.
TIDY_EVERY = 60.0

_OPEN = ("validating_files", "queued", "running")


class Queue:
    """Works on the jobs of a store; `trainings` of them train at once, the oldest first."""

    def __init__(self, store: Store, state: StateDir, *, trainings: int = 1) -> None:
        self._store = store
        self._state = state
        self._trainings = trainings
        self._workers: dict[str, Worker] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)

    def start(self) -> None:
        """Begin; first with what an earlier service left behind."""
        self._thread.start()

    def poke(self) -> None:
        """There is something to do: look at once. From any thread."""
        self._wake.set()

    def active(self) -> int:
        """How many jobs are being worked on, or will be without anyone's doing. From any thread."""
        return len(self._store.jobs_in(*_OPEN))

    def stop(self) -> None:
        """Have all workers save their work and end; their jobs go on with the next service. Takes up to 6 s."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        asked = self._ask_to_stop()
        deadline = time.monotonic() + STOP_GRACE
        while time.monotonic() < deadline and any(workers.works(self._state, job_id) for job_id in asked):
            time.sleep(0.02)
        self.kill()
        for worker in self._workers.values():
            worker.process.wait()
            with contextlib.suppress(sqlite3.Error):  # one that could not save its work in time, or was just beginning
                self._store.change(worker.job_id, ("running",), "queued")
                deaths.tidy(self._store, self._state, worker.job_id)

    def _ask_to_stop(self) -> set[str]:
        """Ask all workers, and those that an earlier service has left, to stop. Returns their jobs."""
        for worker in self._workers.values():
            worker.stop()
        asked = set(self._workers)
        with contextlib.suppress(sqlite3.Error, OSError):  # a full disk
            asked |= {job.id for job in self._store.jobs_in("running")}
            for job_id in asked:
                workers.ask_to_stop(self._state, job_id)
        return asked

    def kill(self) -> None:
        """End all workers at once. From any thread."""
        for worker in list(self._workers.values()):
            if not worker.ended():
                worker.kill()

    def _run(self) -> None:
        tidy_at = 0.0
        while not self._stopping.is_set():
            try:
                if time.monotonic() >= tidy_at:
                    tidy_at = time.monotonic() + TIDY_EVERY
                    self._tidy_up()
                pause = self._round()
            except (sqlite3.Error, OSError) as error:  # a full disk, say: it may have space again
                logger.error("the queue of jobs: %s", error)
                pause = _PATIENCE
            except Exception:  # noqa: BLE001  without this thread no job would go on, and no one would know why
                logger.exception("the queue of jobs")
                pause = _PATIENCE
            self._wake.wait(pause)
            self._wake.clear()

    def _round(self) -> float:
        """See to all jobs once. Returns how long to wait for the next time."""
        for worker in list(self._workers.values()):
            if worker.ended():
                self._bury(worker)
        jobs = self._store.jobs_in(*_OPEN)
        self._end_unwanted({job.id: job.status for job in jobs})
        for job in jobs:
            if job.status == "running" and not self._has_worker(job):
                self._found_dead(job)
        self._launch("validate", [job for job in jobs if job.status == "validating_files"], VALIDATIONS)
        training = sum(job.status == "running" and job.id not in self._workers for job in jobs)
        self._launch("train", [job for job in jobs if job.status == "queued"], self._trainings - training)
        return BUSY if jobs or self._workers else IDLE

    def _launch(self, phase: str, jobs: list[JobRow], most: int) -> None:
        """Launch workers for these jobs, as long as there are fewer than `most` in this phase."""
        free = most - sum(worker.phase == phase for worker in self._workers.values())
        for job in jobs:
            if free <= 0 or self._stopping.is_set():
                return
            if not self._has_worker(job):
                self._workers[job.id] = workers.launch(self._state, job.id, phase)
                free -= 1

    def _has_worker(self, job: JobRow) -> bool:
        return job.id in self._workers or workers.works(self._state, job.id)

    def _bury(self, worker: Worker) -> None:
        """One of our workers is gone: what did it leave?"""
        job = self._store.job(worker.job_id)
        code = worker.process.returncode
        if job is not None and code == EXIT_FULL and not job.finished:
            deaths.out_of_space(self._store, self._state, job)
        elif job is not None and code != EXIT_BUSY and self._unexpected(worker, job):
            deaths.crashed(self._store, self._state, job, worker.how())
        else:
            deaths.tidy(self._store, self._state, worker.job_id)
        del self._workers[worker.job_id]
        self._wake.set()

    def _found_dead(self, job: JobRow) -> None:
        """A job runs that no worker has: an earlier service, and its worker, were killed. Or did it just end?"""
        now = self._store.job(job.id)
        if now is not None and (now.status, now.attempt) == ("running", job.attempt):
            deaths.crashed(self._store, self._state, now, "together with the service")

    def _end_unwanted(self, open_jobs: dict[str, str]) -> None:
        """Kill the workers of jobs that were cancelled, if they have not seen that by themselves."""
        now = time.monotonic()
        for worker in self._workers.values():
            if worker.job_id in open_jobs or worker.ended():
                continue
            job = self._store.job(worker.job_id)
            if job is not None and not job.finished:
                continue  # paused: it saves its work, and may take its time
            if worker.unwanted_since is None:
                worker.unwanted_since = now
            elif now - worker.unwanted_since > CANCEL_GRACE:
                worker.kill()

    def _tidy_up(self) -> None:
        """Remove what finished jobs left behind: paused ones that were cancelled, those of an earlier service."""
        for job_id in deaths.left_behind(self._store, self._state):
            if job_id not in self._workers and not workers.works(self._state, job_id):
                deaths.tidy(self._store, self._state, job_id)

    def _unexpected(self, worker: Worker, job: JobRow) -> bool:
        """Whether a worker's end came before its work was done; what is done to another worker's job is no concern."""
        open_still = job.status in _OPEN and not workers.works(self._state, job.id)
        return open_still and (worker.process.returncode != 0 or job.status == "running")
