"""What models are called: base models, their aliases, and what is fine-tuned from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

Row = TypeVar("Row")

#: `ft:BASE:ORG:SUFFIX:ID` (OpenAI, fttool), `BASE:ft-ORG-TIME` (OpenAI until 2023), `BASE.ft-<32 hex>` (Azure).
_TUNED = re.compile(r"ft:(?P<new>[^:]+):.*|(?P<old>[^:]+):ft-.*|(?P<azure>.+)\.ft-[0-9a-f]{32}.*", re.IGNORECASE)

#: What makes a dated version of a name: `-2024-08-06`, `-0613`.
_DATED = re.compile(r"-\d{4}(-\d\d-\d\d)?")


def base_name(model: str) -> str:
    """The base model of a fine-tuned one: `ft:gpt-4o-mini:org::id` -> `gpt-4o-mini`; others as they are."""
    found = _TUNED.fullmatch(model)
    if found is None:
        return model
    return found["new"] or found["old"] or found["azure"]


def find(model: str, named: Mapping[str, Row]) -> Row | None:
    """What is known of a model under its own name, else of the longest name that it is a dated version of.

    Capitals do not count. Names that only begin alike are not meant: `gpt-4o-audio-preview` is no `gpt-4o`.
    """
    wanted = base_name(model).casefold()
    if wanted in named:
        return named[wanted]
    versions = [name for name in named if wanted.startswith(name) and _DATED.fullmatch(wanted[len(name) :])]
    return named[max(versions, key=len)] if versions else None


def by_name(rows: Iterable[tuple[Iterable[str], Row]]) -> dict[str, Row]:
    """Rows by each of their names, for `find`; the first that has a name keeps it."""
    found: dict[str, Row] = {}
    for names, row in rows:
        for name in names:
            found.setdefault(name.casefold(), row)
    return found
