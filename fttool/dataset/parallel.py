"""Run a pure function over all blocks of the inputs, in order: in this process, or in several for big files."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fttool.dataset.formats.base import BadRow, Block, Span, Table
from fttool.dataset.spool import Spool, Stored
from fttool.errors import DataError

if TYPE_CHECKING:
    from fttool.dataset.workers import Workers

Result = TypeVar("Result")

#: Below this many bytes other processes cost more than they bring; less for what takes longer to read.
PARALLEL_BYTES = 8_000_000
_PARALLEL_BYTES = {"jsonl": 24_000_000, "xlsx": 1_500_000, "parquet": 1_500_000}

#: A function and its arguments after the block.
_Call = tuple[Callable[..., Result], tuple[Any, ...]]

#: Lines, bad rows, bytes, physical lines, result.
_Part = tuple[Sequence[int], list[BadRow], int, int, Result]


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """The result for one block, and what is known of the block itself.

    `lines` are the places of its rows, absolute in its file; `source` is the number of the input.
    """

    source: int
    lines: Sequence[int]
    bad: list[BadRow]
    size: int
    result: Result


class Runner:
    """Runs functions over the blocks of the inputs. A context manager: it may hold processes and temporary files."""

    def __init__(self, tables: Sequence[Table], processes: int | None = None) -> None:
        self.tables = tables
        self.spools = [Spool(table) for table in tables]
        self.processes = available_cpus() if processes is None else processes
        self._workers: Workers | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workers is not None:
            self._workers.close()
        for spool in self.spools:
            spool.close()

    def run(
        self, function: Callable[..., Result], fixed: tuple[Any, ...], each: Callable[[int], Any]
    ) -> Iterator[Done[Result]]:
        """Call `function(block, *fixed, each(number))` for every block; results come in the order of the blocks.

        `number` counts the blocks of all inputs from 0. Blocks are the same in every run over the same input.

        Raises:
            DataError: a row that cannot be read, with its file and line.
        """
        number = 0
        for source, (table, spool) in enumerate(zip(self.tables, self.spools, strict=True)):
            try:
                for lines, bad, size, result in self._parts(table, spool, (function, fixed), each, number):
                    yield Done(source, lines, bad, size, result)
                    number += 1
            except DataError as error:
                error.file = error.file or table.name
                raise

    def _parts(
        self, table: Table, spool: Spool, call: _Call[Result], each: Callable[[int], Any], first: int
    ) -> Iterator[tuple[Sequence[int], list[BadRow], int, Result]]:
        """The results for one input, as (lines, bad rows, bytes, result)."""
        parallel = self.processes > 1 and table.size >= _PARALLEL_BYTES.get(table.format, PARALLEL_BYTES)
        spans = table.spans() if parallel or table.format == "jsonl" else None
        if spans is not None and not parallel:
            return self._here(table.blocks(), call, each, first)
        if spans is not None:
            return self._moved(self._elsewhere(((table, span) for span in spans), call, each, first))
        if parallel:
            parts = self._elsewhere(((None, one) for one in spool.stored(load=False)), call, each, first)
            return ((lines, bad, size, result) for lines, bad, size, _, result in parts)
        return self._here(spool.blocks(), call, each, first)

    def _here(
        self, blocks: Iterable[Block], call: _Call[Result], each: Callable[[int], Any], first: int
    ) -> Iterator[tuple[Sequence[int], list[BadRow], int, Result]]:
        function, fixed = call
        for number, block in enumerate(blocks, first):
            yield block.lines, block.bad, block.size, function(block, *fixed, each(number))

    def _elsewhere(
        self,
        places: Iterable[tuple[Table | None, Any]],
        call: _Call[Result],
        each: Callable[[int], Any],
        first: int,
    ) -> Iterator[_Part[Result]]:
        """Results of other processes, in order; only so many parts are under way at once."""
        from fttool.dataset.workers import Workers

        workers = self._workers = self._workers or Workers(self.processes)
        function, fixed = call
        busy: deque[int] = deque()  # in the order of the tasks, and so of the results
        try:
            for number, (table, place) in enumerate(places, first):
                finished = [workers.receive(busy.popleft())] if len(busy) == self.processes else []
                worker = (number - first) % self.processes
                workers.send(worker, _task, table, place, function, fixed, each(number))
                busy.append(worker)
                yield from finished
            while busy:
                yield workers.receive(busy.popleft())
        finally:
            if busy:  # it ended early: the next run must not get the results of this one
                workers.close()
                self._workers = None

    def _moved(self, parts: Iterator[_Part[Result]]) -> Iterator[tuple[Sequence[int], list[BadRow], int, Result]]:
        """Parts that were read by themselves count their lines from 1: move each to where it stands in the file."""
        base = 0
        try:
            for lines, bad, size, height, result in parts:
                moved = [BadRow(row.line + base, row.reason, row.text) for row in bad]
                yield _move(lines, base), moved, size, result
                base += height
        except DataError as error:
            error.line = error.line + base if error.line is not None else None
            raise


def _task(
    table: Table | None,
    place: Span | Stored | Block,
    function: Callable[..., Result],
    fixed: tuple[Any, ...],
    extra: object,
) -> _Part[Result]:
    """Read a block and call the function. Line counts matter only for spans of a table."""
    if isinstance(place, Span):
        assert table is not None
        block = table.read(place)
    else:
        block = place.load() if isinstance(place, Stored) else place
    return block.lines, block.bad, block.size, block.line_count, function(block, *fixed, extra)


def _move(lines: Sequence[int], base: int) -> Sequence[int]:
    if isinstance(lines, range):
        return range(lines.start + base, lines.stop + base)
    return [line + base for line in lines]


def available_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
