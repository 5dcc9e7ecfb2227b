"""`fttool list` and `fttool get`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fttool.cli import job_ids, options, output
from fttool.cli.connection import Connection, connected
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.records.jobs import JobView

LIST_EXAMPLES = """\b
Examples:
  fttool list
  fttool list --status running --since 2h
  fttool list --metadata team=search --all --json
  fttool cancel $(fttool list --status queued -q)"""
GET_EXAMPLES = """\b
Examples:
  fttool get ftjob-abc123
  fttool get ftjob-abc123 --json | jq -r .fine_tuned_model"""

#: Jobs that `list` shows unless told otherwise: OpenAI's own number.
LIMIT = 20


@connected
def list_(
    connection: Connection,
    status: Annotated[
        list[str] | None, typer.Option("--status", metavar="STATUS", help="Only jobs in this status (repeat for more).")
    ] = None,
    model: Annotated[
        str | None, typer.Option("-m", "--model", metavar="MODEL", help="Only jobs whose base model begins so.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only jobs created since: 2h, 3d or 2026-11-21.")
    ] = None,
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", metavar="KEY=VALUE", help="Only jobs with it (repeat for more).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Show at most so many.", min=1)] = LIMIT,
    every: Annotated[bool, typer.Option("--all", help="Show all there are.")] = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """List fine-tuning jobs, newest first."""
    from itertools import islice

    from fttool.cli.job_views import job_table
    from fttool.cli.times import moment
    from fttool.jobs.listing import PAGE_SIZE, list_jobs

    after = None if since is None else moment(since, "--since", time.time())
    wanted = dict(map(_pair, metadata or ()))
    client = connection.open()
    narrow = bool(status or model or since or wanted) or every
    jobs = list_jobs(client, wanted, page_size=PAGE_SIZE if narrow else min(limit + 1, PAGE_SIZE))
    found = (job for job in _since(jobs, after) if _fits(job, status, model))
    shown = list(found if every else islice(found, limit))
    has_more = not every and next(found, None) is not None
    if json:
        output.answer_json({"object": "list", "data": [job.raw for job in shown], "has_more": has_more})
    elif quiet:
        for job in shown:
            output.answer(job.id)
    else:
        job_table(shown)
        if output.is_terminal(sys.stdout):
            _tell(shown, has_more, narrow)


def _tell(shown: list[JobView], has_more: bool, narrow: bool) -> None:
    if has_more:
        output.hint(f"these are the newest {len(shown)}; `--all` shows all, `--limit N` more")
    if not shown:
        output.note("no such job" if narrow else "no jobs yet")


def _since(jobs: Iterator[JobView], after: float | None) -> Iterator[JobView]:
    """Jobs that are not older. A job without a time counts as new; ten old ones in a row end the search."""
    old = 0
    for job in jobs:
        if after is None or job.created_at is None or job.created_at >= after:
            old = 0
            yield job
        else:
            old += 1
            if old == 10:
                return


def _fits(job: JobView, statuses: list[str] | None, model: str | None) -> bool:
    in_status = not statuses or job.status in statuses
    return in_status and (model is None or (job.model or "").startswith(model))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"`--metadata` takes KEY=VALUE, not `{text}`")
    return key, value


@connected
def get(
    connection: Connection,
    ids: job_ids.JobIds = None,
    job_id: job_ids.IdOptions = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Show fine-tuning jobs."""
    from fttool.cli.job_views import job_lines
    from fttool.cli.many import for_each
    from fttool.jobs.listing import get_job

    client = connection.open()
    wanted = job_ids.all_ids(ids, job_id, "get")
    shown = 0

    def show(job: JobView) -> None:
        nonlocal shown
        if quiet:
            output.answer(job.id)
            return
        if shown:
            output.answer("")
        shown += 1
        for line in job_lines(job):
            output.answer(line)

    return for_each(wanted, lambda each: get_job(client, each), show, json=json)
