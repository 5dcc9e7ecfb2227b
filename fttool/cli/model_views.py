"""What models look like: a table, or the lines of one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.catalog.models import Model
    from fttool.catalog.prices import Price
    from fttool.records.jobs import ModelView

_HEADERS = ("model", "created", "owner", "ends")

_TRAINABLE = (
    *("service", "model", "methods", "examples", "longest example", "no new jobs from", "shut down", "training"),
)


def table(models: Sequence[ModelView]) -> None:
    """One row for each model. On a terminal the column of ends is there only if the service says some."""
    rows = [[view.id, _date(view.created), view.owned_by or "", view.shutdown_date or ""] for view in models]
    if not rows:
        return
    columns = 4 if not output.is_terminal(sys.stdout) or any(row[3] for row in rows) else 3
    output.table(_HEADERS[:columns], [row[:columns] for row in rows])


def fine_tunable(known: Sequence[tuple[Model, Price | None]]) -> None:
    """One row for each model that can be trained, with what is known of it and the price of training."""
    rows = [
        [
            each.service,
            each.model,
            ", ".join(each.methods),
            ", ".join(each.shapes) + (", images" if each.vision else ""),
            "" if each.longest_example is None else f"{each.longest_example:,}",
            each.closes or "",
            each.ends or "",
            _training(price),
        ]
        for each, price in known
    ]
    if rows:
        output.table(_TRAINABLE, rows)
        for note in dict.fromkeys(each.note for each, _ in known if each.note):
            output.note(f"{', '.join(each.model for each, _ in known if each.note == note)}: {note}")
        for source in dict.fromkeys(f"{each.source}, seen {each.seen}" for each, _ in known):
            output.note(f"source: {source}")


def _training(price: Price | None) -> str:
    """`$5 per 1M tokens`; nothing where it is not known."""
    return "" if price is None or price.training is None else f"${price.training:g} per {price.per}"


def lines(view: ModelView) -> None:
    """What the service says of a model: the known first, then whatever else it says."""
    known = {"created": _date(view.created), "owner": view.owned_by, "ends": view.shutdown_date}
    output.answer(output.paint(view.id, "bold"))
    for name, value in known.items():
        if value:
            output.answer(f"  {name}: {value}")
    for name, more in view.raw.items():
        if name not in ("id", "object", "created", "owned_by", "shutdown_date") and more is not None:
            shown = more if isinstance(more, str) else output.json_text(more)
            output.answer(f"  {name}: {output.one_line(shown)}")


def _date(seconds: int | None) -> str:
    """`2025-04-14`, in UTC as the services' own dates are; nothing for 0, which some services send."""
    if not seconds:
        return ""
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return str(seconds)
