"""The training examples whose prompts are nearest to a prompt: cosine of hashed n-grams, by an inverted index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.ngrams import Rows, features

#: At most so many examples are kept to be found, with so many tokens, and so many features of their prompts: when there
#: are more, each is found by its rarest ones.
MOST_EXAMPLES = 200_000
MOST_TOKENS = 6_000_000
MOST_POSTINGS = 6_000_000

#: How many neighbours answer together.
NEIGHBOURS = 6

#: Of a prompt the rarest features are looked up, so many that about so many examples are weighed, so that a long prompt
#: or one of common words takes no longer.
_LOOKED_UP = 96
_WEIGHED = 60_000

#: A neighbour is at least so near, beside the nearest, and on the whole.
_NEARLY, _NOTHING_SHARED = 0.3, 1e-3

#: A prompt that so many examples share says nothing; then the n-grams alone answer.
_SAID_TOO_OFTEN = 64


class Found(NamedTuple):
    """Examples, nearest first, and how similar their prompts are: 1 at most, and 2 for the very same prompt."""

    numbers: NDArray[np.int64]
    similarities: NDArray[np.float64]


class Query(NamedTuple):
    """A prompt as it is looked up."""

    features: NDArray[np.uint32]
    digest: int


class Neighbours:
    """Examples to be found. Feature i stands in the examples postings[starts[i]:starts[i+1]], ascending.

    The completion of example e is the tokens completions[bounds[e]:bounds[e+1]], END included.
    """

    def __init__(
        self,
        ids: NDArray[np.uint32],
        starts: NDArray[np.int64],
        postings: NDArray[np.int32],
        digests: NDArray[np.uint64],
        bounds: NDArray[np.int64],
        completions: NDArray[np.int32],
    ) -> None:
        self.ids, self.starts, self.postings = ids, starts, postings
        self.digests, self.bounds, self.completions = digests, bounds, completions
        self._by_digest = np.argsort(digests, kind="stable")
        self._sorted_digests = digests[self._by_digest]
        counts = np.diff(starts)
        self._weights = np.log((len(digests) + 1) / np.maximum(counts, 1)) ** 2
        squares = np.zeros(len(digests))
        np.add.at(squares, postings, np.repeat(self._weights, counts))
        self._scale = 1 / np.sqrt(np.maximum(squares, 1e-9))

    def __len__(self) -> int:
        return len(self.digests)

    def completion(self, number: int) -> NDArray[np.int32]:
        """The tokens of an example's completion, END included."""
        return self.completions[self.bounds[number] : self.bounds[number + 1]]

    def scores(self, query: Query) -> NDArray[np.float64]:
        """How similar each example is to a prompt."""
        at = np.searchsorted(self.ids, query.features)
        at = at[at < len(self.ids)]
        at = at[np.isin(self.ids[at], query.features)]
        at = at[np.argsort(-self._weights[at], kind="stable")[:_LOOKED_UP]]
        sizes = self.starts[at + 1] - self.starts[at]
        at = at[: max(int(np.searchsorted(np.cumsum(sizes), _WEIGHED)), 1)]
        found = [self.postings[self.starts[i] : self.starts[i + 1]] for i in at]
        scores: NDArray[np.float64] = np.zeros(len(self))
        if found:
            weights = np.repeat(self._weights[at], [len(part) for part in found])
            scores += np.bincount(np.concatenate(found), weights, len(self))
            scores *= self._scale / np.sqrt(max(float(self._weights[at].sum()), 1e-9))
        first = np.searchsorted(self._sorted_digests, np.uint64(query.digest))
        last = np.searchsorted(self._sorted_digests, np.uint64(query.digest), side="right")
        if last - first > _SAID_TOO_OFTEN:
            return np.zeros(len(self))
        scores = np.minimum(scores, 1.0)
        scores[self._by_digest[first:last]] = 2.0
        return scores


def nearest(scores: NDArray[np.float64]) -> Found:
    """The nearest examples. One that is not nearly as near as the nearest is none."""
    least = max(float(scores.max(initial=0.0)) * _NEARLY, _NOTHING_SHARED)
    numbers = np.flatnonzero(scores >= least)
    if len(numbers) > NEIGHBOURS:
        place = len(numbers) - NEIGHBOURS
        numbers = numbers[scores[numbers] >= np.partition(scores[numbers], place)[place]]
    # By score, then by number: not by the order in which a partition happens to leave them.
    numbers = numbers[np.argsort(-scores[numbers], kind="stable")][:NEIGHBOURS]
    return Found(numbers, scores[numbers])


def prompt_features(prompts: Sequence[str]) -> Rows:
    """What prompts are found by."""
    return features(prompts, window=0, characters=(3, 4))


def digest(prompt: str) -> int:
    """A number that only the very same prompt has."""
    return int.from_bytes(hashlib.blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def build(
    rows: Rows, digests: NDArray[np.uint64], bounds: NDArray[np.int64], completions: NDArray[np.int32]
) -> Neighbours:
    """Index examples given by their features."""
    owners = np.repeat(np.arange(len(digests), dtype=np.int32), np.diff(rows.starts))
    order = np.argsort(rows.ids, kind="stable")
    ids, starts = np.unique(rows.ids[order], return_index=True)
    starts = np.append(starts, len(order)).astype(np.int64)
    return Neighbours(ids.astype(np.uint32), starts, owners[order], digests, bounds, completions)
