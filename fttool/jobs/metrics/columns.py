"""What is kept of each row: a few numbers, so that a million rows take tens of megabytes and not their texts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fttool.jobs.metrics.labels import UNKNOWN, Labels, log_odds
from fttool.jobs.metrics.text import TextScorer
from fttool.records.metrics import UnknownAnswer

if TYPE_CHECKING:
    from fttool.jobs.metrics.custom import CustomMetric
    from fttool.records.evaluation import Answer

_NAN = float("nan")

#: So many different answers that are no label are told apart; the others are only counted.
_MOST_UNKNOWN = 1000


@dataclass
class Columns:
    """The rows of one model in the order of their answers: which they are, and their scores.

    `index` tells the rows of the file that were answered. For classifications, `expected` and `answered` are numbers
    of labels, `score` the log-odds of the positive one of two, `confidence` the probability of the label that was
    answered (NaN: not told). `means` are scores by row under the name of the metric (NaN: leave the row out).
    """

    examples: int = 0
    failed: int = 0
    index: array[int] = field(default_factory=lambda: array("q"))
    expected: array[int] = field(default_factory=lambda: array("i"))
    answered: array[int] = field(default_factory=lambda: array("i"))
    score: array[float] = field(default_factory=lambda: array("d"))
    confidence: array[float] = field(default_factory=lambda: array("d"))
    means: dict[str, array[float]] = field(default_factory=dict)
    bleu: array[int] = field(default_factory=lambda: array("i"))
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_lines: dict[str, int] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def classified(
    answers: Iterable[Answer], labels: Labels, positive: int | None, own: Sequence[CustomMetric] = ()
) -> Columns:
    """The columns of a classification."""
    found = Columns(means={each.name: array("d") for each in own if not each.whole})
    for answer in answers:
        if not _begin(found, answer, own):
            continue
        assert answer.text is not None
        number = labels.answered(answer.text, answer.finish_reason)
        found.expected.append(labels.number(answer.expected))
        found.answered.append(number)
        logprobs = answer.logprobs or {}
        chances = labels.probabilities(logprobs) if logprobs else {}
        odds = log_odds(chances, logprobs, positive) if positive is not None and chances else None
        found.score.append(_NAN if odds is None else odds)
        found.confidence.append(chances.get(number, _NAN))
        if number == UNKNOWN:
            _note_unknown(found, answer.text.strip(), answer.line)
    return found


def texts(answers: Iterable[Answer], own: Sequence[CustomMetric] = ()) -> Columns:
    """The columns of free text."""
    scorer = TextScorer()
    names = [*scorer.names, *(each.name for each in own if not each.whole)]
    found = Columns(means={name: array("d") for name in names}, notes=scorer.notes)
    columns = [found.means[name] for name in scorer.names]
    for answer in answers:
        if not _begin(found, answer, own):
            continue
        assert answer.text is not None
        for column, score in zip(columns, scorer.scores(answer.expected, answer.text), strict=True):
            column.append(score)
        if scorer.has_bleu:
            found.bleu.extend(scorer.bleu_parts(answer.expected, answer.text))
    return found


def unknown_answers(found: Columns, labels: Labels, most: int) -> tuple[UnknownAnswer, ...]:
    """The most frequent answers that are no label."""
    return tuple(
        UnknownAnswer(text, count, found.unknown_lines[text], labels.close_to(text))
        for text, count in found.unknown.most_common(most)
    )


def _begin(found: Columns, answer: Answer, own: Sequence[CustomMetric]) -> bool:
    """Count a row and let the user's metrics see it. False if there is no answer."""
    found.examples += 1
    if answer.text is None:
        found.failed += 1
        return False
    found.index.append(answer.index)
    for each in own:
        if each.whole:
            continue
        score = each.score(answer.expected, answer.text, answer.line)
        found.means[each.name].append(_NAN if score is None else score)
    if any(each.whole for each in own):  # only then are the texts kept
        found.pairs.append((answer.expected, answer.text))
    return True


def _note_unknown(found: Columns, text: str, line: int) -> None:
    if text not in found.unknown and len(found.unknown) >= _MOST_UNKNOWN:
        return
    found.unknown[text] += 1
    found.unknown_lines.setdefault(text, line)
