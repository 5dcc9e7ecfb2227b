"""Asking models: what is sent, what is read of the answer, what is said when there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.errors import DataError, ServiceError
from fttool.jobs import inputs
from fttool.jobs.inference import Choice, Sampling, Token, chat, complete, stream_chat, stream_completion
from fttool.jobs.services import SERVICES

from .scripted import Answer, Scripted

COMPLETION = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 1, "text": " b", "finish_reason": "length", "logprobs": None},
        {
            "index": 0,
            "text": " a",
            "finish_reason": "stop",
            "logprobs": {
                "tokens": ["P", " a"],
                "token_logprobs": [None, -0.5],
                "top_logprobs": [None, {" b": -1.0, " a": -0.5}],
                "text_offset": [0, 1],
            },
        },
    ],
}
CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi", "refusal": None},
            "finish_reason": "stop",
            "logprobs": {
                "content": [
                    {
                        "token": "Hi",
                        "logprob": -0.1,
                        "bytes": None,
                        "top_logprobs": [{"token": "Hi", "logprob": -0.1, "bytes": None}],
                    }
                ],
                "refusal": None,
            },
        }
    ],
}
ALL = Sampling(("\n", "END"), 5, 0.5, 0.9, 2, 3, 7)


#: OpenAI's own document; it is not part of this repository, so where it is not there, its checks are left out.
_DOCUMENT = Path(__file__).parents[3] / "shared" / "api" / "openapi.fine-tuning.json"


def fits(body: Any, schema: str) -> bool:
    """Whether a request is one that OpenAI's document describes."""
    if not _DOCUMENT.exists():
        return True
    from jsonschema import Draft202012Validator

    document = {**json.loads(_DOCUMENT.read_bytes()), "$ref": f"#/components/schemas/{schema}"}
    return not [error.message for error in Draft202012Validator(document).iter_errors(body)]


