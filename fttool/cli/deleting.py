"""Delete things for good: say what each is, ask, do it, and end with the worst that happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fttool.cli import output, prompts
from fttool.cli.file_views import document
from fttool.cli.shell import shell
from fttool.errors import EXIT_BAD_RESULT, EXIT_OK, FttoolError, KeyMissingError, ServiceError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.jobs.client import Client

Kind = Literal["model", "file"]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that can be deleted; `details` tell a person which one it is."""

    kind: Kind
    id: str
    details: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.id}{f' ({self.details})' if self.details else ''}"


def run(
    connection: Connection,
    ids: Sequence[str],
    command: Sequence[str],
    *,
    only: Kind | None = None,
    yes: bool,
    json: bool,
    quiet: bool,
    no_input: bool,
) -> int:
    """Delete what has these ids, asking first. `command` is how to say so again; `only`: what they must be."""
    from fttool.jobs.sources import is_job_id

    wanted = list(dict.fromkeys(ids))
    for one in wanted:
        if is_job_id(one):
            command_ = shell(["fttool", "cancel", one, *connection.words()])
            raise UsageError(f"`{one}` is a job: jobs are not deleted, but cancelled", hint=f"`{command_}` cancels it")
    asking = not yes
    if asking and not prompts.can_ask(no_input):
        raise UsageError(
            "deleting cannot be undone, and no one is there to ask",
            hint=f"`{shell([*command, *wanted, '--yes', *connection.words()])}` does it",
        )
    client = connection.open()
    things, code = _find(client, wanted, only, json=json)
    if things and asking and not _confirmed(things):
        output.note("nothing was deleted")
        return code or EXIT_BAD_RESULT
    answers = []
    for thing in things:
        try:
            answers.append(_delete(client, thing))
        except KeyMissingError:  # the same for all
            raise
        except FttoolError as error:
            code = max(code, _told(error, json=json))
            continue
        if quiet and not json:
            output.answer(thing.id)
        elif not json:
            output.answer(output.paint("deleted", "green"), f" {thing}")
    if json and (answers or len(wanted) > 1):
        output.answer_json(document(answers, alone=len(wanted) == 1))
    return code


def _find(client: Client, ids: Sequence[str], only: Kind | None, *, json: bool) -> tuple[list[Thing], int]:
    """What the ids are; the worst exit code of those that are nothing."""
    things, code = [], EXIT_OK
    for one in ids:
        try:
            things.append(_thing(client, one, only))
        except KeyMissingError:
            raise
        except FttoolError as error:
            code = max(code, _told(error, json=json))
    return things, code


def _thing(client: Client, one: str, only: Kind | None) -> Thing:
    """A file if it looks like one, else a model; a file after all if there is no such model."""
    from fttool.jobs.sources import is_file_id

    if only == "file" or (only is None and is_file_id(one)):
        return _file(client, one)
    try:
        return _model(client, one)
    except ServiceError as error:
        if only is not None or error.status != 404:
            raise
    try:
        return _file(client, one)
    except ServiceError as error:
        if error.status not in (400, 404, 422):
            raise
    raise ServiceError(
        f"there is no model and no file `{one}`",
        hint=f"`fttool models list --fine-tuned{client.way}` and `fttool files list{client.way}` show what there is",
        status=404,
    )


def _file(client: Client, one: str) -> Thing:
    from fttool.jobs.files import get_file

    view = get_file(client, one)
    size = None if view.bytes is None else f"{view.bytes:,} bytes"
    return Thing("file", view.id, ", ".join(part for part in (view.filename, size, view.purpose) if part))


def _model(client: Client, one: str) -> Thing:
    from fttool.jobs.models import check_deletable, get_model

    view = get_model(client, one)
    check_deletable(view, client.way)
    return Thing("model", view.id, f"owned by {view.owned_by}" if view.owned_by else "")


def _confirmed(things: Sequence[Thing]) -> bool:
    if len(things) == 1:
        return prompts.confirm(f"Delete {things[0]}? This cannot be undone.", False)
    for thing in things:
        output.note(f"  {thing}")
    return prompts.confirm(f"Delete these {len(things)}? This cannot be undone.", False)


def _delete(client: Client, thing: Thing) -> dict[str, object]:
    if thing.kind == "model":
        from fttool.jobs.models import delete_model

        return delete_model(client, thing.id)
    from fttool.jobs.files import delete_file
    from fttool.jobs.ledger import Ledger
    from fttool.jobs.sending import place_of

    answer = delete_file(client, thing.id)
    Ledger(warn=output.warn).forget_file(place_of(client), thing.id)
    return answer


def _told(error: FttoolError, *, json: bool) -> int:
    output.error(error, as_json=json)
    return error.exit_code
