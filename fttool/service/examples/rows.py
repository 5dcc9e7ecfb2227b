"""The shapes a line of a training file may have, and what of it can be learned.

Completion {"prompt", "completion"}, chat {"messages": […]} and preference {"input": {"messages"}, "preferred_output",
"non_preferred_output"}: OpenAI's, for the methods supervised (the first two) and dpo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypedDict

import msgspec

from fttool.service.examples.render import Turn, calls_text, content_text, prompt_of
from fttool.service.trainers import Example

#: More messages than this in one example are refused: each answer is an example with all that came before it.
MOST_MESSAGES = 2_048


class _Typed(TypedDict):
    type: Literal["text", "refusal", "image_url", "input_audio", "file"]


class Part(_Typed, total=False):
    """A part of a message's content."""

    text: str
    refusal: str


class Function(TypedDict):
    """What is called, and with what (JSON, as text)."""

    name: str
    arguments: str


class Call(TypedDict):
    """A call of a tool."""

    function: Function


class Message(msgspec.Struct):
    """A message of a chat. Keys that are not here are let through, as OpenAI does."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    weight: float | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    refusal: str | None = None

    @property
    def turn(self) -> Turn:
        """The message as text sees it."""
        return Turn(self.role, content_text(self.content) or calls_text(self.tool_calls, self.function_call))

    @property
    def answer(self) -> str:
        """The text to learn; "" if there is none, or it is not to be learned."""
        return content_text(self.content) if self.role == "assistant" and self.weight != 0 else ""

    def fault(self) -> str | None:
        """What is wrong that types do not say."""
        if self.weight not in (None, 0, 1):
            return f"'weight' must be 0 or 1, not {self.weight:g}"
        if isinstance(self.content, list):
            # A part of type "text" has its text under "text", a refusal under "refusal".
            if not all(part["type"] in part for part in self.content if part["type"] in ("text", "refusal")):
                return "a part of its content has no text"
        elif self.content is None:
            called = self.tool_calls or self.function_call or self.refusal
            if self.role != "assistant" or not called:
                return f"a message of role '{self.role}' has no content"
        return None

    @property
    def unseen(self) -> bool:
        """Whether it holds what a text trainer cannot see."""
        return isinstance(self.content, list) and any(part["type"] not in ("text", "refusal") for part in self.content)


class Completion(msgspec.Struct):
    """A prompt and its completion."""

    prompt: str
    completion: str

    def fault(self) -> str | None:
        """Nothing that types do not say."""
        return None

    def examples(self) -> Iterator[Example]:
        """Itself, unless there is nothing to learn."""
        if self.completion:
            yield Example(self.prompt, self.completion)

    def count(self) -> int:
        """How many examples there are."""
        return 1 if self.completion else 0

    unseen = False


class Chat(msgspec.Struct):
    """A chat: each answer of the assistant with weight other than 0 is an example."""

    messages: list[Message]
    tools: list[dict[str, Any]] | None = None
    parallel_tool_calls: bool | None = None

    def fault(self) -> str | None:
        """What is wrong that types do not say."""
        return messages_fault("messages", self.messages, answered=True)

    def examples(self) -> Iterator[Example]:
        """One for each answer that can be learned."""
        return _answers(self.messages, 0)

    def count(self) -> int:
        """How many examples there are."""
        return sum(1 for message in self.messages if message.answer)

    @property
    def unseen(self) -> bool:
        """Whether it holds what a text trainer cannot see."""
        return any(message.unseen for message in self.messages)


class Asked(msgspec.Struct):
    """What a preference answers."""

    messages: list[Message]
    tools: list[dict[str, Any]] | None = None
    parallel_tool_calls: bool | None = None


class Preference(msgspec.Struct):
    """Two answers to one chat, the better and the worse."""

    input: Asked
    preferred_output: list[Message]
    non_preferred_output: list[Message]

    def fault(self) -> str | None:
        """What is wrong that types do not say."""
        return (
            messages_fault("input.messages", self.input.messages, answered=False)
            or messages_fault("preferred_output", self.preferred_output, answered=True)
            or messages_fault("non_preferred_output", self.non_preferred_output, answered=True)
        )

    def examples(self) -> Iterator[Example]:
        """The preferred answers."""
        return _answers([*self.input.messages, *self.preferred_output], len(self.input.messages))

    def count(self) -> int:
        """How many examples there are."""
        return sum(1 for message in self.preferred_output if message.answer)

    @property
    def unseen(self) -> bool:
        """Whether it holds what a text trainer cannot see."""
        return any(message.unseen for message in (*self.input.messages, *self.preferred_output))


Row = Completion | Chat | Preference

#: The shapes by name, with the keys that tell them apart.
SHAPES: dict[str, type[Row]] = {"chat": Chat, "preference": Preference, "completion": Completion}

#: Shapes that a method can train on.
METHOD_SHAPES: dict[str, tuple[str, ...]] = {"supervised": ("completion", "chat"), "dpo": ("preference",)}


def decoder(shape: str) -> msgspec.json.Decoder[Row]:
    """What reads a line of that shape."""
    return msgspec.json.Decoder(SHAPES[shape])


def shape_of(row: dict[str, Any]) -> str | None:
    """The shape a line's keys speak of; None for none that is known."""
    if "messages" in row:
        return "chat"
    if row.keys() & {"prompt", "completion"}:
        return "completion"
    if row.keys() & {"input", "preferred_output", "non_preferred_output"}:
        return "preference"
    return None


def messages_fault(where: str, messages: Sequence[Message], *, answered: bool) -> str | None:
    """What is wrong with messages. `answered`: one must be the assistant's."""
    if not messages:
        return f"'{where}' is empty"
    if len(messages) > MOST_MESSAGES:
        return f"'{where}' has {len(messages):,} messages; at most {MOST_MESSAGES:,} can be read"
    for at, message in enumerate(messages):
        if fault := message.fault():
            return f"'{where}[{at}]': {fault}"
    if answered and not any(message.role == "assistant" for message in messages):
        return f"'{where}' has no message of role 'assistant'"
    return None


def _answers(messages: Sequence[Message], first: int) -> Iterator[Example]:
    turns: list[Turn] = []
    for at, message in enumerate(messages):
        if at >= first and (answer := message.answer):
            yield Example(prompt_of(turns), answer)
        turns.append(message.turn)
