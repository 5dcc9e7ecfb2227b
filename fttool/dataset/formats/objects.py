"""JSON objects, one a line or in a list, into columns: fast where all is well, exact where it is not.

Three ways, tried in order: a typed decoder that knows the columns (every row has exactly these keys), an untyped one
(any keys), and line by line, for what has blank lines in it or is broken, where the standard library tells precisely
what is wrong.
Numbers keep their text: integers of any size are int, anything else is JsonNumber.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from fttool.dataset.formats import base
from fttool.dataset.formats.base import MISSING, BadRow, Block, JsonNumber
from fttool.dataset.formats.encoding import bad_utf8_at
from fttool.errors import BadRowError, DataError

Row = dict[str, Any]
Columns = dict[str, list[Any]]

#: What a decoder raises for input that is not what it should be. RecursionError: nested too deeply;
#: ArithmeticError: an exponent beyond decimal; ValueError covers msgspec's and the Unicode errors.
BROKEN = (ValueError, RecursionError, ArithmeticError, msgspec.MsgspecError)

#: Rows times columns of one block, when rows hardly share a key: a bomb rather than a table.
_MAX_CELLS = 16_000_000
#: Typed decoders are made for tables no wider than this.
_MAX_TYPED = 256
#: Characters of context in an error message.
_CONTEXT = 60

DOCUMENT: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=JsonNumber)
ROWS = msgspec.json.Decoder(Row, float_hook=JsonNumber)
ROW_LIST = msgspec.json.Decoder(list[Row], float_hook=JsonNumber)


class _Typed:
    """Decoders for rows with exactly these columns."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        fields = [(f"f{index}", Any, msgspec.field(name=name)) for index, name in enumerate(columns)]
        row: Any = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, gc=False)
        self.row_list: Any = msgspec.json.Decoder(list[row], float_hook=JsonNumber)
        self.getters = [(name, attrgetter(f"f{index}")) for index, name in enumerate(columns)]

    def columns(self, rows: list[Any]) -> Columns:
        return {name: list(map(getter, rows)) for name, getter in self.getters}


@functools.lru_cache(maxsize=16)
def _typed(columns: tuple[str, ...]) -> _Typed | None:
    """Decoders for these columns; None where there are too many, or msgspec does not take their names."""
    try:
        return _Typed(columns) if 0 < len(columns) <= _MAX_TYPED else None
    except ValueError:
        return None


def read_lines(
    data: bytes, columns: Sequence[str], name: str, *, line: int = 1, offset: int = 0, skip_bad: bool = False
) -> Block:
    """Whole lines of UTF-8 JSON, the first of which is number `line` at byte `offset`, as a block.

    Blank lines are passed over. A line that is not a JSON object raises DataError, or goes to `Block.bad`.
    """
    text = data.removesuffix(b"\n")
    # As one list the lines decode at once, and a blank line or two objects on one are seen.
    items = text.replace(b"\n", b",\n")
    total = len(items) - len(text) + 1
    listed = b"".join((b"[", items, b"]"))
    found = read_list(listed, columns)
    if found is None:
        try:
            found = to_columns(ROW_LIST.decode(listed), columns, name)
        except BROKEN:
            found = {}
    if found and len(next(iter(found.values()))) == total:
        return Block(found, range(line, line + total), line_count=total)
    return _line_by_line(data, columns, name, line, offset, skip_bad)


def read_list(data: bytes, columns: Sequence[str]) -> Columns | None:
    """A JSON list of objects that all have just these keys as columns; None when it is not that."""
    typed = _typed(tuple(columns))
    try:
        return typed.columns(typed.row_list.decode(data)) if typed is not None else None
    except BROKEN:
        return None


def to_columns(rows: Sequence[Row], columns: Sequence[str], name: str) -> Columns:
    """Rows into columns: `columns` first, then new keys as they appear; MISSING where a row lacks a key."""
    keys = dict.fromkeys(itertools.chain(columns, itertools.chain.from_iterable(rows)))
    check_width(len(keys), name)
    if len(keys) * len(rows) > _MAX_CELLS:
        raise DataError(f"{len(rows):,} rows share hardly any of their {len(keys):,} keys", file=name)
    return {key: [row.get(key, MISSING) for row in rows] for key in keys}


