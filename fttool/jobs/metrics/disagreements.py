"""The rows that models answer differently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fttool.jobs.metrics.labels import UNKNOWN, Labels, plain

if TYPE_CHECKING:
    from fttool.records.evaluation import Answer
    from fttool.records.metrics import Task


class Rows(NamedTuple):
    """One model's answers by row: a hash of what it says (0: it did not answer), and whether that is right."""

    said: Any
    right: Any


def rows(answers: Iterable[Answer], count: int, task: Task, labels: Labels) -> Rows:
    """What is needed to find disagreements: 9 bytes a row.

    Labels are compared as labels; texts without case, punctuation and spare white space.
    """
    import numpy as np
    import xxhash

    said, right = np.zeros(count, np.uint64), np.zeros(count, bool)
    for answer in answers:
        if answer.text is None:
            continue
        meant = meaning(answer, task, labels)
        said[answer.index] = max(1, xxhash.xxh3_64_intdigest(meant.encode("utf-8", "surrogatepass")))
        right[answer.index] = meant == (answer.expected.strip() if task == "classification" else plain(answer.expected))
    return Rows(said, right)


def meaning(answer: Answer, task: Task, labels: Labels) -> str:
    """What an answer comes down to."""
    text = answer.text or ""
    if task == "text":
        return plain(text)
    number = labels.answered(text, answer.finish_reason)
    return text.strip() if number == UNKNOWN else labels.names[number]


def find(models: Sequence[Rows]) -> Any:
    """The indexes of rows that all answered, but not alike: those that one model has right come first."""
    import numpy as np

    said = np.stack([each.said for each in models])
    right = np.stack([each.right for each in models])
    differ = (said != 0).all(axis=0) & (said != said[0]).any(axis=0)
    decided = right.any(axis=0)
    return np.concatenate([np.flatnonzero(differ & decided), np.flatnonzero(differ & ~decided)])


def texts(answers: Iterable[Answer], chosen: Mapping[int, int]) -> list[str | None]:
    """The texts of the answers to `chosen` rows (index -> place)."""
    found: list[str | None] = [None] * len(chosen)
    for answer in answers:
        if answer.index in chosen:
            found[chosen[answer.index]] = answer.text
    return found
