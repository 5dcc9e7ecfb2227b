"""What a file format hands to the rest: blocks of rows, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import msgspec

#: In place of a value: the row has no such key. A JSON null, an empty spreadsheet cell or a Parquet null is None;
#: an empty CSV cell is the text "".
MISSING = msgspec.UNSET

#: About how many bytes of input one block holds.
BLOCK_BYTES = 512 * 1024

#: A line, or one quoted field, may not be longer than this many bytes.
MAX_LINE_BYTES = 64 * 1024 * 1024

#: A table may not be wider than a spreadsheet can be.
MAX_COLUMNS = 16_384


class JsonNumber(Decimal):
    """A number of a JSON file that is no integer: its value, and as `str` its text just as it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> JsonNumber:
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[JsonNumber], tuple[str]]:
        return JsonNumber, (self.text,)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read: where it is, why, and its text (cut to a readable length)."""

    line: int
    reason: str
    text: str


@dataclass(slots=True)
class Block:
    """Some consecutive rows of one input.

    `columns` maps each column name to its values, all lists of the same length. Values are str, int, float,
    JsonNumber, bool, None, datetime objects, list, dict or MISSING: just what the file said.
    `lines` holds the 1-based place of each row: its (first) line in a text file, its row in a sheet, its item in a
    JSON array. `size` is the number of input bytes read for this block, before decompression where that applies.
    `bad` are the rows set aside, only when reading with `skip_bad`. `line_count` is how many physical lines (of a text
    file) the block spans, blank and bad ones too: what to add to the base line of the part that follows it.
    """

    columns: dict[str, list[Any]]
    lines: Sequence[int]
    size: int = 0
    bad: list[BadRow] = field(default_factory=list)
    line_count: int = 0


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: None means find out. `sheet` is a name or a 1-based number as text."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    skip_bad: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file that can be read by itself: the lines that begin at `start` <= offset < `stop`."""

    start: int
    stop: int


class FromStart:
    """Mixin for tables that can only be read from the start."""

    __slots__ = ()

    def spans(self) -> list[Span] | None:
        """None: where a row begins is only known by reading from the start."""
        return None

    def read(self, span: Span) -> Block:
        """Not possible, see `spans`."""
        raise NotImplementedError("this format is read from the start")


class Table(Protocol):
    """An input that was opened and understood. It can be read any number of times, from the start each time.

    Opening raises DataError for what cannot be read at all (empty, header only, broken, not this format); reading
    raises it for a bad row, with its line. Tables are picklable and hold no open file.
    """

    #: The path as the user gave it ("-" for standard input).
    name: str
    #: "csv", "tsv", "xlsx", "json", "jsonl", "txt" or "parquet".
    format: str
    #: Column names, in file order. For JSON and JSONL those of the first block; later blocks may bring others.
    columns: list[str]
    #: What was found out and is worth telling: {"encoding": "utf-8", "delimiter": ";", "sheet": "Sheet1", …}.
    details: dict[str, str]
    #: Warnings for the user, e.g. that the content is JSONL although the name says .txt.
    notes: list[str]
    #: Bytes on disk, for the progress bar.
    size: int

    def blocks(self) -> Iterator[Block]:
        """Read everything, in order."""
        ...

    def spans(self) -> list[Span] | None:
        """Parts that may be read out of order and by other processes, in file order; None where that cannot be."""
        ...

    def read(self, span: Span) -> Block:
        """Read one part. `Block.lines` counts from 1 within the part: a part does not know what came before it."""
        ...
