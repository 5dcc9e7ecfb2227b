"""The rows of a CSV file, a chunk at a time: split where there is no quote, left to the csv module where there is."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

from fttool.dataset.formats import base
from fttool.dataset.formats.encoding import Text, too_long, utf8_chunks

#: Stands for NUL while Python 3.10's csv module, which refuses it, is at work.
_NUL = "\ufdd0"
_OLD = sys.version_info < (3, 11)


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


def lines_of(text: Text) -> Iterator[str]:
    """The lines of a text with their ends, whichever of the three they are."""
    return iter(_wrap(_Stream(text)))


def _wrap(stream: _Stream) -> io.TextIOWrapper:
    return io.TextIOWrapper(cast(BinaryIO, stream), "utf-8", newline="")


class RowReader:
    """One pass over a CSV file.

    Half of the lines of most files hold no quote, and are split three times faster than the csv module does it.
    After each row, and after an error, `first` and `line` are the lines on which it began and ended, and `text` is
    what the last of them says; `taken` is how many bytes were read from disk.
    """

    def __init__(self, text: Text, delimiter: str) -> None:
        csv.field_size_limit(base.MAX_LINE_BYTES)
        self._stream = _Stream(text)
        self._lines = _wrap(self._stream)
        self._delimiter = delimiter
        self._reader = csv.reader(self._rest(), delimiter=delimiter, strict=True)
        self._next: str | None = None
        self.first = self.line = 0
        self.text = ""

    @property
    def taken(self) -> int:
        return self._stream.taken

    def read(self, rows: list[list[str]], numbers: list[int]) -> bool:
        """Append rows and the lines they begin on until the next chunk was read from disk; False at the end.

        Blank lines are passed over. Raises csv.Error for a row with misplaced quotes, after which it can be called
        again to go on below it, and UnicodeDecodeError.
        """
        stream = self._stream
        delimiter = self._delimiter
        before = stream.taken
        for text in self._lines:
            self.line += 1
            self.first = self.line
            if '"' in text:
                self.text = self._next = text
                rows.append(self._quoted())
                numbers.append(self.first)
            else:
                text = text.rstrip("\r\n")
                if text:
                    rows.append(text.split(delimiter))
                    numbers.append(self.line)
            if stream.taken != before:
                return True
        return False

    def _quoted(self) -> list[str]:
        row = next(self._reader)
        return [cell.replace(_NUL, "\0") for cell in row] if _OLD else row

    def _rest(self) -> Iterator[str]:
        """For the csv module: the line with a quote, and as many of those that follow as it asks for."""
        while True:
            if self._next is not None:
                text, self._next = self._next, None
            else:
                following = next(self._lines, None)
                if following is None:
                    return
                self.line += 1
                self.text = text = following
            yield text.replace("\0", _NUL) if _OLD else text
