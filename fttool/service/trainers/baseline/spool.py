"""Rows of features in a file, read back in any order: a million rows need no memory to be shuffled."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.ngrams import Rows


class Spool:
    """Features of rows, written once from first to last and then read by row number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = path.open("wb")
        weakref.finalize(self, self._writer.close)
        self._lengths: list[NDArray[np.int64]] = []
        self._starts = np.zeros(1, np.int64)

    def add(self, rows: Rows) -> None:
        """Write some rows."""
        self._writer.write(rows.ids.tobytes())
        self._lengths.append(np.diff(rows.starts))

    def finish(self) -> None:
        """All rows are written; from now on they can be read."""
        self._writer.close()
        self._starts = np.concatenate([[0], np.cumsum(np.concatenate([*self._lengths, np.zeros(0, np.int64)]))])
        self._lengths = []
        self._reader = self._path.open("rb", buffering=0)
        weakref.finalize(self, self._reader.close)

    @property
    def size(self) -> int:
        """How many features all rows have together."""
        return int(self._starts[-1])

    def read(self, numbers: Iterable[int]) -> Rows:
        """The rows of these numbers, in this order."""
        chosen = np.fromiter(numbers, np.int64)
        firsts, lengths = self._starts[chosen], self._starts[chosen + 1] - self._starts[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        ids = np.empty(int(starts[-1]), np.uint32)
        whole = ids.view(np.uint8)
        for first, start, end in zip(firsts.tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            if end > start:
                self._reader.seek(4 * first)
                self._fill(whole[4 * start : 4 * end])
        return Rows(starts, ids)

    def _fill(self, room: NDArray[np.uint8]) -> None:
        while len(room):
            count = self._reader.readinto(room.data)
            if not count:
                raise OSError(f"{self._path} ends early")
            room = room[count:]
