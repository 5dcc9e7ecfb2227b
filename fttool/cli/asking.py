"""What `complete` and `chat` share: their options, what is read, and which model is meant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fttool.cli import output
from fttool.cli.connection import Connection
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.inference import Sampling

Model = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="MODEL", help="The model; else the newest that was fine-tuned."),
]
Stop = Annotated[
    list[str] | None,
    typer.Option("--stop", metavar="TEXT", help=r"Stop before this text (repeatable, up to 4); `\n` is a line end."),
]
MaxTokens = Annotated[
    int | None,
    typer.Option("-M", "--max-tokens", "--max_tokens", metavar="N", min=1, help="How long an answer may be."),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "-t", "--temperature", metavar="T", min=0, max=2, help="0: always the likeliest answer; 1: as likely as it is."
    ),
]
TopP = Annotated[
    float | None,
    typer.Option("-P", "--top-p", "--top_p", metavar="P", min=0, max=1, help="Draw from the likeliest P of all only."),
]
Number = Annotated[int | None, typer.Option("-n", "--n", metavar="N", min=1, max=128, help="How many answers.")]
Logprobs = Annotated[
    int | None,
    typer.Option("--logprobs", metavar="N", min=0, max=20, help="Show how likely each token was, and N others."),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="The same seed gives the same answer, mostly.")]
Stream = Annotated[
    bool | None,
    typer.Option("--stream/--no-stream", help="Show the answer as it comes (on a terminal it does by itself)."),
]
Escapes = Annotated[
    bool, typer.Option("-e", "--escapes", help=r"Read `\n`, `\t` and `\\` in the text as line end, tab, backslash.")
]


def sampling(
    *,
    stop: list[str] | None,
    max_tokens: int | None,
    temperature: float | None,
    top_p: float | None,
    n: int | None,
    logprobs: int | None,
    seed: int | None,
    **more: Any,
) -> Sampling:
    """The options as they go to the service."""
    from fttool.jobs.inference import Sampling
    from fttool.jobs.inputs import unescaped

    for option, value in (("--temperature", temperature), ("--top-p", top_p)):
        if value is not None and value != value:
            raise UsageError(f"`{option}` takes a number, not {value}")
    stops = tuple(unescaped(each) for each in stop or ())
    if len(stops) > 4 or "" in stops:
        raise UsageError("`--stop` takes a text, and there may be at most 4 of them")
    return Sampling(stops, max_tokens, temperature, top_p, n, logprobs, seed, **more)


def open_for(connection: Connection, model: str | None, *, tell: bool = True) -> tuple[Client, str]:
    """A client and the model to ask; if none was named, says on stderr which it is (unless told not to)."""
    config = connection.config()
    client = connection.open_with(config)
    if model is not None:
        return client, model
    from fttool.jobs.models import default_model

    found, why = default_model(client, config.setting("model"))
    if tell:
        output.note(f"model {found} ({why})")
    return client, found


def read(path: Path | None) -> tuple[bytes, str]:
    """All of a file, or of standard input (None or `-`), and what to call it. Raises DataError, UsageError."""
    from fttool.errors import DataError

    if path is None or str(path) == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed")
        return sys.stdin.buffer.read(), "standard input"
    try:
        return path.read_bytes(), str(path)
    except OSError as error:
        raise DataError(f"cannot read it: {(error.strerror or str(error)).lower()}", file=str(path)) from None


def check_streaming(stream: bool | None, many: bool, sampling: Sampling) -> bool:
    """Whether to show the answer as it comes. Raises UsageError if that was asked for and cannot be."""
    fits = not many and sampling.n in (None, 1) and sampling.logprobs is None and sampling.best_of in (None, 1)
    if stream and not fits:
        raise UsageError("`--stream` shows one answer to one question, without `--logprobs`")
    return fits and output.is_terminal(sys.stdout) if stream is None else stream