def events(*chunks: Any, done: bool = True) -> Answer:
    lines = [f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n" for chunk in chunks]
    return Answer(
        body="".join([*lines, "data: [DONE]\n\n" if done else ""]), headers={"Content-Type": "text/event-stream"}
    )


def test_complete(scripted: Scripted) -> None:
    scripted.on("POST", "/completions", COMPLETION)
    sampling = Sampling(**{**{name: getattr(ALL, name) for name in Sampling.__slots__}, "best_of": 4, "echo": True})
    answer = complete(scripted.client(), "m", "P", sampling)
    assert scripted.requests[-1].json == {
        **{"model": "m", "prompt": "P", "stop": ["\n", "END"], "max_tokens": 5, "temperature": 0.5, "top_p": 0.9},
        **{"n": 2, "logprobs": 3, "seed": 7, "best_of": 4, "echo": True},
    }
    assert fits(scripted.requests[-1].json, "CreateCompletionRequest")
    if _DOCUMENT.exists():
        assert not fits({**scripted.requests[-1].json, "n": 0}, "CreateCompletionRequest")
    first, second = answer.choices
    assert first == Choice(" a", "stop", (Token("P", None), Token(" a", -0.5, ((" a", -0.5), (" b", -1.0)))))
    assert second == Choice(" b", "length")
    assert answer.raw == COMPLETION


def test_nothing_is_sent_that_was_not_asked_for(scripted: Scripted) -> None:
    scripted.on("POST", "/completions", COMPLETION)
    complete(scripted.client(), "m", "P", Sampling())
    assert scripted.requests[-1].json == {"model": "m", "prompt": "P"}
    scripted.on("POST", "/chat/completions", CHAT)
    chat(scripted.client(), "m", [{"role": "user", "content": "x"}], Sampling())
    assert scripted.requests[-1].json == {"model": "m", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize("service", list(SERVICES))
def test_chat(scripted: Scripted, service: str) -> None:
    scripted.on("POST", "/chat/completions", CHAT)
    answer = chat(scripted.client(service), "m", [{"role": "user", "content": "x"}], ALL)
    limit = "max_completion_tokens" if service in ("openai", "azure", "local") else "max_tokens"
    assert scripted.requests[-1].json == {
        **{"model": "m", "messages": [{"role": "user", "content": "x"}], "stop": ["\n", "END"], limit: 5, "n": 2},
        **{"temperature": 0.5, "top_p": 0.9, "seed": 7, "logprobs": True, "top_logprobs": 3},
    }
    assert fits(scripted.requests[-1].json, "CreateChatCompletionRequest")
    assert answer.choices == (Choice("Hi", "stop", (Token("Hi", -0.1, (("Hi", -0.1),)),)),)


def test_logprobs_of_the_tokens_alone(scripted: Scripted) -> None:
    scripted.on("POST", "/chat/completions", CHAT)
    chat(scripted.client(), "m", [], Sampling(logprobs=0))
    assert scripted.requests[-1].json["logprobs"] is True
    assert "top_logprobs" not in scripted.requests[-1].json


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"role": "assistant", "content": None, "refusal": "I cannot."}, "I cannot."),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, '[{"id": "1"}]'),
        ({"role": "assistant", "content": ""}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_messages_without_content(scripted: Scripted, message: Any, text: str) -> None:
    scripted.on("POST", "/chat/completions", {"choices": [{"index": None, "message": message}]})
    assert chat(scripted.client(), "m", [], Sampling()).choices == (Choice(text),)


JUNK: list[Any] = [7, "x", [], [7, None, "x"], {"tokens": 7, "content": 7}, {"tokens": [7], "content": [7, {}]}]
JUNK += [{"tokens": ["a"], "token_logprobs": ["b"], "top_logprobs": [[7]], "content": [{"top_logprobs": [7, {}]}]}]
JUNK += [{"tokens": ["a"], "token_logprobs": 7, "top_logprobs": [{"a": None}], "content": [{"top_logprobs": 7}]}]


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_odd_in_an_answer_is_left_out(scripted: Scripted, junk: Any) -> None:
    choice = {"index": "a", "text": "T", "message": {"content": "T"}, "finish_reason": junk, "logprobs": junk}
    for path in ("/completions", "/chat/completions"):
        scripted.on("POST", path, {"choices": [choice]})
    for answer in (
        complete(scripted.client(), "m", "P", Sampling(logprobs=1)),
        chat(scripted.client(), "m", [], Sampling(logprobs=1)),
    ):
        assert answer.choices[0].text == "T"
        assert answer.choices[0].finish_reason in (None, "x")
        for token in answer.choices[0].tokens:
            assert isinstance(token.text, str) and isinstance(token.logprob, float | None)
            assert all(isinstance(text, str) and isinstance(logprob, float) for text, logprob in token.top)


@pytest.mark.parametrize("junk", [7, "x", None, [], {"text": 7, "delta": 7, "finish_reason": [7]}])
def test_what_is_odd_in_a_stream_is_left_out(scripted: Scripted, junk: Any) -> None:
    whole = {"text": "T", "delta": {"content": "T"}, "finish_reason": "stop"}
    for path in ("/completions", "/chat/completions"):
        scripted.on("POST", path, events({"choices": [junk]}, {"choices": [whole]}))
    for pieces in (
        stream_completion(scripted.client(), "m", "P", Sampling()),
        stream_chat(scripted.client(), "m", [], Sampling()),
    ):
        found = list(pieces)
        assert "".join(piece.text for piece in found) == "T"
        assert {piece.finish_reason for piece in found} <= {None, "stop"}


@pytest.mark.parametrize("body", [{}, {"choices": []}, {"choices": None}, [], "<html>", "", '{"choices": ['])
def test_what_is_no_answer(scripted: Scripted, body: Any) -> None:
    scripted.on("POST", "/completions", Answer(body=body))
    scripted.on("POST", "/chat/completions", Answer(body=body))
    with pytest.raises(ServiceError):
        complete(scripted.client(), "m", "P", Sampling())
    with pytest.raises(ServiceError):
        chat(scripted.client(), "m", [], Sampling())


def test_streams(scripted: Scripted) -> None:
    chunks = [{"id": "1", "choices": [{"index": 0, "text": text, "finish_reason": None}]} for text in ("a", "", "b")]
    end = {"id": "1", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}
    scripted.on("POST", "/completions", events(*chunks, end, {"id": "1", "choices": [], "usage": {}}))
    pieces = list(stream_completion(scripted.client(), "m", "P", Sampling()))
    assert "".join(piece.text for piece in pieces) == "ab"
    assert pieces[-1].finish_reason == "stop"
    assert scripted.requests[-1].json == {"model": "m", "prompt": "P", "stream": True}
    said = [{"role": "assistant"}, {"content": "a"}, {"content": None}, {"refusal": "b"}, None]
    deltas = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in said]
    scripted.on("POST", "/chat/completions", events(*deltas, done=False))
    assert "".join(piece.text for piece in stream_chat(scripted.client(), "m", [], Sampling())) == "ab"


