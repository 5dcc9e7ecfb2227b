"""Where each row stands in the inputs."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Places:
    """Where each row stands: positions over all inputs to (input, line), stored as one entry a block."""

    starts: list[int] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    lines: list[Sequence[int]] = field(default_factory=list)
    rows: int = 0

    def add(self, source: int, lines: Sequence[int]) -> None:
        """Take in the rows of the next block."""
        self.starts.append(self.rows)
        self.sources.append(source)
        self.lines.append(lines if isinstance(lines, range) else array("I", lines))
        self.rows += len(lines)

    def find(self, position: int) -> tuple[int, int]:
        """The input and the line of a row."""
        block = bisect_right(self.starts, position) - 1
        return self.sources[block], self.lines[block][position - self.starts[block]]

    def first_of(self, source: int) -> int:
        """The position of the first row of an input; the number of rows if it has none."""
        return next((start for start, one in zip(self.starts, self.sources, strict=True) if one == source), self.rows)
