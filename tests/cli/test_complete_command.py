"""`fttool complete`, as a person and as a script see it."""

from __future__ import annotations

import json
import math
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Answer, Request, Scripted, job, page

Call = Callable[..., Any]
MODEL = "ft:gpt-4o:o::abc"


def answer(*texts: str, **changes: Any) -> dict[str, Any]:
    choices = [{"index": at, "text": text, "finish_reason": "stop", "logprobs": None} for at, text in enumerate(texts)]
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": choices, **changes}


def echoing(request: Request) -> dict[str, Any]:
    return answer(f" <{request.json['prompt']}>")


@pytest.fixture
def service(scripted: Scripted) -> Scripted:  # noqa: F811
    """A service that completes."""
    scripted.on("POST", "/completions", echoing)
    return scripted


def prompt_sent(service: Scripted) -> Any:
    return service.asked("POST", "/completions")[-1].json["prompt"]


def test_the_answer_alone_is_on_stdout(service: Scripted, call: Call) -> None:
    done = call("complete", "a\\n ->", "-m", "m", *service.options)
    assert (done.code, done.out, done.err) == (0, " <a\\n ->>\n", "")
    assert prompt_sent(service) == "a\\n ->"
    assert call("complete", "-p", "a", "-m", "m", *service.options).out == " <a>\n"
    service.on("POST", "/completions", answer("two\nlines\n"))
    assert call("complete", "a", "-m", "m", *service.options).out == "two\nlines\n"


def test_the_prompt_from_stdin(service: Scripted, call: Call) -> None:
    assert call("complete", "-m", "m", *service.options, stdin="two\nlines\n").code == 0
    assert prompt_sent(service) == "two\nlines"
    done = call("complete", "-m", "m", *service.options)
    assert done.code == 2 and "holds no prompt" in done.err
    assert call("complete", "", "-m", "m", *service.options).out == " <>\n"
    done = call("complete", "-m", "m", *service.options, stdin=b"\xff")
    assert done.code == 3 and "standard input: this is not UTF-8" in done.err


def test_escapes(service: Scripted, call: Call) -> None:
    call("complete", r"a\n\n###\n", "-e", "--stop", r"\n", "--stop", "END", "-m", "m", *service.options)
    sent = service.requests[-1].json
    assert (sent["prompt"], sent["stop"]) == ("a\n\n###\n", ["\n", "END"])


def test_every_option_is_sent(service: Scripted, call: Call) -> None:
    options = shlex.split("-M 1 -t 0 -P 0.5 -n 2 --best-of 3 --logprobs 2 --seed 7 --echo")
    assert call("complete", "a", "-m", "m", *options, *service.options).code == 0
    assert service.requests[-1].json == {
        **{"model": "m", "prompt": "a", "max_tokens": 1, "temperature": 0.0, "top_p": 0.5, "n": 2, "best_of": 3},
        **{"logprobs": 2, "seed": 7, "echo": True},
    }
    legacy = shlex.split("--max_tokens 1 --top_p 0.5 --best_of 3")
    assert call("complete", "a", "-m", "m", *legacy, *service.options).code == 0


def test_json_is_what_the_service_answered(service: Scripted, call: Call) -> None:
    odd = answer("x", extra={"a": [1]})
    service.on("POST", "/completions", odd)
    done = call("complete", "a", "-m", "m", "--json", *service.options)
    assert json.loads(done.out) == odd


def test_logprobs_are_a_table(service: Scripted, call: Call, terminal: Call) -> None:
    said = {
        "tokens": [" positive"],
        "token_logprobs": [math.log(0.971)],
        "top_logprobs": [{" positive": math.log(0.971), " negative": math.log(0.029)}],
        "text_offset": [0],
    }
    service.on(
        "POST", "/completions", answer(" positive", choices=[{"index": 0, "text": " positive", "logprobs": said}])
    )
    done = call("complete", "a", "-m", "m", "--logprobs", "2", *service.options)
    assert done.out == ' positive\n\n" positive"\t97.1%\t" negative" 2.9%\n'
    shown = terminal("complete", "a", "-m", "m", "--logprobs", "2", *service.options, env={"NO_COLOR": "1"})
    assert shown.err == (' positive\n\ntoken        likelihood  others\n" positive"  97.1%       " negative" 2.9%\n')


def test_many_prompts_one_line_each_in_order(service: Scripted, call: Call) -> None:
    def late(request: Request) -> dict[str, Any]:
        time.sleep(0.002 * (hash(request.json["prompt"]) % 7))
        return echoing(request)

    service.on("POST", "/completions", late)
    prompts = [f"prompt {number}" for number in range(40)]
    Path("prompts.txt").write_text("\n".join(prompts) + "\n")
    done = call("complete", "-f", "prompts.txt", "-m", "m", *service.options)
    assert done.out.splitlines() == [f" <{prompt}>" for prompt in prompts]
    Path("rows.jsonl").write_text("".join(json.dumps({"prompt": f"{each}\n"}) + "\n" for each in prompts))
    for arguments, stdin in ((["rows.jsonl"], ""), (["-"], Path("rows.jsonl").read_text())):
        done = call("complete", "-f", *arguments, "-m", "m", "--json", *service.options, stdin=stdin)
        texts = [json.loads(line)["choices"][0]["text"] for line in done.out.splitlines()]
        assert texts == [f" <{prompt}\n>" for prompt in prompts]


