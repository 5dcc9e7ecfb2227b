"""The option `--tokens`, and the vocabulary that counting needs: fetched once, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fttool.cli import output
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.dataset.counting import Mode
    from fttool.records.dataset import Shape

_INSTALL = "`pip install 'fttool[tokens]'` brings the vocabularies along"

Tokens = Annotated[
    str,
    typer.Option(
        "--tokens",
        metavar="HOW",
        help="Count tokens: `auto` (a sample of more than 5 MB), `exact` (all), `estimate` (by bytes) or `off`.",
    ),
]
NoTokens = Annotated[bool, typer.Option("--no-tokens", help="The same as `--tokens off`.")]


def mode_of(tokens: str, no_tokens: bool) -> Mode:
    """What the options say. Raises UsageError for a word that is none."""
    if no_tokens:
        if tokens not in ("auto", "off"):
            raise UsageError(f"`--no-tokens` and `--tokens {tokens}` exclude each other")
        return "off"
    from fttool.dataset.counting import MODES

    for mode in MODES:
        if tokens == mode:
            return mode
    raise UsageError(f"--tokens takes `auto`, `exact`, `estimate` or `off`, not `{tokens}`")


def have(model: str | None, shape: Shape, mode: Mode, *, quiet: bool = False) -> None:
    """See to it that tokens can be counted: fetch the vocabulary if it is not here, and say so unless `quiet`.

    Where that cannot be done, tokens are estimated, and for an hour it is not tried again; for `exact` it is a
    UsageError.
    """
    from fttool.dataset import tokens, vocabularies

    if mode not in ("auto", "exact"):
        return
    counter = tokens.choose_counter(model, shape)
    if counter.method != "estimate":
        return
    if mode == "auto" and vocabularies.failed_lately():
        problem: str | None = f"{vocabularies.HOST} could not be reached lately"
    else:
        if not quiet:
            output.note(f"fetching the vocabulary {counter.encoding} from {vocabularies.HOST} (once)")
        problem = vocabularies.fetch(counter.encoding)
        tokens.forget()
        if problem is None:
            return
        vocabularies.remember_failure()
    if mode == "exact":
        raise UsageError(f"tokens cannot be counted: {problem}", hint=f"{_INSTALL}; `--tokens estimate` does without")
    if not quiet:
        output.note(f"tokens are estimated: {problem}")
        output.hint(_INSTALL)
