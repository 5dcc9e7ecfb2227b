"""Processes that call pure functions on blocks, one task each at a time.

concurrent.futures is not used here: when one of its processes is killed while it hands a result over, or Ctrl-C comes
while they are being started, it waits for ever. Here each process has a pipe of its own, which breaks when either end
dies.
"""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from fttool.errors import DataError

#: Room for the bytes of one result in shared memory; greater ones go through the pipe.
SLOT_BYTES = 1 << 20

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Bulky(Protocol):
    """A result that is mostly bytes: through a pipe they would be copied four times."""

    def pack(self) -> tuple[Sequence[bytes], Callable[[bytes], Any]]:
        """The bytes in pieces, and a picklable function that makes the result of them joined."""
        ...


@dataclass(frozen=True, slots=True)
class _InSlot:
    """A result whose bytes lie in shared memory: `size` of them; `restore` makes the result of them again."""

    size: int
    restore: Callable[[bytes], Any]


class Workers:
    """A few processes, numbered from 0. `send` a task to one that is idle, then `receive` its result."""

    def __init__(self, count: int) -> None:
        # A forked process shares the memory of this one; with other threads running, forking is not safe.
        can_fork = sys.platform.startswith("linux") and threading.active_count() == 1
        context: Any = multiprocessing.get_context("fork" if can_fork else "spawn")
        self._slots = [mmap.mmap(-1, SLOT_BYTES) if can_fork else None for _ in range(count)]
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        try:
            with _signals_held():
                for slot in self._slots:
                    self._begin(context, slot, can_fork)
        except BaseException:
            self.close()
            raise

    def _begin(self, context: Any, slot: mmap.mmap | None, can_fork: bool) -> None:
        ours, theirs = context.Pipe()
        others = [*self._pipes, ours] if can_fork else []
        process = context.Process(target=_serve, args=(theirs, slot, others), daemon=True)
        process.start()
        theirs.close()
        self._pipes.append(ours)
        self._processes.append(process)

    def send(self, worker: int, function: Callable[..., Any], *arguments: Any) -> None:
        """Have an idle process call `function(*arguments)`. Raises DataError if the process was killed."""
        with _alive():
            self._pipes[worker].send_bytes(pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL))

    def receive(self, worker: int) -> Any:
        """The result of the task a process was sent; raises what the function raised, DataError if it was killed."""
        with _alive():
            result, error, trace = pickle.loads(self._pipes[worker].recv_bytes())
        if error is not None:
            raise error from (None if isinstance(error, DataError) else RuntimeError(trace))
        if isinstance(result, tuple) and isinstance(result[-1], _InSlot):
            slot, packed = self._slots[worker], result[-1]
            assert slot is not None
            result = (*result[:-1], packed.restore(slot[: packed.size]))
        return result

    def close(self) -> None:
        """End the processes, whatever they are at."""
        for process in self._processes:
            process.kill()
        for process, pipe in zip(self._processes, self._pipes, strict=True):
            process.join()
            pipe.close()


@contextlib.contextmanager
def _alive() -> Iterator[None]:
    """Say in the user's words that a process is gone."""
    try:
        yield
    except (EOFError, OSError):  # closed, broken, or closed in the middle of a result
        raise DataError(
            "a process that was reading the input was killed; was there too little memory?",
            hint="run the command again, or with `--processes 1`",
        ) from None


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Let Ctrl-C and a polite kill wait until all processes are started: `_serve` says what they mean there."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, slot: mmap.mmap | None, others: Sequence[Connection]) -> None:
    """In each process: do tasks until the other end of the pipe is closed. Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    for other in others:
        other.close()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            function, arguments = pickle.loads(pipe.recv_bytes())
            answer: tuple[Any, Exception | None, str]
            try:
                answer = (_hand_over(function(*arguments), slot), None, "")
            except Exception as error:  # noqa: BLE001 - raised again by the parent
                answer = (None, error, traceback.format_exc())
            pipe.send_bytes(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


def _hand_over(result: Any, slot: mmap.mmap | None) -> Any:
    """Put the bytes of a tuple's last part into shared memory, if there is any and they fit."""
    if slot is None or not isinstance(result, tuple) or not hasattr(result[-1], "pack"):
        return result
    pieces, restore = result[-1].pack()
    size = sum(map(len, pieces))
    if size > SLOT_BYTES:
        return result
    at = 0
    for piece in pieces:
        slot[at : at + len(piece)] = piece
        at += len(piece)
    return (*result[:-1], _InSlot(size, restore))
