"""Ask a model: completions and chats, whole or piece by piece."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fttool.errors import ServiceError
from fttool.jobs import checked

if TYPE_CHECKING:
    from fttool.jobs.client import Client

Kind = Literal["complete", "chat"]
Message = Mapping[str, Any]

#: Services whose chats take `max_tokens` only for certain. OpenAI calls that name deprecated, and its newer models
#: refuse it; older servers do not know the new one, `max_completion_tokens`.
_OLD_LIMIT = ("nebius", "crusoe", "generic")

#: What services say to a chat with a model that only completes, and the reverse. Source: OpenAI's answers ("This is
#: not a chat model and thus not supported in the v1/chat/completions endpoint"), Azure's ("The chatCompletion operation
#: does not work with the specified model").
_WRONG_COMMAND = {
    "chat": ("not a chat model", "chatcompletion operation does not work"),
    "complete": ("is a chat model", "in the v1/completions endpoint", "completion operation does not work"),
}


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model is to answer; None leaves it to the service. `logprobs` is how many alternatives to show."""

    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    logprobs: int | None = None
    seed: int | None = None
    best_of: int | None = None  # completions only
    echo: bool = False  # completions only

    def parameters(self) -> dict[str, Any]:
        """Those that both kinds of request share, as far as they are given."""
        given = {
            "stop": list(self.stop) or None,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "n": self.n,
            "seed": self.seed,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an answer, its log-probability, and what else might have stood there, best first."""

    text: str
    logprob: float | None
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to a request."""

    text: str
    finish_reason: str | None = None
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: at least one choice, and the service's own JSON."""

    choices: tuple[Choice, ...]
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer that is still coming. `finish_reason` is there with the last one."""

    text: str
    finish_reason: str | None
    raw: Mapping[str, Any]


def complete(client: Client, model: str, prompt: str, sampling: Sampling) -> Answer:
    """How the model goes on from `prompt`. Raises ServiceError with a hint that names the way out."""
    with _asking(client, model, "complete"):
        body = _completion_body(model, prompt, sampling)
        return _answer(client.sdk.completions.with_raw_response.create(**body), _completion_choice)


def chat(
    client: Client,
    model: str,
    messages: Sequence[Message],
    sampling: Sampling,
    *,
    extra: Mapping[str, Any] | None = None,
) -> Answer:
    """The model's next message in a conversation. `extra` is sent as it is (tools). Raises as `complete` does."""
    with _asking(client, model, "chat"):
        body = {**_chat_body(client, model, messages, sampling), **(extra or {})}
        return _answer(client.sdk.chat.completions.with_raw_response.create(**body), _chat_choice)


def stream_completion(client: Client, model: str, prompt: str, sampling: Sampling) -> Iterator[Piece]:
    """The same as `complete`, piece by piece. Closing the iterator ends the request."""
    with _asking(client, model, "complete"):
        stream = client.sdk.completions.create(**_completion_body(model, prompt, sampling), stream=True)
        yield from _pieces(stream, lambda choice: choice.get("text"))


def stream_chat(client: Client, model: str, messages: Sequence[Message], sampling: Sampling) -> Iterator[Piece]:
    """The same as `chat`, piece by piece. Closing the iterator ends the request."""
    with _asking(client, model, "chat"):
        stream = client.sdk.chat.completions.create(**_chat_body(client, model, messages, sampling), stream=True)
        yield from _pieces(stream, lambda choice: _message_text(choice.get("delta")))


def _completion_body(model: str, prompt: str, sampling: Sampling) -> dict[str, Any]:
    more = {
        "max_tokens": sampling.max_tokens,
        "best_of": sampling.best_of,
        "logprobs": sampling.logprobs,
        "echo": sampling.echo or None,
    }
    given = {name: value for name, value in more.items() if value is not None}
    return {"model": model, "prompt": prompt, **sampling.parameters(), **given}


def _chat_body(client: Client, model: str, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
    body = {"model": model, "messages": [dict(message) for message in messages], **sampling.parameters()}
    if sampling.max_tokens is not None:
        body["max_tokens" if client.service.name in _OLD_LIMIT else "max_completion_tokens"] = sampling.max_tokens
    if sampling.logprobs is not None:
        body["logprobs"] = True
        if sampling.logprobs:
            body["top_logprobs"] = sampling.logprobs
    return body


@contextmanager
def _asking(client: Client, model: str, kind: Kind) -> Iterator[None]:
    try:
        with client.speaking(f"ask model `{model}`"):
            yield
    except ServiceError as error:
        error.hint = _hint(error, client, model, kind) or error.hint
        raise


def _hint(error: ServiceError, client: Client, model: str, kind: Kind) -> str | None:
    """What to do about a model that does not answer in this way, or not yet."""
    said = error.message.lower()
    if error.status in (400, 404) and any(words in said for words in _WRONG_COMMAND[kind]):
        other = "complete" if kind == "chat" else "chat"
        what = "goes on from a prompt" if kind == "chat" else "answers messages"
        return f"this model {what}: `fttool {other} -m {model}{client.way}`"
    if error.status == 404 and (error.code == "DeploymentNotFound" or "deployment" in said):
        return client.service.deployment(model)
    if kind == "complete" and error.status in (404, 405) and error.code is None and error.param is None:
        return f"{error.hint or ''}\nor it only chats: `fttool chat -m {model}{client.way}`".strip()
    return None


def _answer(response: object, read: Any) -> Answer:
    raw = checked.decoded(response)
    choices = raw.get("choices") if isinstance(raw, Mapping) else None
    if not isinstance(choices, list) or not choices or not all(isinstance(each, Mapping) for each in choices):
        raise _no_answer(f"not an answer of a model: {json.dumps(raw, ensure_ascii=False)[:100]}")
    order = sorted(choices, key=lambda each: each["index"] if isinstance(each.get("index"), int) else 0)
    return Answer(tuple(read(each) for each in order), raw)


def _completion_choice(choice: Mapping[str, Any]) -> Choice:
    said = _mapping(choice.get("logprobs"))
    texts, logprobs, tops = (_list(said.get(name)) for name in ("tokens", "token_logprobs", "top_logprobs"))
    read = []
    for at, text in enumerate(texts):
        top = _mapping(tops[at]) if at < len(tops) else {}
        logprob = _number(logprobs[at]) if at < len(logprobs) else None
        read.append(Token(_text(text), logprob, _best_first(top.items())))
    return Choice(_text(choice.get("text")), _text(choice.get("finish_reason")) or None, tuple(read))


def _chat_choice(choice: Mapping[str, Any]) -> Choice:
    read = []
    for each in map(_mapping, _list(_mapping(choice.get("logprobs")).get("content"))):
        tops = map(_mapping, _list(each.get("top_logprobs")))
        top = _best_first((other.get("token"), other.get("logprob")) for other in tops)
        read.append(Token(_text(each.get("token")), _number(each.get("logprob")), top))
    text = _message_text(choice.get("message")) or ""
    return Choice(text, _text(choice.get("finish_reason")) or None, tuple(read))


def _best_first(pairs: Iterable[tuple[Any, Any]]) -> tuple[tuple[str, float], ...]:
    """Tokens and their log-probabilities, without those that have none."""
    known = [(_text(text), number) for text, logprob in pairs if (number := _number(logprob)) is not None]
    return tuple(sorted(known, key=lambda pair: -pair[1]))


def _message_text(message: object) -> str | None:
    """What a message says: its content, else its refusal, else the tools it calls (as JSON)."""
    if not isinstance(message, Mapping):
        return None
    said = message.get("content") or message.get("refusal")
    if said is None and message.get("tool_calls"):
        return json.dumps(message["tool_calls"], ensure_ascii=False)
    return _text(said)


def _pieces(stream: Any, text_of: Any) -> Iterator[Piece]:
    """The pieces of the first choice. Raises ServiceError if not one comes."""
    nothing = True
    with stream:
        for chunk in stream:
            raw = checked.decoded(chunk)
            choices = raw.get("choices") if isinstance(raw, Mapping) else None
            for choice in filter(None, map(_mapping, _list(choices))):
                nothing = False
                yield Piece(_text(text_of(choice)), _text(choice.get("finish_reason")) or None, raw)
    if nothing:
        raise _no_answer("nothing")


def _no_answer(what: str) -> ServiceError:
    return ServiceError(
        f"the service answered {what}",
        hint="is the address that of an OpenAI-shaped service? `fttool config show` says where it comes from",
        temporary=True,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """A finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer beyond all floats
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
