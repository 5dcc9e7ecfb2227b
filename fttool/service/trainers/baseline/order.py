"""Which examples each step trains on: a shuffle of the file for each epoch, by seed and epoch alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import Plan


class Order:
    """The order of the examples. Asking again gives the same answer."""

    def __init__(self, examples: int, plan: Plan, seed: int) -> None:
        self._examples = examples
        self._plan = plan
        self._seed = seed
        self._epoch = -1
        self._shuffled: NDArray[np.int64] = np.zeros(0, np.int64)

    def epoch(self, number: int) -> NDArray[np.int64]:
        """All row numbers in the order of an epoch, which counts from 0."""
        if number != self._epoch:
            self._shuffled = _chance(self._seed, number).permutation(self._examples)
            self._epoch = number
        return self._shuffled

    def batch(self, step: int) -> NDArray[np.int64]:
        """The row numbers of a step, which counts from 0. The last batch of an epoch may be smaller."""
        number, place = divmod(step, self._plan.steps_per_epoch)
        start = place * self._plan.batch_size
        return self.epoch(number)[start : start + self._plan.batch_size]


def sample(rows: int, size: int, seed: int, step: int) -> NDArray[np.int64]:
    """The rows of a validation file that are measured after a step."""
    return _chance(seed, step, 1).permutation(rows)[:size]


def _chance(seed: int, *place: int) -> np.random.Generator:
    """Named by its algorithm: numpy may change what its default is."""
    return np.random.Generator(np.random.PCG64([seed & 0xFFFF_FFFF_FFFF_FFFF, *place]))
