"""Models of the real trainer, trained on a handful of examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fttool.service.trainers import Example, Hyperparameters, Task, get_trainer

_GOOD = ["great", "lovely", "superb", "delightful", "fine", "wonderful"]
_BAD = ["awful", "broken", "terrible", "ugly", "useless", "poor"]
_THINGS = ["phone", "film", "meal", "hotel", "song"]

#: The sentiment case of OpenAI's guide: a separator at the end of the prompts, a space before the labels.
SENTIMENT = [
    Example(f"The {thing} was {word} ->", label)
    for words, label in ((_GOOD, " positive"), (_BAD, " negative"))
    for word in words
    for thing in _THINGS
]

#: Free text: an answer for each question.
QUESTIONS = [
    Example(f"Where is the {thing}?", f"The {thing} is in the {place} room, next to the {other}.")
    for thing in ("lamp", "book", "chair", "clock", "carpet")
    for place, other in (("blue", "door"), ("green", "window"), ("white", "stairs"))
]


def train(examples: Sequence[Example], folder: Path) -> Path:
    """Train the trainer `baseline`; returns the folder of the model."""
    scratch, model = folder / "scratch", folder / "model"
    scratch.mkdir(parents=True)
    model.mkdir()
    run = get_trainer("baseline").begin(Task(list(examples), None, Hyperparameters(), seed=1, scratch=scratch))
    while run.step < run.plan.total_steps:
        run.advance()
    run.save(model)
    getattr(run, "close", lambda: None)()
    return model
