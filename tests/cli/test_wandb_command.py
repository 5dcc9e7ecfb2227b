"""`fttool wandb sync`: what is in the runs, read back from the folders of W&B's offline mode."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Answer, job, page, step
from own_service import own, own_state  # noqa: F401
from tracked import CHATS, ROWS, create, offline, offline_runs, read_run  # noqa: F401

pytest.importorskip("wandb")

SYNC = ("wandb", "sync", "--local")


@pytest.fixture(scope="module")
def finished(own_state):  # noqa: F811
    """Ids of jobs that have ended, made by the first test that asks."""
    made = {}

    def finished(call, name, *what, **more):
        if name not in made:
            made[name] = create(*what, **more)
            call("follow", made[name], "--local", "-q")
        return made[name]

    return finished


@pytest.fixture
def succeeded(own, call, finished):  # noqa: F811
    """A job that has succeeded, with a validation file."""
    return finished(call, "succeeded", ROWS, ROWS[:10], n_epochs=2)


def results(call, job):
    return json.loads(call("results", job, "--local", "--json").out)["rows"]


def test_all_of_a_job_is_in_its_run(call, succeeded, offline):  # noqa: F811
    job = json.loads(call("get", succeeded, "--local", "--json").out)
    synced = call(*SYNC, "-i", succeeded, "--project", "people", "--entity", "me")
    [run] = offline_runs(offline)
    assert synced.code == 0
    assert synced.out.startswith(
        f"synced {succeeded} (succeeded, 10 steps, train.jsonl, valid.jsonl, step_metrics.csv): {offline}"
    )
    assert "hint: `wandb sync FOLDER` sends it to Weights & Biases" in synced.err
    assert (run.id, run.name, run.project, run.exit_code) == (succeeded, succeeded, "people", 0)

    rows = results(call, succeeded)
    assert run.steps == [row["step"] for row in rows] == list(range(1, 11))
    for name in ("train_loss", "train_accuracy", "valid_loss", "full_valid_loss", "elapsed_tokens"):
        assert run.column(name) == [row[name] for row in rows], name
    assert any(value is not None for value in run.column("full_valid_loss"))

    assert run.config["id"] == succeeded
    assert run.config["hyperparameters"] == job["hyperparameters"]
    assert run.config["metadata"] == {"team": "search"}
    assert run.config["service"] == {"name": "local", "address": None}
    assert (run.config["n_train"], run.config["n_valid"]) == (len(ROWS), 10)
    assert run.config["created_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(job["created_at"]))
    assert (run.summary["status"], run.summary["fine_tuned_model"]) == ("succeeded", job["fine_tuned_model"])

    sent = "\n".join(map(json.dumps, ROWS)).encode()
    assert run.content("train-train.jsonl", "train.jsonl") == sent
    assert run.table("train-train.jsonl") == (["prompt", "completion"], [list(row.values()) for row in ROWS])
    assert run.artifacts["train-train.jsonl"].type == "training_files"
    assert set(run.artifacts["train-train.jsonl"].aliases) == {"latest", job["training_file"]}
    assert run.artifacts["valid-valid.jsonl"].type == "validation_files"
    csv = call("results", succeeded, "--local", "-o", "-").out.encode()
    assert run.content(f"results-{succeeded}", "step_metrics.csv") == csv
    assert json.loads(run.content("fine_tune_details", "fine_tune_details.json")) == job


def test_twice_is_once(call, succeeded, offline):  # noqa: F811
    first = json.loads(call(*SYNC, "-i", succeeded, "--json").out)["data"]
    again = call(*SYNC, succeeded, "--json")
    assert [(each["outcome"], each["complete"]) for each in first] == [("synced", True)]
    assert json.loads(again.out)["data"] == [
        {**first[0], "outcome": "skipped", "steps": 0, "files": [], "left_out": []}
    ]
    told = call(*SYNC, succeeded)
    assert told.out == f"skipped {succeeded} (succeeded): {first[0]['place']}\n"
    assert told.err == "hint: what is there already is left as it is; `--force` writes it anew\n"
    assert len(offline_runs(offline)) == 1

    forced = json.loads(call(*SYNC, succeeded, "--force", "--json").out)["data"]
    assert [each["outcome"] for each in forced] == ["synced"]
    assert forced[0]["place"] != first[0]["place"]
    [run] = offline_runs(offline)  # the one before was not sent yet, and is replaced
    assert str(run.exit_code) == "0"

    other = call(*SYNC, succeeded, "--project", "other")
    assert other.out.startswith("synced")
    assert [run.project for run in offline_runs(offline)] == ["OpenAI-Fine-Tune", "other"]


def test_what_was_sent_is_neither_deleted_nor_repeated(call, succeeded, offline):  # noqa: F811
    call(*SYNC, succeeded)
    [sent] = offline.glob("wandb/offline-run-*")
    [log] = sent.glob("run-*.wandb")
    Path(f"{log}.synced").touch()  # as `wandb sync` leaves it
    assert call(*SYNC, succeeded, "--force").out.startswith("synced")
    [again] = set(offline.glob("wandb/offline-run-*/run-*.wandb")) - {log}
    assert log.exists()
    run = read_run(again)
    assert (run.steps, run.summary["status"]) == ([], "succeeded")  # W&B would add the steps to those it has


def test_chats_of_several_turns(own, call, finished, offline):  # noqa: F811
    job = finished(call, "chats", CHATS)
    assert call(*SYNC, "-i", job).code == 0
    [run] = offline_runs(offline)
    columns, rows = run.table("train-train.jsonl")
    assert columns == ["messages", "turns", "asked", "answered"]
    assert [row[1:] for row in rows[:2]] == [[5, "very", "good"], [5, "very", "bad"]]
    assert [json.loads(row[0]) for row in rows] == [row["messages"] for row in CHATS]
    assert run.config["n_train"] == len(CHATS)


def test_failed_and_cancelled_jobs(own, call, finished, offline):  # noqa: F811
    failed = finished(call, "failed", [{"text": "no"}] * 12)
    cancelled = create(ROWS, n_epochs=50, batch_size=1)
    assert call("cancel", cancelled, "--local").code == 0
    synced = call(*SYNC, failed, cancelled)
    assert synced.code == 0
    assert f"synced {failed} (failed, 0 steps, train.jsonl)" in synced.out
    assert f"synced {cancelled} (cancelled, " in synced.out
    runs = {run.id: run for run in offline_runs(offline)}
    assert [runs[job].exit_code for job in (failed, cancelled)] == [1, 1]
    assert [runs[job].summary["status"] for job in (failed, cancelled)] == ["failed", "cancelled"]
    assert runs[failed].summary["error"] == runs[failed].config["error"]["message"]
    assert call(*SYNC, failed, cancelled).out.count("skipped") == 2


def test_an_unfinished_job_is_completed_later(own, call, offline):  # noqa: F811
    job = create(ROWS, n_epochs=50, batch_size=1)
    until = time.monotonic() + 30
    while "Step 3/" not in call("events", job, "--local").out:
        assert time.monotonic() < until
    call("pause", job, "--local")
    half = call(*SYNC, job)
    assert half.code == 0
    assert f"job {job} goes on: the same command completes it later" in half.err
    [run] = offline_runs(offline)
    assert run.steps == list(range(1, len(run.steps) + 1))
    assert 3 <= len(run.steps) < 2000
    assert run.summary["status"] == "paused"
    call("resume", job, "--local")
    call("follow", job, "--local", "-q")
    assert call(*SYNC, job).out.startswith(f"synced {job} (succeeded, 2,000 steps, ")
    [run] = offline_runs(offline)
    assert run.steps == list(range(1, 2001))
    assert run.summary["status"] == "succeeded"
    assert call(*SYNC, job).out.startswith(f"skipped {job}")


def test_all_jobs_the_oldest_first(call, succeeded, finished, offline):  # noqa: F811
    later = finished(call, "later", ROWS)
    assert call(*SYNC, "-n", "1").out.startswith(f"synced {later}")
    done = json.loads(call(*SYNC, "--json").out)["data"]
    ids = [each["job"] for each in done]
    assert ids == call("list", "--local", "-q").out.split()[::-1]
    assert ids.index(succeeded) < ids.index(later)
    assert [each["outcome"] for each in done if each["job"] in (succeeded, later)] == ["synced", "skipped"]
    assert sorted(run.id for run in offline_runs(offline)) == sorted(ids)


def test_an_unknown_job(call, succeeded, offline):  # noqa: F811
    unknown = call(*SYNC, "-i", "ftjob-none")
    assert unknown.code == 5
    assert unknown.err.startswith("error: could not get job `ftjob-none`: ")
    among = call(*SYNC, "ftjob-none", succeeded)
    assert among.code == 5
    assert among.out.startswith(f"synced {succeeded}")
    assert [run.id for run in offline_runs(offline)] == [succeeded]


def test_no_files(call, succeeded, offline):  # noqa: F811
    assert call(*SYNC, succeeded, "--no-files").out.startswith(
        f"synced {succeeded} (succeeded, 10 steps, step_metrics.csv)"
    )
    [run] = offline_runs(offline)
    assert set(run.artifacts) == {f"results-{succeeded}", "fine_tune_details"}
    assert ROWS[0]["prompt"].encode() not in run.raw


def test_without_a_login_it_says_what_to_do(call, succeeded, monkeypatch):
    refused = call(*SYNC, succeeded)
    assert refused.code == 4
    assert refused.out == ""
    assert refused.err.splitlines() == [
        "error: no API key for Weights & Biases",
        "hint: `wandb login` stores one; or set the environment variable `WANDB_API_KEY`",
        "hint: with `WANDB_MODE=offline` runs are written to a folder, and `wandb sync FOLDER` sends them later",
    ]
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert call(*SYNC, succeeded).code == 2


def test_in_a_process_of_its_own_nothing_else_is_said_or_left(run, succeeded, tmp_path, work):
    done = run(*SYNC, succeeded, "--json", env={"WANDB_MODE": "offline"})
    assert (done.code, done.err) == (0, "")
    place = Path(json.loads(done.out)["data"][0]["place"])
    assert place.is_relative_to(os.environ["XDG_STATE_HOME"])
    assert list(work.iterdir()) == []


def test_result_files_in_base64_and_pages_that_repeat(own, call, tmp_path, monkeypatch, offline):  # noqa: F811
    state = tmp_path / "state"
    monkeypatch.setenv("FTTOOL_STATE_DIR", str(state))
    faults = ("base64-results", "repeat-pages", "no-has-more", "null-fields", "shuffle-events")
    options = [word for fault in faults for word in ("--fault", fault)]
    command = [sys.executable, "-m", "fttool", "serve", *options, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        try:
            service.stdout.readline()
            job = create(ROWS, ROWS[:10])
            call("follow", job, "--local", "-q")
            synced = call(*SYNC, job)
            [run] = offline_runs(offline)
            assert synced.out.startswith(f"synced {job} (succeeded, 5 steps, ")
            assert run.column("train_loss") == [row["train_loss"] for row in results(call, job)]
            assert run.content(f"results-{job}", "step_metrics.csv").startswith(b"step,")
        finally:
            service.terminate()


def test_the_grammar_is_that_of_the_legacy_tool(call, succeeded, offline):  # noqa: F811
    assert call("wandb", "sync", "--n_fine", "1", "--proj", "people", "--local", "--legacy").code == 0
    assert [run.project for run in offline_runs(offline)] == ["people"]
    assert call("wandb", "sync", "-n", "0", "--local").code == 2
    assert call("wandb", "sync", "-n", "1", "--local", "ftjob-1").code == 2
    assert "--service-project" in call("wandb", "sync", "--help").out


def test_no_jobs_and_the_flags_of_the_legacy_tool_before_the_command(call, scripted, offline):  # noqa: F811
    scripted.on("GET", "/fine_tuning/jobs", page())
    for args in (("wandb", "sync"), ("wandb", "sync", "-n", "3")):
        none = call(*args, *scripted.options)
        assert (none.code, none.out, none.err) == (0, "", "there is no job\n")
    assert json.loads(call("wandb", "sync", *scripted.options, "--json").out)["data"] == []
    scripted.on("GET", "/fine_tuning/jobs", page(job(id="ftjob-9", status="running")))
    scripted.on("GET", "/fine_tuning/jobs/ftjob-9", job(id="ftjob-9", status="running"))
    scripted.on(
        "GET", "/fine_tuning/jobs/ftjob-9/events", page(step(1, 5, train_loss=0.5), step(2, 5, train_loss=0.25))
    )
    synced = call("-k", KEY, "-b", scripted.base_url, "-o", "org-7", "wandb", "sync")
    assert synced.out.startswith("synced ftjob-9 (running, 2 steps): ")
    assert "warning: file-1 is left out: could not get file `file-1`" in synced.err
    assert {each.headers.get("openai-organization") for each in scripted.asked("GET", "/fine_tuning/jobs")} >= {"org-7"}
    [run] = offline_runs(offline)
    assert run.column("train_loss") == [0.5, 0.25]
    assert run.id.startswith("ftjob-9-")  # ids of other services are no one else's
    assert run.config["service"] == {"name": "generic", "address": scripted.base_url}
    assert KEY.encode() not in run.raw
    assert all(KEY.encode() not in path.read_bytes() for path in offline.rglob("*") if path.is_file())


def test_a_service_that_fails_ends_it(call, scripted, offline):  # noqa: F811
    jobs = [job(id=f"ftjob-{number}", created_at=number, status="succeeded") for number in (3, 2, 1)]
    scripted.on("GET", "/fine_tuning/jobs", page(*jobs))
    for each in jobs:
        scripted.on("GET", f"/fine_tuning/jobs/{each['id']}", each)
        scripted.on("GET", f"/fine_tuning/jobs/{each['id']}/events", page())
    scripted.on("GET", "/fine_tuning/jobs/ftjob-2/events", Answer(503, {"error": {"message": "later"}}))
    stopped = call("wandb", "sync", *scripted.options, "--json")
    assert stopped.code == 5
    assert [each["job"] for each in json.loads(stopped.out)["data"]] == ["ftjob-1"]
    assert "later" in json.loads(stopped.err)["error"]["message"]
    assert len(offline_runs(offline)) == 1
