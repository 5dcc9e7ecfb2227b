"""The tokens of one example, of any shape: its texts by role, the format around them, what is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fttool.dataset.values import encode_object
from fttool.rules.messages import KEYS

Count = Callable[[str], int]

#: What a chat's format adds: so many tokens for each message (besides its role), for each example, for each name.
#: Source: OpenAI cookbook, "Data preparation and analysis for chat model fine-tuning" (num_tokens_from_messages).
PER_MESSAGE, PER_EXAMPLE, PER_NAME = 3, 3, 1

#: What stands for roles that no service knows; a file may have any number of them.
OTHER_ROLE = "?"


@dataclass(slots=True)
class RowTokens:
    """The tokens of one example: of its texts by role, of the format around them, and how many are learned."""

    roles: dict[str, int] = field(default_factory=dict)
    overhead: int = 0
    trained: int = 0
    images: int = 0

    def add(self, role: str, tokens: int) -> None:
        """Add tokens of a role's text."""
        self.roles[role] = self.roles.get(role, 0) + tokens

    @property
    def total(self) -> int:
        """All of them."""
        return self.overhead + sum(self.roles.values())


def count_row(row: dict[str, Any], count: Count) -> RowTokens:
    """The tokens of an example of any shape: prompt and completion, chat, preference, reinforcement.

    What is no text where one belongs counts for nothing: other checks find it.
    """
    found = RowTokens()
    if "messages" in row:
        _messages(row["messages"], found, count)
        found.overhead += PER_EXAMPLE
    elif "input" in row:
        inner = row["input"] if isinstance(row["input"], dict) else {}
        _messages(inner.get("messages"), found, count)
        found.overhead += PER_EXAMPLE
        found.trained = 0
        for name in ("preferred_output", "non_preferred_output"):
            _messages(row.get(name), found, count, role=name)
            found.trained += found.roles.get(name, 0)
        _tools(inner, found, count)
    else:
        for name in ("prompt", "completion"):
            text = row.get(name)
            found.add(name, count(text) if isinstance(text, str) else 0)
        found.trained = found.roles["completion"]
    _tools(row, found, count)
    return found


def _messages(messages: object, found: RowTokens, count: Count, *, role: str | None = None) -> None:
    """Add the messages of a list; `role` to count them all as one, of which nothing is learned."""
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        own = message.get("role")
        own = own if isinstance(own, str) and own in KEYS else OTHER_ROLE
        content = message.get("content")
        tokens = count(content) if isinstance(content, str) else _parts(content, found, count)
        if len(message) > 2:
            tokens += _calls(message, count)
            found.overhead += _name(message, count)
        found.add(role or own, tokens)
        found.overhead += PER_MESSAGE + _of_word(own, count)
        if own == "assistant" and role is None and message.get("weight", 1) != 0:
            found.trained += tokens


def _calls(message: dict[str, Any], count: Count) -> int:
    """Calls of tools are counted as their JSON."""
    calls = (message.get(name) for name in ("tool_calls", "function_call"))
    return sum(count(encode_object(each).decode()) for each in calls if each)


def _name(message: dict[str, Any], count: Count) -> int:
    name = message.get("name")
    return PER_NAME + count(name) if isinstance(name, str) else 0


def _parts(content: object, found: RowTokens, count: Count) -> int:
    """The tokens of a content that is no text but parts, of which some are texts and some images."""
    tokens = 0
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            tokens += count(part["text"])
        elif isinstance(part, dict) and part.get("type") == "image_url":
            found.images += 1
    return tokens


def _tools(row: dict[str, Any], found: RowTokens, count: Count) -> None:
    """Tools are counted as their JSON: how a service writes them out is not published."""
    for name in ("tools", "functions"):
        if row.get(name):
            found.add("tools", count(encode_object(row[name]).decode()))


@lru_cache(maxsize=64)
def _of_word(word: str, count: Count) -> int:
    """The tokens of a word that stands in every row."""
    return count(word)
