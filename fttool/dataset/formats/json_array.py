"""A JSON array of objects, streamed: cut between two items about every BLOCK_BYTES, each part decoded at once.

Where to cut is found from the end of what was read: a `}`, a comma and a `{` followed by the first item's first key.
That may also stand inside a text or a list, but then what precedes it is not a complete list and does not decode, so
a wrong cut is never taken. When no cut works, items are decoded one by one, which also finds the exact error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fttool.dataset.formats import base
from fttool.dataset.formats.base import BadRow, Block
from fttool.dataset.formats.encoding import Text, bad_utf8, utf8_chunks
from fttool.dataset.formats.objects import (
    BROKEN,
    ROW_LIST,
    BadJsonError,
    Row,
    as_row,
    parse_item,
    read_list,
    shorten,
    to_columns,
)
from fttool.errors import BadRowError, DataError

_FIRST_KEY = re.compile(rb'\s*\{\s*("(?:[^"\\]|\\.)*")')
_SPACE = re.compile(r"[ \t\r\n]*")
_BLANKS = b" \t\r\n"
_TRIES = 4
#: Blanks before an item's first key, more than which a cut is not looked for.
_GAP = 256


class ArrayReader:
    """One pass over an array.

    Its first item begins at byte `start` of the (UTF-8) content; `nested` says that it stands in an object.
    """

    def __init__(self, text: Text, start: int, columns: Sequence[str], *, nested: bool, skip_bad: bool) -> None:
        self._text = text
        self._columns = columns
        self._skip_bad = skip_bad
        self._offset = start
        self._item = 1
        self._key: bytes | None = None
        self._ended = False
        self._nested = nested

    def blocks(self) -> Iterator[Block]:
        """The items as blocks. DataError for the first that is not an object (or set aside), and for broken JSON."""
        skip = self._offset
        taken = 0
        held = b""
        want = base.BLOCK_BYTES
        for data, size in utf8_chunks(self._text):
            taken += size
            if self._ended:
                self._check_tail(data)
                continue
            held += data[skip:]
            skip = max(0, skip - len(data))
            if len(held) < want:
                continue
            block, held = self._take(held, final=False)
            if block is None:
                want = 2 * len(held)
                self._check_length(held)
                continue
            want = base.BLOCK_BYTES
            block.size, taken = taken, 0
            yield block
        while not self._ended:
            block, held = self._take(held, final=True)
            if block is not None:
                block.size, taken = taken, 0
                yield block

    def _take(self, held: bytes, *, final: bool) -> tuple[Block | None, bytes]:
        """A block of the complete items at the start of `held`, and what remains; None where there is none yet."""
        if self._key is None:
            found = _FIRST_KEY.match(held)
            self._key = found[1] if found else b""
        for cut in self._cuts(held):
            block = self._decoded(held[:cut])
            if block is not None:
                self._offset += cut + 1
                return block, held[cut + 1 :]
        return self._one_by_one(held, final=final)

    def _cuts(self, held: bytes) -> Iterator[int]:
        """Places of commas that may stand between two items, from the end."""
        at = len(held)
        for _ in range(_TRIES if self._key else 0):
            at = held.rfind(self._key or b"", 0, at)
            if at <= 0:
                return
            before = held[max(0, at - _GAP) : at].rstrip(_BLANKS)
            if before.endswith(b"{"):
                before = before[:-1].rstrip(_BLANKS)
                if before.endswith(b",") and before[:-1].rstrip(_BLANKS).endswith(b"}"):
                    yield max(0, at - _GAP) + len(before) - 1

    def _decoded(self, items: bytes) -> Block | None:
        data = b"".join((b"[", items, b"]"))
        columns = read_list(data, self._columns)
        if columns is None:
            try:
                rows = ROW_LIST.decode(data)
            except BROKEN:
                return None
            columns = to_columns(rows, self._columns, self._text.name)
        self._columns = list(columns)
        count = len(next(iter(columns.values()), []))
        self._item += count
        return Block(columns, range(self._item - count, self._item))

    def _one_by_one(self, held: bytes, *, final: bool) -> tuple[Block | None, bytes]:
        text = self._decode(held, final=final)
        rows: list[Row] = []
        numbers: list[int] = []
        bad: list[BadRow] = []
        done = 0
        try:
            for value, item, end in self._values(text, final=final):
                done = end
                if item is None:
                    break
                try:
                    rows.append(as_row(value))
                    numbers.append(self._item)
                except BadJsonError as error:
                    if not self._skip_bad:
                        raise error.as_data_error(self._text.name, self._item, BadRowError) from None
                    bad.append(BadRow(self._item, error.reason, shorten(item)))
                self._item += 1
        except BadJsonError as error:
            if final:
                raise self._broken(error, text) from None
        rest = held[len(text[:done].encode("utf-8")) :]
        self._offset += len(held) - len(rest)
        if self._ended:
            self._check_tail(rest)
        if not rows and not bad:
            return None, rest
        columns = to_columns(rows, self._columns, self._text.name)
        self._columns = list(columns)
        return Block(columns, numbers, bad=bad), rest

    def _decode(self, held: bytes, *, final: bool) -> str:
        try:
            return held.decode("utf-8")
        except UnicodeDecodeError as error:
            if final or error.end < len(held) or error.reason != "unexpected end of data":
                raise bad_utf8(self._text) from None
            return held[: error.start].decode("utf-8")

    def _values(self, text: str, *, final: bool) -> Iterator[tuple[object, str | None, int]]:
        """The items in `text`, each with its text and the place after its comma; BadJsonError at what is none (yet).

        The text is None for the end of an empty array.
        """
        at = _skip(text, 0)
        if self._item == 1 and text.startswith("]", at):
            self._ended = True
            yield None, None, at + 1
        while not self._ended:
            value, stop = parse_item(text, at)
            end = _skip(text, stop)
            if end == len(text):
                if final:
                    raise BadJsonError("the array is never closed with `]`: is the file cut short?")
                return
            if text[end] == "]":
                self._ended = True
            elif text[end] != ",":
                raise BadJsonError("not valid JSON: a `,` or `]` is missing", end, text)
            yield value, text[at:stop], end + 1
            at = _skip(text, end + 1)

    def _broken(self, error: BadJsonError, text: str) -> DataError:
        """The error for broken JSON; says the line of the file, since counting items by eye is no fun."""
        if error.at == len(text):
            error = BadJsonError("the JSON ends in the middle of an item: is the file cut short?", error.at, text)
        offset = self._offset + len(text[: error.at or 0].encode("utf-8", "surrogatepass"))
        line, before = 1, 0
        for data, _ in utf8_chunks(self._text):
            line += data.count(b"\n", 0, max(0, offset - before))
            before += len(data)
            if before >= offset:
                break
        found = error.as_data_error(self._text.name, self._item)
        message = f"item {self._item:,} (line {line:,} of the file): {found.message}"
        return DataError(message, file=self._text.name, line=self._item, hint=found.hint)

    def _check_length(self, held: bytes) -> None:
        if len(held) > base.MAX_LINE_BYTES:
            limit = f"{base.MAX_LINE_BYTES:,} bytes"
            raise DataError(
                f"item {self._item:,} is longer than {limit}, or broken JSON", file=self._text.name, line=self._item
            )

    def _check_tail(self, rest: bytes) -> None:
        """After the array only blanks may come, unless it stands in an object that goes on."""
        if rest.strip() and not self._nested:
            raise DataError("text follows the end of the JSON array", file=self._text.name)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
