"""A training or validation file as a table, for people who look at it in a tracker.

A column for each field. Of a chat, whose turns may be any number, there are the messages as JSON, how many they are,
what was asked last and what was answered last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fttool.jobs.trackers.files import lines

#: W&B shows no more of a table. Source: its documentation of `wandb.Table.MAX_ROWS`.
MOST_ROWS = 10_000


class Table(NamedTuple):
    """Rows of texts and numbers; None where a row has no such field."""

    columns: list[str]
    rows: list[list[str | int | None]]


def read_table(path: Path, most: int = MOST_ROWS) -> Table | None:
    """The first rows of a file of examples; None if it is not one (JSONL with an object in each line)."""
    rows: list[dict[str, str | int]] = []
    for line in lines(path, most):
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, Mapping):
            return None
        rows.append(_flat(row))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return Table(columns, [[row.get(name) for name in columns] for row in rows]) if columns else None


def _flat(row: Mapping[str, Any]) -> dict[str, str | int]:
    flat: dict[str, str | int] = {}
    for name, value in row.items():
        if name == "messages" and isinstance(value, list):
            flat |= {"messages": _text(value), "turns": len(value)}
            flat |= {"asked": _last(value, "user"), "answered": _last(value, "assistant")}
        else:
            flat[name] = _text(value)
    return flat


def _last(messages: list[Any], role: str) -> str:
    """What was said last in that role."""
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == role:
            return _text(message.get("content"))
    return ""


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()  # half a character cannot be sent
