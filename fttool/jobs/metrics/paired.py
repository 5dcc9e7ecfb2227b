"""Two models on the same rows: is the difference real, or could chance have made it?

For what is right or wrong (accuracy, matches): McNemar's exact test, which looks only at the rows where one is right
and the other wrong (Q. McNemar, 1947). For the other metrics: the paired bootstrap, which draws rows with both their
answers (P. Koehn, Statistical Significance Tests for Machine Translation Evaluation, 2004).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fttool.jobs.metrics import classification, curves, intervals
from fttool.jobs.metrics.text import BLEU_NAME, BLEU_PARTS, bleu
from fttool.records.metrics import Difference, Verdict

if TYPE_CHECKING:
    from fttool.jobs.metrics.measure import Measured, Wanted

#: Chance makes a difference like this less than once in so many times: then it counts as real.
ALPHA = 0.05

_EXACT = "McNemar, exact"
_BOOTSTRAP = "paired bootstrap"


def compare(first: Measured, other: Measured, wanted: Wanted) -> tuple[Difference, ...]:
    """The differences of `other` from `first`, metric by metric, on the rows that both answered."""
    import numpy as np

    _, ours, theirs = np.intersect1d(
        np.asarray(first.columns.index), np.asarray(other.columns.index), assume_unique=True, return_indices=True
    )
    if not len(ours):
        return ()
    found: list[Difference] = []
    if first.measures.task == "classification":
        found += _classes(first, other, ours, theirs, wanted)
        found += _ranked(first, other, ours, theirs, wanted)
    for name, scores in first.columns.means.items():
        if name in other.columns.means:
            pair = np.asarray(scores)[ours], np.asarray(other.columns.means[name])[theirs]
            found += _means(name, *pair, wanted)
    if first.columns.bleu and other.columns.bleu:
        found.append(_bleu(first, other, ours, theirs, wanted))
    return tuple(found)


def _classes(first: Measured, other: Measured, ours: Any, theirs: Any, wanted: Wanted) -> list[Difference]:
    """Accuracy by the exact test; weighted F1 and the metrics of the positive class by resampling cells."""
    import numpy as np

    expected = np.asarray(first.columns.expected)[ours]
    answers = np.asarray(first.columns.answered)[ours], np.asarray(other.columns.answered)[theirs]
    names = classification.metric_names(len(first.labels), wanted.betas)
    both = [classification.count_cells(expected, each) for each in answers]
    kind = (len(first.labels), first.positive, wanted.betas)
    values = [classification.values(cells, *kind) for cells in both]

    triples, count = np.unique(np.stack([expected, *answers]), axis=1, return_counts=True)
    sides = [classification.Cells(triples[0], triples[at], count) for at in (1, 2)]

    def difference(counts: Any) -> Any:
        mine, his = (classification.resampled(cells, counts, *kind) for cells in sides)
        return his - mine

    drawn = intervals.bootstrap(count, difference, wanted.resamples or intervals.RESAMPLES, wanted.seed)
    right = [expected == each for each in answers]
    found = [_exact(names[0], right[0], right[1], drawn[:, 0])]
    for at in range(1, len(names)):
        found.append(_judged(names[at], len(expected), values[0][at], values[1][at], drawn[:, at]))
    return found


def _ranked(first: Measured, other: Measured, ours: Any, theirs: Any, wanted: Wanted) -> list[Difference]:
    """AUROC and AUPRC, on the rows where both told a probability."""
    import numpy as np

    scores = [np.asarray(first.columns.score)[ours], np.asarray(other.columns.score)[theirs]]
    known = ~(np.isnan(scores[0]) | np.isnan(scores[1]))
    if first.positive is None or not known.any():
        return []
    truth = np.asarray(first.columns.expected)[ours][known] == first.positive
    values = [curves.values(truth, each[known]) for each in scores]
    if None in values[0]:
        return []
    rankings = [curves.Ranking(truth, each[known]) for each in scores]

    def difference(counts: Any) -> Any:
        return rankings[1].by_row(counts) - rankings[0].by_row(counts)

    resamples = wanted.resamples or intervals.RESAMPLES
    drawn = intervals.bootstrap(np.ones(len(truth)), difference, resamples, wanted.seed)
    return [
        _judged(name, len(truth), values[0][at] or 0.0, values[1][at] or 0.0, drawn[:, at])
        for at, name in enumerate(curves.NAMES)
    ]


def _means(name: str, ours: Any, theirs: Any, wanted: Wanted) -> list[Difference]:
    import numpy as np

    known = ~(np.isnan(ours) | np.isnan(theirs))
    ours, theirs = ours[known], theirs[known]
    if not len(ours):
        return []
    levels, count = np.unique(theirs - ours, return_counts=True)
    resamples = wanted.resamples or intervals.RESAMPLES
    drawn = intervals.bootstrap(count, lambda counts: (counts @ levels)[:, None], resamples, wanted.seed)[:, 0]
    drawn /= len(ours)
    if set(np.unique([ours, theirs])) <= {0.0, 1.0}:
        return [_exact(name, ours == 1, theirs == 1, drawn)]
    return [_judged(name, len(ours), float(ours.mean()), float(theirs.mean()), drawn)]


def _bleu(first: Measured, other: Measured, ours: Any, theirs: Any, wanted: Wanted) -> Difference:
    import numpy as np

    parts = [
        np.asarray(each.columns.bleu, np.float64).reshape(-1, BLEU_PARTS)[rows]
        for each, rows in ((first, ours), (other, theirs))
    ]
    values = [float(bleu(each.sum(axis=0)[None])[0]) for each in parts]

    def difference(counts: Any) -> Any:
        return (bleu(counts @ parts[1]) - bleu(counts @ parts[0]))[:, None]

    resamples = wanted.resamples or intervals.RESAMPLES
    drawn = intervals.bootstrap(np.ones(len(ours)), difference, resamples, wanted.seed)[:, 0]
    return _judged(BLEU_NAME, len(ours), values[0], values[1], drawn)


def _exact(name: str, ours: Any, theirs: Any, drawn: Any) -> Difference:
    """A difference of fractions that are right, by McNemar's exact test."""
    from scipy.stats import binomtest

    losses, wins = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    p_value = float(binomtest(wins, wins + losses, 0.5).pvalue) if wins + losses else 1.0
    first, value = float(ours.mean()), float(theirs.mean())
    verdict = _verdict(p_value, value - first, wins + losses == 0)
    interval = intervals.interval(drawn)
    return Difference(name, len(ours), first, value, value - first, interval, p_value, _EXACT, verdict, wins, losses)


def _judged(name: str, rows: int, first: float, value: float, drawn: Any) -> Difference:
    """A difference by where the resampled differences lie: on one side of nothing, or on both."""
    import numpy as np

    known = drawn[np.isfinite(drawn)]
    below, above = int((known <= 0).sum()), int((known >= 0).sum())
    p_value = min(1.0, 2 * (min(below, above) + 1) / (len(known) + 1))
    same = bool((known == 0).all()) and value == first
    verdict = _verdict(1.0 if same else p_value, value - first, same)
    interval = intervals.interval(known)
    return Difference(name, rows, first, value, value - first, interval, 1.0 if same else p_value, _BOOTSTRAP, verdict)


def _verdict(p_value: float, difference: float, same: bool) -> Verdict:
    if same:
        return "same"
    if p_value >= ALPHA or difference == 0:
        return "undecided"
    return "better" if difference > 0 else "worse"
