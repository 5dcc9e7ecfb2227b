"""`fttool models`: list, show and delete models."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer

from fttool.cli import deleting, model_views, options, output
from fttool.cli.connection import Connection, connected
from fttool.cli.job_ids import some_ids
from fttool.errors import UsageError

_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="The models.")]
_Id = Annotated[list[str] | None, typer.Option("-i", "--id", metavar="ID", help="The same, as an option.")]
_FineTuned = Annotated[bool, typer.Option("--fine-tuned", help="Fine-tuned models only.")]
_FineTunable = Annotated[
    bool,
    typer.Option("--fine-tunable", help="Models that can still be trained, as far as fttool knows: no key needed."),
]

EXAMPLES = """\b
Examples:
  fttool models list --fine-tuned --local
  fttool models --fine-tunable --service azure"""

#: `fttool models --fine-tunable` means `fttool models list --fine-tunable`.
IMPLIED = {"--fine-tunable": "list"}


@connected
def list_(
    connection: Connection,
    fine_tuned: _FineTuned = False,
    fine_tunable: _FineTunable = False,
    service: options.Service = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """List models, newest first."""
    if fine_tunable:
        _list_fine_tunable(connection, service, json=json, quiet=quiet, tuned=fine_tuned)
        return
    if service is not None:
        raise UsageError("`--service` goes with `--fine-tunable`", hint="`--profile NAME` says which service to ask")
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


def _list_fine_tunable(connection: Connection, service: str | None, *, json: bool, quiet: bool, tuned: bool) -> None:
    """What the table knows, for the service that the settings mean or that `--service` names."""
    from fttool.catalog.models import trainable
    from fttool.catalog.prices import find_price
    from fttool.cli import services

    if tuned:
        raise UsageError("`--fine-tuned` and `--fine-tunable` exclude each other")
    config = connection.config(service=service)
    chosen, _ = services.chosen(config, local=connection.local)
    known = [
        (each, find_price(chosen.name, each.model, each.methods[0], config.prices))
        for each in trainable(chosen.name, date.today())
    ]
    if json:
        output.answer_json(
            {"service": chosen.name, "models": [{**asdict(each), "price": price} for each, price in known]}
        )
    elif quiet:
        for each, _ in known:
            output.answer(each.model)
    else:
        model_views.fine_tunable(known)
        if not known:
            output.note(f"fttool knows no model that {chosen.title} still trains")


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
        "  fttool models list --fine-tunable --service azure\n"
        "  fttool models list --json | jq -r '.data[].id'",
    ),
    "get": (get, "\b\nExample:\n  fttool models get gpt-4.1-mini-2025-04-14"),
    "delete": (
        delete,
        "\b\nExamples:\n  fttool models delete ft:baseline:local::a1b2c3d4 --local\n"
        "  fttool models delete ft:baseline:local::a1b2c3d4 --yes",
    ),
}
