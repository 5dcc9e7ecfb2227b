"""`fttool events` and `fttool checkpoints`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fttool.cli import job_ids, options, output
from fttool.cli.connection import Connection, connected

EVENTS_EXAMPLES = """\b
Examples:
  fttool events ftjob-abc123
  fttool events ftjob-abc123 --limit 5
  fttool events ftjob-abc123 --json | jq '.data[] | select(.type == "metrics") | .data'"""
CHECKPOINTS_EXAMPLES = """\b
Examples:
  fttool checkpoints ftjob-abc123
  fttool checkpoints ftjob-abc123 -q | head -1"""

_Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="Show only the last so many.", min=1, show_default=False)
]


@connected
def events(
    connection: Connection,
    job: job_ids.JobId = None,
    job_id: job_ids.IdOption = None,
    limit: _Limit = None,
    json: options.Json = False,
) -> None:
    """Show a job's events.

    The oldest comes first. `fttool follow` goes on showing them as they come.
    """
    from fttool.cli.job_views import event_line
    from fttool.jobs.listing import list_events

    wanted = job_ids.one_id(job, job_id, "events")
    found = list_events(connection.open(), wanted)
    shown = found if limit is None else found[-limit:]
    if json:
        data = [event.raw for event in shown]
        output.answer_json({"object": "list", "data": data, "has_more": len(shown) < len(found)})
        return
    for event in shown:
        output.answer(event_line(event))
    if not shown and output.is_terminal(sys.stdout):
        output.note("no events yet")


@connected
def checkpoints(
    connection: Connection,
    job: job_ids.JobId = None,
    job_id: job_ids.IdOption = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only the models' names.")] = False,
    json: options.Json = False,
) -> None:
    """Show a job's checkpoints.

    Each is a model that can be used. The one of the highest step comes first.
    """
    from fttool.cli.job_views import checkpoint_table
    from fttool.jobs.listing import list_checkpoints

    wanted = job_ids.one_id(job, job_id, "checkpoints")
    found = list_checkpoints(connection.open(), wanted)
    if json:
        output.answer_json({"object": "list", "data": [each.raw for each in found], "has_more": False})
    elif quiet:
        for each in found:
            output.answer(each.model or each.id)
    else:
        checkpoint_table(found)
        if not found and output.is_terminal(sys.stdout):
            output.note("no checkpoints yet")
