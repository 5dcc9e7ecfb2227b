"""A job into a tracker, once: as often as it is done, there is one run, and in the end all of the job is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from fttool.errors import FttoolError
from fttool.jobs.listing import get_job, list_events, list_jobs
from fttool.jobs.trackers import facts
from fttool.records.tracking import Synced

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.trackers.base import Step, Tracker
    from fttool.jobs.trackers.files import Gathered, Shelf
    from fttool.records.jobs import JobView


def newest_jobs(client: Client, count: int | None = None) -> list[JobView]:
    """The newest jobs, all if there is no `count`; the oldest of them first, as the legacy tool sent them."""
    return list(islice(list_jobs(client), count))[::-1]


def sync_job(
    client: Client,
    tracker: Tracker,
    job: JobView,
    shelf: Shelf,
    *,
    force: bool = False,
    inputs: bool = True,
    evaluation: Mapping[str, float] | None = None,
) -> Synced:
    """Send a job with its metrics and files. A run that is complete is left as it is, unless `force`.

    Without `inputs`, its training and validation file are not sent. `evaluation` are metrics of the finished model;
    else those that were kept on this machine.
    All is fetched before anything is sent. Raises ServiceError for what cannot be fetched now, TrackerError for what
    cannot be sent.
    """
    key = facts.run_key(client, job.id)
    there = tracker.find(key)
    if there is not None and there.complete and not force:
        return Synced(job, "skipped", there.run, there.place, complete=True)
    if not job.finished or (job.status == "succeeded" and job.fine_tuned_model is None):
        job = get_job(client, job.id)  # it may have gone on since the list was read; the name comes late
    gathered = shelf.gather(client, job, inputs=inputs)
    steps = _steps(client, job, gathered)
    measured = facts.evaluation(client, job) if evaluation is None else evaluation
    run = tracker.start(key, job, {**facts.config(client, job), **_counts(gathered)})
    try:
        for step in steps:
            run.log(step)
        for file in gathered.files:
            run.file(file)
        run.finish(job, {**_summary(job), **measured})
    except BaseException:
        with suppress(FttoolError):  # the first failure is the one to tell
            run.leave()
        raise
    return Synced(
        job,
        "synced",
        run.id,
        run.place,
        complete=job.finished,
        steps=len(steps),
        files=tuple(file.name for file in gathered.files),
        left_out=tuple(gathered.left_out),
    )


def _steps(client: Client, job: JobView, gathered: Gathered) -> Sequence[Step]:
    """The metrics: those of the result file; where there is none, those that its events tell."""
    return facts.row_steps(gathered.rows) or facts.event_steps(list_events(client, job.id))


def _counts(gathered: Gathered) -> dict[str, int]:
    """`n_train` and `n_valid`: how many examples there are, under the names of the legacy tool."""
    return {f"n_{file.role}": file.rows for file in gathered.files if file.rows is not None}


def _summary(job: JobView) -> dict[str, Any]:
    found = {
        "fine_tuned_model": job.fine_tuned_model,
        "trained_tokens": job.trained_tokens,
        "error": facts.without_secrets(str(job.error)) if job.error is not None else None,
    }
    return {name: value for name, value in found.items() if value is not None}
