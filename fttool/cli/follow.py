"""`fttool follow`: a job's events as they come, until it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from fttool.cli import job_ids, options, output
from fttool.cli.connection import Connection, connected
from fttool.cli.follow_tracking import Opened, Track, Tracking, opened
from fttool.cli.job_views import event_line
from fttool.errors import EXIT_BAD_RESULT, EXIT_INTERRUPTED, EXIT_OK, FttoolError, ServiceError

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.records.jobs import EventView, JobView, Trouble

EXAMPLES = """\b
Examples:
  fttool follow
  fttool follow ftjob-abc123
  fttool follow ftjob-abc123 --json | jq -r .message
  fttool follow --notify 'notify-send training done'"""

Notify = Annotated[
    str | None,
    typer.Option("--notify", metavar="COMMAND", help="Run this at the end, with FTTOOL_JOB_STATUS and others set."),
]
GiveUpAfter = Annotated[
    str | None,
    typer.Option("--give-up-after", metavar="TIME", help="Stop when nothing was heard for so long (30m)."),
]


class JobFailed(FttoolError):
    """The job that was followed did not succeed."""

    exit_code = EXIT_BAD_RESULT
    kind = "job"


@connected
def follow(
    connection: Connection,
    job: job_ids.JobId = None,
    job_id: job_ids.IdOption = None,
    json: options.Json = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only the name of the fine-tuned model.")] = False,
    notify: Notify = None,
    give_up_after: GiveUpAfter = None,
    track: Track = None,
) -> int:
    """Show a job's events as they come, until it ends.

    Without an id it is the newest job that has not ended. Exits with 0 if the job succeeds and with 1 if it fails or is
    cancelled; Ctrl-C leaves the job alone. A paused job is waited for.
    """
    from fttool.cli.notify import check_command
    from fttool.cli.times import seconds

    wait = None if give_up_after is None else seconds(give_up_after, "--give-up-after")
    if notify is not None:
        check_command(notify)
    given = job_ids.one_id(job, job_id, "follow") if job is not None or job_id is not None else None
    with opened(track) as trackers:
        client = connection.open()
        return follow_job(
            client,
            given if given is not None else _newest(client, tell=not json),
            json=json,
            quiet=quiet,
            notify=notify,
            give_up_after=wait,
            connection=connection,
            trackers=trackers,
        )


class _Display(Protocol):
    """Where what comes is shown."""

    def job(self, job: JobView) -> None:
        """The job has changed."""

    def event(self, event: EventView) -> None:
        """An event has come."""

    def trouble(self, trouble: Trouble | None) -> None:
        """An attempt failed; or, None, the service answers again."""

    def flush(self) -> None:
        """For a while nothing comes."""

    def close(self) -> None:
        """There is nothing more to show."""


def follow_job(
    client: Client,
    job_id: str,
    *,
    json: bool = False,
    quiet: bool = False,
    notify: str | None = None,
    give_up_after: float | None = None,
    connection: Connection | None = None,
    job: JobView | None = None,
    trackers: Opened | None = None,
) -> int:
    """Follow a job to its end, show what happens, and return the exit code.

    `give_up_after` in seconds. `connection` is what the commands that are suggested repeat. `job` is the job as its
    creation answered it, so that a service that does not know it yet is asked again. `trackers` are told all of it;
    what becomes of them changes nothing.

    Raises ServiceError when it gives up.
    """
    from fttool.jobs.follow import GIVE_UP_AFTER, ClientSource, Follow

    connection = connection or Connection(local=client.local)
    display = _display(job_ids.command_for(connection, "resume", job_id), json=json, quiet=quiet)
    followed = Follow(
        ClientSource(client, job_id, connection.again(client)),
        client.service,
        give_up_after=GIVE_UP_AFTER if give_up_after is None else give_up_after,
        tell=display.trouble,
        before_pause=display.flush,
        job=job,
    )
    tracking = Tracking(trackers, job_id, client, connection, quiet=quiet or json)
    try:
        for record in followed:
            show = display.event if hasattr(record, "message") else display.job
            show(record)  # type: ignore[arg-type]
            tracking.see(record)
    except KeyboardInterrupt:
        display.close()
        code = _interrupted(job_id, connection, json=json)
        tracking.leave(tell=not json)
        return code
    except FttoolError:
        display.close()
        tracking.leave(tell=not json)
        raise
    finally:
        display.close()
    ended = followed.job
    assert ended is not None
    if notify is not None:
        from fttool.cli.notify import run_command

        run_command(notify, ended)
    code = _ending(ended, client, connection, json=json, quiet=quiet)
    tracking.end(ended)
    return code


def _newest(client: Client, *, tell: bool) -> str:
    """The id of the job that is meant when none is given; says on stderr which it is (unless told not to)."""
    from fttool.jobs.listing import newest_job

    job, unfinished = newest_job(client)
    if job is None:
        raise ServiceError("there is no job to follow", hint=f"`fttool create -t FILE{client.way}` starts one")
    if tell:
        output.note(f"following {job.id}" if unfinished else f"no job is unfinished; the newest is {job.id}")
    return job.id


def _display(resume: str, *, json: bool, quiet: bool) -> _Display:
    if not json and not quiet and output.is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb":
        from fttool.cli.follow_live import Live

        return Live(resume)
    return _Lines("json" if json else "nothing" if quiet else "text", resume)


class _Lines:
    """One line for each event on stdout; what else there is to know on stderr."""

    def __init__(self, kind: str, resume: str) -> None:
        self._kind = kind
        self._resume = resume
        self._status = ""

    def job(self, job: JobView) -> None:
        if job.status != self._status and job.status == "paused":
            output.note(f"job {job.id} is paused; still waiting (`{self._resume}` goes on with it)")
        self._status = job.status

    def event(self, event: EventView) -> None:
        if self._kind == "json":
            output.answer_json_line(event.raw)
        elif self._kind == "text":
            output.answer(event_line(event))

    def trouble(self, trouble: Trouble | None) -> None:
        if trouble is None:
            output.note("the service answers again")
        elif trouble.attempt <= 5 or trouble.attempt % 10 == 0:
            output.warn(f"{trouble.message}; next attempt in {trouble.wait:.2g} s")

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def _interrupted(job_id: str, connection: Connection, *, json: bool) -> int:
    output.interrupted(as_json=json)
    if not json:
        output.hint(f"the job goes on; `{job_ids.command_for(connection, 'follow', job_id)}` shows it again")
        output.hint(f"`{job_ids.command_for(connection, 'cancel', job_id)}` cancels it")
    return EXIT_INTERRUPTED


def _ending(job: JobView, client: Client, connection: Connection, *, json: bool, quiet: bool) -> int:
    """Say how it ended. Returns the exit code."""
    if json:
        output.answer_json_line(job.raw)
    if job.status != "succeeded":
        output.error(_failure(job, connection), as_json=json)
        return EXIT_BAD_RESULT
    if not json:
        if job.fine_tuned_model is not None:
            output.answer(job.fine_tuned_model)
        elif not quiet:
            output.note(f"job {job.id} succeeded; {client.service.title} does not say the name of the model")
        if not quiet:
            _tell_shutdown(job, client)
            for line in _next_steps(job, client, connection):
                output.hint(line)
    return EXIT_OK


def _failure(job: JobView, connection: Connection) -> JobFailed:
    if job.status == "cancelled":
        return JobFailed(f"job {job.id} was cancelled")
    reason = f": {job.error}" if job.error is not None else ""
    return JobFailed(
        f"job {job.id} failed{reason}",
        hint=f"`{job_ids.command_for(connection, 'events', job.id)}` shows what happened",
    )


def _tell_shutdown(job: JobView, client: Client) -> None:
    if (day := client.service.shutdown_date(job.model or "")) is not None:
        output.warn(f"{job.model} and what is tuned from it answer until {day}")


def _next_steps(job: JobView, client: Client, connection: Connection) -> Sequence[str]:
    """What to do with the model: deploy it, or try it."""
    model = job.fine_tuned_model
    if (deploy := client.service.deployment(model or "MODEL")) is not None:
        return [deploy]
    if model is None:
        return [f"`{job_ids.command_for(connection, 'checkpoints', job.id)}` lists what was kept"]
    return [
        f"try it: `{job_ids.command_for(connection, 'complete', '-m', model, '-p', 'PROMPT')}` "
        f"or `{job_ids.command_for(connection, 'chat', '-m', model)}`",
        f"how it went: `{job_ids.command_for(connection, 'results', job.id)}`",
    ]
