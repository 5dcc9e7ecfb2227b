"""Chats: the rules a service refuses a conversation for. The stricter checks of tools and images build on these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from fttool.dataset.checks.base import Check, State, Verdict, plural
from fttool.records.dataset import Severity

#: Roles of the chat format; `function` is the legacy spelling of `tool`, `developer` today's of `system`.
ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def problems(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a conversation: pairs of a check's id and a word on where and what.

    Source of the rules: OpenAI's fine-tuning guide ("Preparing your dataset", chat format) and API reference.
    """
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "chat-messages", "`messages` must be a list with at least one message"
        return
    answers = 0
    previous = ""
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if not isinstance(message, dict):
            yield "chat-messages", f"{where} is no object"
            continue
        role = message.get("role")
        if role not in ROLES:
            yield "chat-role", f"{where}.role is {_named(role)}; it must be one of {', '.join(ROLES[:5])}"
        if role == "assistant":
            answers += 1
        yield from _content_problems(message, where)
        if role in ("system", "developer") and number:
            yield "chat-order", f"{where} is a {role} message after the first message"
        previous = role if isinstance(role, str) else ""
    if not answers:
        yield "chat-no-answer", "there is no assistant message to learn from"
    elif previous == "user":
        yield "chat-order", f"messages[{len(messages) - 1}] is a user message that nobody answers"


def _content_problems(message: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    content, role = message.get("content"), message.get("role")
    if content is None:
        if role != "assistant" or not (message.get("tool_calls") or message.get("function_call")):
            yield "chat-content", f"{where}.content is missing"
    elif not isinstance(content, str | list):
        yield "chat-content", f"{where}.content is no text"
    elif not content or (isinstance(content, str) and content.isspace()):
        yield "chat-content", f"{where}.content is empty"


def _named(role: object) -> str:
    return f"`{role}`" if isinstance(role, str) else "missing"


class _ChatCheck(Check):
    """A rule of `problems`; the profile holds the rows that break it and a word on the first few."""

    shape = "chat"
    what: ClassVar[tuple[str, str]]
    severity: ClassVar[Severity] = "error"

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows:
            return None
        notes = state.profile.notes.get(self.id, [])
        example = f"; the first: {notes[0][1]}" if notes else ""
        return Verdict(
            self.severity,
            f"{plural(len(rows), *self.what)}{example}",
            rows,
            {"first": [text for _, text in notes]},
            level="optional",
            action=f"remove {plural(len(rows), 'conversation')}",
            drops=True,
        )


class ChatMessages(_ChatCheck):
    """`messages` is a list of at least one object."""

    id = "chat-messages"
    what = ("row has no usable list of messages", "rows have no usable list of messages")


class ChatRole(_ChatCheck):
    """Every message has one of the roles that services know."""

    id = "chat-role"
    what = ("conversation has an unknown role", "conversations have unknown roles")


class ChatContent(_ChatCheck):
    """Every message has content; an assistant message may call tools instead."""

    id = "chat-content"
    what = ("conversation has an empty or missing content", "conversations have empty or missing contents")


class ChatOrder(_ChatCheck):
    """The system message stands first, and the last message is no question left open."""

    id = "chat-order"
    severity = "warning"
    what = ("conversation has its messages out of order", "conversations have their messages out of order")


class ChatNoAnswer(_ChatCheck):
    """At least one assistant message: only those are learned from."""

    id = "chat-no-answer"
    what = ("conversation has no assistant message", "conversations have no assistant message")


class ChatSurrogate(_ChatCheck):
    """Half of a character (`"\\ud83d"`) anywhere in a conversation: services refuse it."""

    id = "chat-surrogate"
    what = ("conversation holds half a character", "conversations hold half a character")


CHAT_CHECKS: tuple[Check, ...] = (
    ChatMessages(),
    ChatRole(),
    ChatContent(),
    ChatOrder(),
    ChatNoAnswer(),
    ChatSurrogate(),
)
