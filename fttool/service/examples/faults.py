"""What is wrong with a line of a training file, in words."""

from __future__ import annotations

import json
import re

import msgspec

from fttool.service.examples.rows import METHOD_SHAPES, decoder, shape_of

#: Bytes of a line; longer ones are refused, so that memory stays bounded.
LONGEST_LINE = 64 * 1024 * 1024

_KEYS = {"chat": "'messages'", "completion": "'prompt' and 'completion'", "preference": "'input' and the two outputs"}

#: msgspec says "Object missing required field `x` - at `$.a[0]`", "Expected `str`, got `int` - at `$.x`", …
_AT = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"^Object missing required field `(.+)`$")


def line_fault(line: bytes, shape: str | None, method: str) -> str:
    """Why a line that could not be read as `shape` cannot. Looks closely: for the lines that failed only."""
    if len(line) > LONGEST_LINE:
        return f"longer than {LONGEST_LINE // 2**20} MB"
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1} of the line (0x{line[error.start]:02x})"
    try:
        row = json.loads(text.rstrip(), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return f"not valid JSON at column {error.colno}: {error.msg}"
    except ValueError as error:  # _refuse, or a number of thousands of digits
        return f"not valid JSON: {error}"
    except RecursionError:
        return "nested too deeply"
    if not isinstance(row, dict):
        return f"expected a JSON object, got {_json_type(row)}"
    return _row_fault(row, line, shape, method)


def _row_fault(row: dict[str, object], line: bytes, shape: str | None, method: str) -> str:
    own = shape_of(row)
    if own is None:
        return f"expected the keys {' or '.join(_KEYS[name] for name in METHOD_SHAPES[method])}"
    if own not in METHOD_SHAPES[method]:
        wanted = " or ".join(METHOD_SHAPES[method])
        return f"a {own} example, but the method '{method}' takes {wanted} examples"
    if shape is not None and own != shape:
        return f"a {own} example among {shape} examples; a file has one shape"
    try:
        return decoder(own).decode(line).fault() or "cannot be read"
    except msgspec.ValidationError as error:
        return _in_words(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "text holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"


def _in_words(said: str) -> str:
    """What msgspec says, in the words used here."""
    place = _AT.search(said)
    reason = said[: place.start()] if place else said
    where = place.group(1) if place else ""
    if missing := _MISSING.match(reason):
        inside = f" in '{where}'" if where else ""
        return f"missing key '{missing.group(1)}'{inside}"
    if where.endswith("role") and reason.startswith("Invalid enum value"):
        reason = reason.replace("Invalid enum value", "unknown role")
    reason = reason.replace("`", "")
    return f"'{where}': {reason[0].lower()}{reason[1:]}" if where else reason


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array"}
    return names[type(value)]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
