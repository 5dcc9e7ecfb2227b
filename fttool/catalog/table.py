"""Reading the tables. They are small, come with the package, and are read once."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of `NAME.csv` beside this module, by column; an empty cell is ""."""
    with Path(__file__).with_name(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file, strict=True))


def number(text: str) -> int | None:
    """A whole number, None for an empty cell."""
    return int(text) if text else None


def amount(text: str) -> float | None:
    """An amount of money, None for an empty cell: what is not known is not 0."""
    return float(text) if text else None
