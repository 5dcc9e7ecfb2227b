"""How often each key was seen: sorted arrays that are merged as they grow, so that adding a batch stays cheap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.vocabulary import ID_BITS

U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]

#: At most so many keys are kept; when there are more, those seen once are forgotten.
MOST_KEYS = 1_500_000

_SHIFT = np.uint64(ID_BITS)
_MASK = np.uint64((1 << ID_BITS) - 1)


class Level(NamedTuple):
    """Keys, ascending; how often each was seen; and the running sum of that, from 0."""

    keys: U64
    counts: U32
    sums: U32


class Counts:
    """Counts of n-grams. A key is a context followed by a token: its last ID_BITS bits are the token's."""

    def __init__(self) -> None:
        self._levels: list[Level] = []

    @classmethod
    def of(cls, keys: U64, counts: U32) -> Counts:
        """Counts that were merged before."""
        made = cls()
        if len(keys):
            made._levels = [_level(keys, counts)]
        return made

    def merged(self) -> tuple[U64, U32]:
        """All keys, ascending, and their counts."""
        while len(self._levels) > 1:
            self._merge()
        if not self._levels:
            return np.zeros(0, np.uint64), np.zeros(0, np.uint32)
        return self._levels[0].keys, self._levels[0].counts

    def add(self, keys: U64) -> None:
        """Count each key once more."""
        if not len(keys):
            return
        unique, counts = np.unique(keys, return_counts=True)
        self._levels.append(_level(unique, counts.astype(np.uint32)))
        while len(self._levels) > 1 and len(self._levels[-2].keys) < 3 * len(self._levels[-1].keys):
            self._merge()

    def get(self, keys: U64) -> I64:
        """How often each of these was seen."""
        found = np.zeros(keys.shape, np.int64)
        for level in self._levels:
            at = np.minimum(np.searchsorted(level.keys, keys), len(level.keys) - 1)
            found += np.where(level.keys[at] == keys, level.counts[at], 0)
        return found

    def totals(self, contexts: U64) -> I64:
        """How often each context was seen, whatever came next."""
        found = np.zeros(contexts.shape, np.int64)
        for level in self._levels:
            found += level.sums[_after(level, contexts)] - level.sums[_before(level, contexts)]
        return found

    def successors(self, contexts: U64) -> tuple[I64, I64, I64]:
        """What came after these contexts: which context (its place in the argument), the token, how often."""
        places, tokens, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for level in self._levels:
            first = _before(level, contexts)
            lengths = _after(level, contexts) - first
            place = np.repeat(np.arange(len(contexts)), lengths)
            at = np.arange(len(place)) + (first - np.concatenate([[0], np.cumsum(lengths)[:-1]]))[place]
            places.append(place)
            tokens.append((level.keys[at] & _MASK).astype(np.int64))
            counts.append(level.counts[at].astype(np.int64))
        codes = (np.concatenate(places) << ID_BITS) | np.concatenate(tokens)
        unique, inverse = np.unique(codes, return_inverse=True)
        sums = np.zeros(len(unique), np.int64)
        np.add.at(sums, inverse, np.concatenate(counts))
        return unique >> ID_BITS, unique & int(_MASK), sums

    def best(self, contexts: U64, default: int) -> I64:
        """The token that came oftenest after each context; the lowest number among equals."""
        unique, inverse = np.unique(contexts, return_inverse=True)
        places, tokens, counts = self.successors(unique)
        order = np.lexsort((-tokens, counts, places))
        best = np.full(len(unique), default, np.int64)
        best[places[order]] = tokens[order]
        result: I64 = best[inverse]
        return result

    def _merge(self) -> None:
        newer, older = self._levels.pop(), self._levels.pop()
        keys, inverse = np.unique(np.concatenate([older.keys, newer.keys]), return_inverse=True)
        counts = np.zeros(len(keys), np.uint32)
        np.add.at(counts, inverse, np.concatenate([older.counts, newer.counts]))
        if len(keys) > MOST_KEYS:
            keys, counts = keys[counts > 1], counts[counts > 1]
        self._levels.append(_level(keys, counts))


def _level(keys: U64, counts: U32) -> Level:
    sums = np.zeros(len(keys) + 1, np.uint32)
    np.cumsum(counts, out=sums[1:], dtype=np.uint32)
    return Level(keys, counts, sums)


def _before(level: Level, contexts: U64) -> NDArray[np.intp]:
    return np.searchsorted(level.keys, contexts << _SHIFT)


def _after(level: Level, contexts: U64) -> NDArray[np.intp]:
    return np.searchsorted(level.keys, (contexts << _SHIFT) | _MASK, side="right")
