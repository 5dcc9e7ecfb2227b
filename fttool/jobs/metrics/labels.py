"""Which class an answer names, and how sure the model was of each."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fttool.records.evaluation import Answer
    from fttool.records.metrics import Task

#: The number of an answer that is no known label.
UNKNOWN = -1

_WORDS = re.compile(r"\w+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Labels:
    """The known labels in order, each with its number. White space around a label is not part of it."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names: tuple[str, ...] = tuple(ordered({name.strip() for name in names}))
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._plain: dict[str, int] = {}
        for number, name in enumerate(self.names):
            self._plain.setdefault(plain(name), number)
        self._begun: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, label: str) -> int:
        """The number of a label, or UNKNOWN."""
        return self._numbers.get(label.strip(), UNKNOWN)

    def answered(self, text: str, finish_reason: str | None) -> int:
        """The label that an answer names, or UNKNOWN.

        An answer that was cut (only one token was asked for) may be the beginning of a label, if it is of one only.
        """
        number = self.number(text)
        if number == UNKNOWN and finish_reason == "length":
            return self.begun(text)
        return number

    def begun(self, text: str) -> int:
        """The label that `text` is, or the only one that begins with it; else UNKNOWN."""
        text = text.strip()
        if text not in self._begun:
            found = self._numbers.get(text)
            if found is None and text:
                beginning = [number for name, number in self._numbers.items() if name.startswith(text)]
                found = beginning[0] if len(beginning) == 1 else None
            if len(self._begun) > 100_000:  # odd tokens without end: forget them
                self._begun.clear()
            self._begun[text] = UNKNOWN if found is None else found
        return self._begun[text]

    def close_to(self, text: str) -> str | None:
        """The label that `text` is but for case and punctuation."""
        number = self._plain.get(plain(text))
        return None if number is None else self.names[number]

    def probabilities(self, logprobs: Mapping[str, float]) -> dict[int, float]:
        """What the first tokens give to each label: of tokens that begin several labels, nothing."""
        found: dict[int, float] = {}
        for token, logprob in logprobs.items():
            number = self.begun(token)
            if number != UNKNOWN:
                found[number] = min(found.get(number, 0.0) + math.exp(min(logprob, 0.0)), 1.0)
        return found


def log_odds(probabilities: Mapping[int, float], logprobs: Mapping[str, float], positive: int) -> float | None:
    """How much likelier the positive of two labels (0 and 1) is than the other; None if neither was among the tokens.

    A label that is not among the tokens told has at most what is left over, and no more than the least of them.
    """
    if not probabilities:
        return None
    told = [math.exp(min(each, 0.0)) for each in logprobs.values()]
    bound = max(min(min(told), 1 - sum(told)), 1e-12)
    given = [math.log(max(probabilities.get(number, bound), 1e-300)) for number in (positive, 1 - positive)]
    return given[0] - given[1]


def ordered(names: Iterable[str]) -> list[str]:
    """Labels in the order they are shown in: numbers by size, words by letters."""
    found = list(names)
    if all(_NUMBER.fullmatch(name) for name in found):
        return sorted(found, key=lambda name: (float(name), name))
    return sorted(found)


def plain(text: str) -> str:
    """`text` without case, punctuation and spare white space, for comparing."""
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def find_labels(answers: Iterable[Answer]) -> Labels:
    """The labels that are expected in these rows."""
    return Labels({each.expected.strip() for each in answers})


def guess_task(labels: int, examples: int) -> Task:
    """Whether what is expected are labels: as the legacy tool had it, three examples for each different one."""
    return "classification" if labels * 3 <= examples and labels > 1 else "text"
