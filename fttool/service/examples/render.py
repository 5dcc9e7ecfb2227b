"""A chat becomes text: the one rendering that training and inference share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Turn(NamedTuple):
    """Who speaks, and what of it a text trainer can see."""

    role: str
    text: str


def prompt_of(turns: Sequence[Turn]) -> str:
    """The text a completion is asked for: "role: text" lines. A lone message of the user is just its text.

    So a model trained on prompts and one trained on chats of one question and its answer see the same.
    """
    if len(turns) == 1 and turns[0].role == "user":
        return turns[0].text
    return "\n".join(f"{turn.role}: {turn.text}" for turn in turns)


def render(messages: Iterable[Mapping[str, Any]]) -> str:
    """The prompt for messages as JSON has them, already validated."""
    return prompt_of([turn_of(message) for message in messages])


def turn_of(message: Mapping[str, Any]) -> Turn:
    """A message as a turn. A refusal, or what tools were called with, stands for an assistant's missing content."""
    role, text = message["role"], content_text(message.get("content"))
    if not text and role == "assistant":
        refusal = message.get("refusal")
        text = refusal if isinstance(refusal, str) else ""
        text = text or calls_text(message.get("tool_calls"), message.get("function_call"))
    return Turn(role, text)


def content_text(content: str | Iterable[Mapping[str, Any]] | None) -> str:
    """The text of a message's content: the text itself, or that of its parts joined; images and audio have none."""
    if isinstance(content, str):
        return content
    return "".join(part.get(part["type"]) or "" for part in content or () if part["type"] in ("text", "refusal"))


def calls_text(tool_calls: Iterable[Mapping[str, Any]] | None, function_call: Mapping[str, Any] | None) -> str:
    """The calls of tools (or of a function, as it once was) that a message makes: "name(arguments)", or ""."""
    calls = [call.get("function") or {} for call in tool_calls or ()]
    if function_call:
        calls.append(function_call)
    return " ".join(f"{call.get('name', '')}({call.get('arguments', '')})" for call in calls)
