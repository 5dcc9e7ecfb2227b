"""scikit-learn's metrics of classes, from how often each class was answered with each.

The rows are counted into cells (expected, answered) first, and the cells weigh what they count: the same numbers, at a
cost that does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fttool.jobs.metrics.labels import UNKNOWN
from fttool.records.metrics import ClassMetrics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


#: A confusion matrix of more classes is not made: it would have a million cells, and nobody would look at it.
MOST_CONFUSED = 1000


class Cells(NamedTuple):
    """How often each pair of expected and answered class occurs. Unknown answers are class UNKNOWN."""

    expected: Ints
    answered: Ints
    counts: Ints


def count_cells(expected: Any, answered: Any) -> Cells:
    """The cells of two arrays of class numbers."""
    import numpy as np

    pairs = np.stack([np.asarray(expected, np.int64), np.asarray(answered, np.int64)])
    cells, count = np.unique(pairs, axis=1, return_counts=True)
    return Cells(cells[0], cells[1], count.astype(np.int64))


def metric_names(classes: int, betas: Sequence[float]) -> list[str]:
    """The legacy names of what `values` computes, in its order."""
    names = ["accuracy", "weighted_f1_score"]
    if classes == 2:
        names += ["precision", "recall", *(f"f{beta:g}" for beta in betas)]
    return [f"classification/{name}" for name in names]


def values(cells: Cells, classes: int, positive: int | None, betas: Sequence[float]) -> list[float]:
    """Accuracy and weighted F1; for two classes precision, recall and F-beta of the positive one."""
    from sklearn import metrics

    given: dict[str, Any] = {"sample_weight": cells.counts}
    found = [float(metrics.accuracy_score(cells.expected, cells.answered, **given))]
    every: dict[str, Any] = {"labels": list(range(classes)), "average": "weighted", "zero_division": 0.0}
    found.append(float(metrics.f1_score(cells.expected, cells.answered, **every, **given)))
    if classes == 2:
        one: dict[str, Any] = {"labels": [positive], "average": "macro", "zero_division": 0.0, **given}
        found.append(float(metrics.precision_score(cells.expected, cells.answered, **one)))
        found.append(float(metrics.recall_score(cells.expected, cells.answered, **one)))
        found += [float(metrics.fbeta_score(cells.expected, cells.answered, beta=beta, **one)) for beta in betas]
    return found


def by_class(cells: Cells, names: Sequence[str]) -> tuple[ClassMetrics, ...]:
    """Precision, recall and F1 of each class, with how many rows and answers it has."""
    import numpy as np
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(
        cells.expected,
        cells.answered,
        labels=list(range(len(names))),
        sample_weight=cells.counts,
        average=None,
        zero_division=0.0,
    )
    support = np.bincount(cells.expected, cells.counts, len(names))
    known = cells.answered != UNKNOWN
    predicted = np.bincount(cells.answered[known], cells.counts[known], len(names))
    return tuple(
        ClassMetrics(
            label=name,
            precision=float(precision[at]),
            recall=float(recall[at]),
            f1=float(f1[at]),
            support=int(support[at]),
            predicted=int(predicted[at]),
        )
        for at, name in enumerate(names)
    )


def confusion(cells: Cells, classes: int) -> tuple[tuple[int, ...], ...]:
    """A row for each expected class, a column for each answered one, and one for unknown answers.

    Nothing for more than MOST_CONFUSED classes.
    """
    import numpy as np

    if classes > MOST_CONFUSED:
        return ()
    matrix = np.zeros((classes, classes + 1), np.int64)
    columns = np.where(cells.answered == UNKNOWN, classes, cells.answered)
    matrix[cells.expected, columns] = cells.counts
    return tuple(tuple(map(int, row)) for row in matrix)


def resampled(cells: Cells, counts: Floats, classes: int, positive: int | None, betas: Sequence[float]) -> Floats:
    """The same numbers as `values` for many counts of the same cells at once (one row for each of `counts`)."""
    import numpy as np
    from scipy import sparse

    known = cells.answered != UNKNOWN
    right = cells.expected == cells.answered
    places = np.arange(len(cells.counts))

    def sums(of: Ints, where: Any) -> Floats:
        """Counts by class, of the cells `where`."""
        chosen = sparse.csr_matrix(
            (np.ones(int(where.sum())), (places[where], of[where])), shape=(len(places), classes)
        )
        return np.asarray(counts @ chosen)

    hits = sums(cells.expected, right)
    support = sums(cells.expected, np.ones_like(right))
    predicted = sums(cells.answered, known)
    total = support.sum(axis=1)
    f1 = _ratio(2 * hits, support + predicted)
    found = [hits.sum(axis=1) / total, (f1 * support).sum(axis=1) / total]
    if classes == 2 and positive is not None:
        hit, there, named = hits[:, positive], support[:, positive], predicted[:, positive]
        found += [_ratio(hit, named), _ratio(hit, there)]
        found += [_ratio((1 + beta**2) * hit, beta**2 * there + named) for beta in betas]
    return np.stack(found, axis=1)


def _ratio(above: Floats, below: Floats) -> Floats:
    """A fraction; 0 where nothing is below, as scikit-learn is told to."""
    import numpy as np

    return np.divide(above, below, out=np.zeros_like(above, np.float64), where=below > 0)
