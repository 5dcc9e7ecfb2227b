"""Unigrams, bigrams and trigrams of the completions, and what they say about the next token."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.counts import Counts
from fttool.service.trainers.baseline.vocabulary import END_ID, ID_BITS, START_ID

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

_SHIFT = np.uint64(ID_BITS)


class Sequences(NamedTuple):
    """Completions one after the other: their tokens, whose each is, and the one and the two tokens before each."""

    tokens: I64
    owners: I64
    singles: U64
    pairs: U64

    def last(self) -> Sequences:
        """The last place alone."""
        return Sequences(self.tokens[-1:], self.owners[-1:], self.singles[-1:], self.pairs[-1:])


def sequences(tokens: I64, starts: I64) -> Sequences:
    """Tokens with their contexts. Completion i is tokens[starts[i]:starts[i+1]]."""
    before = np.full(len(tokens) + 2, START_ID, np.int64)
    before[2:] = tokens
    one, two = before[1:-1].copy(), before[:-2].copy()
    lengths = np.diff(starts)
    firsts = starts[:-1][lengths > 0]
    one[firsts] = two[firsts] = START_ID
    two[starts[:-1][lengths > 1] + 1] = START_ID
    singles = one.astype(np.uint64)
    return Sequences(tokens, np.repeat(np.arange(len(lengths)), lengths), singles, pair(two, one))


def pair(two: I64, one: I64) -> U64:
    """The context of two tokens."""
    return (two.astype(np.uint64) << _SHIFT) | one.astype(np.uint64)


class Said(NamedTuple):
    """The probabilities that each n-gram model gives to candidate tokens (places x candidates x 3: trigrams, bigrams,
    unigrams), and how often the contexts were seen (places x 3)."""

    probabilities: F64
    seen: I64


class NGrams:
    """Counts of the tokens of completions, alone and after the one and the two before them."""

    def __init__(self, unigrams: I64, bigrams: Counts, trigrams: Counts) -> None:
        self.unigrams, self.bigrams, self.trigrams = unigrams, bigrams, trigrams
        self.total = int(unigrams.sum())

    def add(self, said: Sequences) -> None:
        """Count completions."""
        np.add.at(self.unigrams, said.tokens, 1)
        self.total += len(said.tokens)
        tokens = said.tokens.astype(np.uint64)
        self.bigrams.add((said.singles << _SHIFT) | tokens)
        self.trigrams.add((said.pairs << _SHIFT) | tokens)

    def say(self, said: Sequences, candidates: I64, *, own: Sequences | None = None) -> Said:
        """What the counts say about candidates (places x any) at each place of `said`.

        With `own`, which must be `said` itself, each completion is judged as if it had not been counted.
        """
        last = candidates.astype(np.uint64)
        pairs, singles = said.pairs[:, None], said.singles[:, None]
        counts = [
            self.trigrams.get((pairs << _SHIFT) | last),
            self.bigrams.get((singles << _SHIFT) | last),
            self.unigrams[candidates],
        ]
        seen = [self.trigrams.totals(said.pairs), self.bigrams.totals(said.singles), np.full(len(last), self.total)]
        if own is not None:
            tokens = own.tokens.astype(np.uint64)
            for at, (context, wanted) in enumerate(((own.pairs, pairs), (own.singles, singles), (None, None))):
                keys = tokens if context is None else (context << _SHIFT) | tokens
                asked = last if wanted is None else (wanted << _SHIFT) | last
                counts[at] = np.maximum(counts[at] - _own(own.owners, keys, asked), 0)
                contexts = np.zeros_like(keys) if context is None else context
                seen[at] = np.maximum(seen[at] - _own(own.owners, contexts, contexts[:, None])[:, 0], 0)
        chances = [count / np.maximum(total, 1)[:, None] for count, total in zip(counts, seen, strict=True)]
        # Rare keys may have been forgotten, so a count can be larger than what is left of its context's.
        return Said(np.minimum(np.stack(chances, axis=2), 1.0), np.stack(seen, axis=1))

    def best(self, said: Sequences) -> I64:
        """The commonest token after each context (places x 3)."""
        commonest = int(self.unigrams.argmax()) if self.total else END_ID
        return np.stack(
            [
                self.trigrams.best(said.pairs, commonest),
                self.bigrams.best(said.singles, commonest),
                np.full(len(said.tokens), commonest, np.int64),
            ],
            axis=1,
        )


def _own(owners: I64, keys: U64, asked: U64) -> I64:
    """How often each key that is asked for (places x any) stands among the keys of the same owner."""
    known = np.unique(keys)
    size = len(known)
    codes, counts = np.unique(owners * size + np.searchsorted(known, keys), return_counts=True)
    at = np.minimum(np.searchsorted(known, asked), size - 1)
    wanted = owners[:, None] * size + at
    place = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    found: I64 = np.where((known[at] == asked) & (codes[place] == wanted), counts[place], 0)
    return found
