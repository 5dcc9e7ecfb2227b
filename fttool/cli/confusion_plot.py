"""The confusion matrix as a picture: with matplotlib, which is imported only for this."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fttool.records.metrics import Measures

_DOTS = 150  # an inch

#: Numbers stand in the cells of so many classes at most.
_MOST_NUMBERED = 20


def draw(found: Measures, title: str, path: Path, *, overwrite: bool) -> None:
    """Write the confusion matrix to a .png or .svg file, whole or not at all. Raises OutputError.

    A cell's colour is its share of the row: of the examples of that class.
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
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
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
    figure.colorbar(image, label="share of the class")
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix.lower()[1:], dpi=_DOTS)
    with Draft(path.parent) as draft:
        draft.write(picture.getvalue(), 0)
        draft.finish()
        draft.publish(path, overwrite=overwrite)


def _plain(text: str) -> str:
    """No formulas: `$` begins one in matplotlib."""
    return text.replace("$", r"\$")
