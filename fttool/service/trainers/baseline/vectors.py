"""Weighted features: which hashed n-grams are used, and how much each counts.

A feature's weight is the square root of its inverse document frequency in the training file; each group (words, pairs
of words, characters) has a length of its own, and each row has length one. What stands in every row weighs nothing and
is left out. The numbers were chosen by cross-validation on banking77's training file, whole and with few rows a class.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.ngrams import SPACE, Rows, group_of

#: How much words, pairs of words, character n-grams, and the words said before count, beside one another.
GROUPS = np.array([1.0, 0.7, 1.8, 0.5], np.float32)

#: With so many rows, a feature must stand in two of them.
_PRUNED_ROWS = 2_000


class Vectors(NamedTuple):
    """Sparse rows: row i has values[starts[i]:starts[i+1]] in those columns."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]


class Frequencies:
    """In how many rows each feature stands."""

    def __init__(self) -> None:
        self.rows = 0
        self.counts = np.zeros(SPACE, np.uint32)

    def add(self, rows: Rows) -> None:
        """Count some rows."""
        self.rows += len(rows.starts) - 1
        np.add.at(self.counts, rows.ids, np.uint32(1))


class Vectoriser:
    """The features that are used, ascending, and their weights. Feature i is column i."""

    def __init__(self, ids: NDArray[np.uint32], weights: NDArray[np.float32]) -> None:
        self.ids = ids
        self.weights = weights
        self._groups = group_of(ids)

    def vectors(self, rows: Rows) -> Vectors:
        """Weigh rows; features that are not used are left out."""
        columns = np.searchsorted(self.ids, rows.ids)
        columns[columns == len(self.ids)] = 0
        known = np.flatnonzero(self.ids[columns] == rows.ids) if len(self.ids) else np.zeros(0, np.intp)
        columns = columns[known]
        count = len(rows.starts) - 1
        owners = np.repeat(np.arange(count), np.diff(rows.starts))[known]
        values = self.weights[columns]
        cells = owners * len(GROUPS) + self._groups[columns]
        squares = np.bincount(cells, values * values, count * len(GROUPS)).astype(float).reshape(count, -1)
        present = np.where(squares > 0, GROUPS, 0)
        lengths = np.sqrt((present * present).sum(1, keepdims=True))
        scale = np.divide(present, np.sqrt(squares) * lengths, out=np.zeros_like(squares), where=squares > 0)
        values = values * scale.ravel()[cells].astype(np.float32)
        starts = np.searchsorted(owners, np.arange(count + 1)).astype(np.int64)
        return Vectors(starts, columns.astype(np.int32), values)


def choose(frequencies: Frequencies, most: int) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """The features to use, at most so many (the commonest, as far as they tell rows apart), and their weights."""
    counts, rows = frequencies.counts, frequencies.rows
    least = 2 if rows >= _PRUNED_ROWS else 1
    ids = np.flatnonzero((counts >= least) & (counts < max(rows, 2)))
    if len(ids) > most:
        order = np.argsort(-counts[ids].astype(np.int64), kind="stable")
        ids = np.sort(ids[order[:most]])
    return ids.astype(np.uint32), np.sqrt(np.log(max(rows, 2) / counts[ids])).astype(np.float32)
