"""Small data and short trainings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fttool.service.trainers import END, Example, Hyperparameters, Model, Run, StepMetrics, Task, get_trainer

_MOODS = {
    "positive": ["great", "lovely", "superb", "delightful", "fine", "wonderful"],
    "negative": ["awful", "broken", "terrible", "ugly", "useless", "poor"],
    "neutral": ["grey", "square", "heavy", "wooden", "average", "usual"],
}
_THINGS = ["phone", "film", "meal", "hotel", "song", "chair", "lamp"]


def moods(separator: str = " ->", ending: str = "", labels: int = 3) -> list[Example]:
    """Examples of two or three labels that words decide."""
    return [
        Example(f"The {thing} was {word}{separator}", f" {label}{ending}")
        for label in list(_MOODS)[:labels]
        for word in _MOODS[label]
        for thing in _THINGS
    ]


def questions(ending: str = " END", count: int = 60) -> list[Example]:
    """Examples of free text: each question has an answer of its own."""
    places = ["kitchen", "cellar", "garden", "attic", "hall", "shed"]
    return [
        Example(
            f"Where did you put number {i} of the {_THINGS[i % 7]}s?\n\n###\n\n",
            f" The {_THINGS[i % 7]} with number {i} is in the {places[i % 6]}, near shelf {i * 37 % 101}.{ending}",
        )
        for i in range(count)
    ]


def begin(
    examples: Sequence[Example],
    scratch: Path,
    *,
    valid: Sequence[Example] | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    seed: int = 7,
    parent: Path | None = None,
    resume: Path | None = None,
) -> Run:
    """A training, ready for its first step."""
    scratch.mkdir(parents=True, exist_ok=True)
    task = Task(
        list(examples),
        None if valid is None else list(valid),
        Hyperparameters(epochs, batch, rate),
        seed,
        scratch,
        parent,
        resume,
    )
    return get_trainer("baseline").begin(task)


def finish(run: Run, steps: int | None = None) -> list[StepMetrics]:
    """Train so many steps, or all that are left."""
    return [run.advance() for _ in range(run.plan.total_steps - run.step if steps is None else steps)]


def save(run: Run, folder: Path) -> Path:
    """Save into a new folder."""
    folder.mkdir(parents=True)
    run.save(folder)
    return folder


def trained(examples: Sequence[Example], folder: Path, **options: int | float | Path | None) -> Model:
    """Train, save, load."""
    run = begin(examples, folder / "scratch", **options)  # type: ignore[arg-type]
    finish(run)
    return get_trainer("baseline").load(save(run, folder / "model"))


def answer(model: Model, prompt: str, most: int = 200) -> list[str]:
    """The likeliest tokens, one after the other, until the end."""
    continuation = model.begin(prompt)
    said: list[str] = []
    while len(said) < most:
        tokens, logprobs, _ = continuation.next(said)
        token = tokens[int(logprobs.argmax())]
        if token == END:
            return said
        said.append(token)
    return said
