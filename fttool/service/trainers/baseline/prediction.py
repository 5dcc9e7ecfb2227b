"""Neighbours, n-grams and mixture together: what they give to tokens, in training and when answering."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline import copying
from fttool.service.trainers.baseline.copying import NOTHING, Copies
from fttool.service.trainers.baseline.mixture import Mixture, Places
from fttool.service.trainers.baseline.ngram_counts import NGrams, Sequences
from fttool.service.trainers.baseline.vocabulary import UNKNOWN_ID

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class Parts(NamedTuple):
    """What each part gives to candidates (places x candidates x parts), the parts' weights, and what decided them."""

    probabilities: F64
    weights: F64
    places: Places

    def mixed(self) -> F64:
        """The mixture's probabilities (places x candidates)."""
        result: F64 = np.einsum("pcm,pm->pc", self.probabilities, self.weights)
        return result


class Judged(NamedTuple):
    """Given completions, measured: each token's loss in nats, and whether it was the likeliest."""

    losses: F64
    right: NDArray[np.bool_]
    parts: Parts


def parts(
    mixture: Mixture, ngrams: NGrams, said: Sequences, copied: Copies, candidates: I64, *, own: bool = False
) -> Parts:
    """The probabilities of candidates at each place."""
    counted = ngrams.say(said, candidates, own=said if own else None)
    places = Places(copied.similarities, copied.agreed, counted.seen[:, 0], counted.seen[:, 1])
    everything = np.full((*candidates.shape, 1), 1 / len(ngrams.unigrams))
    copy = copying.chances(copied, candidates)[:, :, None]
    available = np.ones((len(candidates), 5), bool)
    available[:, 0] = copied.similarities > 0
    available[:, 1:4] = counted.seen > 0
    weights = mixture.weights(places, available)
    return Parts(np.concatenate([copy, counted.probabilities, everything], axis=2), weights, places)


def judge(mixture: Mixture, ngrams: NGrams, said: Sequences, copied: Copies, *, own: bool = False) -> Judged:
    """Measure completions. With `own`, as if they had not been counted.

    A token is right if it is likelier in the mixture than the likeliest tokens of each part, or is the likeliest of
    them. (What is likeliest in the mixture but in none of its parts is so rare that looking for it is not worth it.)
    """
    rivals = np.concatenate([copying.best(copied)[:, None], ngrams.best(said)], axis=1)
    rivals = np.where(rivals == NOTHING, rivals[:, 3:], rivals)
    found = parts(mixture, ngrams, said, copied, np.concatenate([said.tokens[:, None], rivals], axis=1), own=own)
    mixed = found.mixed()
    known = said.tokens != UNKNOWN_ID
    same = rivals == said.tokens[:, None]
    strongest = np.where(same, 0, mixed[:, 1:]).max(axis=1)
    right = known & ((mixed[:, 0] > strongest) | (same.any(axis=1) & (mixed[:, 0] == strongest)))
    first = Parts(found.probabilities[:, :1], found.weights, found.places)
    return Judged(-np.log(np.maximum(mixed[:, 0], 1e-30)), right, first)
