"""What a request for a completion or a chat may say, with OpenAI's bounds; anything else is refused by name.

Bounds and defaults are those of OpenAI's document. What this service cannot do (tools, structured output, token ids …)
is refused rather than ignored; what does not change the text (user, metadata, store …) is accepted and ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Temperature = Annotated[float, Meta(ge=0, le=2)]
Share = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Choices = Annotated[int, Meta(ge=1, le=128)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

#: The longest completion, in tokens. A longer one is refused, as at OpenAI beyond a model's context.
MOST_TOKENS = 16_384


class StreamOptions(Struct, forbid_unknown_fields=True):
    """`include_obfuscation` is against listeners on encrypted lines: it has no effect here."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class Common(Struct, kw_only=True, forbid_unknown_fields=True):
    """What completions and chats share. null always means the default."""

    model: str
    temperature: Temperature | None = None
    top_p: Share | None = None
    n: Choices | None = None
    stop: str | list[str] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    seed: Seed | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    # Accepted, and without effect on the text:
    user: str | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: Any = None

    @property
    def with_usage(self) -> bool:
        """Whether a stream ends with a chunk that says what was used."""
        return bool(self.stream_options and self.stream_options.include_usage)


class CompletionBody(Common, kw_only=True, forbid_unknown_fields=True):
    """POST /completions. The prompt may be token ids by OpenAI's document; those are refused after decoding."""

    prompt: str | list[str | int | list[int]] | None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    echo: bool | None = None
    best_of: Annotated[int, Meta(ge=0, le=20)] | None = None
    suffix: str | None = None

    @property
    def prompts(self) -> list[str]:
        """The prompts, once checked."""
        if isinstance(self.prompt, list):
            return [str(prompt) for prompt in self.prompt]
        return [self.prompt or ""]


class Part(Struct):
    """A part of a message's content."""

    type: str
    text: str | None = None
    refusal: str | None = None


class Function(Struct):
    """What an earlier answer called."""

    name: str = ""
    arguments: str = ""


class Call(Struct):
    """An earlier call of a tool."""

    function: Function | None = None


class Message(Struct):
    """A message of a chat. Keys beside these are let through: answers are often sent back as they came."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None


class ResponseFormat(Struct):
    """How the answer is to be formed. Only `text` is possible here."""

    type: str


class ChatBody(Common, kw_only=True, forbid_unknown_fields=True):
    """POST /chat/completions."""

    messages: Annotated[list[Message], Meta(min_length=1)]
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    modalities: list[str] | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    functions: list[Any] | None = None
    function_call: Any = None
    audio: Any = None
    web_search_options: Any = None
    moderation: Any = None
    # Accepted, and without effect on the text:
    parallel_tool_calls: bool | None = None
    prediction: Any = None
    reasoning_effort: str | None = None
    verbosity: str | None = None

    @property
    def report(self) -> int | None:
        """How many of the best candidates to list at each place; None for no log-probabilities."""
        return self.top_logprobs or 0 if self.logprobs else None
