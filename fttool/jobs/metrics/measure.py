"""All metrics of one model's answers.

    measures = measure(answers)                       # what is expected are labels, or not: it finds out
    measures.value("classification/accuracy")         # 0.913
    measures.to_dict()                                # as --json shows it

For two models on the same rows: `measured` keeps the columns that `paired.compare` needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fttool.errors import UsageError
from fttool.jobs.metrics import classification, columns, curves, intervals
from fttool.jobs.metrics.calibration import calibrate
from fttool.jobs.metrics.custom import PREFIX
from fttool.jobs.metrics.labels import UNKNOWN, Labels, find_labels, guess_task
from fttool.records.metrics import Interval, Measures, Metric, Task

if TYPE_CHECKING:
    from fttool.jobs.metrics.columns import Columns
    from fttool.jobs.metrics.custom import CustomMetric
    from fttool.records.evaluation import Answer

#: How many different unknown answers are named.
_NAMED = 10


@dataclass(frozen=True)
class Wanted:
    """What is to be measured, and how.

    `task` None: found out from what is expected. `positive` is the label that precision, recall, F-beta, AUROC and
    AUPRC are of (None: of two, the last in order: `yes` of no and yes, `1` of 0 and 1). `resamples` 0 leaves the
    intervals out.
    """

    task: Task | None = None
    labels: Sequence[str] | None = None
    positive: str | None = None
    betas: tuple[float, ...] = (1.0,)
    custom: tuple[CustomMetric, ...] = ()
    resamples: int = intervals.RESAMPLES
    seed: int = 0


@dataclass(frozen=True)
class Measured:
    """What was measured, and the rows that it was measured on."""

    measures: Measures
    columns: Columns
    labels: Labels
    positive: int | None


def measure(answers: Iterable[Answer], wanted: Wanted | None = None) -> Measures:
    """All metrics of these answers. See `measured`."""
    return measured(answers, wanted).measures


def measured(answers: Iterable[Answer], wanted: Wanted | None = None) -> Measured:
    """All metrics of these answers, with what `paired.compare` needs.

    `answers` is gone through twice (once if task and labels are given), so an iterator is read into a list first.
    Raises UsageError for a positive class that is none of two labels, and for errors in the user's own metrics.
    """
    wanted = wanted or Wanted()
    if iter(answers) is answers:
        answers = list(answers)
    task, labels = _task(answers, wanted)
    positive = _positive(labels, wanted.positive) if task == "classification" else None
    if task == "classification":
        found = columns.classified(answers, labels, positive, wanted.custom)
        return Measured(_of_classes(found, labels, positive, wanted), found, labels, positive)
    found = columns.texts(answers, wanted.custom)
    return Measured(_of_texts(found, wanted), found, labels, None)


def _task(answers: Iterable[Answer], wanted: Wanted) -> tuple[Task, Labels]:
    if wanted.task == "text":
        return "text", Labels(())
    if wanted.task is not None and wanted.labels is not None:
        return wanted.task, Labels(wanted.labels)
    labels = find_labels(answers)
    task = wanted.task or guess_task(len(labels), sum(1 for _ in answers))
    if task == "text":
        return task, Labels(())
    return task, Labels([*labels.names, *(wanted.labels or ())])


def _positive(labels: Labels, name: str | None) -> int | None:
    if name is not None and labels.number(name) == UNKNOWN:
        known = ", ".join(f"`{each}`" for each in labels.names[:20])
        raise UsageError(f"the positive class `{name}` is none of the labels", hint=f"there are {known}")
    if len(labels) != 2:
        return None
    return 1 if name is None else labels.number(name)


def _of_classes(found: Columns, labels: Labels, positive: int | None, wanted: Wanted) -> Measures:
    """Everything about a classification."""
    named = {"task": "classification", "examples": found.examples, "failed": found.failed}
    own = _means(found, wanted) + _whole(found, wanted.custom)
    if not found.index:
        return Measures(**named, metrics=own, notes=("no row was answered",))  # type: ignore[arg-type]
    cells = classification.count_cells(found.expected, found.answered)
    names = classification.metric_names(len(labels), wanted.betas)
    values = classification.values(cells, len(labels), positive, wanted.betas)
    spread = _spread_of_classes(cells, len(labels), positive, wanted)
    rows = len(found.index)
    metrics = [Metric(*each, rows) for each in zip(names, values, spread, strict=True)]
    ranked, notes = _ranked(found, positive, wanted)
    if wanted.positive is not None and positive is None:
        notes += (f"the positive class is not used: it is for two classes, and there are {len(labels):,}",)
    if len(labels) > classification.MOST_CONFUSED:
        notes += (f"no confusion matrix: {len(labels):,} classes are too many for one",)
    return Measures(
        **named,  # type: ignore[arg-type]
        metrics=(*metrics, *ranked, *own),
        classes=classification.by_class(cells, labels.names),
        confusion=classification.confusion(cells, len(labels)),
        positive=labels.names[positive] if positive is not None else None,
        unknown=int(cells.counts[cells.answered == UNKNOWN].sum()),
        unknown_answers=columns.unknown_answers(found, labels, _NAMED),
        calibration=_calibration(found),
        notes=notes,
    )


def _spread_of_classes(
    cells: classification.Cells, classes: int, positive: int | None, wanted: Wanted
) -> list[Interval | None]:
    """The intervals of `classification.values`: of accuracy Wilson's, of the others from resampling."""
    if not wanted.resamples:
        return [None] * len(classification.metric_names(classes, wanted.betas))

    def statistic(counts: Any) -> Any:
        return classification.resampled(cells, counts, classes, positive, wanted.betas)

    drawn = intervals.bootstrap(cells.counts, statistic, wanted.resamples, wanted.seed)
    right = int(cells.counts[cells.expected == cells.answered].sum())
    accuracy = intervals.wilson(right, int(cells.counts.sum()))
    return [accuracy, *(intervals.interval(column) for column in drawn.T[1:])]


