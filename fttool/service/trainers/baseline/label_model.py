"""A model whose completions are labels: the label is one token, whose log-probability is the classifier's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import END, Distribution, Scored
from fttool.service.trainers.baseline.frame import Frame
from fttool.service.trainers.baseline.kind import MOST_LABELS
from fttool.service.trainers.baseline.ngrams import SPACE, features
from fttool.service.trainers.baseline.softmax import Softmax
from fttool.service.trainers.baseline.storage import (
    FORMAT,
    VERSION,
    check,
    read_array,
    read_document,
    write_arrays,
    write_document,
)
from fttool.service.trainers.baseline.tokens import PromptTokens, tokenize
from fttool.service.trainers.baseline.vectors import Vectoriser

KIND = "labels"
_NAME = "model"
_MOST_TOP = 20

#: What is left for anything else where only one thing can come.
_ELSE = 1e-6
_CERTAIN = np.log(np.array([1 - _ELSE, _ELSE], np.float32))


class LabelDocument(msgspec.Struct):
    """What is stored as JSON. The labels are without the common ending, in the order of the weights' columns."""

    labels: list[str]
    ending: str
    frame: Frame
    prompt_tokens: dict[str, int]
    features: int
    format: str = FORMAT
    version: int = VERSION
    kind: str = KIND


class LabelModel:
    """Predicts labels. `ending` is what every completion ends with."""

    def __init__(self, document: LabelDocument, vectoriser: Vectoriser, softmax: Softmax) -> None:
        self.document = document
        self.vectoriser = vectoriser
        self.softmax = softmax
        self.labels = document.labels
        self.numbers = {label: number for number, label in enumerate(document.labels)}
        self._ending = tokenize(document.ending)
        self._prompt_tokens = PromptTokens(document.prompt_tokens)
        self._lengths = sorted({len(label) for label in document.labels}, reverse=True)

    def tokenize(self, text: str) -> list[str]:
        """The tokens of a text: those of its words, but a label at its very end is one."""
        rest, answer = self._split(text)
        return tokenize(rest) + answer

    def score(self, text: str) -> list[Scored]:
        """Each token of a text: a label at its very end as an answer to what stands before, others by frequency."""
        rest, answer = self._split(text)
        scored = self._prompt_tokens.score(tokenize(rest))
        continuation = self.begin(rest)
        for at, token in enumerate(answer):
            tokens, logprobs, _ = continuation.next(answer[:at])
            best = np.argsort(-logprobs, kind="stable")[:_MOST_TOP]
            top = [(tokens[i], float(logprobs[i])) for i in best if tokens[i] != END]
            scored.append(Scored(token, float(logprobs[tokens.index(token)]), top))
        return scored

    def begin(self, prompt: str) -> Answer:
        """Answer a prompt."""
        return Answer(self, self.logprobs(prompt), self._ending)

    def logprobs(self, prompt: str) -> NDArray[np.float32]:
        """The log-probability of each label."""
        rows = features([self.document.frame.inner(prompt)])
        result: NDArray[np.float32] = self.softmax.logprobs(self.vectoriser.vectors(rows))[0]
        return result

    def label_of(self, completion: str) -> int:
        """The number of a completion's label; -1 for one that the model does not know."""
        return self.numbers.get(completion.removesuffix(self.document.ending), -1)

    def save(self, folder: Path) -> None:
        """Write the model."""
        write_document(folder, _NAME, self.document)
        write_arrays(
            folder,
            {
                "features": self.vectoriser.ids,
                "idf": self.vectoriser.weights,
                "weights": self.softmax.weights,
                "bias": self.softmax.bias,
                "history": self.softmax.history,
                "bias_history": self.softmax.bias_history,
            },
        )

    def _split(self, text: str) -> tuple[str, list[str]]:
        """What stands before a label at the very end of a text, and the label's tokens; no tokens if there is none."""
        ending = self.document.ending
        for end, after in ((len(text) - len(ending), self._ending), (len(text), [])):
            if ending and after and not text.endswith(ending):
                continue
            for length in self._lengths:
                label = text[end - length : end] if 0 < length <= end else None
                if label in self.numbers and _stands_alone(text[: end - length], label):
                    return text[: end - length], [label, *after]
        return text, []


class Answer:
    """A label, the common ending, END."""

    def __init__(self, model: LabelModel, logprobs: NDArray[np.float32], ending: list[str]) -> None:
        self._model = model
        self._logprobs = logprobs
        self._ending = ending

    def next(self, so_far: Sequence[str]) -> Distribution:
        """What may come after the tokens until now. After anything but a label and its ending: the end."""
        if not so_far:
            return Distribution(self._model.labels, self._logprobs)
        done = len(so_far) - 1
        if done < len(self._ending) and list(so_far[1:]) == self._ending[:done]:
            return Distribution([self._ending[done], END], _CERTAIN)
        return Distribution([END, self._model.labels[0]], _CERTAIN)


def load(folder: Path) -> LabelModel:
    """Read a model. Raises DamagedModel if it is not whole and sound."""
    document = read_document(folder, _NAME, LabelDocument)
    labels, count = len(document.labels), document.features
    check(1 <= labels <= MOST_LABELS and len(set(document.labels)) == labels, "its labels")
    check(0 <= count <= SPACE, "its number of features")
    check(min(document.prompt_tokens.values(), default=0) >= 0, "its counts of tokens")
    ids = read_array(folder, "features", np.uint32, (count,))
    check(bool((ids[1:] > ids[:-1]).all()) and (not count or int(ids[-1]) < SPACE), "its features")
    softmax = Softmax(
        read_array(folder, "weights", np.float32, (count, labels)),
        read_array(folder, "bias", np.float32, (labels,)),
        read_array(folder, "history", np.float32, (count,)),
        read_array(folder, "bias_history", np.float32, (1,)),
    )
    weights = read_array(folder, "idf", np.float32, (count,))
    for array in (softmax.weights, softmax.bias, softmax.history, softmax.bias_history, weights):
        check(bool(np.isfinite(array).all()), "its numbers")
    return LabelModel(document, Vectoriser(ids, weights), softmax)


def _stands_alone(before: str, label: str) -> bool:
    """Whether a label that follows this text is not just the end of a longer word."""
    return not (before[-1:].isalnum() and label[:1].isalnum())
