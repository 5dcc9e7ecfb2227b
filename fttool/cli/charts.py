"""Small charts for the terminal: curves in braille dots (2 x 4 to a character), or in plain ASCII.

Our own, for it is little: the library there is for this (plotext) takes 2.9 MB and has changed its calls twice in
two years, and rich draws no curves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

#: Bits of the dots of a braille character, by row and column (Unicode 16, "Braille Patterns").
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "_.-=+*#@"


class Series(NamedTuple):
    """A curve: its name and its points (x, y). With a `mark`, single points are drawn instead, with that character."""

    name: str
    points: Sequence[tuple[float, float]]
    mark: str | None = None


def chart(
    title: str, series: Sequence[Series], *, width: int = 72, height: int = 8, plain: bool = False, x_name: str = "step"
) -> list[str]:
    """The lines of a chart `width` characters wide, with `height` rows of curve; none for fewer than two points.

    `plain` asks for ASCII. Points that are not finite numbers are left out.
    """
    drawn = [each._replace(points=_finite(each.points)) for each in series]
    drawn = [each for each in drawn if each.points]
    if len({x for each in drawn for x, _ in each.points}) < 2:
        return []
    xs, ys = zip(*(point for each in drawn for point in each.points), strict=True)
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    labels = (_number(high), _number(low) if high > low else "")
    margin = max(map(len, labels))
    columns = max(width - margin - 2, 10)
    frame = _Frame(left, right, low, high, columns, height)
    rows = frame.rows(drawn, plain)
    axis, corner, line = ("|", "+", "-") if plain else ("│", "└", "─")
    lines = [f"{title}{_legend(drawn, plain)}"]
    for at, row in enumerate(rows):
        label = labels[0] if at == 0 else labels[1] if at == height - 1 else ""
        lines.append(f"{label:>{margin}} {axis}{row}".rstrip())
    lines.append(f"{'':>{margin}} {corner}{line * columns}")
    ends = (_number(left), f"{x_name} {_number(right)}")
    lines.append(f"{'':>{margin}}  {ends[0]}{ends[1]:>{max(columns - len(ends[0]), len(ends[1]) + 1)}}")
    return lines


def sparkline(values: Sequence[float], width: int = 20, *, plain: bool = False) -> str:
    """`▇▅▃▂▁▁`: the course of `values` in one line of at most `width` characters."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    count = min(width, len(known))
    parts = [known[at * len(known) // count : (at + 1) * len(known) // count] for at in range(count)]
    means = [sum(part) / len(part) for part in parts]
    low, high = min(means), max(means)
    bars = _PLAIN_BARS if plain else _BARS
    scale = (len(bars) - 1) / (high - low) if high > low else 0.0
    return "".join(bars[int((mean - low) * scale + 0.5)] for mean in means)


class _Frame:
    """The field that curves are drawn in: numbers to dots."""

    def __init__(self, left: float, right: float, low: float, high: float, columns: int, height: int) -> None:
        self._left, self._low = left, low
        self._width, self._height = right - left, high - low
        self._columns, self._rows = columns, height

    def rows(self, series: Sequence[Series], plain: bool) -> list[str]:
        """The field, row by row. Single points stand above lines."""
        down, across = (1, 1) if plain else (4, 2)
        cells: dict[tuple[int, int], int] = {}
        marks: dict[tuple[int, int], str] = {}
        for each in series:
            for x, y in self._path(each, across, down):
                cell = (y // down, x // across)
                if each.mark is not None:
                    marks[cell] = each.mark
                else:
                    cells[cell] = cells.get(cell, 0) | (1 if plain else _DOTS[y % down][x % across])

        def character(cell: tuple[int, int]) -> str:
            if cell in marks:
                return marks[cell]
            dots = cells.get(cell)
            return " " if dots is None else "*" if plain else chr(_BRAILLE | dots)

        return ["".join(character((row, column)) for column in range(self._columns)) for row in range(self._rows)]

    def _path(self, series: Series, across: int, down: int) -> Iterator[tuple[int, int]]:
        """The dots of a curve: one mean for each column that has points, joined; or its points one by one."""
        columns: dict[int, list[float]] = {}
        for x, y in series.points:
            columns.setdefault(self._place(x - self._left, self._width, self._columns * across), []).append(y)
        bottom = self._rows * down
        dots = [
            (x, bottom - 1 - self._place(sum(ys) / len(ys) - self._low, self._height, bottom))
            for x, ys in sorted(columns.items())
        ]
        if series.mark is not None:
            yield from dots
            return
        yield dots[0]
        for (x0, y0), (x1, y1) in pairwise(dots):
            steps = max(x1 - x0, abs(y1 - y0))
            for step in range(1, steps + 1):
                yield x0 + (x1 - x0) * step // steps, round(y0 + (y1 - y0) * step / steps)

    @staticmethod
    def _place(value: float, extent: float, places: int) -> int:
        return int(value / extent * (places - 1) + 0.5) if extent > 0 else (places - 1) // 2


def _finite(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _legend(series: Sequence[Series], plain: bool) -> str:
    line = "*" if plain else "⠤⠤"
    return f": {', '.join(f'{each.mark or line} {each.name}' for each in series)}"


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
