"""A group of commands of the legacy grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fttool.cli.app import COMMANDS, COMMON, Group
from fttool.cli.legacy.grammar import Entry, LegacyCommand


class LegacyGroup(Group):
    """A group whose commands get their options when they are called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` call, complete with its options."""
        name, found, rest = super().resolve_command(ctx, args)
        entry = getattr(found, "entry", None)
        return name, None if entry is None else LegacyCommand(entry), rest


def group(name: str, entries: Sequence[Entry], epilog: str) -> Any:
    """The group of that name in `fttool --help`, with these commands."""
    return LegacyGroup(
        name=name,
        help=COMMANDS[name][1],
        epilog=epilog,
        commands={entry.name: LegacyCommand(entry, bare=True) for entry in entries},
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings=COMMON["context_settings"],
    )
