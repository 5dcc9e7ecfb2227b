"""`fttool models`: list, show and delete models."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from fttool.cli import deleting, model_views, options, output
from fttool.cli.connection import Connection, connected
from fttool.cli.job_ids import some_ids

_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="The models.")]
_Id = Annotated[list[str] | None, typer.Option("-i", "--id", metavar="ID", help="The same, as an option.")]
_FineTuned = Annotated[bool, typer.Option("--fine-tuned", help="Fine-tuned models only.")]


@connected
def list_(
    connection: Connection,
    fine_tuned: _FineTuned = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """List models, newest first."""
    from fttool.jobs.models import list_models

    found = list_models(connection.open(), fine_tuned=fine_tuned)
    if json:
        output.answer_json({"object": "list", "data": [view.raw for view in found]})
    elif quiet:
        for view in found:
            output.answer(view.id)
    else:
        model_views.table(found)
        if not found:
            output.note("no models")


@connected
def get(
    connection: Connection,
    ids: _Ids = None,
    id_: _Id = None,
    json: options.Json = False,
) -> None:
    """Show models."""
    from fttool.jobs.models import get_model, shutdown_notice

    wanted = some_ids(ids, id_, "model")
    client = connection.open()
    found = [get_model(client, each) for each in wanted]
    if json:
        several = {"object": "list", "data": [view.raw for view in found]}
        output.answer_json(found[0].raw if len(found) == 1 else several)
        return
    for at, view in enumerate(found):
        if at:
            output.answer("")
        model_views.lines(view)
        if notice := shutdown_notice(view, date.today()):
            output.warn(notice)


@connected
def delete(
    connection: Connection,
    ids: _Ids = None,
    id_: _Id = None,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_input: options.NoInput = False,
) -> int:
    """Delete fine-tuned models."""
    command = ["fttool", "models", "delete"]
    return deleting.run(
        connection,
        some_ids(ids, id_, "model"),
        command,
        only="model",
        yes=yes,
        json=json,
        quiet=quiet,
        no_input=no_input,
    )


#: name -> (function, examples)
COMMANDS: dict[str, tuple[Any, str]] = {
    "list": (
        list_,
        "\b\nExamples:\n  fttool models list\n  fttool models list --fine-tuned --local\n"
        "  fttool models list --json | jq -r '.data[].id'",
    ),
    "get": (get, "\b\nExample:\n  fttool models get gpt-4.1-mini-2025-04-14"),
    "delete": (
        delete,
        "\b\nExamples:\n  fttool models delete ft:baseline:local::a1b2c3d4 --local\n"
        "  fttool models delete ft:baseline:local::a1b2c3d4 --yes",
    ),
}
