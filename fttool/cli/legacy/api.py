"""`fttool api`: all its commands, each in the module of what it is about."""

from __future__ import annotations

from typing import Any

from fttool.cli.app import COMMANDS as TOP
from fttool.cli.app import COMMON, Group
from fttool.cli.legacy import files, fine_tunes, fine_tuning, inference, models, refused
from fttool.cli.legacy.grammar import Entry, LegacyCommand

EXAMPLES = """\b
Examples:
  fttool api fine_tunes.create -t train.jsonl -m davinci-002 --suffix people
  fttool api fine_tunes.follow -i ftjob-abc123
  fttool -k KEY -b https://example.org/v1 api fine_tunes.list
  fttool --organization org-abc123 --proxy http://localhost:3128 -v api files.list

\b
Before `api`, as the openai command has it: -k/--api-key, -b/--api-base, -o/--organization, -p/--proxy,
-v/--verbose, -t/--api-type, --api-version, --azure-endpoint, --azure-ad-token."""

_WANDB_EXAMPLE = "\b\nExample of what there is instead:\n  fttool create -t train.jsonl --integration wandb:people"

#: The groups of the legacy grammar, and what is in them.
GROUPS: dict[str, tuple[Entry, ...]] = {
    "api": (
        *fine_tunes.COMMANDS,
        *fine_tuning.COMMANDS,
        *files.COMMANDS,
        *models.COMMANDS,
        *inference.COMMANDS,
        *refused.COMMANDS,
    ),
    "wandb": refused.WANDB,
}


class LegacyGroup(Group):
    """A group whose commands get their options when they are called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` call, complete with its options."""
        name, found, rest = super().resolve_command(ctx, args)
        entry = getattr(found, "entry", None)
        return name, None if entry is None else LegacyCommand(entry), rest


def load_group(name: str) -> Any:
    """The group `api` or `wandb`."""
    return LegacyGroup(
        name=name,
        help=TOP[name][1],
        epilog=EXAMPLES if name == "api" else _WANDB_EXAMPLE,
        commands={entry.name: LegacyCommand(entry, bare=True) for entry in GROUPS[name]},
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings=COMMON["context_settings"],
    )
