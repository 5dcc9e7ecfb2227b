"""Records to rows of a table and back: a field is a column of the same name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import msgspec

from fttool.service.records import CheckpointRow, EventRow, FileRow, JobRow, ModelRow, Page, PartRow, StepRow, UploadRow

T = TypeVar("T")

#: The table of each record, and those of its columns that hold JSON.
_TABLES: dict[type, tuple[str, frozenset[str]]] = {
    FileRow: ("files", frozenset()),
    UploadRow: ("uploads", frozenset({"part_ids"})),
    PartRow: ("parts", frozenset()),
    JobRow: ("jobs", frozenset({"method", "resolved", "integrations", "metadata", "result_files", "error"})),
    EventRow: ("events", frozenset({"data"})),
    StepRow: ("steps", frozenset()),
    CheckpointRow: ("checkpoints", frozenset({"metrics"})),
    ModelRow: ("models", frozenset()),
}

_COLUMNS = {kind: tuple(field.name for field in fields(kind)) for kind in _TABLES}


def columns(kind: type) -> tuple[str, ...]:
    """The columns of a record's table that are its fields."""
    return _COLUMNS[kind]


def packed(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of columns as SQLite stores them. TypeError for a column that does not exist."""
    strange = [name for name in values if name not in columns(kind)]
    if strange:
        raise TypeError(f"{kind.__name__} has no {', '.join(strange)}")
    json = _TABLES[kind][1]
    return {
        name: msgspec.json.encode(value).decode() if name in json and value is not None else value
        for name, value in values.items()
    }


def unpacked(kind: type[T], row: sqlite3.Row) -> T:
    """The record that a row holds; columns that are not its fields are left out."""
    json = _TABLES[kind][1]
    values = {name: row[name] for name in columns(kind)}
    for name in json:
        if values[name] is not None:
            values[name] = msgspec.json.decode(values[name])
    return kind(**values)


def insert(
    connection: sqlite3.Connection, record: Any, *, extra: Mapping[str, Any] | None = None, how: str = ""
) -> int:
    """Add a record to its table; `how` is e.g. `OR IGNORE`. Returns how many rows were added: 0 or 1."""
    kind = type(record)
    values = packed(kind, {name: getattr(record, name) for name in columns(kind)})
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    sql = f"INSERT {how} INTO {_TABLES[kind][0]} ({names}) VALUES ({marks})"
    return connection.execute(sql, tuple(values.values())).rowcount


def select(
    connection: sqlite3.Connection, kind: type[T], where: str, values: Sequence[Any] = (), tail: str = ""
) -> list[T]:
    """The records that meet a condition."""
    sql = f"SELECT * FROM {_TABLES[kind][0]} WHERE {where} {tail}"
    return [unpacked(kind, row) for row in connection.execute(sql, tuple(values))]


def one(connection: sqlite3.Connection, kind: type[T], where: str, values: Sequence[Any] = ()) -> T | None:
    """The first record that meets a condition."""
    found = select(connection, kind, where, values, "LIMIT 1")
    return found[0] if found else None


def paged(rows: Iterable[T], limit: int) -> Page[T]:
    """A page of `limit` rows out of those found: one more than that was looked for."""
    found = list(rows)
    return Page(found[:limit], has_more=len(found) > limit)
