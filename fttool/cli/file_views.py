"""What files look like: a table, or the lines of one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.records.jobs import FileView

_HEADERS = ("file", "created", "bytes", "purpose", "status", "name")

#: Fields with a line of their own; whatever else a service says comes after them.
_KNOWN = ("id", "object", "bytes", "created_at", "filename", "purpose", "status", "expires_at")


def table(files: Sequence[FileView]) -> None:
    """One row for each file."""
    rows = [
        [
            view.id,
            when(view.created_at),
            "" if view.bytes is None else f"{view.bytes}",
            view.purpose or "",
            view.status or "",
            view.filename or "",
        ]
        for view in files
    ]
    if rows:
        output.table(_HEADERS, rows)


def lines(view: FileView) -> None:
    """What the service says of a file."""
    known = {
        "name": view.filename,
        "bytes": None if view.bytes is None else f"{view.bytes:,}",
        "purpose": view.purpose,
        "status": view.status,
        "created": when(view.created_at),
        "expires": expiry(view.expires_at),
    }
    output.answer(output.paint(view.id, "bold"))
    for name, value in known.items():
        if value:
            output.answer(f"  {name}: {value}")
    for name, more in view.raw.items():
        if name not in _KNOWN and more is not None:
            output.answer(f"  {name}: {more if isinstance(more, str) else output.json_text(more)}")


def document(things: Sequence[Mapping[str, Any]], *, alone: bool = False) -> Mapping[str, Any]:
    """What `--json` prints: the thing itself if it is `alone`, else a list as the API has it."""
    return things[0] if alone and things else {"object": "list", "data": list(things), "has_more": False}


def when(seconds: int | None) -> str:
    """`2025-04-14 09:30`, in the time zone of the machine; nothing for 0, which some services send."""
    if not seconds:
        return ""
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc).astimezone():%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def expiry(seconds: int | None) -> str:
    """When it will be gone, and if it is."""
    if not seconds:
        return ""
    return f"{when(seconds)}{' (over)' if seconds <= time.time() else ''}"
