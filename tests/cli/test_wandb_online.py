"""`fttool wandb sync` and `--track wandb` online: what arrives at a server that answers as W&B's own does."""

from __future__ import annotations

import json

import pytest
from own_service import own, own_state  # noqa: F401
from scripted_wandb import USER, online  # noqa: F401
from tracked import ROWS, create

pytest.importorskip("wandb")

SYNC = ("wandb", "sync", "--local", "--project", "people")


@pytest.fixture
def job(own, call):  # noqa: F811
    """A job that has succeeded."""
    job = create(ROWS)
    call("follow", job, "--local", "-q")
    return job


def accept(online, job):  # noqa: F811
    online.server.on("POST", f"/files/{USER}/people/{job}/file_stream", {})


def losses(call, job):
    rows = json.loads(call("results", job, "--local", "--json").out)["rows"]
    return [(row["step"], row["train_loss"]) for row in rows]


def test_a_new_run(call, job, online, own):  # noqa: F811
    accept(online, job)
    synced = call(*SYNC, job)
    page = f"{online.address}/{USER}/people/runs/{job}"
    assert synced.out == f"synced {job} (succeeded, 5 steps, train.jsonl, step_metrics.csv): {page}\n"
    assert (synced.code, synced.err) == (0, "")
    history, summary, sent = online.streamed(job, "people")
    assert [(row["_step"], row["train_loss"]) for row in history] == losses(call, job)
    assert summary["status"] == "succeeded"
    assert (sent[-1]["complete"], sent[-1]["exitcode"]) == (True, 0)
    begun = online.asked("UpsertBucket")[0]
    assert (begun["name"], begun["jobType"], begun["program"]) == (job, "fine-tune", "fttool")
    assert json.loads(begun["config"])["training_file"]["value"].startswith("file-")
    artifacts = [each["input"] for each in online.asked("CreateArtifact")]
    assert [each["artifactTypeName"] for each in artifacts] == ["training_files", "result_files", "fine_tune_details"]
    key = (own / "key").read_text().strip()
    assert all(key.encode() not in request.body for request in online.server.requests)


def test_one_that_is_complete_is_left_alone(call, job, online):  # noqa: F811
    online.there[job] = {"status": "succeeded"}
    skipped = call(*SYNC, job)
    assert skipped.out == f"skipped {job} (succeeded): {online.address}/{USER}/people/runs/{job}\n"
    assert online.asked("UpsertBucket") == []
    accept(online, job)
    assert call(*SYNC, job, "--force").out.startswith(f"synced {job}")
    assert online.streamed(job, "people")[1]["status"] == "succeeded"


def test_one_that_is_not_complete_is_gone_on_with(call, job, online):  # noqa: F811
    online.there[job] = {"status": "running"}
    accept(online, job)
    assert call(*SYNC, job).out.startswith(f"synced {job} (succeeded, 5 steps")
    history, summary, sent = online.streamed(job, "people")
    assert [(row["_step"], row["train_loss"]) for row in history] == losses(call, job)[3:]
    lines = [each["files"]["wandb-history.jsonl"] for each in sent if "wandb-history.jsonl" in each.get("files", {})]
    assert lines[0]["offset"] == 3  # behind what is there
    assert summary["status"] == "succeeded"


def test_a_key_that_is_refused(call, job, online):  # noqa: F811
    online.refuses = True
    refused = call(*SYNC, job)
    assert (refused.code, refused.out) == (4, "")
    assert refused.err.startswith("error: Weights & Biases does not take the API key")


def test_following_a_job_into_it(own, call, online):  # noqa: F811
    job = create(ROWS, n_epochs=2)
    accept(online, job)
    followed = call("follow", job, "--local", "--track", "wandb:people")
    assert followed.code == 0
    assert f"Weights & Biases: {online.address}/{USER}/people/runs/{job}\n" in followed.err
    history, summary, sent = online.streamed(job, "people")
    assert [row["_step"] for row in history] == list(range(1, 11))
    assert [row["train_loss"] for row in history] == pytest.approx([loss for _, loss in losses(call, job)], rel=1e-4)
    assert (summary["status"], sent[-1]["exitcode"]) == ("succeeded", 0)
    files = [each.get("files", {}).get("wandb-history.jsonl", {"content": []}) for each in sent]
    assert sum(len(each["content"]) for each in files) == len(history)  # none of it twice
