"""Bodies of requests become checked settings; what contradicts itself or cannot be done here is refused."""

from __future__ import annotations

import msgspec

from fttool.service.api.bodies import decode
from fttool.service.examples.render import render
from fttool.service.inference.bodies import MOST_TOKENS, ChatBody, Common, CompletionBody, Message
from fttool.service.inference.decoding import Settings
from fttool.service.inference.sampling import Sampling
from fttool.service.refusals import Refusal, bad

#: OpenAI's default of the older endpoint. Chats have none there but the model's context; here it is this.
DEFAULT_COMPLETION_TOKENS = 16
DEFAULT_CHAT_TOKENS = 4_096

#: Prompts times choices of one request, and tokens of all of them: one request shall not ask for days of work, nor
#: for an answer that does not fit into memory.
MOST_ANSWERS = 4_096
MOST_TOKENS_TOGETHER = 1 << 20
MOST_STOPS = 4
MOST_STOP_CHARACTERS = 4_096


def completion_body(raw: bytes) -> CompletionBody:
    """The body of POST /completions. Raises Refusal (400) that names the parameter."""
    body = decode(raw, CompletionBody)
    _check_common(body)
    prompts = body.prompt if isinstance(body.prompt, list) else [body.prompt or ""]
    if not prompts:
        raise bad("'prompt' must have at least one item", param="prompt", code="empty_array")
    if not all(isinstance(prompt, str) for prompt in prompts):
        raise bad(
            "Token ids are not supported by this service: its models have no public token ids. "
            "Send 'prompt' as text, or as a list of texts.",
            param="prompt",
            code="unsupported_value",
        )
    if body.suffix:
        raise _unsupported("suffix", "its models complete only at the end")
    choices = body.n or 1
    if body.best_of and body.best_of < choices:
        raise bad(f"'best_of' ({body.best_of}) must be at least 'n' ({choices})", param="best_of", code="invalid_value")
    if body.stream and (body.best_of or 1) > choices:
        raise bad(
            "'best_of' above 'n' cannot be streamed: the best is known at the end", param="stream", code="invalid_value"
        )
    _check_length(body.max_tokens, "max_tokens")
    answers = len(prompts) * max(choices, body.best_of or 1)
    if answers > MOST_ANSWERS:
        raise bad(
            f"{len(prompts)} prompts with {answers // len(prompts)} choices each are more than the {MOST_ANSWERS} "
            "answers that one request may ask for: send fewer prompts at once",
            param="prompt",
            code="invalid_value",
        )
    _check_total(answers, body.max_tokens, "max_tokens")
    return body


def chat_body(raw: bytes) -> ChatBody:
    """The body of POST /chat/completions. Raises Refusal (400) that names the parameter."""
    body = decode(raw, ChatBody)
    _check_common(body)
    for at, message in enumerate(body.messages):
        _check_message(message, f"messages[{at}]")
    if body.max_tokens is not None and body.max_completion_tokens is not None:
        raise bad(
            "'max_tokens' and 'max_completion_tokens' cannot both be set: the first is the older name of the second",
            param="max_tokens",
            code="invalid_value",
        )
    _check_length(body.max_tokens, "max_tokens")
    _check_length(body.max_completion_tokens, "max_completion_tokens")
    _check_total(body.n or 1, body.max_completion_tokens, "max_completion_tokens")
    _check_total(body.n or 1, body.max_tokens, "max_tokens")
    if body.top_logprobs is not None and not body.logprobs:
        raise bad("'top_logprobs' needs 'logprobs' to be true", param="top_logprobs", code="invalid_value")
    if body.response_format is not None and body.response_format.type != "text":
        raise _unsupported("response_format", "its models cannot be made to answer in JSON; only 'text' is possible")
    if body.tools and body.tool_choice != "none":
        raise _unsupported("tools", "its models call no tools (with 'tool_choice' 'none' they are ignored)")
    if body.functions and body.function_call != "none":
        raise _unsupported("functions", "its models call no functions (with 'function_call' 'none' they are ignored)")
    if body.audio is not None or any(wanted != "text" for wanted in body.modalities or ()):
        raise _unsupported("modalities" if body.modalities else "audio", "it answers in text only")
    for name in ("web_search_options", "moderation"):
        if getattr(body, name) is not None:
            raise _unsupported(name, "nothing leaves this machine")
    return body


def chat_prompt(body: ChatBody) -> str:
    """The chat as a model was trained to see it."""
    return render(msgspec.to_builtins(message) for message in body.messages)


def settings(body: Common, max_tokens: int, report: int | None) -> Settings:
    """How each completion is to be made. `report` is how many of the best candidates are wanted."""
    sampling = Sampling(
        temperature=1.0 if body.temperature is None else body.temperature,
        top_p=1.0 if body.top_p is None else body.top_p,
        presence_penalty=body.presence_penalty or 0.0,
        frequency_penalty=body.frequency_penalty or 0.0,
    )
    return Settings(max_tokens, sampling, stop_sequences(body), report or 0, body.seed)


def stop_sequences(body: Common) -> tuple[str, ...]:
    """The stop sequences asked for, already checked."""
    stop = body.stop
    return () if stop is None else (stop,) if isinstance(stop, str) else tuple(stop)


def _check_common(body: Common) -> None:
    """What both endpoints refuse alike."""
    if body.logit_bias:
        raise _unsupported("logit_bias", "its models have no public token ids")
    if body.stream_options is not None and not body.stream:
        raise bad(
            "'stream_options' is only allowed when 'stream' is true", param="stream_options", code="invalid_value"
        )
    stops = stop_sequences(body)
    if isinstance(body.stop, list) and not 1 <= len(stops) <= MOST_STOPS:
        raise bad(
            f"'stop' must be one text or a list of 1 to {MOST_STOPS}, not of {len(stops)}",
            param="stop",
            code="invalid_value",
        )
    if not all(0 < len(stop) <= MOST_STOP_CHARACTERS for stop in stops):
        raise bad(
            f"a stop sequence cannot be empty, nor longer than {MOST_STOP_CHARACTERS:,} characters",
            param="stop",
            code="invalid_value",
        )


def _check_length(tokens: int | None, param: str) -> None:
    if tokens is not None and tokens > MOST_TOKENS:
        raise bad(
            f"{param} is too large: {tokens}. The models of this service give at most {MOST_TOKENS} tokens.",
            param=param,
            code="invalid_value",
        )


def _check_total(answers: int, tokens: int | None, param: str) -> None:
    if tokens is not None and answers * tokens > MOST_TOKENS_TOGETHER:
        raise bad(
            f"{answers} answers of up to {tokens} tokens are more than the {MOST_TOKENS_TOGETHER:,} tokens that one "
            "request may ask for",
            param=param,
            code="invalid_value",
        )


def _check_message(message: Message, where: str) -> None:
    """A message needs content, except an assistant's that called something or refused; and only text can be read."""
    if message.content is None:
        if message.role == "assistant" and (message.tool_calls or message.function_call or message.refusal):
            return
        param = f"{where}.content"
        raise bad(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    if isinstance(message.content, str):
        return
    for at, part in enumerate(message.content):
        text = part.text if part.type == "text" else part.refusal if part.type == "refusal" else None
        if text is None:
            what = f"no {part.type}" if part.type in ("text", "refusal") else f"type '{part.type}'"
            raise bad(
                f"{where}.content[{at}] has {what}; the models of this service read text only",
                param=f"{where}.content[{at}]",
                code="invalid_value",
            )


def _unsupported(param: str, why: str) -> Refusal:
    return bad(f"'{param}' is not supported by this service: {why}", param=param, code="unsupported_parameter")
