"""A model small enough to know what it must answer: for tests of what is made of a model's probabilities."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from random import Random

import numpy as np

from fttool.service.trainers import END, Distribution, Scored


def distribution(probabilities: Mapping[str, float]) -> Distribution:
    """Candidates with these probabilities."""
    with np.errstate(divide="ignore"):
        return Distribution(list(probabilities), np.log(np.array(list(probabilities.values()), dtype=np.float32)))


class TinyModel:
    """Speaks in tokens of `words`; the probabilities of the next are drawn by a hash of all before."""

    def __init__(self, words: Sequence[str] = ("a", "b", "ab", "ba", " c"), end: float = 0.1) -> None:
        self.words = list(words)
        self.end = end

    def tokenize(self, text: str) -> list[str]:
        return re.findall(r"\s*\S+|\s+\Z", text)

    def score(self, text: str) -> list[Scored]:
        found: list[Scored] = []
        for token in self.tokenize(text):
            after = self._after("score", [scored.token for scored in found])
            top = sorted(zip(after.tokens, after.logprobs.tolist(), strict=True), key=lambda pair: -pair[1])
            found.append(Scored(token, -1.5, top))
        return found

    def begin(self, prompt: str) -> TinyContinuation:
        return TinyContinuation(self, prompt)

    def _after(self, prompt: str, so_far: Sequence[str]) -> Distribution:
        random = Random(zlib.crc32("\0".join([prompt, *so_far]).encode()))
        weights = [random.random() + 0.01 for _ in self.words]
        share = (1 - self.end) / sum(weights)
        return distribution(
            {**{word: weight * share for word, weight in zip(self.words, weights, strict=True)}, END: self.end}
        )


class TinyContinuation:
    """A prompt being answered. It counts how often it was asked."""

    def __init__(self, model: TinyModel, prompt: str) -> None:
        self.model = model
        self.prompt = prompt
        self.asked = 0

    def next(self, so_far: Sequence[str]) -> Distribution:
        self.asked += 1
        return self.model._after(self.prompt, so_far)


class Scripted:
    """Answers every prompt with the same distributions, one after the other; END when they are used up."""

    def __init__(self, *steps: Mapping[str, float]) -> None:
        self.steps = [distribution(step) for step in steps]

    def tokenize(self, text: str) -> list[str]:
        return re.findall(r"\s*\S+|\s+\Z", text)

    def score(self, text: str) -> list[Scored]:
        return [Scored(token, -0.5, [(token, -0.5), ("other", -1.0)]) for token in self.tokenize(text)]

    def begin(self, prompt: str) -> Scripted:
        return self

    def next(self, so_far: Sequence[str]) -> Distribution:
        return self.steps[len(so_far)] if len(so_far) < len(self.steps) else distribution({END: 1.0})
