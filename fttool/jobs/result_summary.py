"""What there is to see in the rows of a result file: the last and the best steps, and whether the model overfits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from fttool.records.jobs import CheckpointView
from fttool.records.results import Overfitting, ResultRow, ResultSummary

#: Metrics that say how good a step is, the most telling first, and whether less of it is better. Rewards are those of
#: reinforcement fine-tuning (OpenAI's guide spells them in both ways).
TRAINING = (("train_loss", True), ("train_mean_reward", False), ("train_reward_mean", False), ("train_accuracy", False))
VALIDATION = (
    ("full_valid_loss", True),
    ("valid_loss", True),
    ("full_valid_mean_reward", False),
    ("valid_mean_reward", False),
    ("valid_reward_mean", False),
    ("full_valid_accuracy", False),
    ("valid_accuracy", False),
)

#: A validation loss that has grown by less than this share is not called overfitting.
_RISE = 0.05

#: Over this share of the measured steps a noisy metric (a batch, not the whole file) is averaged.
_WINDOW = 0.1

#: A rise must be so many times as large as what chance does to the averages. Tried on made-up courses of 10 to 400
#: points: with 6, a flat but noisy one is called overfitting in 1 to 2 of 100 cases, a clear rise is always seen.
_NOISE = 6

Point = tuple[int, float]


def summarize(rows: Sequence[ResultRow]) -> ResultSummary:
    """The summary of at least one row, in the order of steps."""
    best_by, best = _best(rows, TRAINING)
    validation_by, best_validation = _best(rows, VALIDATION)
    return ResultSummary(
        steps=len(rows),
        last=rows[-1],
        best=best,
        best_by=best_by,
        best_validation=best_validation,
        best_validation_by=validation_by,
        overfitting=overfitting(rows),
        not_a_number=sum(row.train_loss is not None and not math.isfinite(row.train_loss) for row in rows),
    )


def overfitting(rows: Sequence[ResultRow]) -> Overfitting | None:
    """Whether the validation loss has risen for good since its best step while the training loss fell.

    The loss over the whole validation file counts as it is, that of batches is averaged over a tenth of its points.
    """
    for metric in ("full_valid_loss", "valid_loss"):
        measured = points(rows, metric)
        if len(measured) < 3:
            continue
        window = 1 if metric == "full_valid_loss" else max(3, round(len(measured) * _WINDOW))
        course = _averaged(measured, window)
        since, best = min(course, key=lambda point: point[1])
        rise = course[-1][1] - best
        if rise <= best * _RISE or rise <= _NOISE * _noise(measured, course, window):
            return None
        return Overfitting(metric, since, best, best + rise) if _fell(points(rows, "train_loss"), since) else None
    return None


def best_checkpoint(checkpoints: Iterable[CheckpointView], summary: ResultSummary) -> CheckpointView | None:
    """The checkpoint to prefer to the final model: the best by its validation loss, if the last is clearly worse.

    Where checkpoints carry no metrics: if the model overfits, the one nearest to the best validation step. None if no
    other is clearly better, or if the metric is that of batches and no overfitting is to be seen in it: then the
    better one is better by chance.
    """
    known = {each.step: each for each in checkpoints if each.step is not None and each.model}
    overfits = summary.overfitting is not None
    if len(known) < 2 or (summary.best_validation_by == "valid_loss" and not overfits):
        return None
    last = known[max(known)]
    for metric in ("full_valid_loss", "valid_loss"):
        losses = {
            step: float(each.metrics[metric]) for step, each in known.items() if _is_number(each.metrics.get(metric))
        }
        if len(losses) == len(known):
            best = min(losses, key=lambda step: (losses[step], step))
            return known[best] if losses[max(known)] > losses[best] * (1 + _RISE) else None
    if summary.best_validation is None or not overfits:
        return None
    step = summary.best_validation.step
    best = min(known, key=lambda each: abs(each - step))
    return None if known[best] is last else known[best]


def points(rows: Iterable[ResultRow], metric: str) -> list[Point]:
    """Step and value wherever that metric was measured and is a number."""
    found = ((row.step, row.value(metric)) for row in rows)
    return [(step, value) for step, value in found if value is not None and math.isfinite(value)]


def _best(rows: Sequence[ResultRow], metrics: Iterable[tuple[str, bool]]) -> tuple[str | None, ResultRow | None]:
    """The first of these metrics that was measured, and the (first) row where it is best."""
    for metric, less in metrics:
        choose: Callable[..., ResultRow] = min if less else max
        measured = [row for row in rows if _is_number(row.value(metric))]
        if measured:
            return metric, choose(measured, key=lambda row: row.value(metric))
    return None, None


def _averaged(measured: Sequence[Point], window: int) -> list[Point]:
    """Means over `window` points around each; fewer points than asked for stay as they are."""
    if window <= 1:
        return list(measured)
    half = window // 2
    sums = [0.0, *accumulate(value for _, value in measured)]
    course = []
    for at, (step, _) in enumerate(measured):
        first, end = max(0, at - half), min(at + half + 1, len(measured))
        course.append((step, (sums[end] - sums[first]) / (end - first)))
    return course


def _noise(measured: Sequence[Point], course: Sequence[Point], window: int) -> float:
    """How far the averages are off by chance: the mean deviation from them, less what averaging takes of it."""
    squares = sum((value - mean) ** 2 for (_, value), (_, mean) in zip(measured, course, strict=True))
    return math.sqrt(squares / len(measured) / window)


def _fell(losses: Sequence[Point], since: int) -> bool:
    """Whether the mean training loss after a step is lower than up to it. True if it is not known."""
    before = [value for step, value in losses if step <= since][-max(1, len(losses) // 5) :]
    after = [value for step, value in losses if step > since][-max(1, len(losses) // 5) :]
    return not before or not after or sum(after) / len(after) < sum(before) / len(before)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
