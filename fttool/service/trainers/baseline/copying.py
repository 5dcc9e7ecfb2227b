"""What the nearest examples' completions say next, as long as they agree with what was said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.neighbours import NEIGHBOURS, Found

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

#: How much more a nearer neighbour counts.
_SHARPNESS = 20.0

#: What stands where a neighbour says nothing.
NOTHING = -1


class Copies(NamedTuple):
    """At each place: what each neighbour says next (NOTHING if it does not agree), its share, the nearest agreeing
    one's similarity (0: none), and how many tokens were agreed on."""

    tokens: I64
    shares: F64
    similarities: F64
    agreed: I64

    def last(self) -> Copies:
        """The last place alone."""
        return Copies(self.tokens[-1:], self.shares[-1:], self.similarities[-1:], self.agreed[-1:])


def copies(said: NDArray[np.int64], found: Found, completion: Callable[[int], NDArray[np.int32]]) -> Copies:
    """What the neighbours say at each place of a completion, given what is before that place."""
    places = len(said)
    tokens = np.full((places, NEIGHBOURS), NOTHING, np.int64)
    for column, number in enumerate(found.numbers.tolist()):
        says = completion(number)
        length = min(len(says), places)
        differ = np.flatnonzero(says[:length] != said[:length])
        agreed = min(int(differ[0]) + 1, length) if len(differ) else length
        tokens[:agreed, column] = says[:agreed]
    similarities = np.zeros(NEIGHBOURS)
    similarities[: len(found.numbers)] = found.similarities
    agree = tokens != NOTHING
    nearest = np.where(agree, similarities, 0).max(axis=1, initial=0)
    raw = np.where(agree, np.exp(_SHARPNESS * (similarities - nearest[:, None])), 0)
    shares = raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-300)
    return Copies(tokens, shares, nearest, np.where(nearest > 0, np.arange(places), 0))


def joined(parts: Sequence[Copies]) -> Copies:
    """The copies of several completions, one after the other."""
    return Copies(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def chances(copied: Copies, candidates: I64) -> F64:
    """The probability that copying gives to candidate tokens (places x any)."""
    result = np.zeros(candidates.shape)
    for column in range(copied.tokens.shape[1]):
        result += (copied.tokens[:, column, None] == candidates) * copied.shares[:, column, None]
    return result


def best(copied: Copies) -> I64:
    """The likeliest token at each place, NOTHING where no neighbour says any."""
    own = chances(copied, copied.tokens)
    own[copied.tokens == NOTHING] = -1
    at = own.argmax(axis=1)
    result: I64 = copied.tokens[np.arange(len(at)), at]
    return result
