"""What a conversion is, and how its modules read the fields of a row without losing or guessing anything."""

from __future__ import annotations

import datetime
import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from fttool.dataset.formats.objects import BROKEN, DOCUMENT, BadJsonError, parse
from fttool.dataset.values import to_text
from fttool.errors import ConversionError
from fttool.rules.base import kind

Row = dict[str, Any]

#: What text may stand for in a spreadsheet or a JSON file: it is written with the same digits, dates as ISO 8601.
_PLAIN = (str, bool, int, float, Decimal, datetime.date, datetime.time)

#: Columns with files that a chat would have to hold. Leaving them out would tear the text from what it speaks of.
_MEDIA = ("image", "images", "video", "videos", "audio", "audios")


def _nothing(row: Row) -> Iterator[str]:
    """No part of a row is left out."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Conversion:
    """One way to write examples elsewhere, and how they become a shape of ours. Picklable; its functions are pure.

    `columns` are those that `convert` looks at; all others are left out, and named in the report. `parts` names what is
    left out inside the columns of a row (`request.model`). `recognises` says whether the columns, and the first row,
    are clearly of this kind; `marks` says the same in words. `table` is what maps to what: pairs of source and target.
    """

    name: str
    title: str
    shape: Literal["chat", "preference"]
    marks: str
    columns: frozenset[str]
    recognises: Callable[[Sequence[str], Mapping[str, Any]], bool]
    convert: Callable[[Row], Row]
    table: tuple[tuple[str, str], ...]
    parts: Callable[[Row], Iterable[str]] = _nothing


def given(value: object) -> bool:
    """Whether a field holds anything: null, empty text and empty lists are nothing."""
    return value is not None and value not in ("", [], {})


def looks_like(value: object, kind: type, bracket: str) -> bool:
    """Whether a value is of a kind, or may be JSON text of it."""
    return isinstance(value, kind) or (isinstance(value, str) and value.lstrip().startswith(bracket))


def text(value: object, where: str) -> str:
    """Text, or what is as good as text: a number, true or false, a date."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise ConversionError(f"is {value}, not text", where)  # how tables of numbers write that nothing is there
    if isinstance(value, _PLAIN):
        return to_text(value)
    raise ConversionError(f"is {kind(value)}, not text", where)


def optional_text(row: Row, name: str) -> str:
    """The text of a column; "" where it is null, absent or white space only."""
    value = row.get(name)
    found = "" if value is None else text(value, name)
    return "" if found.isspace() else found


def first_given(row: Row, names: Sequence[str], where: str = "") -> str | None:
    """The one of several names for the same field that holds something; ConversionError for two that do."""
    found = [name for name in names if given(row.get(name))]
    if len(found) > 1:
        subject = "has" if where else "the row has"
        raise ConversionError(f"{subject} both `{found[0]}` and `{found[1]}`; which counts is not said", where)
    return found[0] if found else None


def json_value(value: object, where: str) -> Any:
    """A value that may be written as JSON text, as in a CSV cell: the text is read, the rest is as it is."""
    if not isinstance(value, str):
        return value
    try:
        return DOCUMENT.decode(value)
    except BROKEN:
        pass
    try:
        return parse(value)
    except BadJsonError as error:
        python = value.lstrip().startswith(("[{'", "{'", "['"))
        hint = "this is how Python shows lists; write them as JSON (`json.dumps`, or export as JSONL)"
        raise ConversionError(f"is {error.reason}", where, hint=hint if python else error.hint) from None


def json_list(value: object, where: str) -> list[Any]:
    """A list, or JSON text of one."""
    found = json_value(value, where)
    if not isinstance(found, list):
        raise ConversionError(f"is {kind(found)}, not a list", where)
    return found


def json_object(value: object, where: str) -> Row:
    """An object, or JSON text of one."""
    found = json_value(value, where)
    if not isinstance(found, dict):
        raise ConversionError(f"is {kind(found)}, not an object", where)
    return found


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean `human`?`, or what is known."""
    names = list(known)
    near = difflib.get_close_matches(word[:100].lower(), names, n=1)  # `gtp` is near enough to `gpt`
    return f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(f'`{name}`' for name in names)}"


def system_message(row: Row) -> list[Row]:
    """The message made of the column `system` or `system_prompt`; none where both are empty."""
    name = first_given(row, ("system", "system_prompt"))
    content = optional_text(row, name) if name is not None else ""
    return [{"role": "system", "content": content}] if content else []


def refuse_media(row: Row) -> None:
    """ConversionError for images, sound and video that are kept in other files."""
    for name in _MEDIA:
        if given(row.get(name)):
            raise ConversionError("holds images, sound or video that the chat would lose", name)
