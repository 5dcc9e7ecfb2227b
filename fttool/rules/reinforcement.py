"""A prompt for reinforcement: messages up to the user's last, and fields that a grader compares answers with.

Source: OpenAI's guide on reinforcement fine-tuning: the last message is the user's, and every other key of a row is
reference data, which graders read as `{{ item.KEY }}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fttool.rules.base import Fault, kind
from fttool.rules.chat import ROW_KEYS, frame_faults, is_messages, order_faults
from fttool.rules.limits import Limits

#: So many rows tell prompts for reinforcement from chats, whose keys are the same.
FIRST_ROWS = 50


def reinforcement_faults(row: Mapping[str, Any], limits: Limits) -> Iterator[Fault]:
    """Faults of a prompt for reinforcement."""
    yield from frame_faults(row, "", limits)
    messages = row.get("messages")
    if is_messages(messages):
        yield from order_faults(messages, "messages")
        last = messages[-1]
        role = last.get("role") if isinstance(last, Mapping) else None
        if role != "user":
            said = f"is of role `{role}`" if isinstance(role, str) else "has no role"
            yield Fault(
                "reinforcement-last", f"messages[{len(messages) - 1}]", f"{said}; the last message is the user's"
            )
    if not reference_fields(row):
        yield Fault("reference-missing", "", "there is no key besides `messages` with a value to grade answers by")


def ends_with_user(row: Mapping[str, Any]) -> bool:
    """Whether it is a conversation that nobody has answered."""
    messages = row.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, Mapping) and last.get("role") == "user"


def reference_fields(row: Mapping[str, Any]) -> dict[str, str]:
    """The keys that graders may use, each with the kind of its value."""
    return {key: kind(value) for key, value in row.items() if key not in ROW_KEYS and value is not None}
