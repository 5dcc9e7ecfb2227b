"""CSV, TSV and their kin: columns separated by a character, the first row naming them."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from fttool.dataset.formats import base
from fttool.dataset.formats.base import BadRow, Block, FromStart, ReadOptions
from fttool.dataset.formats.delimiters import find_delimiter, named_delimiter, open_quote
from fttool.dataset.formats.encoding import Text, bad_utf8, too_long, utf8_chunks
from fttool.dataset.formats.header import name_columns
from fttool.dataset.formats.objects import shorten
from fttool.dataset.formats.source import no_examples
from fttool.dataset.formats.table import TextTable
from fttool.errors import DataError

#: Stands for NUL while Python 3.10's csv module, which refuses it, is at work.
_NUL = "\ufdd0"


class _Stream(io.BufferedIOBase):
    """UTF-8 chunks as a stream for TextIOWrapper that counts what was read and refuses endless lines."""

    def __init__(self, text: Text) -> None:
        self._name = text.name
        self._chunks = utf8_chunks(text)
        self._data = b""
        self._at = 0
        self._run = 0
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        while self._at >= len(self._data):
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            (self._data, taken), self._at = chunk, 0
            self.taken += taken
            self._watch(self._data)
        start = self._at
        self._at = len(self._data) if size < 0 else start + size
        return self._data[start : self._at]

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1(-1 if size is None else size)

    def _watch(self, data: bytes) -> None:
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._run = len(data) - end - 1 if end >= 0 else self._run + len(data)
        if self._run > base.MAX_LINE_BYTES:
            raise too_long(self._name, None)


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
        csv.field_size_limit(base.MAX_LINE_BYTES)
        stream = _Stream(self.text)
        lines = _Remember(_lines(stream), active=self.skip_bad)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        rows: list[list[str]] = []
        numbers: list[int] = []
        bad: list[BadRow] = []
        last = before = 0
        going = True
        while going:
            now = stream.taken
            try:
                going = False
                for row in reader:
                    if row:
                        rows.append(row)
                        numbers.append(last + 1)
                    last = reader.line_num
                    if stream.taken != now:
                        going = True
                        break
            except csv.Error as error:
                trouble = self._trouble(error, last + 1, reader.line_num)
                if not self.skip_bad or trouble.hint == _UNCLOSED:
                    raise trouble from None
                bad.append(BadRow(last + 1, trouble.message, shorten(lines.last)))
                last = reader.line_num
                going = True
            except UnicodeDecodeError:
                raise bad_utf8(self.text) from None
            if rows or bad:
                yield rows, numbers, bad, stream.taken - before
                before = stream.taken
                rows, numbers, bad = [], [], []

    def _block(self, rows: list[list[str]], lines: list[int], bad: list[BadRow], size: int) -> Block:
        width = len(self.columns)
        if rows and set(map(len, rows)) != {width}:
            rows, lines = self._without_ragged(rows, lines, bad)
        values = map(list, zip(*rows, strict=True)) if rows else ([] for _ in self.columns)
        columns = dict(zip(self.columns, values, strict=True))
        if sys.version_info < (3, 11):
            columns = {name: [text.replace(_NUL, "\0") for text in texts] for name, texts in columns.items()}
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
                    raise DataError(found, file=self.name, line=line, hint=more or "is a delimiter missing?")
                bad.append(BadRow(line, found, shorten(self.delimiter.join(row))))
        return [row for row, _ in good], [line for _, line in good]

    def _trouble(self, error: csv.Error, first: int, line: int) -> DataError:
        message = str(error)
        if "unexpected end of data" in message or "field limit" in message:
            opened = open_quote(itertools.islice(_lines(_Stream(self.text)), first - 1, line), self.delimiter, first)
            reason = "a quote opened here is never closed"
            if "field limit" in message:
                reason = f"a quoted text longer than {base.MAX_LINE_BYTES:,} bytes; is its quote never closed?"
            return DataError(reason, file=self.name, line=opened, hint=_UNCLOSED)
        if "expected after" in message:
            return DataError("text follows a closing quote", file=self.name, line=line, hint=_DOUBLE)
        return DataError(f"not readable as CSV: {message}", file=self.name, line=line)


_UNCLOSED = 'close it with `"`, and write a quote within a quoted text twice (`""`)'
_DOUBLE = 'write a quote within a quoted text twice: "say ""hello"""'


class _Remember(Iterator[str]):
    """Lines, and the last one handed out."""

    def __init__(self, lines: Iterator[str], *, active: bool) -> None:
        self._lines = lines
        self.last = ""
        self._active = active

    def __iter__(self) -> Iterator[str]:
        return self if self._active else self._lines

    def __next__(self) -> str:
        self.last = next(self._lines)
        return self.last


def _lines(stream: _Stream) -> Iterator[str]:
    lines = io.TextIOWrapper(cast(BinaryIO, stream), "utf-8", newline="")
    if sys.version_info < (3, 11):
        return (line.replace("\0", _NUL) for line in lines)
    return lines


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
