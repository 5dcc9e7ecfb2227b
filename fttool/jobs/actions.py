"""What can be done to a job: cancel, pause, resume."""

from __future__ import annotations

from fttool.errors import ServiceError
from fttool.jobs import checked
from fttool.jobs.client import Client
from fttool.jobs.listing import get_job
from fttool.records.jobs import JobView

#: The status by which one sees that it was done already.
_DONE = {"cancel": ("cancelled",), "pause": ("paused", "pausing")}


def act(client: Client, action: str, job_id: str) -> JobView:
    """Cancel, pause or resume a job. Returns the job as it is then.

    Raises ServiceError if the service refuses. A refusal because a retried request had its effect already (the first
    answer was lost) is none.
    """
    jobs = client.sdk.fine_tuning.jobs.with_raw_response
    call = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}[action]
    try:
        with client.speaking(f"{action} job `{job_id}`"):
            return checked.job(call(job_id))
    except ServiceError as error:
        if error.status == 404 and action != "cancel":
            _tell_what_is_missing(client, action, error)
        if error.status not in (400, 409) or action not in _DONE:
            raise
        job = get_job(client, job_id)
        if job.status not in _DONE[action]:
            raise
        return job


def _tell_what_is_missing(client: Client, action: str, error: ServiceError) -> None:
    """A 404 without a code is not about the job but about the address: the service has no such endpoint."""
    if error.code is None and not client.service.pause:
        raise ServiceError(
            f"{client.service.title} cannot {action} jobs",
            hint=f"`fttool cancel ID{client.way}` ends one; its checkpoints stay",
            status=error.status,
        ) from error
