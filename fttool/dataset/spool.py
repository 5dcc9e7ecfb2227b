"""The blocks of an input in a temporary file: reading CSV or XLSX a second time costs far more than this."""

from __future__ import annotations

import contextlib
import os
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from fttool.dataset.formats.base import Block, Table


@dataclass(frozen=True, slots=True)
class Stored:
    """Where in the file one block stands. Picklable: any process can load it."""

    path: str
    offset: int
    length: int

    def load(self) -> Block:
        """The block, as it was read."""
        with Path(self.path).open("rb", buffering=0) as file:
            file.seek(self.offset)
            data = file.read(self.length)
        block: Block = pickle.loads(data)  # written by ourselves, readable by this user only
        return block


class Spool:
    """Hands out the blocks of a table; from the second time on, as they were the first time.

    The file is made with mode 0600 where temporary files go. When that place is full the input is read again.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._stored: list[Stored] = []
        self._complete = False
        self._usable = True
        self._path = ""
        self._begun: Iterator[Block] | None = None
        self._first: Block | None = None

    def first(self) -> Block | None:
        """The first block; reading goes on from there when all blocks are asked for."""
        if self._begun is None:
            self._begun = self.table.blocks()
            self._first = next(self._begun, None)
        return self._first

    def blocks(self) -> Iterator[Block]:
        """All blocks in order."""
        for one in self.stored():
            yield one if isinstance(one, Block) else one.load()

    def stored(self, *, load: bool = True) -> Iterator[Block | Stored]:
        """All blocks in order: as they are read, and as places in the file where that is known already.

        With `load` False a block is stored before it is handed out, so that other processes can load it.
        """
        if self._complete:
            yield from self._stored
            return
        done: list[Stored] = []
        for block in self._reading():
            place = self._store(block)
            if place is not None:
                done.append(place)
            yield block if load or place is None else place
        self._stored, self._complete = done, self._usable

    def _reading(self) -> Iterator[Block]:
        if self._begun is None or self._first is None:
            return self.table.blocks()
        begun = chain([self._first], self._begun)
        self._begun = None
        return begun

    def _store(self, block: Block) -> Stored | None:
        if not self._usable:
            return None
        try:
            if not self._path:
                handle, self._path = tempfile.mkstemp(prefix="fttool-", suffix=".spool")
                os.close(handle)
            data = pickle.dumps(block, pickle.HIGHEST_PROTOCOL)
            with Path(self._path).open("ab", buffering=0) as file:
                offset = file.tell()
                if file.write(data) == len(data):
                    return Stored(self._path, offset, len(data))
        except OSError:
            pass
        self._usable = False  # no room: the input is read again instead
        return None

    def close(self) -> None:
        """Remove the file."""
        if self._path:
            with contextlib.suppress(OSError):
                Path(self._path).unlink()
            self._path, self._complete, self._stored = "", False, []
