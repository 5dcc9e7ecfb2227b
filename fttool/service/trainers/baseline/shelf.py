"""Which training examples can be found as neighbours, in the order in which the first epoch comes to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.neighbours import MOST_EXAMPLES, MOST_POSTINGS, MOST_TOKENS, Neighbours, build
from fttool.service.trainers.baseline.ngrams import Rows, group_of
from fttool.service.trainers.baseline.text_data import TextData
from fttool.service.trainers.baseline.vectors import Frequencies
from fttool.service.trainers.baseline.vocabulary import START_ID, UNKNOWN_ID

#: So many rows are looked at together.
_CHUNK = 2_000


class Shelf:
    """The examples to find: those of the parent first, then the file's in the order of the first epoch.

    `number_of` gives a row's number among them, -1 if it was left out for want of room.
    """

    def __init__(self, data: TextData, order: NDArray[np.int64], parent: Neighbours | None) -> None:
        self._positions = _chosen(data, order)
        rows = order[self._positions]
        before = parent if parent is not None and len(parent) else None
        kept = np.arange(0)
        if before is not None:
            kept = np.arange(len(before))[max(len(before) - (MOST_EXAMPLES - len(rows)), 0) :]
        self.parents = len(kept)
        self.left_out = len(data) - len(rows)
        self.number_of = np.full(len(data), -1, np.int64)
        self.number_of[rows] = np.arange(self.parents, self.parents + len(rows))
        said = data.completions.read(rows)
        completions, bounds = _known(said)
        features, digests = _rarest(data, rows, MOST_POSTINGS), data.digests[rows]
        if before is not None and len(kept):
            features = _joined(_rows_of(before, kept), features)
            digests = np.concatenate([before.digests[kept], digests])
            old, old_bounds = _cut(before, kept)
            completions = np.concatenate([old, completions])
            bounds = np.concatenate([old_bounds[:-1], bounds + old_bounds[-1]])
        self.neighbours = build(features, digests, bounds, completions)

    def seen(self, rows: int) -> int:
        """How many of the examples are known when the first epoch has come to so many rows."""
        return self.parents + int(np.searchsorted(self._positions, rows))


def only_first(neighbours: Neighbours, count: int) -> Neighbours:
    """The first so many examples."""
    if count >= len(neighbours):
        return neighbours
    keep = neighbours.postings < count
    sums = np.concatenate([[0], np.cumsum(keep)])[neighbours.starts]
    used = np.diff(sums) > 0
    starts = np.append(sums[:-1][used], sums[-1]).astype(np.int64)
    bounds = neighbours.bounds[: count + 1]
    return Neighbours(
        neighbours.ids[used],
        starts,
        neighbours.postings[keep],
        neighbours.digests[:count],
        bounds,
        neighbours.completions[: bounds[-1]],
    )


def _chosen(data: TextData, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places in the order, evenly spread, of as many rows as there is room for."""
    count = len(order)
    room = min(count, MOST_EXAMPLES, max(int(count * MOST_TOKENS / max(data.completions.size, 1)), 1))
    return (np.arange(room) * count) // room


def _rarest(data: TextData, rows: NDArray[np.int64], room: int) -> Rows:
    """The features of rows, as many as there is room for: of each row the words, and the rarest character n-grams."""
    if data.prompts.size <= room:
        return data.prompts.read(rows)
    frequencies = Frequencies()
    chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
    for chunk in chunks:
        frequencies.add(data.prompts.read(chunk))
    most = max(room // len(rows), 1)
    ids, lengths = [], [np.zeros(1, np.int64)]
    for chunk in chunks:
        found = data.prompts.read(chunk)
        owners = np.repeat(np.arange(len(chunk)), np.diff(found.starts))
        rank = np.where(group_of(found.ids) == 0, 0, frequencies.counts[found.ids])
        order = np.lexsort((rank, owners))
        keep = np.sort(order[np.arange(len(owners)) - found.starts[owners] < most])
        ids.append(found.ids[keep])
        lengths.append(np.bincount(owners[keep], minlength=len(chunk)))
    return Rows(np.cumsum(np.concatenate(lengths)).astype(np.int64), np.concatenate(ids))


def _known(said: Rows) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Completions that can be said: of one with an unknown token nothing is left."""
    lengths = np.diff(said.starts)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    unknown = np.zeros(len(lengths), bool)
    unknown[owners[(said.ids == UNKNOWN_ID) | (said.ids == START_ID)]] = True
    bounds = np.concatenate([[0], np.cumsum(np.where(unknown, 0, lengths))]).astype(np.int64)
    return said.ids[~unknown[owners]].astype(np.int32), bounds


def _rows_of(neighbours: Neighbours, kept: NDArray[np.int64]) -> Rows:
    """The features of examples, from the index."""
    ids = np.repeat(neighbours.ids, np.diff(neighbours.starts))
    keep = neighbours.postings >= kept[0]
    ids, owners = ids[keep], neighbours.postings[keep] - kept[0]
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(len(kept) + 1)).astype(np.int64)
    return Rows(starts, ids[order])


def _cut(neighbours: Neighbours, kept: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    first = neighbours.bounds[kept[0]]
    return neighbours.completions[first:], neighbours.bounds[kept[0] :] - first


def _joined(left: Rows, right: Rows) -> Rows:
    return Rows(
        np.concatenate([left.starts[:-1], right.starts + left.starts[-1]]), np.concatenate([left.ids, right.ids])
    )
