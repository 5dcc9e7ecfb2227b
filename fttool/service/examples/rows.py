"""The shapes a line of a training file may have, and what of it can be learned.

Completion {"prompt", "completion"}, chat {"messages": […]} and preference {"input": {"messages"}, "preferred_output",
"non_preferred_output"}: OpenAI's, for the methods supervised (the first two) and dpo. The rules (fttool/rules) say what
must be in them; here a row is one that they have accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fttool.rules.base import nearest
from fttool.rules.chat import ROW_KEYS
from fttool.rules.quick import PlainChat, without_fault
from fttool.rules.reinforcement import ends_with_user
from fttool.service.examples.render import Turn, content_text, prompt_of, turn_of
from fttool.service.trainers import Example

Row = Mapping[str, Any]

#: Shapes that a method can train on.
METHOD_SHAPES: dict[str, tuple[str, ...]] = {"supervised": ("completion", "chat"), "dpo": ("preference",)}


class _Pair(msgspec.Struct, gc=False):
    """A prompt and its completion; other keys do not matter."""

    prompt: str
    completion: str


_CHAT = msgspec.json.Decoder(PlainChat)
_PAIR = msgspec.json.Decoder(_Pair)


def shape_of(row: Row) -> str | None:
    """The shape a row's keys speak of; None for none that is known."""
    if "prompt" in row and "completion" in row:
        return "completion"
    if "preferred_output" in row or "non_preferred_output" in row:
        return "preference"
    if "messages" in row:
        return "chat"
    return "completion" if "prompt" in row or "completion" in row else None


def shape_for(row: Row, method: str) -> str | None:
    """The shape that a method's file is taken for if its first row is this one; None if that is not told by it."""
    shapes, own = METHOD_SHAPES[method], shape_of(row)
    if own is not None:
        return own if own in shapes else None
    if len(shapes) == 1:
        return shapes[0]
    # `mesages`: the rules on chats tell what is meant.
    return "chat" if nearest("messages", row) else None


def plain_count(line: bytes, shape: str) -> int:
    """How many examples there are in a line, if one look tells that it is a plain row without fault; else 0."""
    try:
        if shape == "chat":
            chat = _CHAT.decode(line)
            return [message.role for message in chat.messages].count("assistant") if without_fault(chat) else 0
        if shape == "completion":
            completion = _PAIR.decode(line).completion
            return 1 if completion and not completion.isspace() else 0
    except (ValueError, RecursionError, msgspec.MsgspecError):
        pass
    return 0


def examples(row: Row, shape: str) -> Iterator[Example]:
    """What can be learned: each answer of the assistant with weight other than 0, or the completion."""
    if shape == "completion":
        yield Example(row["prompt"], row["completion"])
        return
    messages, first = messages_of(row, shape)
    turns: list[Turn] = []
    for at, message in enumerate(messages):
        turn = turn_of(message)
        if at >= first and is_learned(message, turn):
            yield Example(prompt_of(turns), turn.text)
        turns.append(turn)


def messages_of(row: Row, shape: str) -> tuple[Sequence[Row], int]:
    """The messages of a chat or a preference, as one conversation; and the first that may be learned."""
    if shape == "preference":
        asked = row["input"]["messages"]
        return [*asked, *row["preferred_output"]], len(asked)
    return row["messages"], 0


def is_learned(message: Row, turn: Turn) -> bool:
    """Whether a message is an answer to learn, and has something in it that a text trainer can."""
    return turn.role == "assistant" and message.get("weight") != 0 and bool(turn.text) and not turn.text.isspace()


def is_unseen(message: Row) -> bool:
    """Whether a message holds what a text trainer cannot see."""
    content = message.get("content")
    return isinstance(content, list) and any(part["type"] not in ("text", "refusal") for part in content)


def is_call(message: Row) -> bool:
    """Whether calls are all the text there is of a message."""
    return bool(message.get("tool_calls") or message.get("function_call")) and not content_text(message.get("content"))


def is_asked(row: Row) -> bool:
    """Whether it is a conversation that ends with the user, with something beside it to grade answers by."""
    return ends_with_user(row) and any(key not in ROW_KEYS for key in row)
