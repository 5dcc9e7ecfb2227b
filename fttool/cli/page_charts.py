"""Small charts for a page, as SVG in its text: they need no library, and follow the colours of the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fttool.records.metrics import Calibration

_WIDTH = 560
_MARGIN = 40


def intervals(bars: Sequence[tuple[str, float, float, float]], name: str) -> str:
    """A line for each model: name, value, low and high end of its interval, all from 0 to 1."""
    low = max(0.0, min(each[2] for each in bars) - 0.05)
    high = min(1.0, max(each[3] for each in bars) + 0.05)
    width, step = _WIDTH - 2 * _MARGIN, 26

    def at(value: float) -> float:
        return _MARGIN + (value - low) / (high - low) * width

    height = step * len(bars) + 36
    parts = [_open(_WIDTH, height, f"{name} with 95% intervals")]
    for number, (letter, value, left, right) in enumerate(bars):
        y = step * number + 18
        parts.append(f'<text x="8" y="{y + 4}">{escape(letter)}</text>')
        parts.append(_line(at(left), y, at(right), y, 3))
        parts.append(f'<circle cx="{at(value):.1f}" cy="{y}" r="6" fill="var(--mark)"/>')
    bottom = step * len(bars) + 8
    parts.append(_line(_MARGIN, bottom, _MARGIN + width, bottom, 1, "var(--line)"))
    for tick in range(5):
        value = low + (high - low) * tick / 4
        parts.append(f'<text x="{at(value):.1f}" y="{bottom + 18}" text-anchor="middle">{value:.0%}</text>')
    return "".join([*parts, "</svg>"])


def reliability(told: Calibration) -> str:
    """Accuracy over confidence, a dot for each bin, as large as it has answers; on the diagonal all is well."""
    side, margin = 270, 44
    inner = side - 2 * margin

    def x(value: float) -> float:
        return margin + value * inner

    def y(value: float) -> float:
        return side - margin - value * inner

    parts = [_open(side, side, "reliability diagram")]
    parts.append(_line(x(0), y(0), x(1), y(1), 1, "var(--soft)", ' stroke-dasharray="4 4"'))
    parts.append(_line(x(0), y(0), x(1), y(0), 1, "var(--line)"))
    parts.append(_line(x(0), y(0), x(0), y(1), 1, "var(--line)"))
    most = max(each.count for each in told.bins)
    for each in told.bins:
        radius = 3 + 7 * (each.count / most) ** 0.5
        title = f"{each.count:,} answers: {each.confidence:.1%} sure, {each.accuracy:.1%} right"
        parts.append(
            f'<circle cx="{x(each.confidence):.1f}" cy="{y(each.accuracy):.1f}" r="{radius:.1f}" fill="var(--mark)" '
            f'fill-opacity="0.7"><title>{title}</title></circle>'
        )
    for value in (0.0, 0.5, 1.0):
        parts.append(f'<text x="{x(value):.1f}" y="{side - margin + 16}" text-anchor="middle">{value:.0%}</text>')
        parts.append(f'<text x="{margin - 5}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.0%}</text>')
    parts.append(f'<text x="{side / 2}" y="{side - 4}" text-anchor="middle">sure</text>')
    parts.append(f'<text x="{margin}" y="{margin - 12}">right</text>')
    return "".join([*parts, "</svg>"])


def _open(width: float, height: float, label: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(label)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">'
    )


def _line(x1: float, y1: float, x2: float, y2: float, width: float, colour: str = "var(--mark)", more: str = "") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{more}/>'
    )
