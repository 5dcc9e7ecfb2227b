"""The next token's probability: a mixture of copying from neighbours and of n-grams, whose weights are trained.

The weights depend on how near the nearest neighbour is that still agrees with what was said, and on how often the
context was seen. They are a softmax over those parts that have something to say, moved by the gradient of the loss.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

#: The parts: copying, trigrams, bigrams, unigrams, and any token at all.
PARTS = 5

#: Where similarities part; 2 is the very same prompt.
_SIMILARITIES = np.array([0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.5])
_AGREED = np.array([1, 4])
_SEEN = np.array([1, 2, 4, 10])

COPY_ROWS = 1 + (len(_SIMILARITIES) + 1) * (len(_AGREED) + 1)
SEEN_ROWS = (len(_SEEN) + 1) * 2

_RATE = 2.0


class Places(NamedTuple):
    """What decides on the weights, for each place: the nearest agreeing neighbour's similarity (0: none agrees), how
    many tokens it agreed on, and how often the last two tokens and the last one were seen before."""

    similarities: F64
    agreed: I64
    pairs: I64
    singles: I64


class Mixture:
    """The weights, as two tables of logits that are added: by neighbours, and by what was seen."""

    def __init__(self, copying: F64, seen: F64) -> None:
        self.copying = copying
        self.seen = seen

    @classmethod
    def new(cls) -> Mixture:
        """Weights before training: sensible ones."""
        copying = np.zeros((COPY_ROWS, PARTS))
        nearer = np.array([-1.0, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 8.0])
        copying[1:, 0] = (nearer[:, None] + np.array([0.0, 1.0, 2.0])).ravel()
        seen = np.tile(np.array([0.0, 0.5, -0.5, -2.0, -6.0]), (SEEN_ROWS, 1))
        return cls(copying, seen)

    def weights(self, places: Places, available: NDArray[np.bool_]) -> F64:
        """The weights of the parts at each place; those that are not available have none."""
        logits = self.copying[_copy_row(places)] + self.seen[_seen_row(places)]
        logits[~available] = -np.inf
        logits -= logits.max(axis=1, keepdims=True)
        weights = np.exp(logits)
        result: F64 = weights / weights.sum(axis=1, keepdims=True)
        return result

    def learn(self, places: Places, weights: F64, probabilities: F64, rate: float) -> None:
        """One step of gradient descent; `probabilities` are what each part gave to the token that came."""
        shares = weights * probabilities
        gradient = weights - shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
        for table, rows in ((self.copying, _copy_row(places)), (self.seen, _seen_row(places))):
            sums = np.zeros_like(table)
            np.add.at(sums, rows, gradient)
            table -= rate * _RATE * sums / (np.bincount(rows, minlength=len(table))[:, None] + 10)
            np.clip(table, -20, 20, out=table)


def _copy_row(places: Places) -> I64:
    near = np.searchsorted(_SIMILARITIES, places.similarities, side="right")
    agreed = np.searchsorted(_AGREED, places.agreed, side="right")
    return np.where(places.similarities > 0, 1 + near * (len(_AGREED) + 1) + agreed, 0)


def _seen_row(places: Places) -> I64:
    pairs = np.searchsorted(_SEEN, places.pairs, side="right")
    return pairs * 2 + (places.singles >= 10)
