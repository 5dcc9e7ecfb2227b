"""Run a pure function over all blocks of the inputs, in order: in this process, or in several for big files."""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from fttool.dataset.formats.base import BadRow, Block, Span, Table
from fttool.dataset.spool import Spool, Stored
from fttool.errors import DataError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Result = TypeVar("Result")

#: Below this many bytes other processes cost more than they bring; less for what takes longer to read.
PARALLEL_BYTES = 8_000_000
_PARALLEL_BYTES = {"jsonl": 24_000_000, "xlsx": 1_500_000, "parquet": 1_500_000}

#: Parts that are under way for each process: enough to keep it busy, few enough to keep memory flat.
_AHEAD = 3


#: Room for one result in shared memory; greater ones go through a pipe.
SLOT_BYTES = 1 << 20

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
        self._pool: ProcessPoolExecutor | None = None
        self._slots: mmap.mmap | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
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
        pool = self._start()
        function, fixed = call
        ahead = self.processes * _AHEAD
        waiting: deque[tuple[Future[_Part[Result]], int]] = deque()
        for number, (table, place) in enumerate(places, first):
            slot = number % (ahead + 1)  # free again: the part that had it was taken out before
            waiting.append((pool.submit(_task, table, place, function, fixed, each(number), slot), slot))
            if len(waiting) > ahead:
                yield self._taken(*waiting.popleft())
        while waiting:
            yield self._taken(*waiting.popleft())

    def _taken(self, future: Future[_Part[Result]], slot: int) -> _Part[Result]:
        """A finished part. What lies in shared memory is copied out of its slot."""
        from concurrent.futures.process import BrokenProcessPool

        try:
            *part, result = future.result()
        except BrokenProcessPool:
            raise DataError(
                "a process that was reading the input was killed; was there too little memory?",
                hint="run the command again, or with `--processes 1`",
            ) from None
        if isinstance(result, InSlot):
            assert self._slots is not None
            start = slot * SLOT_BYTES
            result = result.restore(self._slots[start : start + result.size])
        return (*part, result)  # type: ignore[return-value]

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

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            # A forked process shares the memory of this one; with other threads running, forking is not safe.
            can_fork = sys.platform.startswith("linux") and threading.active_count() == 1
            if can_fork:
                self._slots = mmap.mmap(-1, (self.processes * _AHEAD + 1) * SLOT_BYTES)
            context = multiprocessing.get_context("fork" if can_fork else "spawn")
            begin = partial(_begin, self._slots) if can_fork else _begin
            self._pool = ProcessPoolExecutor(self.processes, context, initializer=begin)
        return self._pool


#: In other processes: memory shared with the parent, in which results that are mostly bytes are handed over. Through
#: a pipe they would be copied four times.
_shared: mmap.mmap | None = None


def _begin(slots: mmap.mmap | None = None) -> None:
    """In each process: Ctrl-C is the parent's to handle; end with the parent, however it ends."""
    import multiprocessing

    global _shared
    _shared = slots
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.join,), daemon=True).start()


def _end_with(wait: Callable[[], None]) -> None:
    wait()
    os._exit(1)


@dataclass(frozen=True, slots=True)
class InSlot:
    """A result whose bytes lie in shared memory: `size` of them; `restore` makes the result of them again."""

    size: int
    restore: Callable[[bytes], Any]


class Bulky(Protocol):
    """A result that is mostly bytes."""

    def pack(self) -> tuple[Sequence[bytes], Callable[[bytes], Any]]:
        """The bytes in pieces, and a picklable function that makes the result of them joined."""
        ...


def _task(
    table: Table | None,
    place: Span | Stored | Block,
    function: Callable[..., Result],
    fixed: tuple[Any, ...],
    extra: object,
    slot: int,
) -> _Part[Result]:
    """Read a block and call the function. Line counts matter only for spans of a table."""
    if isinstance(place, Span):
        assert table is not None
        block = table.read(place)
    else:
        block = place.load() if isinstance(place, Stored) else place
    result = function(block, *fixed, extra)
    return block.lines, block.bad, block.size, block.line_count, _hand_over(result, slot)


def _hand_over(result: Any, slot: int) -> Any:
    """Put the bytes of a result into its slot of the shared memory, if there is one and they fit."""
    if _shared is None or not hasattr(result, "pack"):
        return result
    pieces, restore = result.pack()
    size = sum(map(len, pieces))
    if size > SLOT_BYTES:
        return result
    at = slot * SLOT_BYTES
    for piece in pieces:
        _shared[at : at + len(piece)] = piece
        at += len(piece)
    return InSlot(size, restore)


def _move(lines: Sequence[int], base: int) -> Sequence[int]:
    if isinstance(lines, range):
        return range(lines.start + base, lines.stop + base)
    return [line + base for line in lines]


def available_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
