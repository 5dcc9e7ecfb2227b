"""What becomes of a job whose worker died: it goes on from what was saved, but not for ever."""

from __future__ import annotations

import re

from fttool.service.atomic import UNFINISHED, remove
from fttool.service.jobs import recovery
from fttool.service.jobs.checkpoints import sweep
from fttool.service.jobs.data import forget_inspection
from fttool.service.jobs.fault import JobFault, disk_full, fail
from fttool.service.records import JobRow, NewEvent
from fttool.service.state import StateDir
from fttool.service.store import Store

#: So many workers may die one after the other with nothing saved in between.
MOST_CRASHES = 3

_MODEL_FOLDER = re.compile(rf"(?:{re.escape(UNFINISHED)})?(ftjob-[^-]+)-")


def crashed(store: Store, state: StateDir, job: JobRow, how: str) -> None:
    """The job's worker died, `how` says in which way. The job is queued again, or fails.

    It is the store that tells whether this was said already: a job that is queued has no worker that could have died.
    """
    crashes = job.crashes + 1
    if crashes >= MOST_CRASHES:
        said = (
            f"The process working on the job ended unexpectedly {crashes} times in a row (the last time: {how}), and "
            f"nothing was saved in between. Its log is {state.job(job.id) / 'worker.log'}"
        )
        if fail(store, job.id, (job.status,), JobFault("worker_crashed", said), attempt=job.attempt):
            tidy(store, state, job.id)
    elif job.status == "running":
        said = f"The training process ended unexpectedly ({how}); going on {_from(store, state, job)}"
        events = [NewEvent(said, level="warn")]
        store.change(job.id, ("running",), "queued", attempt=job.attempt, events=events, crashes=crashes)
    else:
        store.update(job.id, frm=(job.status,), attempt=job.attempt, crashes=crashes)


def out_of_space(store: Store, state: StateDir, job: JobRow) -> None:
    """The job's worker could not even store that the disk is full."""
    fail(store, job.id, (job.status,), disk_full(state.root), attempt=job.attempt)
    tidy(store, state, job.id)


def tidy(store: Store, state: StateDir, job_id: str) -> None:
    """Remove what only an unfinished job needs. No worker may have the job."""
    job = store.job(job_id)
    if job is not None and not job.finished:
        return
    recovery.clear(state.job(job_id))
    remove(state.job(job_id) / "scratch")
    forget_inspection(state, job_id)
    sweep(store, state, job_id)


def left_behind(store: Store, state: StateDir) -> set[str]:
    """The jobs that have folders which they need only until they are finished, or that nothing refers to."""
    jobs = {folder.name for folder in state.jobs.iterdir() if any(path.is_dir() for path in folder.glob("*"))}
    used = store.folders_in_use()
    unused = [path.name for path in state.models.iterdir() if path.name not in used]
    return jobs.union(*(match.groups() for name in unused if (match := _MODEL_FOLDER.match(name))))


def _from(store: Store, state: StateDir, job: JobRow) -> str:
    saved = recovery.latest(state.job(job.id))
    checkpoint = store.last_checkpoint(job.id)
    step = max(saved.step if saved else 0, checkpoint.step if checkpoint else 0)
    return f"from step {step}" if step else "from the start"
