"""XLSX: one sheet of a spreadsheet, the first row that is not empty naming its columns.

calamine reads the values, `sheet_scan` finds the cells it says nothing about. A spreadsheet keeps numbers as 64-bit
floating point, so whole ones come out as int, and what had more than 15 digits was rounded when it was typed. Of
number formats only dates and plain zeros ("000": 7 is shown, and read, as "007") are applied: a cell that shows 12%
is read as 0.12.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, islice
from typing import Any

from fttool.dataset.formats.base import BadRow, Block, FromStart, ReadOptions
from fttool.dataset.formats.header import name_columns
from fttool.dataset.formats.objects import shorten
from fttool.dataset.formats.sheet_scan import Cells, column_name, find_cells, needs_care, refuse_sparse
from fttool.dataset.formats.source import Source, no_examples
from fttool.dataset.formats.workbook import Sheet, Workbook
from fttool.errors import BadRowError, DataError

_BLOCK_ROWS = 1024
#: Whole numbers below this are integers; larger ones only spreadsheets' idea of 1E+300.
_MAX_WHOLE = 1e21

_RECALCULATE = "open the file in a spreadsheet program, which calculates it, and save it"


@dataclass
class XlsxTable(FromStart):
    """A sheet. It is read once and kept, since it has to be in memory anyway; pickling leaves it behind."""

    source: Source
    sheet: Sheet
    cells: Cells
    skip_bad: bool
    name: str
    size: int
    columns: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    format: str = "xlsx"
    #: Where in a row of `rows()` each column is, and the row (from 0) after the header.
    places: list[int] = field(default_factory=list)
    start: int = 0
    _kept: Any = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": None}

    def blocks(self) -> Iterator[Block]:
        """Read everything after the header. DataError for a cell without a value, unless its row is set aside."""
        if not self.cells.broken:
            yield from self._sound_blocks()
            return
        total = max(1, self._sheet().total_height)
        rows: list[list[Any]] = []
        lines: list[int] = []
        bad: list[BadRow] = []
        before = 0
        for number, row in self.rows():
            if number < self.start:
                continue
            trouble = self._trouble(number, row)
            if trouble is not None:
                bad.append(trouble)
            elif _filled(row):
                rows.append(row)
                lines.append(number + 1)
            if len(rows) + len(bad) >= _BLOCK_ROWS:
                after = self.size * (number + 1) // total
                yield self._block(rows, lines, bad, after - before)
                rows, lines, bad, before = [], [], [], after
        if rows or bad:
            yield self._block(rows, lines, bad, self.size - before)

    def _sound_blocks(self) -> Iterator[Block]:
        """The same for a sheet without a cell that needs looking at: many rows at a time."""
        sheet = self._sheet()
        total = max(1, sheet.total_height)
        left = islice(sheet.iter_rows(), self.start, None)
        number = self.start
        while batch := list(islice(left, _BLOCK_ROWS)):
            lines: Sequence[int] = range(number + 1, number + 1 + len(batch))
            filled = [_filled(row) for row in batch]
            if not all(filled):
                batch, lines = list(compress(batch, filled)), list(compress(lines, filled))
            after = number + len(filled)
            if batch:
                yield self._block(batch, lines, [], self.size * after // total - self.size * number // total)
            number = after

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """All rows as calamine gives them, from column `left` on, with their place from 0.

        Below the last value calamine ends; what is broken there comes as an empty row.
        """
        number, width = -1, 0
        for number, row in enumerate(self._sheet().iter_rows()):
            width = len(row)
            yield number, row
        for below in sorted({row for row, _ in self.cells.broken if row > number}):
            yield below, [""] * width

    @property
    def left(self) -> int:
        """How many empty columns stand before the table."""
        start = self._sheet().start
        return int(start[1]) if start else 0

    def _block(self, rows: list[list[Any]], lines: Sequence[int], bad: list[BadRow], size: int) -> Block:
        columns: dict[str, list[Any]] = {name: [] for name in self.columns}
        if rows:
            cells = list(zip(*rows, strict=True))
            for name, place in zip(self.columns, self.places, strict=True):
                columns[name] = [value if type(value) is str and value else plain(value) for value in cells[place]]
                self._pad(columns[name], lines, place)
        return Block(columns, lines, size, bad)

    def _pad(self, values: list[Any], lines: Sequence[int], place: int) -> None:
        left = self.left
        for at, line in enumerate(lines) if self.cells.digits else ():
            digits = self.cells.digits.get((line - 1, place + left))
            if digits and type(values[at]) is int and values[at] >= 0:
                values[at] = str(values[at]).zfill(digits)

    def _trouble(self, number: int, row: list[Any]) -> BadRow | None:
        left = self.left
        for place in self.places:
            reason = self.cells.broken.get((number, place + left))
            if reason is not None:
                text = f"cell {column_name(place + left)}{number + 1} {reason}"
                if not self.skip_bad:
                    hint = _RECALCULATE if "formula" in reason else "correct the cell, or delete its row"
                    raise BadRowError(text, file=self.name, line=number + 1, hint=hint)
                return BadRow(number + 1, text, shorten(" | ".join(str(value) for value in row)))
        return None

    def _sheet(self) -> Any:
        if self._kept is None:
            self._kept = _load(self.source, self.sheet)
        return self._kept


def _filled(row: list[Any]) -> bool:
    """Whether any cell of a row holds something; 0 and FALSE are something."""
    return any(row) or any(value != "" for value in row)


def plain(value: Any) -> Any:
    """A value of calamine's as the one it stands for: None for empty, int for whole, a date if no time."""
    if value == "":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_WHOLE:
        return int(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date()
    return value


def open_xlsx(source: Source, options: ReadOptions) -> XlsxTable:
    """A sheet whose header was understood. DataError for a workbook that is broken, unsafe, or has no such sheet."""
    size = source.size
    source = source.unpacked()
    with Workbook(source.path, source.name) as book:
        sheets = book.sheets()
        sheet = choose(sheets, options.sheet, source.name)
        padded = book.padded_styles()
        book.check_strings()
        care, far = needs_care(book.pieces(sheet.part), source.name)
        if far:
            refuse_sparse(book.pieces(sheet.part), source.name)
        cells = find_cells(book.pieces(sheet.part), padded, source.name) if care or padded else Cells()
    table = XlsxTable(source, sheet, cells, options.skip_bad, source.name, size, details={"sheet": sheet.name})
    others = [f"`{other.name}`" for other in sheets if other is not sheet]
    if others and options.sheet is None:
        table.notes.append(f"read sheet `{sheet.name}`; there {_are(others)} too: name one with `--sheet`")
    _read_header(table)
    return table


def _are(names: list[str]) -> str:
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"{'is' if len(names) == 1 else 'are'} {shown}"


def choose(sheets: list[Sheet], wanted: str | None, name: str) -> Sheet:
    """The sheet called `wanted`, or else with that number; the first one shown if None is wanted."""
    if not sheets:
        raise DataError("has no worksheet", file=name)
    if wanted is None:
        return next((sheet for sheet in sheets if sheet.visible), sheets[0])
    for sheet in sheets:
        if sheet.name == wanted:
            return sheet
    if wanted.isdecimal() and 1 <= int(wanted) <= len(sheets):
        return sheets[int(wanted) - 1]
    known = ", ".join(f"`{sheet.name}`" for sheet in sheets[:20])
    raise DataError(f"has no sheet `{wanted}`", file=name, hint=f"its sheets are {known}")


def _read_header(table: XlsxTable) -> None:
    header: list[Any] = []
    used: set[int] = set()
    for number, row in table.rows():
        filled = [place for place, value in enumerate(row) if value != "" and not _blank(value)]
        if not filled and not header:
            continue
        if not header:
            header, table.start = row, number + 1
            named = set(filled)
        else:
            used.update(filled)
            if len(used) >= len(header):
                break
    left = table.left
    used.update(column - left for row, column in table.cells.broken if row >= table.start)
    if not header and table.cells.broken:
        (at, column), reason = min(table.cells.broken.items())
        hint = _RECALCULATE if "formula" in reason else None
        raise DataError(f"cell {column_name(column)}{at + 1} {reason}", file=table.name, line=at + 1, hint=hint)
    if not header:
        raise no_examples(table.name, f"sheet `{table.sheet.name}` is empty")
    if not used:
        raise no_examples(table.name, f"sheet `{table.sheet.name}` has a header and no rows")
    table.places = sorted(place for place in used | named if 0 <= place < len(header))
    broken = next((column for row, column in table.cells.broken if row == table.start - 1), None)
    if broken is not None:
        reason = table.cells.broken[table.start - 1, broken]
        raise DataError(f"cell {column_name(broken)}{table.start} {reason}", file=table.name, line=table.start)
    names = [str(plain(header[place]) or "") for place in table.places]
    table.columns, notes = name_columns(names, table.name, table.start)
    table.notes.extend(notes)


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _load(source: Source, sheet: Sheet) -> Any:
    import python_calamine

    try:
        with python_calamine.load_workbook(source.path) as book:
            return book.get_sheet_by_name(sheet.name)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        hint = "open it in a spreadsheet program and save it again"
        raise DataError(f"is a damaged spreadsheet ({error})", file=source.name, hint=hint) from error
