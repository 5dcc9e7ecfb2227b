"""What "auto" means, and what the hyperparameters come to."""

from __future__ import annotations

from math import ceil

from fttool.service.trainers import Hyperparameters, Plan

#: A batch is about this share of the file, so that an epoch has some 150 steps, within bounds.
_STEPS_PER_EPOCH = 150
_SMALLEST, _LARGEST = 8, 2_048

#: Epochs are as many as make so many steps, within bounds.
_STEPS = 2_000


def resolve(asked: Hyperparameters, examples: int, tokens: int, *, fewest: int, most: int) -> Plan:
    """Fill in what was left to choose. `tokens` are those of one epoch; epochs are chosen from `fewest` to `most`."""
    batch = asked.batch_size or min(max(examples // _STEPS_PER_EPOCH, _SMALLEST), _LARGEST)
    batch = min(batch, examples)
    steps = ceil(examples / batch)
    epochs = asked.n_epochs or min(max(_STEPS // steps, fewest), most)
    rate = 1.0 if asked.learning_rate_multiplier is None else asked.learning_rate_multiplier
    return Plan(epochs, batch, rate, steps, steps * epochs, tokens * epochs)
