"""The metrics of one model on the terminal: numbers with their intervals, classes, confusions, odd answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.records.metrics import Measures, Metric

#: A confusion matrix of more classes is shown as its most frequent mistakes.
_MOST_IN_MATRIX = 8

#: So many classes, mistakes and odd answers are shown; the rest is in `--json`.
_MOST_SHOWN = 10

#: Metrics from 0 to 100 already.
_HUNDREDS = ("text/chrf", "text/bleu")


def show(found: Measures) -> None:
    """Print all that a person wants to see first. In a pipe the metrics alone come, tab-separated and in full."""
    if output.is_terminal(sys.stdout):
        output.table(["", "", "95% interval"], list(metric_rows(found.metrics)))
        for line in (*_classes(found), *_confusion(found), *_calibration(found)):
            output.answer(line)
    else:
        for metric in found.metrics:
            output.answer(f"{metric.name}\t{'' if metric.value is None else repr(metric.value)}")
    tell_more(found)


def metric_rows(metrics: Sequence[Metric]) -> Iterator[list[str]]:
    """Name, value and interval of each metric."""
    for each in metrics:
        between = ""
        if each.interval is not None:
            between = f"{number(each.name, each.interval.low)} to {number(each.name, each.interval.high)}"
        yield [each.name, number(each.name, each.value), between]


def number(name: str, value: float | None) -> str:
    """A metric as it is read: fractions in percent, chrF and BLEU as they are, the user's own plainly."""
    if value is None:
        return "-"
    if in_hundreds(name):
        return f"{value:.1f}"
    return f"{value:.4g}" if name.startswith("custom/") else f"{value:.1%}"


def in_hundreds(name: str) -> bool:
    """Whether a metric goes from 0 to 100."""
    return name in _HUNDREDS


def tell_more(found: Measures) -> None:
    """On stderr, what was not measured and why, and answers that are no label: a wrong separator shows itself there."""
    for note in found.notes:
        output.note(note)
    if not found.unknown:
        return
    many = "1 answer is" if found.unknown == 1 else f"{found.unknown:,} answers are"
    output.warn(f"{many} none of the labels in the file, and count as wrong")
    for each in found.unknown_answers[:_MOST_SHOWN]:
        meant = f", but for case or marks `{each.close_to}`" if each.close_to else ""
        output.note(f"  {each.count:,} x {_quoted(each.text)} (first at line {each.line}){meant}")


def _calibration(found: Measures) -> Iterator[str]:
    told = found.calibration
    if told is not None:
        yield ""
        yield f"how sure it is and how right it is differ by {told.error:.1%} (calibration error of {told.examples:,})"


def _classes(found: Measures) -> Iterator[str]:
    if not found.classes:
        return
    shown = sorted(found.classes, key=lambda each: (each.f1, each.label))[:_MOST_SHOWN]
    few = len(found.classes) <= _MOST_SHOWN
    shown = list(found.classes) if few else shown
    rows = [
        [each.label, f"{each.precision:.1%}", f"{each.recall:.1%}", f"{each.f1:.1%}", f"{each.support:,}"]
        for each in shown
    ]
    yield ""
    title = "class" if few else f"the {len(shown)} hardest of {len(found.classes):,} classes"
    yield from _aligned([[title, "precision", "recall", "F1", "support"], *rows])


def _confusion(found: Measures) -> Iterator[str]:
    labels = [each.label for each in found.classes]
    if not found.confusion:
        return
    yield ""
    if len(labels) <= _MOST_IN_MATRIX:
        other = [] if not found.unknown else ["(no label)"]
        rows = [
            [label, *(f"{count:,}" for count in row[: len(labels) + len(other)])]
            for label, row in zip(labels, found.confusion, strict=True)
        ]
        yield from _aligned([["expected \\ answered", *labels, *other], *rows])
        return
    mistakes = [
        (count, labels[at], labels[other])
        for at, row in enumerate(found.confusion)
        for other, count in enumerate(row[: len(labels)])
        if count and other != at
    ]
    if not mistakes:
        yield "no class is taken for another"
        return
    mistakes.sort(key=lambda each: (-each[0], each[1:]))
    yield "most frequent mistakes (expected -> answered):"
    yield from (f"  {count:,} x {one} -> {other}" for count, one, other in mistakes[:_MOST_SHOWN])


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def _quoted(text: str) -> str:
    return json.dumps(text if len(text) <= 60 else f"{text[:59]}…", ensure_ascii=False)
