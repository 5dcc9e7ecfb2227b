"""The grammar of the `openai` command: what scripts typed and read, on a service whose answers are written down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Answer, Request, Scripted, event, job, page

from fttool.cli import app
from fttool.cli.legacy.api import GROUPS

Call = Callable[..., Any]

DONE = job(
    status="succeeded",
    fine_tuned_model="ft:m:o::1",
    finished_at=1_700_000_100,
    result_files=["file-r"],
    method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
)
EVENTS = page(event(2, "The job has successfully completed"), event(1, "Created fine-tuning job: ftjob-1"))
ROWS = "".join(f'{{"prompt": "question {n} ->", "completion": " {"yes" if n % 2 else "no"}"}}\n' for n in range(40))


def file(identifier: str, name: str) -> dict[str, Any]:
    return {"id": identifier, "object": "file", "bytes": len(ROWS), "filename": name, "purpose": "fine-tune"}


def choices(request: Request) -> dict[str, Any]:
    found = [{"index": at, "text": f" {at}", "finish_reason": "stop"} for at in range(request.json.get("n") or 1)]
    return {"id": "c", "object": "text_completion", "choices": found[::-1]}


def messages(request: Request) -> dict[str, Any]:
    found = [
        {"index": at, "message": {"role": "assistant", "content": f"answer {at}"}, "finish_reason": "stop"}
        for at in range(request.json.get("n") or 1)
    ]
    return {"id": "c", "object": "chat.completion", "choices": found}


@pytest.fixture
def service(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Scripted:  # noqa: F811
    """A service with a job that is done. It is the one that the environment names, as scripts had it."""
    monkeypatch.setenv("OPENAI_API_BASE", scripted.base_url)
    monkeypatch.setenv("FTTOOL_SERVICE", "local")  # asked again soon
    scripted.on("GET", "/fine_tuning/jobs", page(DONE, job(id="ftjob-0", status="queued", training_file="file-gone")))
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", DONE)
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1/events", EVENTS)
    scripted.on("GET", "/files", page(file("file-1", "train.jsonl"), file("file-r", "step_metrics.csv")))
    scripted.on("GET", "/files/file-1", file("file-1", "train.jsonl"))
    scripted.on("GET", "/files/file-r", file("file-r", "step_metrics.csv"))
    scripted.on("GET", "/files/file-r/content", Answer(body="step,train_loss,train_accuracy\n1,0.5,0.25\n"))
    scripted.on("POST", "/files", file("file-1", "train.jsonl"))
    scripted.on("POST", "/fine_tuning/jobs", job(status="validating_files"))
    scripted.on("POST", "/completions", choices)
    scripted.on("POST", "/chat/completions", messages)
    scripted.on("DELETE", "/models/ft:m:o::1", {"id": "ft:m:o::1", "object": "model", "deleted": True})
    scripted.on("DELETE", "/files/file-1", {"id": "file-1", "object": "file", "deleted": True})
    return scripted


def sent(service: Scripted, path: str = "/fine_tuning/jobs") -> Any:
    return service.asked("POST", path)[-1].json


# What scripts read


def test_get_has_the_old_shape_and_todays_names(service: Scripted, call: Call) -> None:
    done = call("api", "fine_tunes.get", "-i", "ftjob-1")
    assert (done.code, done.err) == (0, "")
    shown = json.loads(done.out)
    assert (shown["object"], shown["status"], shown["fine_tuned_model"]) == ("fine-tune", "succeeded", "ft:m:o::1")
    assert shown["result_files"] == [file("file-r", "step_metrics.csv")]
    assert shown["training_files"] == [file("file-1", "train.jsonl")]
    assert shown["validation_files"] == []
    assert shown["hyperparams"]["n_epochs"] == 3
    assert shown["updated_at"] == 1_700_000_100
    assert shown["events"] == [
        {"object": "fine-tune-event", "created_at": 1_700_000_001, "level": "info", "message": text}
        | {"created_at": 1_700_000_000 + at}
        for at, text in ((1, "Created fine-tuning job: ftjob-1"), (2, "The job has successfully completed"))
    ]
    today = {name: value for name, value in DONE.items() if name not in ("object", "result_files", "status")}
    assert today.items() <= shown.items()


def test_scripts_that_take_the_text_apart(service: Scripted, call: Call) -> None:
    out = call("api", "fine_tunes.list").out
    lines = [line for line in out.splitlines() if "fine_tuned_model" in line]
    assert [line.strip() for line in lines] == ['"fine_tuned_model": null,', '"fine_tuned_model": "ft:m:o::1",']
    sent_file = call("api", "files.create", "-f", _rows(), "-p", "fine-tune").out
    assert [line.split('"')[3] for line in sent_file.splitlines() if '"id"' in line] == ["file-1"]


def test_list_begins_with_the_oldest(service: Scripted, call: Call) -> None:
    shown = json.loads(call("api", "fine_tunes.list").out)
    assert [each["id"] for each in shown["data"]] == ["ftjob-0", "ftjob-1"]
    assert [each["status"] for each in shown["data"]] == ["pending", "succeeded"]
    assert shown["data"][1]["training_files"][0]["filename"] == "train.jsonl"
    assert shown["data"][0]["training_files"] == [{"id": "file-gone", "object": "file"}]
    assert "events" not in shown["data"][0]
    assert len(service.asked("GET", "/files")) == 1


@pytest.mark.parametrize(
    ("today", "then"),
    [
        *(("validating_files", "pending"), ("queued", "pending"), ("paused", "pending"), ("running", "running")),
        *(("succeeded", "succeeded"), ("failed", "failed"), ("cancelled", "cancelled"), ("levitating", "levitating")),
    ],
)
def test_statuses(service: Scripted, call: Call, today: str, then: str) -> None:
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(status=today))
    assert json.loads(call("api", "fine_tunes.get", "-i", "ftjob-1").out)["status"] == then
    assert json.loads(call("api", "fine_tuning.job.get", "-i", "ftjob-1").out)["status"] == today


def test_events(service: Scripted, call: Call) -> None:
    shown = json.loads(call("api", "fine_tunes.events", "-i", "ftjob-1").out)
    assert [each["created_at"] for each in shown["data"]] == [1_700_000_001, 1_700_000_002]
    refused = call("api", "fine_tunes.events", "-i", "ftjob-1", "--stream")
    assert refused.code == 2 and "`fttool api fine_tunes.follow -i ftjob-1`" in refused.err


def test_results(service: Scripted, call: Call) -> None:
    done = call("api", "fine_tunes.results", "-i", "ftjob-1")
    assert done.out.splitlines() == [
        "step,train_loss,train_accuracy,training_loss,training_token_accuracy",
        "1,0.5,0.25,0.5,0.25",
    ]
    raw = call("api", "fine_tuning.job.results", "-i", "ftjob-1")
    assert raw.code == 0
    assert json.loads(call("api", "fine_tunes.results", "-i", "ftjob-1", "--json").out)["rows"][0]["step"] == 1
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(status="failed"))
    assert call("api", "fine_tunes.results", "-i", "ftjob-1").code == 1


def test_results_are_raw_where_they_are_today(service: Scripted, run: Call) -> None:
    done = run("api", "fine_tuning.job.results", "-i", "ftjob-1")
    assert done.out == "step,train_loss,train_accuracy\n1,0.5,0.25\n"


def test_results_that_are_no_table_of_steps(service: Scripted, call: Call) -> None:
    service.on("GET", "/files/file-r/content", Answer(body="epoch,loss\n1,0.5\n"))
    assert call("api", "fine_tunes.results", "-i", "ftjob-1").out == "epoch,loss\n1,0.5\n"
    service.on("GET", "/files/file-r/content", Answer(body="step,train_loss\n1,0.5\n2\n"))
    assert call("api", "fine_tunes.results", "-i", "ftjob-1").out.splitlines()[-2:] == ["1,0.5,0.5", "2"]


def test_delete(service: Scripted, call: Call) -> None:
    refused = call("api", "fine_tunes.delete", "-i", "ftjob-1")
    assert refused.code == 2 and "`fttool api models.delete -i ft:m:o::1`" in refused.err
    assert service.asked("DELETE", "/models/ft:m:o::1") == []
    for command in ("fine_tunes.delete", "models.delete"):
        assert json.loads(call("api", command, "-i", "ft:m:o::1").out)["deleted"] is True
    assert json.loads(call("api", "files.delete", "-i", "file-1").out)["deleted"] is True


def test_todays_objects_come_as_they_are(service: Scripted, call: Call) -> None:
    service.on("GET", "/models", page({"id": "b", "object": "model"}, {"id": "a", "object": "model"}))
    service.on("GET", "/models/b", {"id": "b", "object": "model"})
    assert json.loads(call("api", "fine_tuning.jobs.retrieve", "-i", "ftjob-1").out) == DONE
    assert json.loads(call("api", "models.list").out) == page(
        {"id": "b", "object": "model"}, {"id": "a", "object": "model"}
    )
    for command in ("models.get", "models.retrieve"):
        assert json.loads(call("api", command, "-i", "b").out) == {"id": "b", "object": "model"}
    for command in ("files.get", "files.retrieve"):
        assert json.loads(call("api", command, "-i", "file-1").out) == file("file-1", "train.jsonl")
    assert [each["id"] for each in json.loads(call("api", "files.list").out)["data"]] == ["file-1", "file-r"]
    assert call("api", "fine_tuning.job.list").out.count('"object": "fine_tuning.job"') == 2
    newest = call("api", "fine_tuning.job.events", "-i", "ftjob-1", "--limit", "1").out
    assert json.loads(newest)["message"] == "The job has successfully completed"
    service.on("GET", "/fine_tuning/jobs", page())
    assert call("api", "fine_tuning.job.list").out == "No fine-tuning jobs found.\n"


def test_pages(service: Scripted, call: Call) -> None:
    call("api", "fine_tuning.jobs.list", "-a", "ftjob-2", "-l", "3")
    assert service.asked("GET", "/fine_tuning/jobs")[-1].query == {"after": "ftjob-2", "limit": "3"}
    done = call("api", "fine_tuning.jobs.list_events", "-i", "ftjob-1")
    assert json.loads(done.out) == EVENTS
    assert service.asked("GET", "/fine_tuning/jobs/ftjob-1/events")[-1].query == {}
    service.on("GET", "/fine_tuning/jobs", {})
    assert call("api", "fine_tuning.jobs.list").code == 5


# Creating and following


def _rows() -> str:
    Path("train.jsonl").write_text(ROWS)
    return "train.jsonl"


def test_create_says_what_it_said(service: Scripted, call: Call) -> None:
    done = call("api", "fine_tunes.create", "-t", _rows(), "-m", "davinci-002", "--no_check_if_files_exist")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[:5] == [
        "Uploaded file from train.jsonl: file-1",
        "Created fine-tune: ftjob-1",
        "Streaming events until fine-tuning is complete...",
        "",
        "(Ctrl-C will interrupt the stream, but not cancel the fine-tune)",
    ]
    assert lines[5].endswith("] Created fine-tuning job: ftjob-1")
    assert lines[-1] == "fttool api completions.create -m ft:m:o::1 -p <YOUR_PROMPT>"
    again = call("api", "fine_tunes.create", "-t", _rows(), "-m", "davinci-002", "--no_follow")
    assert again.out.startswith('Reusing already uploaded file: file-1\n{\n  "created_at"')
    assert json.loads(again.out.partition("\n")[2])["status"] == "pending"


def test_create_sends_what_was_meant(service: Scripted, call: Call) -> None:
    done = call(
        *("api", "fine_tunes.create", "--training", "file-1", "--valid=file-2", "-mdavinci-002", "--no_follow"),
        *("--suffix", "Custom model, name!", "--n-epochs", "2", "--batch", "8", "--learning_rate_multiplier", "0.1"),
        *("--prompt_loss_weight", "0.01", "--compute", "--classification_betas", "1", "2", "--json"),
    )
    assert done.code == 0, done.err
    assert sent(service) == {
        "model": "davinci-002",
        "training_file": "file-1",
        "validation_file": "file-2",
        "suffix": "custom-model-name",
        "method": {
            "type": "supervised",
            "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 0.1}},
        },
    }
    assert json.loads(done.out)["id"] == "ftjob-1"
    assert "--prompt_loss_weight" in done.err
    assert "`fttool evaluate --job ftjob-1 --task classification --beta 2" in done.err


def test_create_of_later_versions(service: Scripted, call: Call) -> None:
    done = call("api", "fine_tuning.job.create", "-t", "file-1", "-m", "m", "--n_epochs", "2", "--suffix", "x")
    assert json.loads(done.out)["object"] == "fine_tuning.job"
    done = call(
        *("api", "fine_tuning.jobs.create", "-F", "file-1", "-V", "file-2", "-m", "m"),
        *("-H", '{"n_epochs": "auto", "batch_size": 4, "lora": true}', "-s", "As It Is"),
    )
    assert json.loads(done.out)["id"] == "ftjob-1"
    hyperparameters = {"n_epochs": "auto", "batch_size": 4, "lora": True}
    assert sent(service)["method"]["supervised"]["hyperparameters"] == hyperparameters
    assert (sent(service)["suffix"], sent(service)["validation_file"]) == ("As It Is", "file-2")
    for wrong in ("[1]", "{", "n_epochs=3"):
        refused = call("api", "fine_tuning.jobs.create", "-F", "file-1", "-m", "m", "-H", wrong)
        assert refused.code == 2 and "takes a JSON object" in refused.err


def test_a_mistyped_path_is_not_sent(service: Scripted, call: Call) -> None:
    _rows()
    for command in (
        ["fine_tunes.create", "-t", "trian.jsonl", "-m", "m"],
        ["fine_tuning.jobs.create", "-F", "trian.jsonl", "-m", "m"],
        ["files.create", "-f", "trian.jsonl", "-p", "fine-tune"],
    ):
        done = call("api", *command)
        assert (done.code, "did you mean `train.jsonl`?" in done.err) == (3, True)
    assert [each for each in service.requests if each.method == "POST"] == []


def test_models_that_are_gone(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for model in ("ada", "curie:ft-org-2023-01-01"):
        done = call("api", "fine_tunes.create", "-t", "file-1", "-m", model)
        assert done.code == 2 and f"`{model}` was shut down" in done.err and "davinci-002" in done.err


@pytest.mark.parametrize(
    ("status", "said"), [("failed", "ftjob-1 failed: bad file"), ("cancelled", "ftjob-1 was cancelled")]
)
def test_the_exit_code_is_the_jobs(service: Scripted, call: Call, status: str, said: str) -> None:
    error = {"code": "x", "message": "bad file", "param": None}
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(status=status, error=error if status == "failed" else None))
    for command in ("fine_tunes.follow", "fine_tuning.job.follow"):
        done = call("api", command, "-i", "ftjob-1")
        assert (done.code, done.out.splitlines()[-2:]) == (1, ["", f"Job {status}."])
        assert said in done.err


def test_follow_as_json(service: Scripted, call: Call) -> None:
    lines = call("api", "fine_tunes.follow", "-i", "ftjob-1", "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["ftevent-1", "ftevent-2", "ftjob-1"]


def test_no_such_job(service: Scripted, call: Call) -> None:
    for command in ("get", "follow", "cancel", "results", "events", "delete"):
        done = call("api", f"fine_tunes.{command}", "-i", "ftjob-9")
        assert (done.code, done.out) == (5, ""), command


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to one process there")
def test_an_interrupted_stream(service: Scripted) -> None:
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(status="queued"))
    service.on("GET", "/fine_tuning/jobs/ftjob-1/events", page())
    process = subprocess.Popen(
        [sys.executable, "-m", "fttool", "api", "fine_tunes.follow", "-i", "ftjob-1", "--base-url", service.base_url],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    try:
        until = time.monotonic() + 20
        while len(service.asked("GET", "/fine_tuning/jobs/ftjob-1")) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    where = f"--base-url {service.base_url}"
    assert out.split("\n") == [
        "",
        "Stream interrupted. Job is still pending.",
        *("To resume the stream, run:", "", f"  fttool api fine_tunes.follow -i ftjob-1 {where}", ""),
        *("To cancel your job, run:", "", f"  fttool api fine_tunes.cancel -i ftjob-1 {where}", "", ""),
    ]


def test_a_stream_that_is_lost(service: Scripted, call: Call) -> None:
    lost = Answer(401, {"error": {"message": "no", "type": "x", "param": None, "code": "invalid_api_key"}})
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(), Answer(400, {"error": {"message": "odd"}}))
    done = call("api", "fine_tunes.follow", "-i", "ftjob-1")
    assert done.code == 5
    assert "Stream interrupted (client disconnected).\nTo resume the stream, run:\n\n" in done.out
    assert "  fttool api fine_tunes.follow -i ftjob-1\n" in done.out
    service.on("GET", "/fine_tuning/jobs/ftjob-1", lost)
    assert call("api", "fine_tunes.follow", "-i", "ftjob-1").code == 4


# Asking models


def test_completions_repeat_the_prompt(service: Scripted, call: Call) -> None:
    ask = ("api", "completions.create", "-m", "m", "-p", "one ->")
    assert call(*ask).out == "one -> 0"
    assert call(*ask, "--echo").out == "one -> 0"
    assert call(*ask, "--no_echo").out == " 0"
    assert call(*ask, "-n", "2").out == "===== Completion 0 =====\none -> 0\n===== Completion 1 =====\none -> 1\n"
    assert json.loads(call(*ask, "--json").out)["object"] == "text_completion"
    call(*ask, "-M", "5", "-t", "0", "-P", "0.5", "--logprobs", "2", "--stop", "\\n", "--best_of", "3")
    assert sent(service, "/completions") == {
        **{"model": "m", "prompt": "one ->", "max_tokens": 5, "temperature": 0, "top_p": 0.5, "logprobs": 2},
        **{"stop": ["\\n"], "best_of": 3},
    }


def test_engines_are_models(service: Scripted, call: Call) -> None:
    done = call("api", "completions.create", "-e", "old", "-p", "x")
    assert (done.code, sent(service, "/completions")["model"]) == (0, "old")
    assert "engines are called models today" in done.err
    done = call("api", "completions.create", "-e", "old", "-m", "new")
    assert sent(service, "/completions")["model"] == "new" and "warning: both are given" in done.err
    assert call("api", "chat_completions.create", "-e", "old", "-m", "new", "-g", "user", "x").code == 2


def test_chats(service: Scripted, call: Call) -> None:
    said = ("-g", "system", "You are brief.", "-g", "user", "Hello")
    assert call("api", "chat_completions.create", "-m", "m", *said).out == "answer 0"
    assert call("api", "chat.completions.create", "-m", "m", *said).out == "answer 0\n"
    assert sent(service, "/chat/completions")["messages"] == [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Hello"},
    ]
    several = "===== Chat Completion 0 =====\nanswer 0\n===== Chat Completion 1 =====\nanswer 1\n"
    assert call("api", "chat_completions.create", "-m", "m", *said, "-n", "2").out == several
    assert call("api", "chat.completions.create", "-m", "m", "-g", "user").code == 2
    service.on("POST", "/chat/completions", {"choices": [{"index": 0, "message": {"content": "one line\n"}}]})
    assert call("api", "chat.completions.create", "-m", "m", *said).out == "one line\n"


def test_streams(service: Scripted, call: Call) -> None:
    def stream(field: dict[str, Any]) -> Answer:
        parts = [{"choices": [{"index": 0, "finish_reason": None, **field}]}] * 2
        parts.append({"choices": [{"index": 0, "finish_reason": "stop", "text": "", "delta": {}}]})
        text = "".join(f"data: {json.dumps(part)}\n\n" for part in parts) + "data: [DONE]\n\n"
        return Answer(body=text, headers={"Content-Type": "text/event-stream"})

    service.on("POST", "/completions", stream({"text": " x"}))
    service.on("POST", "/chat/completions", stream({"delta": {"content": "y"}}))
    assert call("api", "completions.create", "-m", "m", "-p", "p", "--stream").out == "p x x"
    assert call("api", "chat_completions.create", "-m", "m", "-g", "user", "u", "--stream").out == "yy"
    assert call("api", "chat.completions.create", "-m", "m", "-g", "user", "u", "--stream").out == "yy\n"
    assert len(call("api", "completions.create", "-m", "m", "--stream", "--json").out.splitlines()) == 3
    refused = call("api", "completions.create", "-m", "m", "-p", "p", "--stream", "-n", "2")
    assert (refused.code, refused.out) == (2, "")


# The grammar


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["fine_tunes.get"], "missing option `-i` / `--id`"),
        (["completions.create", "-n", "two"], "`-n/--n` takes a whole number, not `two`"),
        (["completions.create", "-t", "warm"], "`-t/--temperature` takes a number, not `warm`"),
        (["fine_tunes.create", "-t"], "`-t/--training_file`: expected one argument"),
        (["fine_tunes.create", "--class", "2"], "`--class` may be `--classification_n_classes` or"),
        (["fine_tunes.create", "-t", "file-1", "--epochs", "2"], "no such option: `--epochs`"),
        (["fine_tunes.get", "-i", "x", "more"], "unexpected argument `more`"),
        (["fine_tunes.gte"], "no such command `fine_tunes.gte`"),
        (["fine_tunes.get", "-i", "x", "--prof", "local"], "no such option: `--prof`"),  # ours are not abbreviated
        (["completions.create", "--user", "me"], "`--user` is not sent by fttool"),
    ],
)
def test_errors(call: Call, args: list[str], said: str) -> None:
    done = call("api", *args)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {said}"), done.err
    assert done.err.count("error: ") == 1
    as_json = call("api", *args, "--json")
    assert json.loads(as_json.err)["error"]["exit_code"] == 2


@pytest.mark.parametrize("entry", [each for each in GROUPS["api"] if each.refused], ids=lambda each: each.name)
def test_what_is_refused_names_what_there_is(call: Call, entry: Any) -> None:
    for more in ([], ["-i", "x", "--anything", "1"]):
        done = call("api", entry.name, *more)
        assert (done.code, done.out) == (2, "")
        assert done.err.splitlines() == [f"error: fttool has no `api {entry.name}`", f"hint: {entry.refused}"]
    assert entry.refused in call("api", entry.name, "--help").out


@pytest.mark.parametrize("entry", [each for each in GROUPS["api"] if not each.refused], ids=lambda each: each.name)
def test_every_command_helps(call: Call, entry: Any) -> None:
    for option in ("-h", "--help"):
        done = call("api", entry.name, option)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"Usage: fttool api {entry.name} [-h]")
        assert f"\n\n{entry.help}\n\nOptions:\n" in done.out
        assert done.out.endswith(f"\nExample:\n  {entry.example}\n")


def test_the_group_helps(call: Call) -> None:
    shown = call("api", "--help").out
    for entry in GROUPS["api"]:
        assert (f"\n  {entry.name}  " in shown) is not bool(entry.refused)
    assert call("api", "fine-tunes.get", "--help").code == 0


def test_completion_knows_the_commands_and_their_options(run: Call) -> None:
    def ask(*words: str) -> list[str]:
        env = {"_FTTOOL_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
        return [line for line in run(env=env).out.splitlines() if line]

    assert ask("fttool", "api", "fine_tunes.c") == ["fine_tunes.create", "fine_tunes.cancel"]
    assert ask("fttool", "api", "image") == []
    assert "--classification_betas" in ask("fttool", "api", "fine_tunes.create", "-t", "x", "--class")
    assert ask("fttool", "-k", "x", "api", "models.d") == ["models.delete"]


# Options before the command


def test_key_address_and_organization(service: Scripted, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1")
    other = "sk-Another0Key9Of7This3Test1"
    for flags in (
        ["-k", other, "-b", service.base_url, "-o", "org-7"],
        [f"-k{other}", f"--api-base={service.base_url}", "--org", "org-7"],
        ["--api_key", other, "--api-base", service.base_url, "--organization=org-7", "-v", "-v"],
    ):
        done = call(*flags, "api", "fine_tuning.job.get", "-i", "ftjob-1")
        assert done.code == 0, done.err
        asked = service.requests[-1].headers
        assert (asked["authorization"], asked["openai-organization"]) == (f"Bearer {other}", "org-7")
        assert "other users of this machine can see `--api-key`" in done.err
        assert other not in done.out + done.err


def test_what_stands_nearer_counts(service: Scripted, call: Call) -> None:
    done = call("-b", "http://127.0.0.1:9/v1", "api", "models.list", "--base-url", service.base_url)
    assert "127.0.0.1:9" not in done.err


def test_the_key_is_not_in_the_log(service: Scripted, run: Call) -> None:
    done = run("-vv", "-k", KEY, "api", "fine_tuning.job.get", "-i", "ftjob-1")
    assert done.code == 0
    assert "DEBUG" in done.err and KEY not in done.err


@pytest.mark.parametrize(
    ("flags", "variables"),
    [
        (["-p", "http://localhost:1"], {"HTTP_PROXY": "http://localhost:1", "HTTPS_PROXY": "http://localhost:1"}),
        (
            ["--proxy", "http://localhost:1", "https://localhost:2"],
            {"HTTP_PROXY": "http://localhost:1", "HTTPS_PROXY": "https://localhost:2"},
        ),
        (["-t", "azure"], {"FTTOOL_SERVICE": "azure"}),
        (["-v"], {"OPENAI_LOG": "info"}),
    ],
)
def test_what_is_told_by_the_environment(
    service: Scripted, call: Call, monkeypatch: pytest.MonkeyPatch, flags: list[str], variables: dict[str, str]
) -> None:
    seen = {}
    before = dict(os.environ)
    monkeypatch.setattr("fttool.cli.legacy.printing.show", lambda value: seen.update(os.environ))
    assert call(*flags, "-k", KEY, "api", "fine_tuning.job.get", "-i", "ftjob-1").code == 0
    assert variables.items() <= seen.items()
    assert dict(os.environ) == before


def test_azure(service: Scripted, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = service.base_url.removesuffix("/v1")
    service.on("GET", "/openai/v1/fine_tuning/jobs/ftjob-1", DONE)
    flags = ("--azure-endpoint", endpoint, "--azure-ad-token", KEY, "--api-version", "2024-10-21")
    done = call(*flags, "api", "fine_tuning.job.get", "-i", "ftjob-1")
    assert done.code == 0, done.err
    assert "`--api-version` is not sent" in done.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-k"], "`-k/--api-key`: expected one argument"),
        (["-k", "x", "list"], "options before the command are for `fttool api` alone"),
        (["-p", "localhost:1", "api", "files.list"], "`-p` takes addresses that begin with http:// or https://"),
        (["-p", "http://a", "http://b", "api", "files.list"], "`-p` takes one proxy, or"),
        (["-t", "aws", "api", "files.list"], "`-t/--api-type`: invalid choice: `aws`"),
        (["--frobnicate", "api", "files.list"], "no such option: --frobnicate"),
    ],
)
def test_wrong_options_before_the_command(call: Call, args: list[str], said: str) -> None:
    done = call(*args)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {said}"), done.err


def test_they_do_no_harm_elsewhere(call: Call) -> None:
    assert call("-v", "tools", "fine_tunes.prepare_data", "--help").code == 0
    assert call("-V").out == call("--version").out
    assert call("-v", "--help").out == call("--help").out
    assert call("-k", "x", "wandb", "sync", "--help").out == call("wandb", "sync", "--help").out


def test_start_up_pays_nothing() -> None:
    probe = "import sys; from fttool.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert "argparse" not in done.stderr and "fttool.cli.legacy" not in done.stderr
    probe = probe.replace("['--help']", "['api', 'fine_tunes.create', '--help']")
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    for heavy in ("openai", "msgspec", "json", "dataclasses", "rich", "platformdirs"):
        assert f"'{heavy}'" not in done.stderr, heavy


def test_the_groups_are_among_the_commands() -> None:
    assert set(GROUPS) <= set(app.COMMANDS)
