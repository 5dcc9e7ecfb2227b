"""Metrics beside the training: the result file of a job with a column for each, as the legacy service wrote it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import IO

from fttool.records.evaluation import JobEvaluation


def with_metrics(file: IO[bytes], found: Sequence[JobEvaluation]) -> IO[bytes]:
    """The CSV `file` with the metrics at the steps that they are of; the final model's stand in the last row.

    Columns that the service has written itself stay. Where nothing is to be added, or it is no table of steps, it is
    `file` itself.
    """
    if not found:
        return file
    file.seek(0)
    rows = list(csv.reader(io.StringIO(file.read().decode("utf-8-sig", "surrogateescape"), newline="")))
    file.seek(0)
    titles = [title.strip().lower() for title in rows[0]] if rows else []
    names = list(dict.fromkeys(name for each in found for name in each.values if name.lower() not in titles))
    if "step" not in titles or not names:
        return file
    by_row = _rows(rows, titles.index("step"), found)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*rows[0], *names])
    for at, cells in enumerate(rows[1:], 1):
        values = by_row.get(at, {})
        added = [_text(values.get(name)) for name in names]
        writer.writerow([*cells, *added] if len(cells) == len(titles) else cells)  # a cut line stays one
    return io.BytesIO(out.getvalue().encode("utf-8", "surrogateescape"))


def _rows(rows: list[list[str]], column: int, found: Sequence[JobEvaluation]) -> dict[int, dict[str, float | None]]:
    """Which row gets which metrics."""
    steps: dict[int, int] = {}
    for at, cells in enumerate(rows[1:], 1):
        try:
            steps[int(float(cells[column]))] = at
        except (ValueError, IndexError, OverflowError):
            continue
    if not steps:
        return {}
    last = steps[max(steps)]
    placed: dict[int, dict[str, float | None]] = {}
    for each in found:  # those without a step come last
        at = last if each.step is None else steps.get(each.step, 0)
        placed.setdefault(at, {}).update(each.values)
    return placed


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)