@pytest.mark.parametrize(
    "answer",
    [
        events(),
        Answer(body="<html>", headers={"Content-Type": "text/html"}),
        events("{nonsense"),
        events({"error": {"message": "boom"}}),
        Answer(body='data: {"choices": [{"text": "é"}]}\n\n'.encode("latin-1")),
        Answer(body='data: {"choices": [{"text": "a"}]}\n\n', headers={"Content-Type": "text/event-stream"}, keep=20),
    ],
    ids=["nothing", "html", "broken json", "error", "not UTF-8", "cut"],
)
def test_streams_that_fail(scripted: Scripted, answer: Answer) -> None:
    scripted.on("POST", "/completions", answer)
    with pytest.raises(ServiceError):
        list(stream_completion(scripted.client(), "m", "P", Sampling()))


def test_a_stream_that_is_left_is_closed(scripted: Scripted) -> None:
    """The service must not go on generating for no one; and no connection is left open."""
    chunks = [{"choices": [{"index": 0, "text": str(at), "finish_reason": None}]} for at in range(1000)]
    scripted.on("POST", "/completions", events(*chunks))
    pieces: Iterator[Any] = stream_completion(scripted.client(), "m", "P", Sampling())
    assert next(pieces).text == "0"
    pieces.close()  # type: ignore[attr-defined]
    assert list(pieces) == []


def refusal(message: str, status: int = 404, code: str | None = None) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": "model", "code": code}
    return Answer(status, {"error": error})


NOT_CHAT = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
ONLY_CHAT = "This is a chat model and not supported in the v1/completions endpoint."
AZURE_NOT_CHAT = "The chatCompletion operation does not work with the specified model, x."
AZURE_ONLY_CHAT = "The completion operation does not work with the specified model, x."
NOT_DEPLOYED = "The API deployment for this resource does not exist."


@pytest.mark.parametrize(
    ("ask", "answer", "hint"),
    [
        ("chat", refusal(NOT_CHAT), "fttool complete -m m"),
        ("chat", refusal(AZURE_NOT_CHAT, 400), "fttool complete -m m"),
        ("complete", refusal(ONLY_CHAT), "fttool chat -m m"),
        ("complete", refusal(AZURE_ONLY_CHAT, 400), "fttool chat -m m"),
        ("chat", refusal(NOT_DEPLOYED, 404, "DeploymentNotFound"), "az cognitiveservices account deployment create"),
        ("chat", refusal("The model `m` does not exist", 404, "model_not_found"), "fttool models list"),
        ("complete", Answer(404, {"detail": "Not Found"}), "or it only chats: `fttool chat -m m`"),
    ],
)
def test_hints(scripted: Scripted, ask: str, answer: Answer, hint: str) -> None:
    scripted.on("POST", "/completions", answer)
    scripted.on("POST", "/chat/completions", answer)
    client = scripted.client("azure")
    with pytest.raises(ServiceError) as caught:
        if ask == "chat":
            chat(client, "m", [], Sampling())
        else:
            complete(client, "m", "P", Sampling())
    assert hint in (caught.value.hint or "")
    with pytest.raises(ServiceError) as streamed:
        list(
            stream_chat(client, "m", [], Sampling())
            if ask == "chat"
            else stream_completion(client, "m", "P", Sampling())
        )
    assert streamed.value.hint == caught.value.hint


