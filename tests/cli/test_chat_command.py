"""`fttool chat`, as a person and as a script see it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import Answer, Request, Scripted

Call = Callable[..., Any]


def reply(request: Request) -> Any:
    """Says how many messages came and what the last one is; in pieces if asked for."""
    messages = request.json["messages"]
    text = f"{len(messages)}: {messages[-1]['content']}"
    if request.json.get("stream"):
        deltas: list[dict[str, Any]] = [{"role": "assistant"}, {"content": text[:2]}, {"content": text[2:]}, {}]
        chunks = [{"choices": [{"index": 0, "delta": each, "finish_reason": None}]} for each in deltas]
        chunks[-1]["choices"][0]["finish_reason"] = "stop"
        body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        return Answer(body=body, headers={"Content-Type": "text/event-stream"})
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}]}


@pytest.fixture
def service(scripted: Scripted) -> Scripted:  # noqa: F811
    """A service that answers."""
    scripted.on("POST", "/chat/completions", reply)
    return scripted


def sent(service: Scripted) -> Any:
    return [message for message in service.asked("POST", "/chat/completions")[-1].json["messages"]]


def test_one_message(service: Scripted, call: Call) -> None:
    done = call("chat", "hello", "-m", "m", "--system", "be brief", *service.options)
    assert (done.code, done.out, done.err) == (0, "2: hello\n", "")
    assert sent(service) == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]


def test_a_message_from_a_pipe(service: Scripted, call: Call) -> None:
    assert call("chat", "-m", "m", *service.options, stdin="a\nb\n").out == "1: a\nb\n"
    done = call("chat", "-m", "m", *service.options)
    assert done.code == 2 and "the message is empty" in done.err


def test_every_option_is_sent(service: Scripted, call: Call) -> None:
    options = [*shlex.split("-M 5 -t 0 -P 0.5 -n 2 --logprobs 2 --seed 7 -e"), "--stop", r"\n"]
    assert call("chat", r"a\tb", "-m", "m", *options, *service.options).code == 0
    assert service.requests[-1].json == {
        **{"model": "m", "messages": [{"role": "user", "content": "a\tb"}], "stop": ["\n"], "temperature": 0.0},
        **{"top_p": 0.5, "n": 2, "seed": 7, "max_tokens": 5, "logprobs": True, "top_logprobs": 2},
    }


def test_json(service: Scripted, call: Call) -> None:
    done = call("chat", "a", "-m", "m", "--json", *service.options)
    assert json.loads(done.out)["choices"][0]["message"]["content"] == "1: a"
    done = call("chat", "a", "-m", "m", "--json", "--stream", *service.options)
    assert len([json.loads(line) for line in done.out.splitlines()]) == 4


def test_conversations_from_a_file(service: Scripted, call: Call) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"q{at}\n"}, {"role": "assistant", "content": "a"}]}
        for at in range(9)
    ]
    Path("valid.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = call("chat", "--messages", "valid.jsonl", "-m", "m", "--system", "s", *service.options)
    assert done.out.splitlines() == [f"2: q{at}\\n" for at in range(9)]
    Path("one.json").write_text(json.dumps(rows[0]))
    assert call("chat", "and", "--messages", "one.json", "-m", "m", *service.options).out == "2: and\n"
    done = call("chat", "and", "--messages", "valid.jsonl", "-m", "m", *service.options)
    assert done.code == 2 and "9 conversations" in done.err


def test_a_conversation_on_a_terminal(service: Scripted, terminal: Call) -> None:
    done = terminal(
        *("chat", "-m", "m", "--system", "s", *service.options),
        answers=[
            *[("> ", "one"), ("2: one", "two"), ("4: two", "/new"), ("forgotten", "three"), ("2: three", "/what")],
            *[("no `/what`", "//etc"), ("4: /etc", "a\\"), ("... ", "b"), ("6: a", "/help"), ("go", "/exit")],
        ],
    )
    assert done.code == 0
    assert sent(service)[-1] == {"role": "user", "content": "a\nb"}
    assert [message["role"] for message in sent(service)] == ["system", *["user", "assistant"] * 2, "user"]


def test_answers_of_a_conversation_go_to_stdout_alone(service: Scripted, terminal: Call) -> None:
    done = terminal(
        "chat", "-m", "m", *service.options, answers=[("> ", "one"), ("> ", "two"), ("> ", "\x04")], pipe_stdout=True
    )
    assert (done.code, done.out) == (0, "1: one\n3: two\n")


def test_ctrl_d_ends_well_and_ctrl_c_twice_with_130(service: Scripted, terminal: Call) -> None:
    assert terminal("chat", "-m", "m", *service.options, answers=[("> ", "\x04")]).code == 0
    done = terminal("chat", "-m", "m", *service.options, answers=[("> ", "\x03"), ("again ends", "\x03")])
    assert done.code == 130


def test_neither_ctrl_c_nor_a_failure_ends_the_conversation(service: Scripted, terminal: Call) -> None:
    failure = Answer(500, {"error": {"message": "oops"}})
    service.on("POST", "/chat/completions", reply, lambda request: Answer(hang=20), failure, reply)
    done = terminal(
        *("chat", "-m", "m", *service.options),
        answers=[
            *[("> ", "one"), ("1: one", "two"), ("two", "\x03"), ("again ends", "three"), ("oops", "four")],
            *[("3: four", "/exit")],
        ],
    )
    assert done.code == 0
    assert [message["content"] for message in sent(service)] == ["one", "1: one", "four"]  # the others are forgotten


def test_a_model_that_cannot_chat_ends_it(service: Scripted, terminal: Call) -> None:
    message = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
    service.on("POST", "/chat/completions", Answer(404, {"error": {"message": message, "type": "x"}}))
    done = terminal("chat", "-m", "m", *service.options, answers=[("> ", "one")])
    assert done.code == 5
    assert "fttool complete -m m" in done.err


@pytest.mark.parametrize("arguments", [["--no-input"], ["--json"]])
def test_no_message_where_none_can_be_asked_for(service: Scripted, terminal: Call, arguments: list[str]) -> None:
    done = terminal("chat", "-m", "m", *arguments, *service.options)
    assert done.code == 2
    assert not service.requests


def test_a_conversation_takes_no_n(service: Scripted, terminal: Call) -> None:
    done = terminal("chat", "-m", "m", "-n", "2", *service.options)
    assert done.code == 2 and "need a message" in done.err
