"""CSV, TSV and their kin: columns separated by a character, the first row naming them."""

from __future__ import annotations

import contextlib
import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from fttool.dataset.formats import base
from fttool.dataset.formats.base import BadRow, Block, FromStart, ReadOptions
from fttool.dataset.formats.csv_rows import RowReader, lines_of
from fttool.dataset.formats.delimiters import find_delimiter, named_delimiter, open_quote
from fttool.dataset.formats.encoding import Text, bad_utf8
from fttool.dataset.formats.header import name_columns
from fttool.dataset.formats.objects import shorten
from fttool.dataset.formats.source import no_examples
from fttool.dataset.formats.table import TextTable
from fttool.errors import BadRowError, DataError


@dataclass(slots=True)
class DelimitedTable(FromStart, TextTable):
    """A CSV or TSV file."""

    delimiter: str = ","

    def blocks(self) -> Iterator[Block]:
        """Read everything after the header, in order. DataError for the first bad row, unless they are set aside."""
        batches = self.batches()
        for rows, lines, bad, size in batches:
            if rows:  # the header is in the first batch that has any
                first = self._block(rows[1:], lines[1:], bad, size)
                break
        else:
            return
        if first.lines or first.bad:
            yield first
        skipped = 0 if first.lines or first.bad else first.size
        for rows, lines, bad, size in batches:
            block = self._block(rows, lines, bad, size + skipped)
            skipped = 0 if block.lines or block.bad else block.size
            if not skipped:
                yield block

    def batches(self) -> Iterator[tuple[list[list[str]], list[int], list[BadRow], int]]:
        """All rows but blank ones, the header too: (rows, their lines, unreadable ones, bytes from disk)."""
        reader = RowReader(self.text, self.delimiter)
        before = 0
        going = True
        while going:
            rows: list[list[str]] = []
            numbers: list[int] = []
            bad: list[BadRow] = []
            try:
                going = reader.read(rows, numbers)
            except csv.Error as error:
                trouble = self._trouble(error, reader.first, reader.line)
                if not self.skip_bad or trouble.hint == _UNCLOSED:
                    raise trouble from None
                bad.append(BadRow(reader.first, trouble.message, shorten(reader.text)))
            except UnicodeDecodeError:
                raise bad_utf8(self.text) from None
            if rows or bad:
                yield rows, numbers, bad, reader.taken - before
                before = reader.taken

    def _block(self, rows: list[list[str]], lines: list[int], bad: list[BadRow], size: int) -> Block:
        width = len(self.columns)
        if rows and set(map(len, rows)) != {width}:
            rows, lines = self._without_ragged(rows, lines, bad)
        values = map(list, zip(*rows, strict=True)) if rows else ([] for _ in self.columns)
        columns = dict(zip(self.columns, values, strict=True))
        if lines and lines[-1] - lines[0] + 1 == len(lines):
            return Block(columns, range(lines[0], lines[-1] + 1), size, bad)
        return Block(columns, lines, size, bad)

    def _without_ragged(
        self, rows: list[list[str]], lines: list[int], bad: list[BadRow]
    ) -> tuple[list[list[str]], list[int]]:
        """The rows that are as wide as the header; the others raise DataError or go to `bad`, blank ones vanish."""
        width = len(self.columns)
        good: list[tuple[list[str], int]] = []
        for row, line in zip(rows, lines, strict=True):
            if len(row) == width:
                good.append((row, line))
            elif len(row) > 1 or row[0].strip():
                found = f"{len(row)} column{'s' if len(row) != 1 else ''} where the header has {width}"
                if not self.skip_bad:
                    more = f"put a text that holds `{self.delimiter}` in double quotes" if len(row) > width else None
                    raise BadRowError(found, file=self.name, line=line, hint=more or "is a delimiter missing?")
                bad.append(BadRow(line, found, shorten(self.delimiter.join(row))))
        return [row for row, _ in good], [line for _, line in good]

    def _trouble(self, error: csv.Error, first: int, line: int) -> DataError:
        message = str(error)
        if "unexpected end of data" in message or "field limit" in message:
            opened = open_quote(itertools.islice(lines_of(self.text), first - 1, line), self.delimiter, first)
            reason = "a quote opened here is never closed"
            if "field limit" in message:
                reason = f"a quoted text longer than {base.MAX_LINE_BYTES:,} bytes; is its quote never closed?"
            return DataError(reason, file=self.name, line=opened, hint=_UNCLOSED)
        if "expected after" in message:
            return BadRowError("text follows a closing quote", file=self.name, line=line, hint=_DOUBLE)
        return BadRowError(f"not readable as CSV: {message}", file=self.name, line=line)


_UNCLOSED = 'close it with `"`, and write a quote within a quoted text twice (`""`)'
_DOUBLE = 'write a quote within a quoted text twice: "say ""hello"""'


def open_delimited(text: Text, options: ReadOptions, sample: str, preferred: str = ",") -> DelimitedTable:
    """A CSV file whose header was understood. DataError when it has no row but the header.

    `sample` is the start of the text, to find the delimiter in; `preferred` the one its name suggests.
    """
    if options.delimiter is not None:
        delimiter = named_delimiter(options.delimiter)
    else:
        delimiter = find_delimiter(sample, preferred)[0] or preferred
    kind = "tsv" if delimiter == "\t" else "csv"
    table = DelimitedTable(text, options.skip_bad, kind, details={"delimiter": delimiter}, delimiter=delimiter)
    with contextlib.closing(table.batches()) as batches:  # type: ignore[type-var]
        rows, lines, bad, _ = next((batch for batch in batches if batch[0]), ([], [], [], 0))
    if not rows or (all(not cell.strip() for cell in rows[0]) and len(rows) == 1):
        raise no_examples(table.name, "nothing but blank lines")
    if bad and bad[0].line < lines[0]:
        raise DataError(f"the header cannot be read: {bad[0].reason}", file=table.name, line=bad[0].line)
    table.columns, notes = name_columns(rows[0], table.name, lines[0])
    table.notes.extend(notes)
    _refuse_empty(table)
    return table


def _refuse_empty(table: DelimitedTable) -> None:
    seen = False
    for block in table.blocks():
        seen = seen or bool(block.lines)
        if any(any(map(str.strip, values)) for values in block.columns.values()):
            return
    raise no_examples(table.name, "every row is blank" if seen else "a header and no rows")