def test_answers_stay_on_their_line(service: Scripted, call: Call) -> None:
    service.on("POST", "/completions", answer("a\nb", "c"))
    Path("prompts.txt").write_text("x\ny\n")
    done = call("complete", "-f", "prompts.txt", "-n", "2", "-m", "m", *service.options)
    assert done.out == "a\\nb\tc\n" * 2


def test_an_error_among_many_names_its_line(service: Scripted, call: Call) -> None:
    def picky(request: Request) -> Any:
        refusal = {"message": "too long", "type": "x", "param": None, "code": None}
        return Answer(400, {"error": refusal}) if request.json["prompt"] == "p 7" else echoing(request)

    service.on("POST", "/completions", picky)
    Path("prompts.txt").write_text("".join(f"p {number}\n" for number in range(1, 60)))
    done = call("complete", "-f", "prompts.txt", "-m", "m", *service.options)
    assert done.code == 5
    assert done.out.splitlines() == [f" <p {number}>" for number in range(1, 7)]
    assert "error: prompts.txt:7: could not ask model `m`: too long (400)" in done.err
    assert len(service.requests) < 30  # the rest is not asked for


def test_ctrl_c_does_not_wait_for_answers(service: Scripted, terminal: Call) -> None:
    service.on("POST", "/completions", lambda each: echoing(each) if each.json["prompt"] == "0" else Answer(hang=60))
    Path("prompts.txt").write_text("".join(f"{number}\n" for number in range(50)))
    command = ("complete", "-f", "prompts.txt", "-m", "m", *service.options)
    done = terminal(*command, answers=[(" <0>", "\x03")], timeout=20)
    assert done.code == 130 and "interrupted" in done.err


def test_several_answers_have_headings(service: Scripted, call: Call) -> None:
    service.on("POST", "/completions", answer("a", "b"))
    done = call("complete", "x", "-n", "2", "-m", "m", *service.options)
    assert done.out == "--- 1 of 2\na\n--- 2 of 2\nb\n"


def stream(*texts: str, reason: str | None = "stop") -> Answer:
    chunks = [{"id": "1", "choices": [{"index": 0, "text": text, "finish_reason": None}]} for text in texts]
    chunks.append({"id": "1", "choices": [{"index": 0, "text": "", "finish_reason": reason}]})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return Answer(body=body, headers={"Content-Type": "text/event-stream"})


def test_stream(service: Scripted, call: Call, terminal: Call) -> None:
    service.on("POST", "/completions", stream("a\x1b[31m", "b"))
    done = call("complete", "x", "-m", "m", "--stream", *service.options)
    assert (done.code, done.out) == (0, "a\x1b[31mb\n")
    shown = terminal("complete", "x", "-m", "m", *service.options)
    assert (shown.code, shown.err) == (0, "a\\x1b[31mb\n")
    done = call("complete", "x", "-m", "m", "--stream", "--json", *service.options)
    assert [json.loads(line)["choices"][0]["text"] for line in done.out.splitlines()] == ["a\x1b[31m", "b", ""]
    service.on("POST", "/completions", stream("a", reason=None))
    done = call("complete", "x", "-m", "m", "--stream", *service.options)
    assert done.out == "a\n" and "it may be cut" in done.err


def test_a_stream_that_breaks_off_is_an_error(service: Scripted, call: Call) -> None:
    whole = stream("a", "b")
    service.on("POST", "/completions", Answer(body=whole.body, headers=whole.headers, keep=150))
    done = call("complete", "x", "-m", "m", "--stream", *service.options)
    assert (done.code, done.out) == (5, "a\n")


def test_an_answer_that_is_cut_says_so(service: Scripted, call: Call) -> None:
    service.on("POST", "/completions", answer("x", choices=[{"index": 0, "text": "x", "finish_reason": "length"}]))
    assert "--max-tokens N` allows more" in call("complete", "a", "-m", "m", *service.options).err
    assert call("complete", "a", "-m", "m", "-M", "1", *service.options).err == ""


def test_which_model_is_said(service: Scripted, call: Call) -> None:
    service.on("GET", "/fine_tuning/jobs", page(job(), job(id="b", status="succeeded", fine_tuned_model=MODEL)))
    done = call("complete", "a", *service.options)
    assert service.requests[-1].json["model"] == MODEL
    assert done.err == f"model {MODEL} (the newest fine-tuned model)\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["a", "-f", "x"], 2, "only one of these"),
        (["a", "-p", "b"], 2, "only one of these"),
        (["-f", "none.txt"], 3, "none.txt: cannot read it: no such file"),
        (["-f", "."], 3, "cannot read it"),
        (["a", "--stop", ""], 2, "`--stop` takes a text"),
        (["a", *(["--stop", "x"] * 5)], 2, "at most 4"),
        (["a", "--stream", "-n", "2"], 2, "`--stream` shows one answer"),
        (["a", "-t", "3"], 2, "-t"),
        (["a", "--logprobs", "9"], 2, "--logprobs"),
    ],
)
def test_wrong_use(service: Scripted, call: Call, arguments: list[str], code: int, says: str) -> None:
    done = call("complete", *arguments, "-m", "m", *service.options)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert not service.requests


def test_no_prompt_on_a_terminal(service: Scripted, terminal: Call) -> None:
    done = terminal("complete", "-m", "m", *service.options)
    assert done.code == 2 and "there is no prompt" in done.err


def test_no_key_in_any_output(service: Scripted, call: Call) -> None:
    service.on("POST", "/completions", Answer(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}))
    done = call("complete", "a", "-m", "m", *service.options)
    assert done.code == 4
    assert KEY not in done.out + done.err
