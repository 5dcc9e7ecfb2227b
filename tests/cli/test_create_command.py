"""`fttool create`: checked, uploaded once, created once, followed; and every way that can go wrong."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Answer, Scripted, event, job, page
from own_service import own, own_state  # noqa: F401

Call = Callable[..., Any]

JOBS = "/fine_tuning/jobs"
MODEL = "gpt-4o-mini-2024-07-18"
#: Nothing is to be found in these: labels, prompts with one end and no common beginning.
GOOD = [
    {"prompt": f"{chr(97 + n)} text of its own, {n} ->", "completion": f" {'yes' if n % 2 else 'no'}"}
    for n in range(24)
]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def train(work: Path) -> str:
    write(work / "train.jsonl", GOOD)
    return "train.jsonl"


@pytest.fixture
def service(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Scripted:  # noqa: F811
    """A service that takes a file and a job, which succeeds."""
    from fttool.jobs.services import generic

    monkeypatch.setattr(generic, "SERVICE", replace(generic.SERVICE, settle=0.0, poll=0.05))
    file = {"object": "file", "id": "file-1", "bytes": None, "filename": "train.jsonl", "purpose": "fine-tune"}
    scripted.on("POST", "/files", {**file, "status": "processed", "created_at": int(time.time())})
    scripted.on("GET", "/files/file-1", {**file, "status": "processed", "created_at": int(time.time()) - 3 * 3600})
    scripted.on("GET", "/files", page())
    scripted.on("GET", JOBS, page())
    scripted.on("POST", JOBS, job(status="validating_files"))
    scripted.on(
        "GET", f"{JOBS}/ftjob-1", job(status="succeeded", fine_tuned_model="ft:x::1", finished_at=1_700_000_009)
    )
    scripted.on("GET", f"{JOBS}/ftjob-1/events", page(event(2), event(1)))
    scripted.on("GET", f"{JOBS}/ftjob-1/checkpoints", page())
    return scripted


def body(service: Scripted) -> Any:
    """What the job was asked for with."""
    (request,) = service.asked("POST", JOBS)
    return request.json


def test_a_job_is_created_and_followed(service: Scripted, train: str, call: Call) -> None:
    done = call("create", "-t", train, "-m", MODEL, *service.options)
    assert done.code == 0, done.err
    assert body(service) == {"model": MODEL, "training_file": "file-1"}
    assert "event 1\n" in done.out and done.out.index("event 1") < done.out.index("event 2")
    assert done.out.endswith("ft:x::1\n")
    assert "uploaded train.jsonl: file-1\n" in done.err
    assert "created job ftjob-1\n" in done.err
    assert KEY not in done.out + done.err


def test_the_exit_code_is_the_jobs(service: Scripted, train: str, call: Call) -> None:
    failed = job(status="failed", error={"code": "invalid_training_file", "message": "line 3 is odd", "param": None})
    service.on("GET", f"{JOBS}/ftjob-1", failed)
    done = call("create", "-t", train, "-m", MODEL, *service.options)
    assert done.code == 1
    assert "line 3 is odd" in done.err


def test_without_following_the_id_is_printed(service: Scripted, train: str, call: Call) -> None:
    done = call("create", "-t", train, "-m", MODEL, "--no-follow", *service.options)
    assert (done.code, done.out) == (0, "ftjob-1\n")
    assert f"hint: `fttool follow ftjob-1 --base-url {service.base_url}` shows how it goes" in done.err
    again = call("create", "-t", train, "-m", MODEL, "--no_follow", "-q", *service.options)
    assert (again.code, again.out, again.err) == (0, "ftjob-1\n", "")
    as_json = call("create", "-t", train, "-m", MODEL, "--no-follow", "--json", *service.options)
    assert json.loads(as_json.out)["id"] == "ftjob-1" and as_json.err == ""
    assert len(service.asked("POST", "/files")) == 1


def test_following_as_json(service: Scripted, train: str, call: Call) -> None:
    done = call("create", "-t", train, "-m", MODEL, "--json", *service.options)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["object"] for line in lines] == ["fine_tuning.job.event"] * 2 + ["fine_tuning.job"]
    assert done.err == ""


def test_the_same_bytes_are_sent_once(service: Scripted, train: str, call: Call, work: Path) -> None:
    call("create", "-t", train, "-m", MODEL, "--no-follow", *service.options)
    write(work / "copy.jsonl", GOOD)
    done = call("create", "-t", "copy.jsonl", "-m", MODEL, "--no-follow", *service.options)
    assert "copy.jsonl is already there: file-1 (uploaded 3 hours ago); not sent again\n" in done.err
    assert len(service.asked("POST", "/files")) == 1
    call("create", "-t", train, "-m", MODEL, "--no-follow", "--no_check_if_files_exist", *service.options)
    assert len(service.asked("POST", "/files")) == 2


def test_a_file_that_was_deleted_there_is_sent_again(service: Scripted, train: str, call: Call) -> None:
    call("create", "-t", train, "-m", MODEL, "--no-follow", *service.options)
    service.on("GET", "/files/file-1", Answer(404))
    call("create", "-t", train, "-m", MODEL, "--no-follow", *service.options)
    assert len(service.asked("POST", "/files")) == 2


def test_a_broken_ledger_is_told_of(service: Scripted, train: str, call: Call) -> None:
    from fttool.jobs.ledger import ledger_file

    ledger_file().parent.mkdir(parents=True)
    ledger_file().write_text("{{{")
    done = call("create", "-t", train, "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 0
    assert "warning: the list of uploads could not be read" in done.err


def test_ids_are_sent_as_they_are(service: Scripted, call: Call) -> None:
    done = call("create", "-t", "file-abc", "-v", "file-def", "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 0
    assert body(service) == {"model": MODEL, "training_file": "file-abc", "validation_file": "file-def"}
    assert service.asked("POST", "/files") == []


def test_addresses_are_fetched_and_checked(service: Scripted, call: Call) -> None:
    good = "".join(json.dumps(row) + "\n" for row in GOOD)
    service.on("GET", "/data/train.jsonl", Answer(body=good))
    address = service.base_url + "/data/train.jsonl"
    done = call("create", "-t", address, "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 0, done.err
    assert b'filename="train.jsonl"' in service.asked("POST", "/files")[0].body
    assert good.encode() in service.asked("POST", "/files")[0].body
    service.on("GET", "/data/train.jsonl", Answer(body="what is this?\n"))
    done = call("create", "-t", address, "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 3 and "train.jsonl" in done.err and "/fttool-" not in done.err
    assert len(service.asked("POST", "/files")) == 1


def test_a_closed_service_says_what_is_left(service: Scripted, train: str, call: Call) -> None:
    error = {"message": "Training is closed.", "type": "x", "param": None, "code": "training_not_available"}
    service.on("POST", JOBS, Answer(403, {"error": error}))
    done = call("create", "-t", train, "-m", MODEL, *service.options)
    assert done.code == 4
    assert "OpenAI closes fine-tuning" in done.err and "--local" in done.err
    assert KEY not in done.err


def test_standard_input(service: Scripted, call: Call) -> None:
    good = "".join(json.dumps(row) + "\n" for row in GOOD)
    done = call("create", "-t", "-", "-m", MODEL, "--no-follow", *service.options, stdin=good)
    assert done.code == 0, done.err
    assert good.encode() in service.asked("POST", "/files")[0].body


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("trian.jsonl", 3, "did you mean `train.jsonl`?"),
        ("train", 3, "did you mean `train.jsonl`?"),
        ("no/such/file.jsonl", 3, "there is no such file"),
        ("ftjob-abc", 2, "is a job"),
        ("ftp://example.org/x", 2, "http:// or https://"),
        ("", 2, "-t is empty"),
        (".", 3, "a folder"),
    ],
)
def test_what_is_no_file_is_never_sent(
    service: Scripted, train: str, call: Call, text: str, code: int, message: str
) -> None:
    done = call("create", "-t", text, "-m", MODEL, *service.options)
    assert done.code == code
    assert message in done.err
    assert service.requests == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"prompt,completion\na,b\nc,d\n", "this is CSV; services train on JSONL"),
        ("x.jsonl", b'{"prompt": "a"\n', "x.jsonl:1"),
        ("x.jsonl", b'{"text": "a", "label": "b"}\n', "prompt"),
        ("x.jsonl", b"", "empty"),
        ("x.jsonl", b'{"prompt": "a", "completion": ""}\n', "nothing to learn from"),
        ("x.jsonl", '{"prompt": "a", "completion": "b"}\n'.encode("utf-16"), "utf-16"),
        ("x.jsonl", b'{"messages": [{"role": "user", "content": "hi"}]}\n', "x.jsonl"),
    ],
)
def test_what_cannot_be_trained_on_is_not_sent(
    service: Scripted, call: Call, work: Path, name: str, content: bytes, message: str
) -> None:
    (work / name).write_bytes(content)
    done = call("create", "-t", name, "-m", MODEL, *service.options)
    assert done.code == 3, done.err
    assert message in done.err
    assert service.requests == []


def test_the_command_that_mends_it_is_named(service: Scripted, call: Call, work: Path) -> None:
    (work / "it's.csv").write_text("prompt,completion\na,b\n")
    done = call("create", "-t", "it's.csv", "-m", MODEL, *service.options)
    assert "hint: `fttool prepare_data 'it'\"'\"'s.csv'` makes a JSONL file of it" in done.err


def test_recommended_fixes_are_warnings(service: Scripted, call: Call, work: Path) -> None:
    write(work / "twice.jsonl", GOOD + GOOD[:2])
    done = call("create", "-t", "twice.jsonl", "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 0
    assert "warning: twice.jsonl: 2" in done.err
    assert "hint: `fttool prepare_data twice.jsonl` mends that" in done.err


def test_both_files_are_checked_together(service: Scripted, train: str, call: Call, work: Path) -> None:
    write(work / "valid.jsonl", GOOD[:3])
    done = call("create", "-t", train, "-v", "valid.jsonl", "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 0, done.err
    assert "valid.jsonl: lines 1, 2, 3" in done.err
    assert "hint: `fttool prepare_data train.jsonl -v valid.jsonl` mends that" in done.err
    write(work / "valid.jsonl", [{"messages": []}])
    done = call("create", "-t", train, "-v", "valid.jsonl", "-m", MODEL, *service.options)
    assert done.code == 2 and "`valid.jsonl` has other columns than `train.jsonl`" in done.err


def test_without_checking_anything_is_sent(service: Scripted, call: Call, work: Path) -> None:
    (work / "x.jsonl").write_text("hello\n")
    done = call("create", "-t", "x.jsonl", "-m", MODEL, "--no-check", "--no-follow", *service.options)
    assert (done.code, done.out) == (0, "ftjob-1\n")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [{"prompt": f"{n} ->", "completion": f" {n % 2}\n"} for n in range(9)],
            "the file has 9 examples; services refuse fewer than 10; nothing was sent",
        ),
        ([*({"prompt": f"{n} ->", "completion": " a\n"} for n in range(12)), {"prompt": "x"}], "an empty completion"),
        ([{"prompt": f"{n} ->", "completion": n} for n in range(12)], "that is no text"),
    ],
)
def test_what_a_service_would_refuse_is_not_sent(
    service: Scripted, call: Call, work: Path, rows: list[dict[str, object]], told: str
) -> None:
    write(work / "few.jsonl", rows)
    done = call("create", "-t", "few.jsonl", "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 3 and told in done.err
    assert service.requests == []
    assert call("create", "-t", "few.jsonl", "-m", MODEL, "--no-check", "--no-follow", *service.options).code == 0


def test_preferences_are_checked_their_own_way(service: Scripted, call: Call, work: Path) -> None:
    rows = [
        {
            "input": {"messages": [{"role": "user", "content": f"hi {number}"}]},
            "preferred_output": [{"role": "assistant", "content": "hello"}],
            "non_preferred_output": [{"role": "assistant", "content": "what?"}],
        }
        for number in range(10)
    ]
    create = ["-m", MODEL, "--method", "dpo", "--no-follow", *service.options]
    write(work / "few.jsonl", rows[:3])
    done = call("create", "-t", "few.jsonl", *create)
    assert done.code == 3
    assert "few.jsonl: the file has 3 examples; services refuse fewer than 10; nothing was sent" in done.err
    write(work / "bad.jsonl", [*rows, {**rows[0], "preferred_output": []}])
    done = call("create", "-t", "bad.jsonl", *create)
    assert done.code == 3
    assert "1 row has an output that is not one assistant message [preference-output]\n  line 11" in done.err
    assert service.requests == []
    write(work / "pairs.jsonl", rows)
    assert call("create", "-t", "pairs.jsonl", *create).code == 0
    assert body(service)["method"] == {"type": "dpo"}


def test_prompts_for_reinforcement_are_checked_their_own_way(service: Scripted, call: Call, work: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": f"{one} + 1?"}], "answer": str(one + 1)} for one in range(10)]
    grader = {"type": "string_check", "name": "g", "operation": "eq", "input": "{{ sample.output_text }}"}
    method = {"type": "reinforcement", "reinforcement": {"grader": {**grader, "reference": "{{ item.answer }}"}}}
    (work / "method.json").write_text(json.dumps(method))
    create = ["-m", MODEL, "--method-json", "method.json", "--no-follow", *service.options]
    answered = [*rows[0]["messages"], {"role": "assistant", "content": "1"}]
    write(work / "bad.jsonl", [*rows, {**rows[0], "messages": answered}])
    done = call("create", "-t", "bad.jsonl", *create)
    assert done.code == 3
    assert "1 row does not end with a user message [reinforcement-last]\n  line 11" in done.err
    assert service.requests == []
    write(work / "tasks.jsonl", rows)
    assert call("create", "-t", "tasks.jsonl", *create).code == 0
    assert body(service)["method"] == method


ASKED = {"role": "user", "content": "hi"}


def chats(count: int = 12, role: str = "assistant") -> list[Any]:
    """Chats; the last answer is of this role."""
    rows = [{"messages": [{**ASKED, "content": f"q{n}"}, {"role": "assistant", "content": "r"}]} for n in range(count)]
    rows[-1]["messages"][1]["role"] = role
    return rows


def preferences(count: int = 12, worse: str = "n") -> list[Any]:
    """Preferences; the last has this as its worse output."""
    rows = [
        {
            "input": {"messages": [{**ASKED, "content": f"q{n}"}]},
            "preferred_output": [{"role": "assistant", "content": "y"}],
            "non_preferred_output": [{"role": "assistant", "content": "n"}],
        }
        for n in range(count)
    ]
    rows[-1]["non_preferred_output"][0]["content"] = worse
    return rows


def prompts(count: int = 12, **change: Any) -> list[Any]:
    """Prompts for reinforcement; the last with these keys changed."""
    rows: list[Any] = [{"messages": [{**ASKED, "content": f"q{n}"}], "answer": f"r{n}"} for n in range(count)]
    rows[-1] |= change
    return rows


GRADED = ("--method-json", "method.json")
GRADER = {"type": "string_check", "name": "g", "operation": "eq", "input": "{{sample.output_text}}"}
METHOD = {"type": "reinforcement", "reinforcement": {"grader": {**GRADER, "reference": "{{item.answer}}"}}}


@pytest.mark.parametrize(
    ("good", "bad", "options", "told"),
    [
        (chats(), chats(role="bot"), (), "1 row has an unknown role"),
        (preferences(), preferences(worse="y"), ("--method", "dpo"), "1 row prefers an output to itself"),
        (
            prompts(),
            prompts(messages=[{**ASKED, "role": "assistant"}]),
            GRADED,
            "1 row does not end with a user message",
        ),
    ],
)
def test_every_shape_is_checked_in_both_files(
    service: Scripted, call: Call, work: Path, good: list[Any], bad: list[Any], options: tuple[str, ...], told: str
) -> None:
    (work / "method.json").write_text(json.dumps(METHOD))
    write(work / "good.jsonl", good)
    write(work / "bad.jsonl", bad)
    create = ("create", "-m", MODEL, "--no-follow", *options, *service.options)
    for files in (("-t", "bad.jsonl"), ("-t", "good.jsonl", "-v", "bad.jsonl")):
        done = call(*create, *files)
        assert done.code == 3
        assert f"error: bad.jsonl: {told}" in done.err and "nothing was sent" in done.err
    assert service.requests == []
    assert call(*create, "-t", "bad.jsonl", "--no-check").code == 0
    done = call(*create, "-t", "good.jsonl")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("rows", "kind", "method"),
    [(preferences(), "preferences", "dpo"), (prompts(), "prompts for reinforcement", "reinforcement")],
)
def test_the_method_that_the_examples_are_for_is_named(
    service: Scripted, call: Call, work: Path, rows: list[Any], kind: str, method: str
) -> None:
    write(work / "x.jsonl", rows)
    done = call("create", "-t", "x.jsonl", "-m", MODEL, *service.options)
    assert done.code == 3 and service.requests == []
    assert f"error: x.jsonl: the examples are {kind}, which supervised training does not take" in done.err
    assert f"hint: train with `--method {method}`; `--no-check` sends it as it is" in done.err


def test_the_request_can_be_looked_at(service: Scripted, train: str, call: Call) -> None:
    options = ["--n_epochs", "3", "--suffix", "people", "--seed", "7", "--metadata", "a=b", "--integration", "wandb:p"]
    done = call("create", "-t", train, "-v", "file-9", "-m", MODEL, *options, "--dry-run")
    assert done.code == 0
    assert json.loads(done.out) == {
        "model": MODEL,
        "training_file": "train.jsonl",
        "validation_file": "file-9",
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
        "suffix": "people",
        "seed": 7,
        "integrations": [{"type": "wandb", "wandb": {"project": "p"}}],
        "metadata": {"a": "b"},
    }
    assert service.requests == []
    with_dashes = call("create", "-t", train, "-v", "file-9", "-m", MODEL, "--n-epochs", "3", *options[2:], "--dry-run")
    assert with_dashes.out == done.out


def test_a_dry_run_of_the_own_service_does_not_start_it(own: Path, train: str, call: Call) -> None:  # noqa: F811
    done = call("create", "-t", train, "--local", "--dry-run")
    assert json.loads(done.out) == {"model": "baseline", "training_file": "train.jsonl"}
    assert not own.exists()


def test_the_method_from_a_file(service: Scripted, train: str, call: Call, work: Path) -> None:
    (work / "method.json").write_text('{"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}')
    options = ["--base-url", "https://api.openai.com/v1", "--dry-run"]
    done = call("create", "-t", train, "-m", MODEL, "--method-json", "method.json", *options)
    assert json.loads(done.out)["method"]["supervised"] == {"hyperparameters": {"n_epochs": 2}}
    for content, code in (("[1]", 3), ("{", 3), (None, 3)):
        path = work / "other.json"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content)
        done = call("create", "-t", train, "-m", MODEL, "--method-json", "other.json", *options)
        assert done.code == code and "other.json" in done.err


def test_the_model(service: Scripted, train: str, call: Call) -> None:
    done = call("create", "-t", train, *service.options)
    assert done.code == 2
    assert "error: no base model is named" in done.err and "-m MODEL" in done.err
    call("config", "set", "model", "gpt-x")
    done = call("create", "-t", train, "--no-follow", *service.options)
    assert done.code == 0 and body(service)["model"] == "gpt-x"


def test_a_model_that_ends_soon_is_warned_of(service: Scripted, train: str, call: Call) -> None:
    service.on("GET", f"/models/{MODEL}", {"id": MODEL, "object": "model", "created": 1, "shutdown_date": "2020-01-02"})
    done = call("create", "-t", train, "-m", MODEL, "--no-follow", *service.options)
    assert done.code == 0
    assert f"warning: model `{MODEL}` was shut down on 2020-01-02" in done.err


def test_wrong_options_are_told_before_anything_is_sent(service: Scripted, train: str, call: Call) -> None:
    for options, message in [
        (["--n_epochs", "0"], "--n_epochs takes a whole number"),
        (["--seed", "-1"], "--seed"),
        (["--metadata", "x"], "--metadata takes NAME=VALUE"),
        (["--integration", "x"], "no integration `x`"),
        (["--beta", "1"], "--beta goes with"),
        (["--give-up-after", "soon"], "--give-up-after"),
    ]:
        done = call("create", "-t", train, "-m", MODEL, *options, *service.options)
        assert done.code == 2 and message in done.err, options
    assert service.requests == []


def test_legacy_options_are_taken_with_a_warning(service: Scripted, train: str, call: Call) -> None:
    options = ["--classification_n_classes", "2", "--prompt_loss_weight", "0.1"]
    done = call("create", "-t", train, "-m", MODEL, "--no-follow", *options, *service.options)
    assert done.code == 0
    assert "warning: not sent" in done.err and "--prompt_loss_weight" in done.err
    assert "--classification_n_classes says nothing without `--compute_classification_metrics`" in done.err
    assert body(service) == {"model": MODEL, "training_file": "file-1"}


# --- a create without an answer ----------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from fttool.jobs import create

    monkeypatch.setattr(create, "LOOKS", (0.0, 0.01))
    monkeypatch.setattr(create, "QUEUE_PAUSES", (0.01, 0.02))


def test_a_create_that_times_out_finds_its_job(service: Scripted, train: str, call: Call, quick: None) -> None:
    service.on("POST", JOBS, Answer(hang=3))
    there = job(model=MODEL, training_file="file-1", created_at=int(time.time()))
    service.on("GET", JOBS, page(), page(there))
    done = call("create", "-t", train, "-m", MODEL, *service.options, "--timeout", "0.4")
    assert done.code == 0, done.err
    assert "the job is there: ftjob-1" in done.err
    assert len(service.asked("POST", JOBS)) == 1


def test_a_create_that_times_out_without_a_job_is_an_error(
    service: Scripted, train: str, call: Call, quick: None
) -> None:
    service.on("POST", JOBS, Answer(hang=3))
    done = call("create", "-t", train, "-m", MODEL, "--json", "--base-url", service.base_url, "--timeout", "0.4")
    assert done.code == 5
    told = json.loads(done.err)["error"]
    assert "it is not known whether the job was created" in told["message"]
    assert "`fttool list --base-url " in told["hint"]
    assert len(service.asked("POST", JOBS)) == 1


def test_too_many_jobs(service: Scripted, train: str, call: Call, quick: None) -> None:
    error = {"message": "maximum of 3 active requests", "type": "x", "param": None, "code": "rate_limit_exceeded"}
    busy = Answer(429, {"error": error})
    service.on("POST", JOBS, busy)
    done = call("create", "-t", train, "-m", MODEL, *service.options)
    assert done.code == 5 and "--wait-in-queue" in done.err
    service.on("POST", JOBS, busy, busy, job())
    done = call("create", "-t", train, "-m", MODEL, "--no-follow", "--wait-in-queue", *service.options)
    assert (done.code, done.out) == (0, "ftjob-1\n")
    assert done.err.count("next attempt in") == 2


# --- on a terminal -----------------------------------------------------------------------------------------------


def test_a_file_of_the_same_name_and_size_is_offered(service: Scripted, train: str, terminal: Call, work: Path) -> None:
    size = (work / train).stat().st_size
    same = {"id": "file-7", "object": "file", "bytes": size, "filename": "train.jsonl", "purpose": "fine-tune"}
    service.on("GET", "/files", page({**same, "created_at": int(time.time()) - 90_000, "status": "processed"}))
    command = ["create", "-t", train, "-m", MODEL, "--no-follow", *service.options]
    done = terminal(*command, answers=[("Use it?", "1")])
    assert done.code == 0, done.err
    assert "1. file-7 (uploaded 1 day ago)" in done.err
    assert body(service)["training_file"] == "file-7"
    assert service.asked("POST", "/files") == []
    done = terminal(*command, answers=[("Use it?", "2")])
    assert "uploaded train.jsonl: file-1" in done.err


def test_nothing_is_offered_where_no_one_wants_to_choose(service: Scripted, train: str, terminal: Call) -> None:
    command = ["create", "-t", train, "-m", MODEL, "--no-follow", *service.options]
    assert terminal(*command, "--no_check_if_files_exist").code == 0
    assert service.asked("GET", "/files") == []


@pytest.mark.skipif(os.name != "posix", reason="no such signal here")
def test_interrupted_while_the_job_is_created(service: Scripted, train: str, call: Call) -> None:
    def interrupt(request: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return Answer(hang=5)

    service.on("POST", JOBS, interrupt)
    done = call("create", "-t", train, "-m", MODEL, *service.options)
    assert done.code == 130
    assert f"hint: the job may be there all the same: `fttool list --base-url {service.base_url}` shows it" in done.err


# --- the own service ---------------------------------------------------------------------------------------------


def test_on_the_own_service(own: Path, train: str, call: Call) -> None:  # noqa: F811
    done = call("create", "-t", train, "-v", train, "--local", "--n_epochs", "2", "--suffix", "people", "--seed", "1")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith("ft:baseline:local:people:")
    assert "Created fine-tuning job: ftjob-" in done.out
    assert "training and validation file are the same" in done.err
    again = call("create", "-t", train, "--local", "--no-follow", "--json")
    assert again.code == 0 and again.err == ""
    made = json.loads(again.out)
    files = json.loads(call("files", "list", "--local", "--purpose", "fine-tune", "--json").out)["data"]
    assert [file["id"] for file in files] == [made["training_file"]]


@pytest.mark.parametrize(
    ("rows", "options", "told"),
    [
        (chats(role="bot"), (), "Line 12: messages[1].role is `bot`; it must be one of "),
        (preferences(worse="y"), ("--method", "dpo"), "is the same as the preferred output [preference-same]"),
        (prompts(), (), "prompts for reinforcement"),
    ],
)
def test_what_is_sent_unchecked_the_own_service_refuses(
    own: Path,  # noqa: F811
    call: Call,
    work: Path,
    rows: list[Any],
    options: tuple[str, ...],
    told: str,
) -> None:
    write(work / "x.jsonl", rows)
    done = call("create", "-t", "x.jsonl", "--local", *options)
    assert done.code == 3 and "--no-check" in done.err
    done = call("create", "-t", "x.jsonl", "--local", "--no-check", *options)
    assert done.code == 1 and told in done.err


def test_a_job_whose_id_cannot_be_printed_is_told_all_the_same(
    service: Scripted, train: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fttool.cli import output
    from fttool.errors import OutputError

    def full(*parts: object) -> None:
        raise OutputError("cannot write to standard output: no space left on device")

    for name, options in (("answer", []), ("answer", ["-q"]), ("answer_json", ["--json"])):
        monkeypatch.setattr(output, name, full)
        done = call("create", "-t", train, "-m", MODEL, "--no-follow", *options, *service.options)
        assert done.code == 3
        assert "the job is there all the same: ftjob-1" in done.err


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b'{"prompt": "x", "compl\n', "`fttool prepare_data 'my file.jsonl' --skip-bad-rows` sets such rows aside"),
        (
            b'{"prompt": "\xe9", "completion": "a"}\n',
            "`fttool prepare_data 'my file.jsonl' --encoding cp1252` for most",
        ),
        (b'{"q": "a", "r": "b"}\n', "`fttool prepare_data 'my file.jsonl' --prompt-column q`"),
    ],
)
def test_hints_about_the_data_name_the_command_that_has_the_option(
    call: Call, work: Path, content: bytes, hint: str
) -> None:
    (work / "my file.jsonl").write_bytes(content)
    done = call("create", "-t", "my file.jsonl", "--local", "--dry-run")
    assert done.code == 3
    assert hint in done.err


def test_fields_that_the_grader_reads_are_in_every_row_before_anything_is_sent(
    service: Scripted, call: Call, work: Path
) -> None:
    (work / "method.json").write_text(json.dumps(METHOD))
    rows = prompts()
    write(work / "good.jsonl", rows)
    write(work / "bad.jsonl", [*rows[:-1], {"messages": rows[-1]["messages"], "solution": "r"}])
    create = ("create", "-m", MODEL, "--no-follow", *GRADED, *service.options)
    done = call(*create, "-t", "bad.jsonl")
    assert done.code == 3
    assert "1 row lacks a field that the grader reads: `item.answer` [grader-field]" in done.err
    assert "nothing was sent" in done.err and service.requests == []
    assert call(*create, "-t", "good.jsonl").code == 0


def test_what_the_model_does_not_take_is_told(service: Scripted, call: Call, work: Path) -> None:
    write(work / "pairs.jsonl", [{"prompt": f"{n} ->", "completion": f" {n % 2}\n"} for n in range(12)])
    done = call("create", "-t", "pairs.jsonl", "-m", "gpt-4.1-mini-2025-04-14", "--no-follow", *service.options)
    assert done.code == 0
    assert "warning: pairs.jsonl: `gpt-4.1-mini-2025-04-14` is trained on chats" in done.err


def test_what_a_model_is_not_known_for_is_said(service: Scripted, call: Call, work: Path) -> None:
    rows = [
        {
            "input": {"messages": [{"role": "user", "content": f"hi {number}"}]},
            "preferred_output": [{"role": "assistant", "content": "hello"}],
            "non_preferred_output": [{"role": "assistant", "content": "what?"}],
        }
        for number in range(10)
    ]
    write(work / "pairs.jsonl", rows)
    options = ["--method", "dpo", "--dry-run", "--profile", "plain"]
    (work / "fttool.toml").write_text('[profiles.plain]\nservice = "openai"\n', encoding="utf-8")
    done = call("create", "-t", "pairs.jsonl", "-m", "gpt-4o-mini-2024-07-18", *options)
    assert done.code == 0, done.err
    assert "is not known to be trained with `dpo` on openai, but with supervised" in done.err
