"""A conversation: its frame, its order, and what must be in it to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from fttool.rules.base import Fault, kind, nearest, shown, unknown_keys
from fttool.rules.limits import Limits
from fttool.rules.messages import ASSISTANT, LEADING, message_faults
from fttool.rules.parts import image_count_faults
from fttool.rules.quick import MOST_MESSAGES
from fttool.rules.tools import conversation_faults, tools_faults

#: Keys of a row. Source: OpenAI's OpenAPI document, FineTuneChatRequestInput; `functions` is the legacy `tools`.
ROW_KEYS = ("messages", "tools", "functions", "parallel_tool_calls")


def chat_faults(row: Mapping[str, Any], limits: Limits) -> Iterator[Fault]:
    """Faults of a conversation to learn the assistant's messages of. Source: OpenAI's fine-tuning guide."""
    yield from unknown_keys(row, ROW_KEYS, "")
    yield from frame_faults(row, "", limits)
    messages = row.get("messages")
    if not is_messages(messages):
        return
    yield from order_faults(messages, "messages")
    yield from _learning_faults(messages)


def frame_faults(holder: Mapping[str, Any], where: str, limits: Limits) -> Iterator[Fault]:
    """Faults of `messages`, `tools` and their like in a row, or in the `input` of one; `where` is "" or "input."."""
    messages = holder.get("messages")
    path = f"{where}messages"
    if not is_messages(messages):
        yield Fault("chat-messages", path, _no_messages(messages, holder))
        return
    if len(messages) > MOST_MESSAGES:
        yield Fault("chat-messages", path, f"are {len(messages):,}; at most {MOST_MESSAGES:,} are taken")
        return
    usable = True
    for number, message in enumerate(messages):
        at = f"{path}[{number}]"
        if not isinstance(message, Mapping):
            yield Fault("chat-messages", at, f"is {kind(message)}, not an object")
            usable = False
        else:
            yield from message_faults(message, at)
    declared: dict[str, Any] = {}
    yield from tools_faults(holder, where, declared)
    if usable:
        yield from conversation_faults(messages, path, holder, declared)
        yield from image_count_faults(messages, path, limits)


def is_messages(messages: object) -> TypeGuard[list[Any]]:
    """Whether it is a list with something in it."""
    return isinstance(messages, list) and bool(messages)


def order_faults(messages: list[Any], path: str) -> Iterator[Fault]:
    """System messages that do not stand first, and two assistant messages in a row."""
    before = None
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, Mapping) else None
        if role == before == ASSISTANT:
            yield Fault(
                "chat-turns", f"{path}[{number}]", "follows another assistant message; some services refuse that"
            )
        before = role
        if number and role in LEADING:
            first = isinstance(messages[0], Mapping) and messages[0].get("role") in LEADING
            why = f"is a second {role} message" if first else f"is a {role} message after the first message"
            yield Fault("chat-order", f"{path}[{number}]", why)


def _learning_faults(messages: list[Any]) -> Iterator[Fault]:
    answers = [message for message in messages if isinstance(message, Mapping) and message.get("role") == ASSISTANT]
    if not answers:
        yield Fault("chat-no-answer", "messages", "hold no assistant message to learn from")
        return
    if all(message.get("weight") == 0 and not isinstance(message.get("weight"), bool) for message in answers):
        yield Fault("chat-no-answer", "messages", "hold no assistant message of a weight other than 0")
    last = messages[-1]
    role = last.get("role") if isinstance(last, Mapping) else ASSISTANT
    if isinstance(role, str) and role.strip().lower() != ASSISTANT:
        nobody = "is a user message that nobody answers" if role == "user" else f"is of role {shown(role)}"
        yield Fault("chat-last", f"messages[{len(messages) - 1}]", f"{nobody}; the last message is the assistant's")


def _no_messages(messages: object, keys: Mapping[str, Any]) -> str:
    if messages is None and "messages" not in keys:
        near = nearest("messages", keys)
        return f"is missing; `{near}` is near it" if near else "is missing"
    if isinstance(messages, list):
        return "is an empty list"
    return f"is {kind(messages)}, not a list of messages"
