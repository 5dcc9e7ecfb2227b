"""Logs of OpenAI's chat completions: a request with its messages and tools, and the response to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fttool.dataset.conversions.base import (
    Conversion,
    Row,
    first_given,
    given,
    json_list,
    json_object,
    looks_like,
)
from fttool.dataset.conversions.tools import tools_of, with_text_arguments
from fttool.errors import ConversionError
from fttool.rules.base import kind, shown

_REQUEST, _RESPONSE = ("request", "request_body"), ("response", "response_body")
_REQUEST_KEYS = frozenset({"messages", "tools", "functions", "parallel_tool_calls"})
_ANSWER_KEYS = ("role", "content", "refusal", "tool_calls", "function_call")

#: An answer that ended otherwise is not whole.
_WHOLE = (None, "stop", "tool_calls", "function_call")


def _recognises(columns: Sequence[str], first: Mapping[str, Any]) -> bool:
    return all(any(looks_like(first.get(name), dict, "{") for name in names) for names in (_REQUEST, _RESPONSE))


def convert(row: Row) -> Row:
    """A request and its response as a chat that ends with the answer."""
    request, name = _side(row, _REQUEST)
    response, answer_name = _side(row, _RESPONSE)
    if given(response.get("error")):
        raise ConversionError("holds an error: there is no answer", f"{answer_name}.error")
    if not given(request.get("messages")):
        other = next((key for key in ("input", "prompt") if given(request.get(key))), None)
        said = "belongs to another endpoint: chat completions have `messages`" if other else "holds no messages"
        raise ConversionError(said, f"{name}.{other or 'messages'}")
    messages = [
        _asked(message, f"{name}.messages[{at}]")
        for at, message in enumerate(json_list(request["messages"], f"{name}.messages"))
    ]
    return {"messages": [*messages, _answer(response, answer_name)], **tools_of(request, f"{name}.")}


def _side(row: Row, names: tuple[str, str]) -> tuple[Row, str]:
    name = first_given(row, names)
    if name is None:
        raise ConversionError("is missing", names[0])
    return json_object(row[name], name), name


def _asked(message: Any, where: str) -> Row:
    if not isinstance(message, dict):
        raise ConversionError(f"is {kind(message)}, not a message", where)
    kept = {key: value for key, value in message.items() if value is not None or key == "content"}
    return with_text_arguments(kept, where)


def _choice(response: Row, name: str) -> tuple[Row, str]:
    choices = response.get("choices")
    if not isinstance(choices, list) or not choices:
        raise ConversionError("holds no answer", f"{name}.choices")
    if len(choices) > 1:
        raise ConversionError(f"holds {len(choices)} answers; which to learn is not said", f"{name}.choices")
    where = f"{name}.choices[0]"
    return json_object(choices[0], where), where


def _answer(response: Row, name: str) -> Row:
    choice, where = _choice(response, name)
    reason = choice.get("finish_reason")
    if reason not in _WHOLE:
        raise ConversionError(f"is {shown(reason)}: the answer is not whole", f"{where}.finish_reason")
    message = json_object(choice.get("message"), f"{where}.message")
    if given(message.get("audio")):
        raise ConversionError("is sound, which the chat would lose", f"{where}.message.audio")
    kept = {key: message.get(key) for key in _ANSWER_KEYS if message.get(key) is not None or key == "content"}
    if not kept.get("tool_calls"):
        kept.pop("tool_calls", None)
    return with_text_arguments({"role": "assistant", **kept}, f"{where}.message")


def _parts(row: Row) -> list[str]:
    request, name = _side(row, _REQUEST)
    response, answer_name = _side(row, _RESPONSE)
    choice, _ = _choice(response, answer_name)
    known = {name: (request, _REQUEST_KEYS), answer_name: (response, {"choices", "error"})}
    known[f"{answer_name}.choices[0]"] = (choice, {"message", "index", "finish_reason"})
    known[f"{answer_name}.choices[0].message"] = (json_object(choice["message"], ""), {*_ANSWER_KEYS, "audio"})
    return [f"{at}.{key}" for at, (part, kept) in known.items() for key in part if key not in kept and given(part[key])]


OPENAI_LOG = Conversion(
    name="openai-log",
    title="logged requests and responses of OpenAI's chat completions",
    shape="chat",
    marks="columns `request` and `response` (or `request_body` and `response_body`) with objects, or their JSON text",
    columns=frozenset({*_REQUEST, *_RESPONSE}),
    recognises=_recognises,
    convert=convert,
    parts=_parts,
    table=(
        ("`request` (or `request_body`), `response` (or `response_body`)", "objects, or JSON text of them"),
        ("`request.messages`", "`messages`; keys that are null are left out"),
        (
            "`response.choices[0].message`",
            "the last message: `role`, `content`, `refusal`, `tool_calls`, `function_call`",
        ),
        ("`arguments` of a call that are an object", "the same as JSON text"),
        ("`request.tools`, `functions`, `parallel_tool_calls`", "the same"),
        ("`request.model`, `temperature`, …, `response.id`, `usage`, … and all other columns", "left out, and named"),
        (
            "several choices; an answer that was cut off (`finish_reason` `length`, `content_filter`)",
            "cannot be converted",
        ),
        ("a response that is an error; a request of another endpoint (`input`, `prompt`)", "cannot be converted"),
    ),
)
