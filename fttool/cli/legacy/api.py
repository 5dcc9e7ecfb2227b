"""`fttool api`: all its commands, each in the module of what it is about."""

from __future__ import annotations

from typing import Any

from fttool.cli.legacy import files, fine_tunes, fine_tuning, inference, models, refused
from fttool.cli.legacy.grammar import Entry
from fttool.cli.legacy.group import group

EXAMPLES = """\b
Examples:
  fttool api fine_tunes.create -t train.jsonl -m davinci-002 --suffix people
  fttool api fine_tunes.follow -i ftjob-abc123
  fttool -k KEY -b https://example.org/v1 api fine_tunes.list
  fttool --organization org-abc123 --proxy http://localhost:3128 -v api files.list

\b
Before `api`, as the openai command has it: -k/--api-key, -b/--api-base, -o/--organization, -p/--proxy,
-v/--verbose, -t/--api-type, --api-version, --azure-endpoint, --azure-ad-token."""

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
}


def load_group(name: str) -> Any:
    """The group `api`."""
    return group(name, GROUPS[name], EXAMPLES)
