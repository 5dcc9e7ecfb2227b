"""Times as one types them: `90s`, `30m`, `2h`, `3d`, and dates."""

from __future__ import annotations

import re

from fttool.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def seconds(text: str, option: str) -> float:
    """The seconds of `30m`; a plain number is seconds. Raises UsageError that names `option`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", text.strip().lower())
    if found is None:
        raise UsageError(f"`{option}` takes a time like 90s, 30m or 2h, not `{text}`")
    return float(found[1]) * _UNITS[found[2] or "s"]


def moment(text: str, option: str, now: float) -> float:
    """The unix time that is meant: `2h` ago, or the ISO date (in local time unless it says otherwise)."""
    from datetime import datetime

    plain = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?\s*[smhdw]", plain.lower()):
        return now - seconds(plain, option)
    try:
        # before Python 3.11 a `Z` is not understood
        return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", plain)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"`{option}` takes a time like 2h or 3d, or a date like 2026-11-21, not `{text}`") from None
