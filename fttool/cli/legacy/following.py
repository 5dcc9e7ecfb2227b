"""Following a job with the lines that the `openai` command printed; all of them on stdout, as there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.cli.job_ids import command_for
from fttool.errors import EXIT_INTERRUPTED, EXIT_OK, FttoolError, ServiceError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.jobs.client import Client
    from fttool.records.jobs import JobView, Trouble


def follow(client: Client, job_id: str, connection: Connection, group: str, *, job: JobView | None = None) -> int:
    """Follow it to its end. Returns 0, or 130 after Ctrl-C.

    `group` is what the commands that are suggested begin with: `fine_tunes`. Raises JobFailed if the job does not
    succeed, ServiceError when nothing is heard of it for long.
    """
    from fttool.jobs.follow import ClientSource, Follow

    source = ClientSource(client, job_id, connection.again(client))
    followed = Follow(source, client.service, tell=_tell, job=job)
    try:
        _show(followed)
    except KeyboardInterrupt:
        return _interrupted(client, followed.job, job_id, connection, group)
    except ServiceError as error:
        if followed.job is not None and error.status != 404:
            output.answer("\nStream interrupted (client disconnected).")
            _to_go_on(job_id, connection, group)
        raise
    assert followed.job is not None
    return _ending(followed.job, connection)


def _show(followed: object) -> None:
    from fttool.cli.job_views import event_line
    from fttool.jobs.follow import Follow
    from fttool.records.jobs import EventView

    assert isinstance(followed, Follow)
    for record in followed:
        if isinstance(record, EventView):
            output.answer(event_line(record))


def _tell(trouble: Trouble | None) -> None:
    if trouble is None:
        output.note("the service answers again")
    elif trouble.attempt <= 5 or trouble.attempt % 10 == 0:
        output.warn(f"{trouble.message}; next attempt in {trouble.wait:.0f} s")


def _ending(job: JobView, connection: Connection) -> int:
    from fttool.cli.follow import JobFailed

    if job.status == "succeeded":
        model = job.fine_tuned_model or "<FINE_TUNED_MODEL>"
        words = " ".join(["", *connection.words()])
        output.answer("\nJob complete! Status: succeeded 🎉")
        output.answer("Try out your fine-tuned model:\n")
        output.answer(f"fttool api completions.create -m {model} -p <YOUR_PROMPT>{words.rstrip()}")
        return EXIT_OK
    output.answer(f"\nJob {job.status}.")
    if job.status == "cancelled":
        raise JobFailed(f"job {job.id} was cancelled")
    raise JobFailed(f"job {job.id} failed: {job.error or 'no reason given'}")


def _interrupted(client: Client, job: JobView | None, job_id: str, connection: Connection, group: str) -> int:
    from fttool.cli.legacy.shape import status
    from fttool.jobs.listing import get_job

    with suppress(FttoolError, KeyboardInterrupt):
        job = get_job(client, job_id, client.patient(5.0))
    output.answer(f"\nStream interrupted. Job is still {'there' if job is None else status(job)}.")
    _to_go_on(job_id, connection, group)
    output.answer(f"To cancel your job, run:\n\n  {command_for(connection, 'api', f'{group}.cancel', '-i', job_id)}\n")
    return EXIT_INTERRUPTED


def _to_go_on(job_id: str, connection: Connection, group: str) -> None:
    command = command_for(connection, "api", f"{group}.follow", "-i", job_id)
    output.answer(f"To resume the stream, run:\n\n  {command}\n")
