"""One table of an evaluation by itself, whole: for a spreadsheet, or for the next program."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.records.metrics import Measures

#: What `--show` takes.
TABLES = ("metrics", "classes", "confusion", "calibration", "unknown")


def check(name: str | None) -> None:
    """Raise UsageError if there is no such table."""
    if name is not None and name not in TABLES:
        raise UsageError(f"`--show` takes {', '.join(TABLES[:-1])} or {TABLES[-1]}, not `{name}`")


def show(found: Measures, name: str) -> None:
    """Print a table: aligned on a terminal, in a pipe tab-separated with a first line of headers, numbers in full.

    Says so on stderr if there is nothing to show.
    """
    headers, rows = {
        "metrics": _metrics,
        "classes": _classes,
        "confusion": _confusion,
        "calibration": _calibration,
        "unknown": _unknown,
    }[name](found)
    if not rows:
        output.note(f"nothing to show: these answers have no {name}")
        return
    terminal = output.is_terminal(sys.stdout)
    cells = [[_cell(each, terminal) for each in row] for row in rows]
    if not terminal:
        output.answer("\t".join(map(output.one_line, headers)))
    output.table(headers, cells)


Rows = Sequence[Sequence[object]]


def _metrics(found: Measures) -> tuple[Sequence[str], Rows]:
    rows = [[each.name, each.value, *(each.interval or (None, None)), each.examples] for each in found.metrics]
    return ["metric", "value", "low", "high", "examples"], rows


def _classes(found: Measures) -> tuple[Sequence[str], Rows]:
    rows = [[each.label, each.precision, each.recall, each.f1, each.support, each.predicted] for each in found.classes]
    return ["class", "precision", "recall", "f1", "support", "predicted"], rows


def _confusion(found: Measures) -> tuple[Sequence[str], Rows]:
    labels = [each.label for each in found.classes]
    rows = [[label, *counts] for label, counts in zip(labels, found.confusion, strict=False)]
    return ["expected", *labels, "(no label)"], rows


def _calibration(found: Measures) -> tuple[Sequence[str], Rows]:
    bins = found.calibration.bins if found.calibration is not None else ()
    rows = [[each.low, each.high, each.count, each.confidence, each.accuracy] for each in bins]
    return ["above", "to", "answers", "sure", "right"], rows


def _unknown(found: Measures) -> tuple[Sequence[str], Rows]:
    rows = [[each.count, each.text, each.line, each.close_to] for each in found.unknown_answers]
    return ["times", "answer", "first at line", "but for case and marks"], rows


def _cell(value: object, terminal: bool) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if terminal and isinstance(value, float) else str(value)
