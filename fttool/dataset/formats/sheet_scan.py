"""What calamine does not tell about a sheet: error cells, formulas without a value, numbers shown with zeros.

A sheet's XML is streamed once and searched for signs of these; only if there are any is it parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from fttool.dataset.formats import base
from fttool.errors import DataError

#: Where a cell (letters and a number) or a row (a number) is.
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,9})([0-9]{1,19})["']""")
#: A cell beyond column Z, or a row or cell beyond row 999999.
_FAR = re.compile(rb"""r\s*=\s*["'](?:[A-Za-z]{2,}[0-9]|[A-Za-z]?[0-9]{7})""")
_ERROR = re.compile(rb"""t\s*=\s*["']e["']""")
_REFERENCE = re.compile(r"([A-Za-z]+)([0-9]+)")
#: Two pieces overlap by this, so that nothing is missed between them.
_OVERLAP = 64
#: A spreadsheet has no more rows than this.
_MAX_ROWS = 1_048_576
#: A sheet may have this many cells, or at least one in _SPARSE of them filled.
_MAX_CELLS = 10_000_000
_SPARSE = 8


@dataclass(slots=True)
class Cells:
    """The cells of a sheet that need care, by (row, column), both from 0."""

    #: Why the cell has no value.
    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    #: How many digits a number is shown with.
    digits: dict[tuple[int, int], int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.broken or self.digits)


def needs_care(pieces: Iterable[bytes], name: str) -> tuple[bool, bool]:
    """Whether the sheet must be parsed for cells that need care, and whether it may be nearly empty and huge.

    Raises DataError for a sheet that breaks off.
    """
    signs = far = False
    tail = b""
    for piece in pieces:
        data = tail + piece
        signs = signs or b"<f" in data or b":f" in data or _ERROR.search(data) is not None
        far = far or _FAR.search(data) is not None
        tail = data[-_OVERLAP:]
    if not tail.rstrip().endswith((b"worksheet>", b"-->")):
        raise DataError("is a damaged spreadsheet (the sheet breaks off)", file=name)
    return signs, far


def refuse_sparse(pieces: Iterable[bytes], name: str) -> None:
    """Raise DataError for a sheet whose few cells are so far apart that calamine could not hold it."""
    rows = cells = 0
    letters: set[bytes] = set()
    tail = b""
    for piece in pieces:
        data = tail + piece
        found = _CELL.findall(data)
        if found:
            cells += len(found)
            columns, numbers = zip(*found, strict=True)
            letters.update(columns)
            rows = max(rows, max(map(int, numbers)))
        tail = data[-_OVERLAP:]
    width = max((column_number(text.decode()) for text in letters), default=0)
    sparse = rows * width > _MAX_CELLS and rows * width > _SPARSE * cells
    if sparse or rows > _MAX_ROWS or width > base.MAX_COLUMNS:
        raise DataError(
            f"the sheet reaches to cell {column_name(width - 1)}{rows}, and is nearly empty",
            file=name,
            hint="delete the stray cells far from the table, or copy the table to a new sheet",
        )


def find_cells(pieces: Iterable[bytes], padded: dict[str, int], name: str) -> Cells:
    """Parse a sheet for the cells that need care; `padded` are the styles that show numbers with zeros."""
    handler = _Handler(padded)
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.data
    parser.EntityDeclHandler = _refuse_entities
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise DataError(f"the sheet is not valid XML: {error}", file=name) from error
    except _EntityError as error:
        raise DataError("the sheet defines XML entities, which no spreadsheet program does", file=name) from error
    return handler.cells


class _EntityError(Exception):
    pass


def _refuse_entities(*_: Any) -> None:
    raise _EntityError


class _Handler:
    def __init__(self, padded: dict[str, int]) -> None:
        self.cells = Cells()
        self._padded = padded
        self._row = self._column = -1
        self._kind = self._style = ""
        self._formula = self._in_value = False
        self._value = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition("}")[2]
        if local == "c":
            found = _REFERENCE.fullmatch(attributes.get("r", ""))
            if found:
                self._column, self._row = column_number(found[1]) - 1, int(found[2]) - 1
            else:
                self._column += 1
            self._kind, self._style = attributes.get("t", ""), attributes.get("s", "")
            self._formula, self._value = False, ""
        elif local == "v":
            self._in_value = True
        elif local == "f":
            self._formula = True
        elif local == "row":
            self._row = int(attributes["r"]) - 1 if attributes.get("r", "").isdecimal() else self._row + 1
            self._column = -1

    def end(self, tag: str) -> None:
        local = tag.rpartition("}")[2]
        if local == "v":
            self._in_value = False
        elif local == "c":
            place = (self._row, self._column)
            if self._kind == "e":
                self.cells.broken[place] = f"holds the error {self._value or 'value'}"
            elif self._formula and not self._value and self._kind != "str":
                self.cells.broken[place] = "holds a formula without a stored value"
            elif self._kind in ("", "n") and self._style in self._padded and self._value:
                self.cells.digits[place] = self._padded[self._style]

    def data(self, text: str) -> None:
        if self._in_value:
            self._value += text


def column_number(letters: str) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_name(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
