"""How far to trust a number that was measured on some rows: the bootstrap, seeded.

Rows drawn with replacement are cells drawn by a multinomial distribution: so metrics of counts are resampled at a cost
that does not grow with the rows (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fttool.records.metrics import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: How many resamples, and how much of their spread an interval holds.
RESAMPLES = 2000
LEVEL = 0.95

#: So many numbers are drawn at once (16 MB), and in all: with 100,000 cells and more, fewer resamples do as well.
_AT_ONCE = 2_000_000
_IN_ALL = 200_000_000
_FEWEST = 200


def multinomial(counts: Any, resamples: int, seed: int) -> Iterator[Floats]:
    """`resamples` draws of as many rows as `counts` counts, as counts of the same cells; a block at a time."""
    import numpy as np

    count = np.asarray(counts, np.int64)
    resamples = min(resamples, max(_FEWEST, _IN_ALL // max(1, len(count))))
    total = int(count.sum())
    random = np.random.default_rng(seed)
    block = max(1, _AT_ONCE // max(1, len(count)))
    shares = count / total
    for begin in range(0, resamples, block):
        yield random.multinomial(total, shares, size=min(block, resamples - begin)).astype(np.float64)


def bootstrap(counts: Any, statistic: Callable[[Floats], Floats], resamples: int, seed: int) -> Floats:
    """`statistic` of resampled counts: one row for each resample, one column for each of its values."""
    import numpy as np

    return np.concatenate([statistic(block) for block in multinomial(counts, resamples, seed)])


def interval(drawn: Any) -> Interval | None:
    """The middle 95% of what was drawn (percentile interval); None if nothing varies: then it knows nothing."""
    import numpy as np

    known = np.asarray(drawn, np.float64)
    known = known[np.isfinite(known)]
    if len(known) < 2 or np.ptp(known) == 0:
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def wilson(right: int, total: int) -> Interval | None:
    """The interval of a fraction, which holds also where all or none are right (E. B. Wilson, 1927)."""
    if not total:
        return None
    from scipy.stats import binomtest

    found = binomtest(right, total).proportion_ci(LEVEL, method="wilson")
    return Interval(float(found.low), float(found.high))
