"""Asking a service that is busy, refuses, fails or goes away."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from fttool.errors import FttoolError, KeyMissingError, ServiceError
from fttool.jobs.evaluate import pool
from fttool.jobs.evaluate.examples import survey
from fttool.jobs.evaluate.gate import Gate
from fttool.jobs.evaluate.plan import make_plan
from fttool.jobs.evaluate.run import Evaluated, Listener, Price, Sample, evaluate

from .scripted import Answer, Request, Scripted

PATH = "/completions"


def completion(text: str, *, finish: str = "stop", top: dict[str, float] | None = None) -> dict[str, Any]:
    logprobs = {"tokens": [text], "token_logprobs": [-0.1], "top_logprobs": [top]} if top else None
    choice = {"index": 0, "text": text, "finish_reason": finish, "logprobs": logprobs}
    return {"object": "text_completion", "choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}


def refusal(status: int, message: str = "no", *, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    error = {"message": message, "type": "x", "param": None, "code": None, **more}
    return Answer(status, {"error": error}, headers or {})


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "valid.jsonl"
    rows = [{"prompt": f"{at} ->", "completion": f" {'yes' if at % 2 else 'no'}"} for at in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_FIRST_PAUSE", 0.01)


def run(service: Scripted, path: Path, *, task: Any = None, **options: Any) -> Evaluated:
    found = survey(path)
    client = service.client(retries=0)
    options = {"concurrency": 3, **options}
    try:
        return evaluate(client, "ft:m", found, make_plan(found, task=task), path.with_name("answers.jsonl"), **options)
    finally:
        client.sdk.close()


def asked(service: Scripted) -> list[str]:
    return [each.json["prompt"] for each in service.asked("POST", PATH)]


def say(request: Request) -> dict[str, Any]:
    """The right answer."""
    return completion(" yes" if int(request.json["prompt"].split()[0]) % 2 else " no", finish="length")


def test_one_token_is_asked_for_where_labels_are_tokens(scripted: Scripted, labels: Path) -> None:
    scripted.on("POST", PATH, completion(" yes", finish="length", top={" yes": -0.1, " no": -2.4}))
    done = run(scripted, labels, price=Price(1000.0, 10000.0))
    body = scripted.requests[0].json
    assert (body["max_tokens"], body["logprobs"], body["temperature"], body["stop"]) == (1, 5, 0.0, ["\n"])
    answers = list(done)
    assert {each.text for each in answers} == {" yes"}
    assert answers[0].logprobs == {" yes": -0.1, " no": -2.4}
    assert [each.expected for each in sorted(answers, key=lambda each: each.index)][:2] == [" no", " yes"]
    assert (done.tally.answered, done.tally.prompt_tokens, done.tally.completion_tokens) == (12, 60, 12)
    assert done.tally.cost == pytest.approx(60 / 1000 + 12 / 100)


def test_a_token_that_is_no_label_is_asked_for_whole(scripted: Scripted, labels: Path) -> None:
    def answer(request: Request) -> dict[str, Any]:
        one = request.json["max_tokens"] == 1
        return completion(" y" if one else " yes", finish="length" if one else "stop")

    scripted.on("POST", PATH, answer)
    done = run(scripted, labels, concurrency=1)
    assert {each.text for each in done} == {" yes"}
    assert [each.json["max_tokens"] for each in scripted.requests] == [1, *[18] * 12]  # it learns that at once
    first = min(done, key=lambda each: each.index)
    assert (first.prompt_tokens, first.completion_tokens) == (10, 2)  # both requests were paid for


def test_what_is_there_is_not_asked_again(scripted: Scripted, labels: Path) -> None:
    scripted.on("POST", PATH, say)
    run(scripted, labels, sample=Sample(5, 1))
    first = set(asked(scripted))
    assert len(first) == 5
    scripted.requests.clear()
    done = run(scripted, labels)
    assert len(asked(scripted)) == 7 and not first & set(asked(scripted))
    assert (done.tally.kept, done.tally.answered, len(list(done))) == (5, 7, 12)
    assert len(list(run(scripted, labels, sample=Sample(5, 1)))) == 5
    assert len(asked(scripted)) == 7
    assert run(scripted, labels, anew=True).tally.answered == 12


def test_nobody_asks_while_a_busy_service_wants_to_be_left_alone(scripted: Scripted, labels: Path) -> None:
    times: list[float] = []
    refused: list[float] = []
    lock = threading.Lock()

    def answer(request: Request) -> Any:
        with lock:
            times.append(time.monotonic())
            if len(times) in (4, 9):
                refused.append(times[-1])
                return refusal(429, headers={"Retry-After": "1"})
        return say(request)

    scripted.on("POST", PATH, answer)
    done = run(scripted, labels)
    assert done.tally.answered == 12 and done.tally.failed == 0
    assert len(times) == 14
    for start in refused:
        heard = start + 0.3  # until then requests may be under way
        assert [each for each in times if heard < each < start + 1] == []


def test_after_a_refusal_fewer_ask_at_once() -> None:
    gate = Gate(8)
    assert gate.allowed == 8
    gate.refused(0.0)
    time.sleep(0.001)
    assert gate.allowed == 4
    gate.refused(5.0)
    gate.refused(5.0)  # of the same burst
    assert gate.allowed == 2 and 4 < gate.waits <= 5
    for _ in range(200):
        gate.leave(answered=True)
    assert gate.allowed == 8
    gate.close()
    assert gate.enter() is False


def test_a_wait_that_is_too_long_ends_it(scripted: Scripted, labels: Path) -> None:
    scripted.on("POST", PATH, say, say, refusal(429, headers={"Retry-After": "3600"}))
    with pytest.raises(ServiceError) as caught:
        run(scripted, labels)
    assert caught.value.status == 429
    scripted.on("POST", PATH, say)
    assert run(scripted, labels).tally.kept == 2


def test_what_is_wrong_with_one_example_is_no_one_elses(scripted: Scripted, labels: Path) -> None:
    def answer(request: Request) -> Any:
        if request.json["prompt"] == "7 ->":
            return refusal(400, "the prompt is too long", param="prompt")
        return say(request)

    scripted.on("POST", PATH, answer)
    done = run(scripted, labels)
    assert (done.tally.answered, done.tally.failed) == (11, 1)
    (failed,) = [each for each in done if each.text is None]
    assert (failed.index, failed.line) == (7, 8) and "the prompt is too long" in (failed.error or "")
    scripted.on("POST", PATH, say)
    scripted.requests.clear()
    assert run(scripted, labels).tally.answered == 1 and asked(scripted) == ["7 ->"]


def test_faults_that_pass_are_tried_again(scripted: Scripted, labels: Path) -> None:
    scripted.on("POST", PATH, refusal(500), Answer(drop=True), Answer(body="<html>"), refusal(503), say)
    done = run(scripted, labels)
    assert (done.tally.answered, done.tally.failed) == (12, 0)
    assert len(asked(scripted)) == 16
    scripted.on("POST", PATH, refusal(500), say)
    assert run(scripted, labels, anew=True, retries=0).tally.failed == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(401), KeyMissingError),
        (refusal(404, "no such model", code="model_not_found", param="model"), ServiceError),
        (refusal(429, "no credit", code="insufficient_quota"), ServiceError),
    ],
)
def test_what_is_wrong_with_all_ends_it(
    scripted: Scripted, labels: Path, answer: Answer, kind: type[FttoolError]
) -> None:
    scripted.on("POST", PATH, say, answer)
    with pytest.raises(kind):
        run(scripted, labels)
    assert len(asked(scripted)) <= 1 + 3  # no more than were under way
    scripted.on("POST", PATH, say)
    assert run(scripted, labels).tally.kept == 1


def test_a_service_that_answers_nothing_is_an_error(scripted: Scripted, labels: Path) -> None:
    scripted.on("POST", PATH, refusal(400, "not like this"))
    with pytest.raises(ServiceError, match=r"not one example was answered: .*not like this"):
        run(scripted, labels)


def test_failures_one_after_the_other_end_it(scripted: Scripted, labels: Path) -> None:
    rows = labels.read_text().splitlines(keepends=True)
    labels.write_text("".join(rows * 10))
    scripted.on("POST", PATH, say, refusal(400, "overloaded somehow"))
    with pytest.raises(ServiceError, match="overloaded somehow"):
        run(scripted, labels)
    assert len(asked(scripted)) < 40


@pytest.mark.parametrize(
    ("parameter", "error"),
    [
        ("logprobs", {"message": "no", "param": "logprobs"}),
        ("temperature", {"message": "Unsupported value: 'temperature' does not support 0", "param": None}),
        ("stop", {"message": "Unsupported parameter: 'stop'", "param": "stop"}),
    ],
)
def test_what_a_model_refuses_is_left_out(
    scripted: Scripted, labels: Path, parameter: str, error: dict[str, Any]
) -> None:
    def answer(request: Request) -> Any:
        if parameter in request.json:
            return refusal(400, **error)
        return completion(" yes\nand so on")

    scripted.on("POST", PATH, answer)
    told: list[str] = []
    done = run(scripted, labels, task="classification", listener=Listener(say=told.append))
    assert {each.text for each in done} == {" yes"}
    assert told == [f"the model takes no `{parameter}`: asking without it"]
    with_it = [each for each in scripted.requests if parameter in each.json]
    assert 1 <= len(with_it) <= 3


def test_chats_are_asked_as_chats(scripted: Scripted, tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    messages = [{"role": "user", "content": "is it?"}, {"role": "assistant", "content": "yes"}]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    path.write_text(json.dumps({"messages": messages, "tools": tools}) + "\n")
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]}
    scripted.on("POST", "/chat/completions", answer)
    (given,) = run(scripted, path)
    assert (given.expected, given.text, given.prompt_tokens) == ("yes", "yes", None)
    body = scripted.requests[0].json
    assert body["messages"] == messages[:1] and body["tools"] == tools
    assert "max_tokens" not in body and "max_completion_tokens" not in body


@pytest.mark.parametrize("huge", [10**400, -(10**400)])
def test_numbers_that_are_none_are_left_out(scripted: Scripted, labels: Path, huge: int) -> None:
    nonsense = completion(" yes", top={" yes": huge, " no": -1.0})
    nonsense["choices"][0]["logprobs"]["token_logprobs"] = [huge]
    nonsense["usage"] = {"prompt_tokens": huge, "completion_tokens": -5}
    scripted.on("POST", PATH, nonsense)
    done = run(scripted, labels, price=Price(1000.0, 1000.0))
    first = next(iter(done))
    assert (first.logprobs, first.prompt_tokens, first.completion_tokens) == ({" no": -1.0}, None, None)
    assert done.tally.cost == 0
