"""Is a model right as often as it is sure? Expected calibration error, with equally wide bins.

Guo and others, On Calibration of Modern Neural Networks, 2017, section 2.
"""

from __future__ import annotations

from typing import Any

from fttool.records.metrics import Bin, Calibration

BINS = 10


def calibrate(confidence: Any, right: Any, bins: int = BINS) -> Calibration | None:
    """The calibration of answers given with `confidence` (0 to 1) that are `right` or not; None if there are none."""
    import numpy as np

    sure, truth = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    if not len(sure):
        return None
    place = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    there = np.flatnonzero(count)
    mean = np.bincount(place, sure, bins)[there] / count[there]
    accuracy = np.bincount(place, truth, bins)[there] / count[there]
    error = float((np.abs(mean - accuracy) * count[there]).sum() / len(sure))
    found = [
        Bin(float(at / bins), float((at + 1) / bins), int(count[at]), float(mean[each]), float(accuracy[each]))
        for each, at in enumerate(there)
    ]
    return Calibration(error, len(sure), tuple(found))