# --- prompts and conversations from files ---


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(r"a\n", "a\n"), (r"\t\r", "\t\r"), (r"\\n", r"\n"), (r"C:\dir", r"C:\dir"), ("\n", "\n"), ("\\", "\\")],
)
def test_escapes(typed: str, meant: str) -> None:
    assert inputs.unescaped(typed) == meant


@given(st.text())
def test_escapes_can_say_anything(text: str) -> None:
    assert inputs.unescaped(text.replace("\\", "\\\\").replace("\n", "\\n")) == text


def test_prompts() -> None:
    assert inputs.prompts("a ->\n\n b\n\n", "x", rows=False) == [("a ->", 1), ("", 2), (" b", 3)]
    rows = '{"prompt": "a\\n", "completion": " b"}\n\n{"prompt": "c"}\n'
    assert inputs.prompts(rows, "x", rows=True) == [("a\n", 1), ("c", 3)]
    assert inputs.prompts(rows, "x") == [("a\n", 1), ("c", 3)]
    assert inputs.prompts('{"other": 1}\n', "x") == [('{"other": 1}', 1)]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "no prompt"),
        ("\n\n", None, "no prompt"),
        ('{"prompt": "a"}\n{"prompt": 5}\n', 2, "not a text"),
        ('{"prompt": "a"}\n{}\n', 2, "missing"),
        ('{"prompt": "a"}\nhello\n', 2, "not JSON"),
        ('{"prompt": "a"}\n[1]\n', 2, "not a JSON object"),
    ],
)
def test_prompts_that_are_none(text: str, line: int | None, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        inputs.prompts(text, "x.jsonl", rows=True)
    assert (caught.value.file, caught.value.line) == ("x.jsonl", line)


def test_not_utf8() -> None:
    assert inputs.decode(b"\xef\xbb\xbfa\r\nb", "x") == "a\nb"
    with pytest.raises(DataError) as caught:
        inputs.decode(b"ab\xff", "x")
    assert caught.value.offset == 2


USER = {"role": "user", "content": "q"}
ASSISTANT = {"role": "assistant", "content": "a", "weight": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (json.dumps([USER]), [([USER], 1)]),
        (json.dumps({"messages": [USER, ASSISTANT]}), [([USER], 1)]),
        (json.dumps({"messages": [USER]}, indent=2), [([USER], 1)]),
        ('{"messages": [%s]}\n\n{"messages": [%s]}' % ((json.dumps(USER),) * 2), [([USER], 1), ([USER], 3)]),
        (json.dumps(USER), [([USER], 1)]),
        (
            "\n".join(json.dumps(each) for each in (USER, ASSISTANT, USER)),
            [([USER, {"role": "assistant", "content": "a"}, USER], 1)],
        ),
    ],
)
def test_conversations(text: str, found: Any) -> None:
    assert inputs.conversations(text, "x") == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no message"),
        ("[]", "no message to answer"),
        (json.dumps([ASSISTANT]), "no message to answer"),
        ('{"messages": "x"}', "not a list"),
        ('{"prompt": "x"}', "missing"),
        ("[1]", "a message is an object"),
        ("hello", "not JSON"),
        ("5", "not a JSON object"),
    ],
)
def test_conversations_that_are_none(text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        inputs.conversations(text, "x")
