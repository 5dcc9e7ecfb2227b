"""`fttool cost`: what training on a file costs, without a key and without a word to the service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fttool.cli import options, vocabulary

if TYPE_CHECKING:
    from fttool.catalog.models import Model
    from fttool.records.cost import Cost
    from fttool.records.dataset import Shape
    from fttool.records.tokens import TokenCount

_STDIN = Path("-")

EXAMPLES = """\b
Examples:
  fttool cost chats.jsonl -m gpt-4.1-mini-2025-04-14
  fttool cost chats.jsonl
  fttool cost chats.jsonl -m gpt-4.1-mini-2025-04-14 --n_epochs 2 --json | jq .total
  fttool cost pairs.jsonl --service crusoe -m openai/gpt-oss-120b --n_epochs 1"""


def cost(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Training examples; `-` is standard input.")],
    model: Annotated[
        str | None, typer.Option("-m", "--model", metavar="MODEL", help="Base model; without one, all are compared.")
    ] = None,
    n_epochs: Annotated[
        int | None,
        typer.Option("--n_epochs", "--n-epochs", metavar="N", min=1, help="How often to go through the examples."),
    ] = None,
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help="supervised, dpo or reinforcement (by the file, if not given).")
    ] = None,
    valid_file: Annotated[
        Path | None,
        typer.Option("-v", "--validation-file", "--validation_file", metavar="FILE", help="Validation examples."),
    ] = None,
    tokens: vocabulary.Tokens = "auto",
    no_tokens: vocabulary.NoTokens = False,
    service: options.Service = None,
    local: options.Local = False,
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    json: options.Json = False,
) -> None:
    """Show the tokens of a file, and what training on it costs.

    Prices are those that fttool knows, with their source and the day they were seen, or your own (`fttool config set
    prices.SERVICE/MODEL USD`). What is not known is said to be unknown.
    """
    from fttool.catalog.cost import work_out
    from fttool.catalog.models import longest
    from fttool.cli import costs, output, services
    from fttool.cli.connection import check_local
    from fttool.cli.settings import load_config
    from fttool.dataset.count import find_shape

    mode = vocabulary.mode_of(tokens, no_tokens)
    check_local(local, profile, base_url)
    config = load_config(model=model, service=service, profile=profile, base_url=base_url)
    chosen, _ = services.chosen(config, local=local)
    named = config.get("model")
    if named is None and chosen.name == "local":
        named = services.OWN_MODEL
    with _on_disk(files, valid_file) as paths:
        shape = find_shape(paths[0])
        kind = _method(method, shape)
        models = [] if named else _models(chosen.name, kind, shape)
        limit = longest(named, chosen.name) if named else _common([each.longest_example for each in models])
        counted = costs.count(paths, named, mode, limit, quiet=json)
    found = [
        work_out(chosen.name, one, kind, counted, n_epochs, config.prices, validation=valid_file is not None)
        for one in ([named] if named else [each.model for each in models])
    ]
    if json:
        each = [one.to_dict() for one in found]
        output.answer_json(each[0] if named else {"service": chosen.name, "tokens": counted, "models": each})
        return
    _tell_tokens(counted, files)
    if named:
        _show(found[0])
    elif found:
        _compare(found, models)
    else:
        output.answer(f"cost: unknown: fttool knows no model that {chosen.name} trains with it ({kind}, {shape})")


def _show(found: Cost) -> None:
    """The cost of one model, and how an unknown price becomes known."""
    from fttool.cli import cost_views, output

    for line in cost_views.lines(found):
        output.answer(line)
    if found.total is None and (command := cost_views.set_price(found)) is not None:
        output.hint(f"`{command}` tells fttool the price of a million trained tokens")


def _compare(found: list[Cost], models: list[Model]) -> None:
    """A row for each model that can still be trained."""
    from fttool.cli import cost_views, output

    cost_views.table(found, models)
    for note in dict.fromkeys(note for each in found for note in each.notes):
        output.note(note)
    output.hint("`-m MODEL` says where a price is from")


def _common(limits: list[int | None]) -> int | None:
    """The limit of all, if they have one in common."""
    return limits[0] if len(set(limits)) == 1 else None


@contextmanager
def _on_disk(files: list[Path], valid_file: Path | None) -> Iterator[list[Path]]:
    """The training files, that of standard input as a temporary one: they are read more than once.

    Raises UsageError where standard input is to be more than one file.
    """
    from fttool.cli import uploading
    from fttool.cli.training_data import called
    from fttool.errors import UsageError
    from fttool.jobs.sources import find_source

    if [str(path) for path in (*files, valid_file)].count("-") > 1:
        raise UsageError("standard input holds one file: give the others by name")
    with ExitStack() as stack:
        paths, names = list(files), {str(path): str(path) for path in files}
        if _STDIN in files:
            copy = stack.enter_context(uploading.on_disk(find_source("-", "FILE"), sys.maxsize))
            paths[files.index(_STDIN)], names[str(copy)] = copy, "standard input"
        stack.enter_context(called(names))
        yield paths


def _method(given: str | None, shape: Shape) -> str:
    """The method to ask the price of."""
    from fttool.errors import UsageError
    from fttool.records.dataset import METHODS

    if given is None:
        return METHODS.get(shape, "supervised")
    if given not in ("supervised", "dpo", "reinforcement"):
        raise UsageError(f"--method takes supervised, dpo or reinforcement, not `{given}`")
    return given


def _models(service: str, method: str, shape: Shape) -> list[Model]:
    """What can still be trained there, with that method, on examples of that shape."""
    from datetime import date

    from fttool.catalog.models import trainable

    taken = "completion" if shape == "completion" else "chat"
    return [each for each in trainable(service, date.today()) if method in each.methods and taken in each.shapes]


def _tell_tokens(counted: TokenCount | None, paths: list[Path]) -> None:
    from fttool.cli import output, token_views

    if counted is None:
        return
    name = ", ".join("standard input" if str(path) == "-" else str(path) for path in paths)
    count = f"{counted.examples:,} example{'' if counted.examples == 1 else 's'}"
    output.answer(f"{name}: {count}, {token_views.number(counted)}")
    for line in token_views.lines(counted):
        output.answer(line)