def check_width(width: int, name: str, line: int | None = None) -> None:
    """Raise DataError for a table wider than MAX_COLUMNS."""
    if width > base.MAX_COLUMNS:
        raise DataError(
            f"has {width:,} columns; {base.MAX_COLUMNS:,} is the limit",
            file=name,
            line=line,
            hint="keep the columns that hold the examples",
        )


def _line_by_line(data: bytes, columns: Sequence[str], name: str, line: int, offset: int, skip_bad: bool) -> Block:
    rows: list[Row] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    number = line - 1
    for number, text in enumerate(data.removesuffix(b"\n").split(b"\n"), start=line):
        if text.strip():
            try:
                rows.append(_one(text))
                lines.append(number)
            except UnicodeDecodeError as error:
                raise bad_utf8_at(name, text, error, offset, number) from None
            except BadJsonError as error:
                if not skip_bad:
                    raise error.as_data_error(name, number, BadRowError) from None
                bad.append(BadRow(number, error.reason, shorten(text.decode("utf-8", "replace"))))
        offset += len(text) + 1
    return Block(to_columns(rows, columns, name), lines, bad=bad, line_count=number - line + 1)


def _one(text: bytes) -> Row:
    try:
        return ROWS.decode(text)
    except BROKEN:
        value = parse(text.decode("utf-8"))
    return as_row(value)


class BadJsonError(Exception):
    """A piece of JSON that is not an object, and why; `at` is the 0-based character where it goes wrong."""

    def __init__(self, reason: str, at: int | None = None, text: str = "", hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.at, self.text, self.hint = reason, at, text, hint

    def as_data_error(self, name: str, line: int | None, kind: type[DataError] = DataError) -> DataError:
        column = None if self.at is None else self.at + 1
        message = self.reason
        if self.at is not None and self.text:
            start = max(0, self.at - _CONTEXT // 2)
            message += f" near `{self.text[start : start + _CONTEXT].strip()}`"
        return kind(message, file=name, line=line, column=column, hint=self.hint)


def as_row(value: object) -> Row:
    """`value` if it is an object; otherwise BadJsonError says what it is."""
    if isinstance(value, dict):
        return value
    kinds: list[tuple[Any, str]] = [(list, "a list"), (str, "text"), (bool, "true or false"), (type(None), "null")]
    kind = next((word for type_, word in kinds if isinstance(value, type_)), "a number")
    hint = 'write each example as an object: {"prompt": "…", "completion": "…"}'
    raise BadJsonError(f"{kind}, not a JSON object", hint=hint)


def parse(text: str) -> Any:
    """Decode one JSON document with the standard library; BadJsonError tells what is wrong with it, and where."""
    return _guarded(lambda: _STRICT.decode(text), text)


def parse_item(text: str, start: int) -> tuple[Any, int]:
    """Decode the JSON value at `start`: the value and the position after it. BadJsonError where there is none."""
    value, end = _guarded(lambda: _STRICT.raw_decode(text, start), text)
    return value, end


def _guarded(decode: Callable[[], Any], text: str) -> Any:
    try:
        return decode()
    except json.JSONDecodeError as error:
        hint = 'JSON takes double quotes: {"prompt": "…"}' if text[error.pos : error.pos + 1] == "'" else None
        raise BadJsonError(f"not valid JSON: {error.msg}", error.pos, text, hint) from None
    except RecursionError:
        raise BadJsonError("JSON nested too deeply") from None
    except (ValueError, ArithmeticError) as error:
        reason = str(error) if isinstance(error, _NotANumberError) else "a number too large to be read"
        raise BadJsonError(f"not valid JSON: {reason}") from None


class _NotANumberError(ValueError):
    """NaN or Infinity, which Python writes and JSON does not know."""


def _refuse(constant: str) -> None:
    raise _NotANumberError(f"{constant} is not a JSON value")


_STRICT = json.JSONDecoder(parse_float=JsonNumber, parse_constant=_refuse)


def shorten(text: str, limit: int = 200) -> str:
    """`text` on one line, cut to a readable length."""
    text = " ".join(text[: limit * 4].split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
