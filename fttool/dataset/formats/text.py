"""Plain text: one completion a line, with an empty prompt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fttool.dataset.formats.base import Block, FromStart, ReadOptions
from fttool.dataset.formats.encoding import Text, bad_utf8, line_blocks
from fttool.dataset.formats.source import no_examples
from fttool.dataset.formats.table import TextTable


@dataclass(slots=True)
class LinesTable(FromStart, TextTable):
    """A file of completions."""

    def blocks(self) -> Iterator[Block]:
        """Read everything, in order; blank lines are passed over. DataError for what is not text."""
        for data, first, size in line_blocks(self.text):
            try:
                lines = data.decode("utf-8").removesuffix("\n").split("\n")
            except UnicodeDecodeError:
                raise bad_utf8(self.text) from None
            if b"\r" in data:
                lines = [line.removesuffix("\r") for line in lines]
            numbers = range(first, first + len(lines))
            count = len(lines)
            if all(map(str.strip, lines)):
                yield Block({"prompt": [""] * count, "completion": lines}, numbers, size, line_count=count)
                continue
            kept = [number for number, line in zip(numbers, lines, strict=True) if line.strip()]
            lines = [line for line in lines if line.strip()]
            if lines:
                yield Block({"prompt": [""] * len(lines), "completion": lines}, kept, size, line_count=count)


def open_text(text: Text, options: ReadOptions) -> LinesTable:
    """A text file with at least one line that is not blank; DataError for any other."""
    table = LinesTable(text, options.skip_bad, "txt", columns=["prompt", "completion"])
    if next(table.blocks(), None) is None:
        raise no_examples(table.name, "nothing but blank lines")
    return table
