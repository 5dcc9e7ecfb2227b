"""Examples that others wrote in their way (Alpaca, ShareGPT, preference pairs, logs) become chats and preference pairs.

To add one: a module with a `Conversion`, and its line in CONVERSIONS. Its table is what the documentation shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fttool.dataset.conversions.alpaca import ALPACA
from fttool.dataset.conversions.base import Conversion, Row
from fttool.dataset.conversions.chosen_rejected import CHOSEN_REJECTED
from fttool.dataset.conversions.json_messages import JSON_MESSAGES
from fttool.dataset.conversions.openai_log import OPENAI_LOG
from fttool.dataset.conversions.refused import REFUSED
from fttool.dataset.conversions.sharegpt import SHAREGPT
from fttool.errors import DataError, UsageError
from fttool.rules.base import nearest

__all__ = ["CONVERSIONS", "Conversion", "Row", "conversion_named", "detect"]

#: By name. The order is that of recognition: pairs may hold conversations, and whole chats beside them.
CONVERSIONS: dict[str, Conversion] = {
    one.name: one for one in (CHOSEN_REJECTED, OPENAI_LOG, JSON_MESSAGES, SHAREGPT, ALPACA)
}

#: Columns of the shapes that need no conversion.
_OURS = ({"prompt", "completion"}, {"preferred_output"}, {"non_preferred_output"})


def conversion_named(name: str) -> Conversion:
    """The conversion of that name; UsageError where there is none."""
    if name not in CONVERSIONS:
        near = nearest(name, CONVERSIONS)
        hint = f"did you mean `{near}`?" if near else f"known are {', '.join(CONVERSIONS)}"
        raise UsageError(f"there is no conversion from `{name}`", hint=hint)
    return CONVERSIONS[name]


def detect(columns: Sequence[str], first_row: Mapping[str, Any], *, file: str | None = None) -> Conversion | None:
    """The conversion that a table clearly needs, by its columns and its first row; None where it needs none.

    Raises:
        DataError: a kind of examples that cannot be converted (ranked answers, thumbs up and down, batches).
    """
    for recognises, what, hint in REFUSED:
        if recognises(columns, first_row):
            raise DataError(what, file=file, hint=hint)
    lower = {column.strip().lower() for column in columns}
    if any(known <= lower for known in _OURS):
        return None
    for conversion in CONVERSIONS.values():
        if conversion.recognises(columns, first_row):
            # Chats are taken as they are, unless they stand beside pairs, or in cells that must be read first.
            ours = "messages" in columns and conversion not in (CHOSEN_REJECTED, JSON_MESSAGES)
            return None if ours else conversion
    return None
