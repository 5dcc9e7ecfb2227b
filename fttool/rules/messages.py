"""One message: its role, its content, its name and weight, and the keys it may have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fttool.rules.base import Fault, kind, nearest, null_keys, shown, unknown_keys
from fttool.rules.parts import parts_faults

ASSISTANT = "assistant"

#: Roles that give instructions, and stand first. `developer` is what newer models call `system`.
LEADING = ("system", "developer")

#: Keys of a message by its role; `function` is the legacy spelling of `tool`. Source: OpenAI's OpenAPI document,
#: ChatCompletionRequest…Message, and FineTuneChatCompletionRequestAssistantMessage for `weight`. `name` of a tool's
#: answer is not in it, but in OpenAI's own examples.
KEYS: dict[str, tuple[str, ...]] = {
    "system": ("role", "content", "name"),
    "developer": ("role", "content", "name"),
    "user": ("role", "content", "name"),
    "assistant": ("role", "content", "name", "refusal", "audio", "weight", "tool_calls", "function_call"),
    "tool": ("role", "content", "tool_call_id", "name"),
    "function": ("role", "content", "name"),
}

#: Keys with rules of their own, which say more than that the key is unknown.
RULED = ("weight", "tool_calls", "function_call", "tool_call_id")

#: Keys that may be left out, but not be null; `refusal`, `audio` and `function_call` may.
NOT_NULL = ("name", "weight", "tool_calls", "tool_call_id")

#: Answers of tools may be empty: the tool had nothing to say.
_MAY_BE_EMPTY = ("tool", "function")

#: Source: what OpenAI's API answers for a `name` with other characters.
_NAME = re.compile(r"[^\s<|\\/>]{1,64}")


def message_faults(message: Mapping[str, Any], at: str) -> Iterator[Fault]:
    """Faults of a message; `at` is its path."""
    role = message.get("role")
    if not isinstance(role, str) or role not in KEYS:
        yield _role_fault(message, at)
        role = role.strip().lower() if isinstance(role, str) else ""
    known = KEYS.get(role)
    if known is not None:
        yield from unknown_keys(message, (*known, *RULED), at)
    yield from null_keys(message, NOT_NULL, at)
    yield from _content_faults(message, role, at)
    name = message.get("name")
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        yield Fault(
            "chat-name", f"{at}.name", f"is {shown(name)}; it must be 1 to 64 characters, none of them < > | \\ /"
        )
    yield from _weight_faults(message, role, at)


def _role_fault(message: Mapping[str, Any], at: str) -> Fault:
    role = message.get("role")
    listed = ", ".join(list(KEYS)[:5])
    if isinstance(role, str):
        if role.strip().lower() in KEYS:
            return Fault("chat-role-case", f"{at}.role", f"is `{role}`; it must be `{role.strip().lower()}`")
        near = nearest(role, KEYS)
        meant = f"; did you mean `{near}`?" if near else ""
        return Fault("chat-role", f"{at}.role", f"is {shown(role)}; it must be one of {listed}{meant}")
    if "role" in message:
        return Fault("chat-role", f"{at}.role", f"is {kind(role)}; it must be one of {listed}")
    near = nearest("role", message)
    return Fault("chat-role", f"{at}.role", f"is missing; `{near}` is near it" if near else "is missing")


def _content_faults(message: Mapping[str, Any], role: str, at: str) -> Iterator[Fault]:
    content, path = message.get("content"), f"{at}.content"
    if content is None:
        called = message.get("tool_calls") or message.get("function_call") or message.get("refusal")
        if role != ASSISTANT or not called:
            near = None if "content" in message else nearest("content", message)
            said = "is null" if "content" in message else "is missing"
            only = "; only an assistant message that calls tools has none" if role == ASSISTANT else ""
            yield Fault("chat-content", path, f"{said}; `{near}` is near it" if near else said + only)
    elif isinstance(content, list):
        yield from parts_faults(content, role, path)
    elif not isinstance(content, str):
        yield Fault("chat-content", path, f"is {kind(content)}, not text")
    elif not content or content.isspace():
        yield from _blank(message, role, path, content)


def _blank(message: Mapping[str, Any], role: str, path: str, content: str) -> Iterator[Fault]:
    called = message.get("tool_calls") or message.get("function_call") or message.get("refusal")
    what = "is only white space" if content else "is empty"
    if role == ASSISTANT and not called and message.get("weight") != 0:
        yield Fault("chat-content", path, f"{what}: there is nothing to learn")
    elif role not in _MAY_BE_EMPTY and not called:
        yield Fault("empty-content", path, what)


def _number(value: object) -> str:
    """A number as it was written; "" for anything else."""
    return str(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else ""


def _weight_faults(message: Mapping[str, Any], role: str, at: str) -> Iterator[Fault]:
    weight = message.get("weight")
    if weight is None:
        return
    if role and role != ASSISTANT:
        yield Fault("chat-weight", f"{at}.weight", f"stands in a {role} message; only assistant messages have one")
    elif isinstance(weight, bool) or weight not in (0, 1):
        said = f"the text {shown(weight)}" if isinstance(weight, str) else _number(weight) or shown(weight)
        yield Fault("chat-weight", f"{at}.weight", f"is {said}; it must be the number 0 or 1")
