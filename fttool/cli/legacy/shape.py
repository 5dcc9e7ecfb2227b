"""Today's jobs and events in the form that the API for fine-tunes had until 2024.

Names that both have mean what they meant then: `status` is one of pending, running, succeeded, failed and cancelled,
`result_files` are objects, `object` is `fine-tune`. What only one has is there as well. Source of the old form: the
answers in OpenAI's reference of 2023 (`GET /v1/fine-tunes/{id}`), fields in alphabetical order as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fttool.errors import ServiceError

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.records.jobs import EventView, JobView

File = Mapping[str, Any]

#: What the old API had one word for. A paused job waits, as a queued one does. Others are shown as they are.
_STATUSES = {
    "validating_files": "pending",
    "queued": "pending",
    "created": "pending",
    "paused": "pending",
    "pausing": "running",
    "resuming": "pending",
}


def status(job: JobView) -> str:
    """The status of a job in the words of then."""
    return _STATUSES.get(job.status, job.status)


def fine_tune(job: JobView, file: Callable[[str], File], events: Sequence[EventView] | None) -> dict[str, Any]:
    """A job as a fine-tune. `file` knows the files of the service; `events` None: without any, as in lists."""
    old: dict[str, Any] = {
        "created_at": job.created_at,
        "events": [event(each) for each in events or ()],
        "fine_tuned_model": job.fine_tuned_model,
        "hyperparams": _hyperparameters(job),
        "id": job.id,
        "model": job.model,
        "object": "fine-tune",
        "organization_id": job.raw.get("organization_id"),
        "result_files": [file(each) for each in job.result_files],
        "status": status(job),
        "training_files": [file(each) for each in (job.training_file,) if each],
        "updated_at": _updated(job, events or ()),
        "validation_files": [file(each) for each in (job.validation_file,) if each],
    }
    if events is None:
        del old["events"]
    return {**old, **{name: value for name, value in job.raw.items() if name not in old}}


def event(view: EventView) -> dict[str, Any]:
    """An event as the old API had it: without an id."""
    return {
        "object": "fine-tune-event",
        "created_at": view.created_at,
        "level": view.level,
        "message": view.message,
    }


def one_file(client: Client) -> Callable[[str], File]:
    """Files of a service, asked for one by one. One that is gone is no more than its id."""
    from fttool.jobs.files import get_file

    def find(file_id: str) -> File:
        try:
            return get_file(client, file_id).raw
        except ServiceError as error:
            if error.status is None or error.status >= 500:
                raise
            return _unknown(file_id)

    return find


def all_files(client: Client) -> Callable[[str], File]:
    """Files of a service, from one list of all: for many jobs."""
    from fttool.jobs import files

    known = {view.id: view.raw for view in files.all_files(client)}
    return lambda file_id: known.get(file_id) or _unknown(file_id)


def _unknown(file_id: str) -> File:
    return {"id": file_id, "object": "file"}


def _hyperparameters(job: JobView) -> dict[str, Any]:
    kind = job.method.get("type") if job.method else None
    inner = job.method.get(kind) if job.method and isinstance(kind, str) else None
    found = inner.get("hyperparameters") if isinstance(inner, Mapping) else None
    return {**job.hyperparameters, **(found if isinstance(found, Mapping) else {})}


def _updated(job: JobView, events: Sequence[EventView]) -> int | None:
    """When something last happened to it, as far as is known."""
    times = [each.created_at for each in events] + [job.finished_at, job.created_at]
    return max((each for each in times if each is not None), default=None)
