"""Run a pure function over all blocks of the inputs, in order: in this process, or in several for big files."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, TypeVar

from fttool.dataset.formats.base import BadRow, Span, Table
from fttool.errors import DataError

Result = TypeVar("Result")

#: Below this many bytes other processes cost more than they bring.
PARALLEL_BYTES = 40_000_000

#: Parts that are under way for each process: enough to keep it busy, few enough to keep memory flat.
_AHEAD = 3


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
    """Runs functions over the blocks of the inputs. A context manager: it may hold other processes."""

    def __init__(self, tables: Sequence[Table], processes: int | None = None) -> None:
        self.tables = tables
        self.processes = available_cpus() if processes is None else processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def run(
        self, function: Callable[..., Result], fixed: tuple[Any, ...], each: Callable[[int], Any]
    ) -> Iterator[Done[Result]]:
        """Call `function(block, *fixed, each(number))` for every block; results come in the order of the blocks.

        `number` counts the blocks of all inputs from 0. Blocks are the same in every run over the same input.

        Raises:
            DataError: a row that cannot be read, with its file and line.
        """
        number = 0
        for source, table in enumerate(self.tables):
            spans = self._spans(table)
            parts = self._inside(table, function, fixed, each, number) if spans is None else None
            if parts is None:
                parts = self._outside(table, spans or [], function, fixed, each, number)
            for lines, bad, size, result in parts:
                yield Done(source, lines, bad, size, result)
                number += 1

    def _spans(self, table: Table) -> list[Span] | None:
        if self.processes < 2 or table.size < PARALLEL_BYTES:
            return None
        return table.spans()

    def _inside(
        self,
        table: Table,
        function: Callable[..., Result],
        fixed: tuple[Any, ...],
        each: Callable[[int], Any],
        first: int,
    ) -> Iterator[tuple[Sequence[int], list[BadRow], int, Result]]:
        for number, block in enumerate(table.blocks(), first):
            try:
                result = function(block, *fixed, each(number))
            except DataError as error:
                error.file = error.file or table.name
                raise
            yield block.lines, block.bad, block.size, result

    def _outside(
        self,
        table: Table,
        spans: list[Span],
        function: Callable[..., Result],
        fixed: tuple[Any, ...],
        each: Callable[[int], Any],
        first: int,
    ) -> Iterator[tuple[Sequence[int], list[BadRow], int, Result]]:
        pool = self._start()
        waiting: deque[Future[tuple[Sequence[int], list[BadRow], int, int, Result]]] = deque()
        ahead = self.processes * _AHEAD
        base = sent = 0
        while sent < len(spans) or waiting:
            while sent < len(spans) and len(waiting) < ahead:
                waiting.append(pool.submit(_task, table, spans[sent], function, fixed, each(first + sent)))
                sent += 1
            try:
                lines, bad, size, height, result = waiting.popleft().result()
            except DataError as error:
                error.file = error.file or table.name
                error.line = error.line + base if error.line is not None else None
                raise
            yield _move(lines, base), [BadRow(row.line + base, row.reason, row.text) for row in bad], size, result
            base += height

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A forked process shares the memory of this one; with other threads running, forking is not safe.
            can_fork = sys.platform.startswith("linux") and threading.active_count() == 1
            context = multiprocessing.get_context("fork" if can_fork else "spawn")
            self._pool = ProcessPoolExecutor(self.processes, context, initializer=_begin)
        return self._pool


def _begin() -> None:
    """In each process: Ctrl-C is the parent's to handle; end with the parent, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.join,), daemon=True).start()


def _end_with(wait: Callable[[], None]) -> None:
    wait()
    os._exit(1)


def _task(
    table: Table, span: Span, function: Callable[..., Result], fixed: tuple[Any, ...], extra: object
) -> tuple[Sequence[int], list[BadRow], int, int, Result]:
    block = table.read(span)
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
