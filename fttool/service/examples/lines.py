"""The lines of a training file, and the JSON object in each: what JSON itself forbids is said in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from fttool.rules.surrogates import half_character
from fttool.service.examples.rows import shape_of

#: Bytes of a line; longer ones are refused, so that memory stays bounded.
LONGEST_LINE = 64 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"

Row = dict[str, Any]

#: Numbers may be larger than floats; no number of a row is ever computed with.
_ROW = msgspec.json.Decoder(Row, float_hook=Decimal)


class UnreadableLine(ValueError):
    """A line that is no JSON object of whole characters; says why."""


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbers (from 1) and bytes of the lines that are not blank; of a line too long, a byte more than is allowed."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if number == 1:
                line = line.removeprefix(_BOM)
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                _skip_line(file)
            if line.strip():
                yield number, line


def too_long(line: bytes) -> bool:
    """Whether a line is longer than is allowed."""
    return len(line) > LONGEST_LINE


def decoded(line: bytes) -> Row:
    """The object in a line. Raises UnreadableLine."""
    if too_long(line):
        raise UnreadableLine(f"longer than {LONGEST_LINE // 2**20} MB")
    try:
        return _ROW.decode(line)
    except (ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError):
        return _closely(line)


def _closely(line: bytes) -> Row:
    """By the standard library, which reads a little more, and tells precisely what is wrong with the rest."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise UnreadableLine(f"not UTF-8 at byte {error.start + 1} of the line (0x{line[error.start]:02x})") from None
    try:
        row = json.loads(text.rstrip(), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise UnreadableLine(f"not valid JSON at column {error.colno}: {error.msg}") from None
    except ValueError as error:  # _refuse, or a number of thousands of digits
        raise UnreadableLine(f"not valid JSON: {error}") from None
    except RecursionError:
        raise UnreadableLine("nested too deeply") from None
    if not isinstance(row, dict):
        raise UnreadableLine(f"expected a JSON object, got {_json_type(row)}")
    half = half_character(row)
    if half is not None:
        rule = "" if shape_of(row) == "completion" else " [chat-surrogate]"
        raise UnreadableLine(f"{half} holds half of a surrogate pair (\\ud800 to \\udfff), which is no character{rule}")
    return row


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array"}
    return names[type(value)]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
