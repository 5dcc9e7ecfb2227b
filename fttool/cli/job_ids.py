"""Ids on the command line: positional, or `-i` as the legacy tool has it; and the commands that hints name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from fttool.cli.shell import shell
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection

JobId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Id of the job.", show_default=False)]
JobIds = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of the jobs.", show_default=False)]
IdOption = Annotated[str | None, typer.Option("-i", "--id", metavar="ID", help="The same, as the legacy tool has it.")]
IdOptions = Annotated[
    list[str] | None, typer.Option("-i", "--id", metavar="ID", help="The same, as the legacy tool has it.")
]


def one_id(positional: str | None, option: str | None, command: str) -> str:
    """The one id that was given. Raises UsageError if there is none, or if there are two."""
    if positional is not None and option is not None and positional != option:
        raise UsageError("two ids are given, one is needed")
    found = positional if positional is not None else option
    return _checked([found] if found is not None else [], command)[0]


def all_ids(positional: Sequence[str] | None, options: Sequence[str] | None, command: str) -> list[str]:
    """All ids that were given, each once. Raises UsageError if there is none."""
    return _checked(each_once(positional, options), command)


def each_once(positional: Sequence[str] | None, options: Sequence[str] | None) -> list[str]:
    """The ids given in either way, in order, each once."""
    return list(dict.fromkeys([*(positional or ()), *(options or ())]))


def some_ids(positional: Sequence[str] | None, options: Sequence[str] | None, kind: str) -> list[str]:
    """The ids of files or models (`kind`: file or model) that were given. Raises UsageError if there is none."""
    wanted = each_once(positional, options)
    if not wanted:
        raise UsageError(f"which {kind}?", hint=f"`fttool {kind}s list` shows the {kind}s there are")
    return checked(wanted)


def _checked(ids: list[str], command: str) -> list[str]:
    if not ids:
        raise UsageError("the id of a job is needed", hint=f"`fttool list` shows them: `fttool {command} ID`")
    return checked(ids)


def checked(ids: list[str]) -> list[str]:
    """Ids, or names of models, if they may be some. Raises UsageError for one that cannot be: it is part of an address,
    where some characters would be left out, and lead to another thing."""
    for each in ids:
        if not each.isprintable() or " " in each or not each.strip("."):
            raise UsageError(f"`{each}` is not an id")
    return ids


def command_for(connection: Connection, *words: str) -> str:
    """A command line that reaches the same service, as a shell takes it."""
    return shell(["fttool", *words, *connection.words()])
