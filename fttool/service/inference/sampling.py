"""One token out of a distribution: penalties, temperature, nucleus, chance.

The order is OpenAI's: penalties change the logits, temperature scales them, top_p cuts what is left. What is reported
as log-probabilities is the model's own distribution, before all of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.refusals import SERVER, Refusal
from fttool.service.trainers import Distribution

#: What OpenAI sends for a token that is all but impossible. JSON has no -Infinity.
LEAST_LOGPROB = -9999.0

#: Probabilities within this of each other at the border of the nucleus are rounding, not a difference.
_ROUNDING = 1e-9


class UnusableDistribution(Refusal):
    """A model gave probabilities from which nothing can be chosen (NaN, or none at all)."""

    def __init__(self) -> None:
        message = "The model's numbers are no probabilities: its files are damaged; train it again"
        super().__init__(500, message, type=SERVER, code="model_damaged", param="model")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose. Temperature 0 takes the likeliest token; top_p is the share of the likeliest tokens to keep."""

    temperature: float = 1.0
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0


class Chosen(NamedTuple):
    """A token, its own log-probability, and the best candidates at its place, best first."""

    token: str
    logprob: float
    top: list[tuple[str, float]]


def choose(
    distribution: Distribution, sampling: Sampling, counts: Mapping[str, int], random: Random, top: int = 0
) -> Chosen:
    """Choose the next token.

    `counts` says how often each token was generated until now. `top` is how many of the best candidates to report.

    Raises:
        UnusableDistribution: the model's numbers are no probabilities.
    """
    tokens, logprobs, sharpness = distribution
    at = _pick(_weighed(tokens, logprobs, sampling, counts), sampling, sharpness, random)
    return Chosen(tokens[at], finite(float(logprobs[at])), best(distribution, top))


def best(distribution: Distribution, count: int) -> list[tuple[str, float]]:
    """The `count` likeliest candidates, best first; of equals, those that stand first."""
    if not count:
        return []
    tokens, logprobs, _ = distribution
    values = np.nan_to_num(logprobs, nan=-np.inf, neginf=-np.inf)
    if count < len(values):
        # All that reach the count-th largest: partitioning alone would choose among equals by chance.
        border = np.partition(values, -count)[-count]
        candidates = np.flatnonzero(values >= border)
        order = candidates[np.argsort(-values[candidates], kind="stable")][:count]
    else:
        order = np.argsort(-values, kind="stable")
    return [(tokens[at], finite(float(values[at]))) for at in order]


def finite(logprob: float) -> float:
    """A log-probability that JSON can hold."""
    return logprob if logprob >= LEAST_LOGPROB else LEAST_LOGPROB  # NaN is not >= anything


def _weighed(
    tokens: Sequence[str], logprobs: NDArray[np.float32], sampling: Sampling, counts: Mapping[str, int]
) -> NDArray[np.float64]:
    """The log-probabilities with penalties: minus count x frequency, minus presence if it was there at all."""
    values = logprobs.astype(np.float64)
    if counts and (sampling.presence_penalty or sampling.frequency_penalty):
        for at, token in enumerate(tokens):
            count = counts.get(token)
            if count:
                values[at] -= sampling.presence_penalty + count * sampling.frequency_penalty
    return values


def _pick(values: NDArray[np.float64], sampling: Sampling, sharpness: float, random: Random) -> int:
    """The index of the token chosen."""
    likeliest = int(np.argmax(values)) if len(values) else 0
    if not len(values) or not np.isfinite(values[likeliest]):
        raise UnusableDistribution
    if sampling.temperature <= 0 or sampling.top_p <= 0:
        return likeliest
    # Relative to the likeliest, so that a small temperature cannot overflow; what is far below becomes 0.
    with np.errstate(under="ignore", over="ignore"):
        weights = np.exp((values - values[likeliest]) * sharpness / sampling.temperature)
    if sampling.top_p < 1:
        _keep_nucleus(weights, sampling.top_p)
    sums = np.cumsum(weights)
    at = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
    return min(at, len(values) - 1)


def _keep_nucleus(weights: NDArray[np.float64], share: float) -> None:
    """Zero all but the smallest set of the likeliest that holds `share` of the whole."""
    order = np.argsort(-weights, kind="stable")
    sums = np.cumsum(weights[order])
    kept = int(np.searchsorted(sums, share * sums[-1] * (1 - _ROUNDING))) + 1
    weights[order[kept:]] = 0.0
