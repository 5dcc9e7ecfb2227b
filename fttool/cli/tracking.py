"""Jobs into a tracker: what `fttool wandb sync` and `fttool mlflow sync` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.errors import EXIT_OK, FttoolError, KeyMissingError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.jobs.trackers.base import Target
    from fttool.records.tracking import Synced


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be synced: these jobs, or the newest `count`, or all."""

    ids: Sequence[str]
    count: int | None
    force: bool
    inputs: bool
    json: bool


def sync(connection: Connection, name: str, target: Target, wish: Wish) -> int:
    """Do it, show what came of each job, and return the exit code: that of the worst."""
    from fttool.jobs.listing import get_job
    from fttool.jobs.trackers import open_tracker
    from fttool.jobs.trackers.files import Shelf
    from fttool.jobs.trackers.sync import newest_jobs, sync_job

    if wish.ids and wish.count is not None:
        raise UsageError("`-n` and ids exclude each other", hint="name the jobs, or say how many of the newest")
    code = EXIT_OK
    done: list[Synced] = []
    with closing(open_tracker(name, target)) as tracker, Shelf() as shelf:
        client = connection.open()
        for each in wish.ids or newest_jobs(client, wish.count):
            try:
                job = get_job(client, each) if isinstance(each, str) else each
                done.append(sync_job(client, tracker, job, shelf, force=wish.force, inputs=wish.inputs))
            except FttoolError as error:
                if len(wish.ids) == 1:
                    raise
                output.error(error, as_json=wish.json)
                code = max(code, error.exit_code)
                if isinstance(error, KeyMissingError) or getattr(error, "temporary", False):
                    break  # the next would fare no better
                continue
            if not wish.json:
                _show(done[-1])
    if wish.json:
        output.answer_json({"object": "list", "data": [each.to_dict() for each in done], "has_more": False})
    elif not done and code == EXIT_OK:
        output.note("there is no job")
    if not wish.json:
        if any(each.outcome == "skipped" for each in done):
            output.hint("what is there already is left as it is; `--force` writes it anew")
        if tracker.advice and any(each.outcome == "synced" for each in done):
            output.hint(tracker.advice)
    return code


def _show(synced: Synced) -> None:
    """One line of the answer; below it, on stderr, what is not there."""
    job = synced.job
    facts = [job.status]
    if synced.outcome == "synced":
        facts += [f"{synced.steps:,} step{'' if synced.steps == 1 else 's'}", *synced.files]
    style = "green" if synced.outcome == "synced" else "dim"
    place = f": {synced.place}" if synced.place else ""
    output.answer(output.paint(synced.outcome, style), f" {job.id} ({', '.join(facts)}){place}")
    for each in synced.left_out:
        output.warn(f"{each.file} is left out: {each.reason}")
    if not synced.complete:
        output.note(f"job {job.id} goes on: the same command completes it later")
