"""`fttool cancel`, `fttool pause` and `fttool resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fttool.cli import job_ids, options, output
from fttool.cli.connection import Connection, connected

if TYPE_CHECKING:
    from fttool.records.jobs import JobView

CANCEL_EXAMPLES = """\b
Examples:
  fttool cancel ftjob-abc123
  fttool cancel $(fttool list --status running -q)"""
PAUSE_EXAMPLES = """\b
Example:
  fttool pause ftjob-abc123"""
RESUME_EXAMPLES = """\b
Example:
  fttool resume ftjob-abc123"""


@connected
def cancel(
    connection: Connection,
    ids: job_ids.JobIds = None,
    job_id: job_ids.IdOptions = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Cancel fine-tuning jobs.

    One that fails does not stop the others.
    """
    return _act("cancel", connection, job_ids.all_ids(ids, job_id, "cancel"), quiet=quiet, json=json)


@connected
def pause(
    connection: Connection,
    ids: job_ids.JobIds = None,
    job_id: job_ids.IdOptions = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Pause running fine-tuning jobs.

    The service keeps a checkpoint; `fttool resume` goes on from there.
    """
    return _act("pause", connection, job_ids.all_ids(ids, job_id, "pause"), quiet=quiet, json=json)


@connected
def resume(
    connection: Connection,
    ids: job_ids.JobIds = None,
    job_id: job_ids.IdOptions = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Go on with paused fine-tuning jobs."""
    return _act("resume", connection, job_ids.all_ids(ids, job_id, "resume"), quiet=quiet, json=json)


def _act(action: str, connection: Connection, ids: list[str], *, quiet: bool, json: bool) -> int:
    from fttool.cli.many import for_each
    from fttool.jobs.actions import act

    client = connection.open()

    def show(job: JobView) -> None:
        output.answer(job.id if quiet else f"{job.id} is {job.status}")

    return for_each(ids, lambda each: act(client, action, each), show, json=json)
