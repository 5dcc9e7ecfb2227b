"""Training on labels: the classifier's mini-batches, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import Examples, StepMetrics, Task, Validation
from fttool.service.trainers.baseline import label_model
from fttool.service.trainers.baseline.census import Census, blocks
from fttool.service.trainers.baseline.frame import Frame, frame_of
from fttool.service.trainers.baseline.hyperparameters import resolve
from fttool.service.trainers.baseline.label_model import LabelDocument, LabelModel
from fttool.service.trainers.baseline.ngrams import features
from fttool.service.trainers.baseline.order import Order, sample
from fttool.service.trainers.baseline.progress import read_step, write_step
from fttool.service.trainers.baseline.softmax import Measured, Softmax
from fttool.service.trainers.baseline.spool import Spool
from fttool.service.trainers.baseline.storage import check
from fttool.service.trainers.baseline.tokens import MOST_PROMPT_KINDS, tokenize
from fttool.service.trainers.baseline.vectors import Frequencies, Vectoriser, choose

#: Weights are at most so many in all (96 MB), and features at most so many however few the labels are.
MOST_WEIGHTS = 24_000_000
MOST_FEATURES = 300_000

#: So many validation examples are measured at a time.
_CHUNK = 256


class LabelRun:
    """A training on labels in progress."""

    def __init__(self, task: Task, census: Census, ending: str, parent: LabelModel | None) -> None:
        self._task = task
        found = [completion.removesuffix(ending) for completion in census.completions]
        frame = parent.document.frame if parent else frame_of(census.prefix, census.suffix, census.examples)
        labels = list(dict.fromkeys([*(parent.labels if parent else ()), *sorted(found)]))
        numbers = {label: number for number, label in enumerate(labels)}
        frequencies = Frequencies()
        self._train = _Data(task.scratch / "train", frame, numbers, ending)
        self._train.read(task.train, task.alive, frequencies)
        most = min(MOST_FEATURES, MOST_WEIGHTS // len(labels))
        vectoriser = _extended(parent.vectoriser if parent else None, frequencies, most)
        self._valid: _Data | None = None
        if task.valid is not None:
            self._valid = _Data(task.scratch / "valid", frame, numbers, ending)
            self._valid.read(task.valid, task.alive)
        self.plan = resolve(task.hyperparameters, census.examples, census.tokens, fewest=4, most=20)
        document = LabelDocument(
            labels, ending, frame, census.prompt_tokens.most_common(MOST_PROMPT_KINDS), len(vectoriser.ids)
        )
        self._model = LabelModel(document, vectoriser, _grown(parent, vectoriser, len(labels)))
        self.step = 0
        if task.resume is not None:
            self._resume(task.resume)
        self._order = Order(census.examples, self.plan, task.seed)
        self.note = (
            f"The completions are labels ({len(set(found)):,} different): training a classifier on"
            f" {len(vectoriser.ids):,} features of words and characters."
        )

    def advance(self) -> StepMetrics:
        """Train the next mini-batch."""
        chosen = self._order.batch(self.step)
        rate = self.plan.learning_rate_multiplier * (1 - self.step / self.plan.total_steps)
        vectors = self._model.vectoriser.vectors(self._train.spool.read(chosen))
        measured = self._model.softmax.step(vectors, self._train.labels[chosen], rate)
        self.step += 1
        right = float(measured.right.mean())
        tokens = int(self._train.tokens[chosen].sum())
        return StepMetrics(float(measured.losses.mean()), right, right, tokens, len(chosen))

    def validate(self, *, full: bool) -> Validation:
        """Measure the validation file, or a batch of it."""
        if self._valid is None or not len(self._valid):
            raise ValueError("there are no validation examples")
        count = len(self._valid)
        rows = np.arange(count) if full else sample(count, self.plan.batch_size, self._task.seed, self.step)
        parts: list[Measured] = []
        for start in range(0, len(rows), _CHUNK):
            self._task.alive()
            chosen = rows[start : start + _CHUNK]
            vectors = self._model.vectoriser.vectors(self._valid.spool.read(chosen))
            parts.append(self._model.softmax.measure(vectors, self._valid.labels[chosen]))
        right = float(np.concatenate([part.right for part in parts]).mean())
        return Validation(float(np.concatenate([part.losses for part in parts]).mean()), right, right)

    def save(self, folder: Path) -> None:
        """Write the model, and the step it has reached."""
        self._model.save(folder)
        write_step(folder, self.step, self.plan)

    def _resume(self, folder: Path) -> None:
        model = label_model.load(folder)
        same = np.array_equal(model.vectoriser.ids, self._model.vectoriser.ids) and model.labels == self._model.labels
        check(same, "it was trained on another file")
        self._model = model
        self.step = read_step(folder, self.plan)


class _Data:
    """A file's examples as features, labels and counts of tokens, by row."""

    def __init__(self, path: Path, frame: Frame, numbers: dict[str, int], ending: str) -> None:
        self.spool = Spool(path)
        self.labels: NDArray[np.int64] = np.zeros(0, np.int64)
        self.tokens: NDArray[np.int64] = np.zeros(0, np.int64)
        self._frame = frame
        self._numbers = numbers
        self._ending = ending

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, examples: Examples, alive: Callable[[], None], frequencies: Frequencies | None = None) -> None:
        """Read the file once."""
        labels: list[int] = []
        tokens: list[int] = []
        for block in blocks(examples):
            rows = features([self._frame.inner(example.prompt) for example in block])
            self.spool.add(rows)
            if frequencies is not None:
                frequencies.add(rows)
            for example in block:
                labels.append(self._numbers.get(example.completion.removesuffix(self._ending), -1))
                tokens.append(len(tokenize(example.prompt)) + len(tokenize(example.completion)))
            alive()
        self.spool.finish()
        self.labels = np.array(labels, np.int64)
        self.tokens = np.array(tokens, np.int64)


def _extended(parent: Vectoriser | None, frequencies: Frequencies, most: int) -> Vectoriser:
    """The features of the file, besides those of the parent, which keep their weights."""
    ids, weights = choose(frequencies, most)
    if parent is None:
        return Vectoriser(ids, weights)
    fresh = ~np.isin(ids, parent.ids)
    room = max(most - len(parent.ids), 0)
    ids, weights = ids[fresh][:room], weights[fresh][:room]
    together = np.concatenate([parent.ids, ids])
    order = np.argsort(together, kind="stable")
    return Vectoriser(together[order], np.concatenate([parent.weights, weights])[order])


def _grown(parent: LabelModel | None, vectoriser: Vectoriser, labels: int) -> Softmax:
    """Weights for these features and labels; what the parent knows goes on."""
    grown = Softmax.new(len(vectoriser.ids), labels)
    if parent is not None:
        rows = np.searchsorted(vectoriser.ids, parent.vectoriser.ids)
        before = parent.softmax
        grown.weights[rows, : len(parent.labels)] = before.weights
        grown.history[rows] = before.history
        grown.bias[: len(parent.labels)] = before.bias
        grown.bias_history[:] = before.bias_history
    return grown
