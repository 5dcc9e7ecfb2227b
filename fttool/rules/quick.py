"""The short way: most rows of most files are plain chats without any fault, and one look at their types tells it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import msgspec

#: More messages than this in one conversation: fttool's own service refuses it, and OpenAI's chat API does.
MOST_MESSAGES = 2_048


class PlainMessage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message of text and nothing else."""

    role: Literal["system", "user", "assistant"]
    content: str


class PlainChat(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A conversation of such messages."""

    messages: list[PlainMessage]


def is_plain_chat(row: Mapping[str, Any]) -> bool:
    """Whether a row is a plain conversation that no rule says anything about."""
    try:
        return without_fault(msgspec.convert(row, PlainChat))
    except (ValueError, RecursionError):  # msgspec.ValidationError is a ValueError
        return False


def without_fault(chat: PlainChat) -> bool:
    """Whether no rule says anything about a conversation of plain messages."""
    messages = chat.messages
    if not _in_order(tuple([message.role for message in messages])):
        return False
    for message in messages:
        content = message.content
        if not content or content.isspace():
            return False
    return True


@lru_cache(maxsize=2_048)
def _in_order(roles: tuple[str, ...]) -> bool:
    """An optional system message, then others, the last of the assistant, and never two of it in a row."""
    if not 0 < len(roles) <= MOST_MESSAGES or roles[-1] != "assistant" or "system" in roles[1:]:
        return False
    return ("assistant", "assistant") not in pairwise(roles)
