"""A job's worker process: `python -m fttool.service.jobs.worker STATE JOB PHASE`, with PHASE `validate` or `train`.

It holds the job's lock for its life: where the lock is free there is no worker. What it finds out it tells the store
only; its exit code says no more than whether it came to an end by itself.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fttool.service import logs
from fttool.service.blobs import Blobs
from fttool.service.host.running import held
from fttool.service.jobs.bench import Bench
from fttool.service.jobs.deaths import tidy
from fttool.service.jobs.fault import JobFault, disk_full, fail, is_disk_full
from fttool.service.jobs.phases import train, validate
from fttool.service.jobs.watch import Ended, stop_file
from fttool.service.jobs.workers import EXIT_BUSY, EXIT_FULL
from fttool.service.logs import logger
from fttool.service.records import UNFINISHED
from fttool.service.state import StateDir
from fttool.service.store import Store

EXIT_DONE = 0

#: Someone who only looks whether the lock is free holds it for a moment (seconds).
_LOOKING = 2.0

#: Seconds that a full disk gets to have some space again, for the store to take in that it was full.
_FULL_FOR = 10.0

#: How much a worker stands back for the service, which answers people.
_NICENESS = 10

_STATUS = {"validate": "validating_files", "train": "queued"}


def main(arguments: Sequence[str]) -> int:
    """Do a phase of a job. Returns the process's exit code."""
    root, job_id, phase = arguments
    os.umask(0o077)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    logs.to_stderr("info")
    state = StateDir(Path(root))
    state.job(job_id).mkdir(mode=0o700, exist_ok=True)
    with held(state.job_lock(job_id), timeout=_LOOKING) as ours:
        if not ours:
            return EXIT_BUSY
        stop_file(state, job_id).unlink(missing_ok=True)
        try:
            with contextlib.closing(Store(state, durable=True)) as store:
                return _work(Bench(store, state, Blobs(state)), job_id, phase)
        except (OSError, sqlite3.Error) as error:
            if is_disk_full(error, state.root):
                return EXIT_FULL
            raise


def _work(bench: Bench, job_id: str, phase: str) -> int:
    job = bench.store.job(job_id)
    if job is None or job.status != _STATUS[phase]:
        return EXIT_DONE
    try:
        (validate if phase == "validate" else train)(bench, job)
        fault = None
    except Ended:
        fault = None
    except JobFault as error:
        fault = error
    except MemoryError:
        fault = JobFault("out_of_memory", "There is not enough memory for this job on this machine")
    except Exception as error:  # noqa: BLE001  whatever it is, the job has to say so
        fault = _what_happened(error, bench.state)
    if fault is None:
        tidy(bench.store, bench.state, job_id)
        return EXIT_DONE
    return _fail(bench, job_id, phase, fault)


def _what_happened(error: Exception, state: StateDir) -> JobFault:
    if is_disk_full(error, state.root):
        logger.info("the disk is full: %s", error)
        return disk_full(state.root)
    logger.exception("the job failed")
    return JobFault("server_error", f"The training failed: {type(error).__name__}: {str(error)[:300]}")


def _fail(bench: Bench, job_id: str, phase: str, fault: JobFault) -> int:
    """Store that the job failed, as soon as there is space for that."""
    statuses = ("validating_files",) if phase == "validate" else tuple(s for s in UNFINISHED if s != "validating_files")
    deadline = time.monotonic() + _FULL_FOR
    while True:
        try:
            fail(bench.store, job_id, statuses, fault)
            tidy(bench.store, bench.state, job_id)
            return EXIT_DONE
        except sqlite3.OperationalError as error:
            if time.monotonic() > deadline:
                logger.info("the failure cannot be stored: %s", error)
                return EXIT_FULL
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
