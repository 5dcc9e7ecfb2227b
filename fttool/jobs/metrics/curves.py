"""Metrics of probabilities for two classes: how well they put the positive rows before the others.

AUROC and AUPRC are scikit-learn's `roc_auc_score` and `average_precision_score`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NAMES = ("classification/auroc", "classification/auprc")


def values(positive: Any, scores: Any) -> list[float | None]:
    """AUROC and AUPRC of scores, higher for what is likelier positive; None where only one class is there."""
    import numpy as np
    from sklearn import metrics

    truth = np.asarray(positive, bool)
    if not truth.any() or truth.all():
        return [None, None]
    return [float(metrics.roc_auc_score(truth, scores)), float(metrics.average_precision_score(truth, scores))]


class Ranking:
    """Rows by falling score, equal scores together: what resampling needs to know of them."""

    def __init__(self, positive: Any, scores: Any) -> None:
        import numpy as np

        truth = np.asarray(positive, np.int64)
        levels, place = np.unique(-np.asarray(scores, np.float64), return_inverse=True)
        #: Cells: for each level of score first how many negative rows, then how many positive ones.
        self.cell = place * 2 + truth
        self.counts = np.bincount(self.cell, minlength=2 * len(levels))

    def by_row(self, counts: Floats) -> Floats:
        """The same as `resampled` for counts of the rows, in the order they were given."""
        import numpy as np
        from scipy import sparse

        rows = np.arange(len(self.cell))
        cells = sparse.csr_matrix((np.ones(len(rows)), (rows, self.cell)), shape=(len(rows), len(self.counts)))
        return self.resampled(np.asarray(counts @ cells))

    def resampled(self, counts: Floats) -> Floats:
        """AUROC and AUPRC for many counts of the same cells at once; NaN where a class is missing."""
        import numpy as np

        negative, positive = counts[:, 0::2], counts[:, 1::2]
        above, named = np.cumsum(positive, axis=1), np.cumsum(positive + negative, axis=1)
        positives, negatives = above[:, -1], negative.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            beaten = (negative * (above - positive / 2)).sum(axis=1)
            auroc = beaten / (positives * negatives)
            precision = np.where(named > 0, above / named, 0.0)
            auprc = (precision * positive).sum(axis=1) / positives
        auprc[negatives == 0] = np.nan
        return np.stack([auroc, auprc], axis=1)
