"""What models look like: a table, or the lines of one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.records.jobs import ModelView

_HEADERS = ("model", "created", "owner", "ends")


def table(models: Sequence[ModelView]) -> None:
    """One row for each model. On a terminal the column of ends is there only if the service says some."""
    rows = [[view.id, _date(view.created), view.owned_by or "", view.shutdown_date or ""] for view in models]
    if not rows:
        return
    columns = 4 if not output.is_terminal(sys.stdout) or any(row[3] for row in rows) else 3
    output.table(_HEADERS[:columns], [row[:columns] for row in rows])


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
