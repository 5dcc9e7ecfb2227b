"""JSONL: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fttool.dataset.formats import base
from fttool.dataset.formats.base import Block, ReadOptions, Span
from fttool.dataset.formats.encoding import Text, line_blocks, too_long
from fttool.dataset.formats.objects import read_lines
from fttool.dataset.formats.source import cannot_read, no_examples
from fttool.dataset.formats.table import TextTable
from fttool.errors import DataError


@dataclass(slots=True)
class JsonlTable(TextTable):
    """A JSONL file. Plain UTF-8 on disk can be read in parts, by other processes too."""

    def blocks(self) -> Iterator[Block]:
        """Read everything, in order. DataError for the first bad line, unless they are set aside."""
        offset = self.text.encoding.bom
        columns = self.columns
        for data, line, size in line_blocks(self.text):
            block = read_lines(data, columns, self.name, line=line, offset=offset, skip_bad=self.skip_bad)
            block.size = size
            offset += len(data)
            if block.lines or block.bad:
                columns = list(block.columns)
                yield block

    def spans(self) -> list[Span] | None:
        """Parts of about BLOCK_BYTES; None for what is compressed or not UTF-8."""
        if self.text.source.compression is not None or not self.text.encoding.is_utf8:
            return None
        first = self.text.encoding.bom
        starts = range(first, self.size, base.BLOCK_BYTES)
        return [Span(start, min(start + base.BLOCK_BYTES, self.size)) for start in starts]

    def read(self, span: Span) -> Block:
        """The lines whose first byte lies in `span`. Lines count from 1, in DataError too; offsets are the file's."""
        data, offset = self._lines_in(span)
        if not data:
            return Block({name: [] for name in self.columns}, [], size=span.stop - span.start)
        block = read_lines(data, self.columns, self.name, offset=offset, skip_bad=self.skip_bad)
        block.size = span.stop - span.start
        return block

    def _lines_in(self, span: Span) -> tuple[bytes, int]:
        first = self.text.encoding.bom
        back = 1 if span.start > first else 0
        try:
            with Path(self.text.source.path).open("rb", buffering=0) as file:
                file.seek(span.start - back)
                data = file.read(span.stop - span.start + back) or b""
                skip = data.find(b"\n") + 1 if back else 0
                if back and (not skip or skip >= len(data)):
                    return b"", span.stop
                pieces = [data[skip:]]
                held = len(data) - skip
                while pieces[-1] and not pieces[-1].endswith(b"\n"):
                    more = file.read(base.BLOCK_BYTES) or b""
                    pieces.append(more[: more.find(b"\n") + 1 or len(more)])
                    held += len(pieces[-1])
                    if held > base.MAX_LINE_BYTES + base.BLOCK_BYTES:
                        raise too_long(self.name, pieces[0].count(b"\n") + 1)
        except OSError as error:
            raise cannot_read(self.name, error) from error
        return b"".join(pieces), span.start - back + skip


def open_jsonl(text: Text, options: ReadOptions) -> JsonlTable:
    """A JSONL file whose first block could be read. DataError for one without a single object."""
    table = JsonlTable(text, options.skip_bad, "jsonl")
    for block in table.blocks():
        if block.lines:
            table.columns = list(block.columns)
            if not table.columns:
                break
            return table
    raise no_rows(table.name)


def no_rows(name: str) -> DataError:
    """The error for JSON without a single example."""
    return no_examples(name, "no JSON object with anything in it")