def _ranked(found: Columns, positive: int | None, wanted: Wanted) -> tuple[list[Metric], tuple[str, ...]]:
    """AUROC and AUPRC, of the rows that have a probability; and why they are missing."""
    import numpy as np

    if positive is None:
        return [], ()
    scores = np.asarray(found.score)
    there = ~np.isnan(scores)
    if not there.any():
        return [], ("no AUROC and AUPRC: the answers have no log-probabilities of the labels",)
    scores, truth = scores[there], np.asarray(found.expected)[there] == positive
    values = curves.values(truth, scores)
    spread: list[Interval | None] = [None, None]
    if wanted.resamples and values[0] is not None:
        ranking = curves.Ranking(truth, scores)
        drawn = intervals.bootstrap(ranking.counts, ranking.resampled, wanted.resamples, wanted.seed)
        spread = [intervals.interval(column) for column in drawn.T]
    metrics = [Metric(*each, len(scores)) for each in zip(curves.NAMES, values, spread, strict=True)]
    notes = () if values[0] is not None else ("no AUROC and AUPRC: all rows are of one class",)
    return metrics, notes


def _calibration(found: Columns) -> Any:
    import numpy as np

    sure = np.asarray(found.confidence)
    there = ~np.isnan(sure)
    right = np.asarray(found.expected) == np.asarray(found.answered)
    return calibrate(sure[there], right[there])


def _of_texts(found: Columns, wanted: Wanted) -> Measures:
    """Everything about free text."""
    means = _means(found, wanted)
    own = [each for each in means if each.name.startswith(PREFIX)]
    metrics = [*means[: len(means) - len(own)], *_bleu(found, wanted), *own, *_whole(found, wanted.custom)]
    notes = found.notes if found.index else (*found.notes, "no row was answered")
    return Measures("text", found.examples, found.failed, tuple(metrics), notes=notes)


def _means(found: Columns, wanted: Wanted) -> tuple[Metric, ...]:
    """The metrics that are means of rows."""
    return tuple(_mean(name, scores, wanted) for name, scores in found.means.items())


def _mean(name: str, scores: Any, wanted: Wanted) -> Metric:
    import numpy as np

    known = np.asarray(scores, np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return Metric(name, None, None, 0)
    value = float(known.mean())
    if not wanted.resamples:
        return Metric(name, value, None, len(known))
    if set(np.unique(known)) <= {0.0, 1.0}:  # right or wrong
        return Metric(name, value, intervals.wilson(int(known.sum()), len(known)), len(known))
    levels, count = np.unique(known, return_counts=True)
    drawn = intervals.bootstrap(count, lambda counts: (counts @ levels)[:, None], wanted.resamples, wanted.seed)
    return Metric(name, value, intervals.interval(drawn / len(known)), len(known))


def _bleu(found: Columns, wanted: Wanted) -> list[Metric]:
    import numpy as np

    from fttool.jobs.metrics.text import BLEU_NAME, BLEU_PARTS, bleu

    if not found.bleu:
        return []
    parts = np.asarray(found.bleu, np.float64).reshape(-1, BLEU_PARTS)
    value = float(bleu(parts.sum(axis=0)[None])[0])
    if not wanted.resamples:
        return [Metric(BLEU_NAME, value, None, len(parts))]
    drawn = intervals.bootstrap(
        np.ones(len(parts)), lambda counts: bleu(counts @ parts)[:, None], wanted.resamples, wanted.seed
    )
    return [Metric(BLEU_NAME, value, intervals.interval(drawn), len(parts))]


def _whole(found: Columns, custom: Sequence[CustomMetric]) -> tuple[Metric, ...]:
    """The user's metrics of all rows at once. They have no interval: they would have to be called 2,000 times."""
    rows = len(found.pairs)
    return tuple(
        Metric(each.name, each.score_all(found.pairs) if rows else None, None, rows) for each in custom if each.whole
    )
