"""JSON: an array of objects read as it streams by, or a document in one of the other layouts read whole.

[{…}, {…}]   {"data": [{…}, …]}                         streamed, whatever the line breaks
{"prompt": […], "completion": […]}                      columns; pandas: {"prompt": {"0": …}, …}, orient="split"
{"prompt": "…", "completion": "…"}                      one example
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fttool.dataset.formats import base
from fttool.dataset.formats.base import Block, FromStart, ReadOptions
from fttool.dataset.formats.encoding import Text, bad_utf8, utf8_chunks
from fttool.dataset.formats.json_array import ArrayReader
from fttool.dataset.formats.json_layouts import columns_of
from fttool.dataset.formats.jsonl import no_rows
from fttool.dataset.formats.objects import BROKEN, DOCUMENT, BadJsonError, parse
from fttool.dataset.formats.table import TextTable
from fttool.errors import DataError

#: A document that is not a plain array of objects is decoded at once; larger ones had better be JSONL.
MAX_WHOLE_BYTES = 512 * 1024**2

#: Where the array begins in the layouts that are streamed.
_ARRAY = re.compile(rb'\s*(?:\{\s*"(?:data|rows|examples|records)"\s*:\s*\[(?=\s*\{)|\[)')


@dataclass(slots=True)
class JsonTable(FromStart, TextTable):
    """A JSON file.

    `start` is the byte after the opening bracket of the array that is streamed, None when the document is read whole;
    `nested` says that the array stands in an object.
    """

    start: int | None = None
    nested: bool = False

    def blocks(self) -> Iterator[Block]:
        """Read everything, in order. DataError for the first bad item, unless they are set aside."""
        if self.start is None:
            yield from self._whole()
        else:
            array = ArrayReader(self.text, self.start, self.columns, nested=self.nested, skip_bad=self.skip_bad)
            yield from array.blocks()

    def _whole(self) -> Iterator[Block]:
        columns = columns_of(self._document(), self.name)
        count = len(next(iter(columns.values()), []))
        parts = max(1, self.size // base.BLOCK_BYTES)
        step = max(1, -(-count // parts))
        for at in range(0, count, step):
            part = {name: values[at : at + step] for name, values in columns.items()}
            stop = min(at + step, count)
            size = self.size * stop // count - self.size * at // count
            yield Block(part, range(at + 1, stop + 1), size)

    def _document(self) -> Any:
        pieces: list[bytes] = []
        held = 0
        for data, _ in utf8_chunks(self.text):
            pieces.append(data)
            held += len(data)
            if held > MAX_WHOLE_BYTES:
                hint = "convert it to JSONL: one object a line"
                raise DataError(
                    f"a JSON document of this layout over {MAX_WHOLE_BYTES:,} bytes", file=self.name, hint=hint
                )
        data = b"".join(pieces)
        try:
            return DOCUMENT.decode(data)
        except BROKEN:
            pass
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise bad_utf8(self.text) from None
        try:
            return parse(text)
        except BadJsonError as error:
            if error.reason.endswith("Extra data"):
                error.hint = "if each line holds an object, read it as JSONL: `--format jsonl`"
            raise _place(error, text).as_data_error(self.name, text.count("\n", 0, error.at or 0) + 1) from None


def _place(error: BadJsonError, text: str) -> BadJsonError:
    """The error with its position counted from the start of its line."""
    if error.at is None:
        return error
    start = text.rfind("\n", 0, error.at) + 1
    end = text.find("\n", start)
    return BadJsonError(error.reason, error.at - start, text[start : end if end >= 0 else None], error.hint)


def open_json(text: Text, options: ReadOptions, head: bytes) -> JsonTable:
    """A JSON file whose first block could be read; `head` is its start in UTF-8. DataError for one without rows."""
    table = JsonTable(text, options.skip_bad, "json")
    found = _ARRAY.match(head)
    if found:
        table.start, table.nested = found.end(), found[0].lstrip().startswith(b"{")
    for block in table.blocks():
        if block.lines and block.columns:
            table.columns = list(block.columns)
            return table
    raise no_rows(table.name)
