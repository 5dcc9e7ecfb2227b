"""Confusions and calibration as a picture: with matplotlib, which is imported only for this."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fttool.records.metrics import Calibration, Measures

_DOTS = 150  # an inch
_ASIDE = 3.5  # inches, for the reliability diagram

#: Numbers stand in the cells of so many classes at most.
_MOST_NUMBERED = 20


def draw(found: Measures, title: str, path: Path, *, overwrite: bool) -> None:
    """Write the confusion matrix to a .png or .svg file, whole or not at all. Raises OutputError.

    A cell's colour is its share of the row: of the examples of that class. Where there are probabilities, a reliability
    diagram stands beside it.
    """
    import numpy as np
    from matplotlib.figure import Figure  # without pyplot: no display, no state

    from fttool.dataset.output import Draft

    labels = [each.label for each in found.classes]
    counts = np.array(found.confusion)
    columns = labels
    if found.unknown:
        columns = [*labels, "(no label)"]
    counts = counts[:, : len(columns)]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(4.0, 1.5 + 0.28 * len(labels)), 30.0)
    aside = 0.0 if found.calibration is None else max(_ASIDE, side / 3)
    figure = Figure(figsize=(side + 1 + aside, side), layout="constrained")
    parts = figure.add_gridspec(1, 2, width_ratios=(side + 1, aside)) if aside else figure.add_gridspec(1, 1)
    axes = figure.add_subplot(parts[0])
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    size = 8 if len(labels) <= 40 else 5
    axes.set_xticks(range(len(columns)), [_plain(each) for each in columns], rotation=90, fontsize=size)
    axes.set_yticks(range(len(labels)), [_plain(each) for each in labels], fontsize=size)
    axes.set_xlabel("answered")
    axes.set_ylabel("expected")
    axes.set_title(_plain(title), fontsize=9)
    if len(labels) <= _MOST_NUMBERED:
        for row, line in enumerate(counts):
            for column, count in enumerate(line):
                dark = shares[row, column] > 0.5
                axes.text(column, row, f"{count:,}", ha="center", va="center", color="white" if dark else "black")
    figure.colorbar(image, ax=axes, label="share of the class")
    if found.calibration is not None:
        _reliability(figure.add_subplot(parts[1]), found.calibration)
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix.lower()[1:], dpi=_DOTS)
    with Draft(path.parent) as draft:
        draft.write(picture.getvalue(), 0)
        draft.finish()
        draft.publish(path, overwrite=overwrite)


def _reliability(axes: Any, told: Calibration) -> None:
    """How often the model is right over how sure it is: a dot for each bin, as large as it has answers."""
    most = max(each.count for each in told.bins)
    sizes = [20 + 180 * each.count / most for each in told.bins]
    axes.plot([0, 1], [0, 1], linestyle="--", linewidth=1, color="grey")
    axes.scatter([each.confidence for each in told.bins], [each.accuracy for each in told.bins], s=sizes, alpha=0.7)
    axes.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), aspect="equal", xlabel="sure", ylabel="right")
    axes.set_title(f"calibration error {told.error:.1%}", fontsize=9)
    axes.grid(alpha=0.3)


def _plain(text: str) -> str:
    """No formulas: `$` begins one in matplotlib."""
    return text.replace("$", r"\$")
