"""The layouts of a JSON document that is not simply an array of objects, as pandas and people write them."""

from __future__ import annotations

from typing import Any

from fttool.dataset.formats.objects import BadJsonError, Columns, Row, as_row, check_width, to_columns
from fttool.errors import DataError

_LISTS = ("data", "rows", "examples", "records")


def columns_of(document: object, name: str) -> Columns:
    """The columns of a whole document. DataError when it is none of the layouts."""
    if isinstance(document, list):
        return _from_rows(document, name)
    try:
        row = as_row(document)
    except BadJsonError as error:
        raise error.as_data_error(name, None) from None
    for key in _LISTS:
        if _all(row.get(key), dict):
            return _from_rows(row[key], name)
    check_width(len(row), name)
    return _split(row, name) or _by_index(row, name) or _by_column(row, name) or to_columns([row], (), name)


def _from_rows(items: list[Any], name: str) -> Columns:
    rows: list[Row] = []
    for number, item in enumerate(items, start=1):
        try:
            rows.append(as_row(item))
        except BadJsonError as error:
            raise error.as_data_error(name, number) from None
    return to_columns(rows, (), name)


def _split(row: Row, name: str) -> Columns | None:
    """{"columns": ["prompt", …], "index": […], "data": [["…", …], …]}"""
    if set(row) - {"index"} != {"columns", "data"} or not _all(row["columns"], str) or not _all(row["data"], list):
        return None
    columns = row["columns"]
    for number, values in enumerate(row["data"], start=1):
        if len(values) != len(columns):
            raise DataError(f"{len(values)} values for {len(columns)} columns", file=name, line=number)
    return {column: [values[index] for values in row["data"]] for index, column in enumerate(columns)}


def _by_index(row: Row, name: str) -> Columns | None:
    """{"prompt": {"0": "…", "1": "…"}, …} or {"0": {"prompt": "…"}, "1": …}"""
    values = list(row.values())
    if not _all(values, dict):
        return None
    if all(map(str.isdecimal, row)):
        return to_columns(values, (), name)
    index = list(values[0])
    if not index or not all(map(str.isdecimal, index)):
        return None
    for column, cells in row.items():
        if cells.keys() != values[0].keys():
            raise DataError(f"column `{column}` does not have the same row numbers as the first", file=name)
    return {column: [cells[place] for place in index] for column, cells in row.items()}


def _by_column(row: Row, name: str) -> Columns | None:
    """{"prompt": ["…", "…"], "completion": ["…", "…"]}, but not one chat example"""
    values = list(row.values())
    if not _all(values, list) or _is_chat(row):
        return None
    if len({len(value) for value in values}) > 1:
        lengths = ", ".join(f"`{column}` {len(value):,}" for column, value in list(row.items())[:5])
        raise DataError(f"the columns are not equally long: {lengths}", file=name)
    return row


def _is_chat(row: Row) -> bool:
    messages = row.get("messages")
    return _all(messages, dict) and all("role" in message for message in messages or ())


def _all(value: object, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, kind) for item in value)
