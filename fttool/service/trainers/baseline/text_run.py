"""Training on free text: each mini-batch is predicted from neighbours and n-grams, and then learnt from.

In the first epoch a batch is predicted from the batches before it only, then counted. In later epochs everything is
known, so each example is predicted as if it alone were not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import StepMetrics, Task, Validation
from fttool.service.trainers.baseline import text_files
from fttool.service.trainers.baseline.census import Census
from fttool.service.trainers.baseline.copying import copies, joined
from fttool.service.trainers.baseline.counts import Counts
from fttool.service.trainers.baseline.frame import frame_of
from fttool.service.trainers.baseline.hyperparameters import resolve
from fttool.service.trainers.baseline.mixture import Mixture
from fttool.service.trainers.baseline.neighbours import Found, nearest
from fttool.service.trainers.baseline.ngram_counts import NGrams, Sequences, sequences
from fttool.service.trainers.baseline.order import Order, sample
from fttool.service.trainers.baseline.prediction import Judged, judge
from fttool.service.trainers.baseline.progress import read_step, write_step
from fttool.service.trainers.baseline.shelf import Shelf, only_first
from fttool.service.trainers.baseline.storage import check
from fttool.service.trainers.baseline.text_data import TextData
from fttool.service.trainers.baseline.text_model import TextModel
from fttool.service.trainers.baseline.tokens import MOST_PROMPT_KINDS, PromptTokens
from fttool.service.trainers.baseline.vocabulary import MOST_KINDS, Vocabulary

#: So many validation examples are measured at a time.
_CHUNK = 64


class TextRun:
    """A training on free text in progress."""

    def __init__(self, task: Task, census: Census, parent: TextModel | None) -> None:
        self._task = task
        frame = parent.frame if parent else frame_of(census.prefix, census.suffix, census.examples)
        vocabulary = (parent.vocabulary if parent else Vocabulary([])).extended(
            census.completion_tokens.most_common(MOST_KINDS)
        )
        self.plan = resolve(task.hyperparameters, census.examples, census.tokens, fewest=2, most=4)
        self._order = Order(census.examples, self.plan, task.seed)
        self._train = TextData(task.train, task.scratch, "train", frame, vocabulary, task.alive)
        self._valid: TextData | None = None
        if task.valid is not None:
            self._valid = TextData(task.valid, task.scratch, "valid", frame, vocabulary, task.alive)
        self._shelf = Shelf(self._train, self._order.epoch(0), parent.neighbours if parent else None)
        task.alive()
        unigrams = np.zeros(len(vocabulary), np.int64)
        bigrams, trigrams, mixture = Counts(), Counts(), Mixture.new()
        if parent is not None:
            unigrams[: len(parent.ngrams.unigrams)] = parent.ngrams.unigrams
            bigrams, trigrams, mixture = parent.ngrams.bigrams, parent.ngrams.trigrams, parent.mixture
        self._ngrams = NGrams(unigrams, bigrams, trigrams)
        self._mixture = mixture
        self._frame, self._vocabulary = frame, vocabulary
        self._prompt_tokens = PromptTokens(census.prompt_tokens.most_common(MOST_PROMPT_KINDS))
        self._others: dict[int, Found] = {}
        self.step = 0
        if task.resume is not None:
            self._resume(task.resume)
        self.note = "The completions are free text: training nearest examples and n-grams."
        if self._shelf.left_out:
            kept = len(self._train) - self._shelf.left_out
            self.note += f" For want of room, {kept:,} of the {len(self._train):,} examples can be found as neighbours."

    def advance(self) -> StepMetrics:
        """Train the next mini-batch."""
        chosen = self._order.batch(self.step)
        first = self.step < self.plan.steps_per_epoch
        said = self._said(self._train, chosen)
        find = self._earlier if first else self._find_others
        judged = self._judge(self._train, chosen, said, find, own=not first)
        rate = self.plan.learning_rate_multiplier * (1 - self.step / self.plan.total_steps)
        parts = judged.parts
        self._mixture.learn(parts.places, parts.weights, parts.probabilities[:, 0], rate)
        if first:
            self._ngrams.add(said)
        self.step += 1
        return StepMetrics(*_measures(judged, said), int(self._train.tokens[chosen].sum()), len(chosen))

    def validate(self, *, full: bool) -> Validation:
        """Measure the validation file, or a batch of it."""
        if self._valid is None or not len(self._valid):
            raise ValueError("there are no validation examples")
        count = len(self._valid)
        rows = np.arange(count) if full else sample(count, self.plan.batch_size, self._task.seed, self.step)
        seen = self._seen()
        totals = np.zeros(3)
        tokens = 0
        for start in range(0, len(rows), _CHUNK):
            chosen = rows[start : start + _CHUNK]
            said = self._said(self._valid, chosen)
            judged = self._judge(self._valid, chosen, said, lambda _, scores: nearest(scores[:seen]), own=False)
            size = len(said.tokens)
            totals += np.array(_measures(judged, said)) * (size, size, len(chosen))
            tokens += size
        loss, right, whole = totals / (tokens, tokens, len(rows))
        return Validation(float(loss), float(right), float(whole))

    def save(self, folder: Path) -> None:
        """Write the model, of what was seen until now, and the step it has reached."""
        text_files.save(self._model(), folder)
        write_step(folder, self.step, self.plan)

    def _model(self) -> TextModel:
        neighbours = only_first(self._shelf.neighbours, self._seen())
        return TextModel(self._vocabulary, self._frame, self._prompt_tokens, neighbours, self._ngrams, self._mixture)

    def _resume(self, folder: Path) -> None:
        model = text_files.load(folder)
        check(model.vocabulary.tokens == self._vocabulary.tokens, "it was trained on another file")
        self._ngrams, self._mixture = model.ngrams, model.mixture
        self.step = read_step(folder, self.plan)

    def _seen(self) -> int:
        """How many of the examples to find have been trained on."""
        return self._shelf.seen(self.step * self.plan.batch_size)

    def _said(self, data: TextData, chosen: NDArray[np.int64]) -> Sequences:
        rows = data.completions.read(chosen)
        return sequences(rows.ids.astype(np.int64), rows.starts)

    def _judge(
        self,
        data: TextData,
        chosen: NDArray[np.int64],
        said: Sequences,
        find: Callable[[int, NDArray[np.float64]], Found],
        *,
        own: bool,
    ) -> Judged:
        """Measure rows; `find` chooses neighbours by row number and the scores of all examples."""
        ends = np.searchsorted(said.owners, np.arange(len(chosen) + 1))
        copied = []
        for at, (row, query) in enumerate(zip(chosen.tolist(), data.queries(chosen), strict=True)):
            known = self._others.get(row) if own else None
            found = known or find(row, self._shelf.neighbours.scores(query))
            copied.append(copies(said.tokens[ends[at] : ends[at + 1]], found, self._shelf.neighbours.completion))
            self._task.alive()
        return judge(self._mixture, self._ngrams, said, joined(copied), own=own)

    def _earlier(self, row: int, scores: NDArray[np.float64]) -> Found:
        """The nearest of the examples of earlier batches."""
        found = nearest(scores[: self._seen()])
        self._find_others(row, scores)
        return found

    def _find_others(self, row: int, scores: NDArray[np.float64]) -> Found:
        """The nearest of all other examples; remembered for the epochs to come."""
        if self._shelf.number_of[row] >= 0:
            scores[self._shelf.number_of[row]] = 0
        found = self._others[row] = nearest(scores)
        return found


def _measures(judged: Judged, said: Sequences) -> tuple[float, float, float]:
    """Loss a token, share of right tokens, share of completions with all tokens right."""
    wrong = np.bincount(said.owners, ~judged.right)
    return float(judged.losses.mean()), float(judged.right.mean()), float((wrong == 0).mean())
