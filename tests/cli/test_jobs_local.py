"""The same commands on fttool's own service, from `--local` on a bare machine to a service that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from own_service import own, own_state  # noqa: F401

ROWS = [{"prompt": f"I {word} this, {number} ->", "completion": f" {label}"}
        for number in range(150) for word, label in (("like", "good"), ("hate", "bad"))]  # fmt: skip


def create(n_epochs: int) -> str:
    """A job on the service; its id."""
    from fttool.cli.connection import open_client
    from fttool.jobs import checked

    client = open_client(local=True)
    data = "\n".join(map(json.dumps, ROWS)).encode()
    with client.speaking("begin"):
        raw = client.sdk.files.with_raw_response.create(file=("train.jsonl", data), purpose="fine-tune")
        file = checked.file(raw)
        jobs = client.once.fine_tuning.jobs.with_raw_response
        made = jobs.create(
            model="baseline",
            training_file=file.id,
            metadata={"team": "search"},
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": n_epochs, "batch_size": 1}}},
        )
        return checked.job(made).id


def test_a_job_from_begin_to_end(own, call):  # noqa: F811
    job = create(1)
    followed = call("follow", "--local", "--json")
    lines = [json.loads(line) for line in followed.out.splitlines()]
    assert followed.code == 0
    assert (lines[-1]["id"], lines[-1]["status"]) == (job, "succeeded")
    events = lines[:-1]
    assert [each["data"]["step"] for each in events if each["type"] == "metrics"] == list(range(1, len(ROWS) + 1))
    assert len({each["id"] for each in events}) == len(events)

    shown = call("events", job, "--local", "--json")
    assert json.loads(shown.out)["data"] == events
    assert call("list", "--local", "-q", "--metadata", "team=search").out == f"{job}\n"
    assert call("list", "--local", "-q", "--metadata", "team=other").out == ""
    assert json.loads(call("get", "--profile", "local", job, "--json").out) == lines[-1]
    model = lines[-1]["fine_tuned_model"]
    assert call("checkpoints", job, "--local", "-q").out.startswith(f"{model}:ckpt-step-")
    assert call("follow", job, "--local", "-q").out == f"{model}\n"
    ended = call("cancel", job, "--local")
    assert ended.code == 5
    assert "has already succeeded" in ended.err
    missing = call("get", "ftjob-none", "--local")
    assert missing.code == 5
    assert "hint: `fttool list --local` shows what is there" in missing.err


def wait_for(call, job, *statuses):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = json.loads(call("get", job, "--local", "--json").out)
        if found["status"] in statuses:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def follow(job, out):
    """Follow a job in another process, into a file."""
    command = [sys.executable, "-m", "fttool", "follow", job, "--json", "--local"]
    with out.open("w") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True, env={**os.environ})


def followed(out):
    """The events in that file."""
    return [json.loads(line) for line in out.read_text().splitlines()][:-1]


def wait_for_steps(call, job):
    until = time.monotonic() + 30
    while "Step " not in call("events", job, "--local", "--limit", "1").out:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_pause_resume_and_cancel(own, call, tmp_path):  # noqa: F811
    job = create(50)
    wait_for_steps(call, job)
    assert call("pause", job, "--local").out == f"{job} is paused\n"
    following = follow(job, tmp_path / "out")
    assert following.stderr.readline().startswith(f"job {job} is paused; still waiting (`fttool resume {job} --local`")
    assert call("resume", job, "--local").out == f"{job} is queued\n"
    wait_for(call, job, "running")
    assert call("cancel", job, "--local").out == f"{job} is cancelled\n"
    assert call("cancel", job, "--local").code == 0  # it is what was wanted
    following.communicate(timeout=30)
    assert following.returncode == 1
    events = followed(tmp_path / "out")
    assert json.loads(call("events", job, "--local", "--json").out)["data"] == events


@pytest.mark.skipif(os.name == "nt", reason="no kill -9 there")
def test_a_service_that_is_killed_while_a_job_is_followed(own, call, tmp_path):  # noqa: F811
    from fttool.service.host.daemon import find
    from fttool.service.state import StateDir

    job = create(40)  # so long that it is still at work when the service is killed, on a busy machine too
    wait_for_steps(call, job)
    out = tmp_path / "out"
    following = follow(job, out)
    while not out.exists() or not out.stat().st_size:
        time.sleep(0.02)
    os.kill(find(StateDir(own)).pid, signal.SIGKILL)
    _, told = following.communicate(timeout=60)
    assert following.returncode == 0, told
    assert "next attempt in" in told
    events = followed(out)
    assert json.loads(call("events", job, "--local", "--json").out)["data"] == events
    assert len({each["id"] for each in events}) == len(events)


_FINISHED = {}


def finished(call, state):
    """A job that is done, its model and its events: the same for all that only read them."""
    if state not in _FINISHED:
        job = create(1)
        model = call("follow", job, "--local", "-q").out
        assert model.startswith("ft:baseline:")
        _FINISHED[state] = job, model, json.loads(call("events", job, "--local", "--json").out)["data"]
    return _FINISHED[state]


@pytest.mark.parametrize(
    "faults",
    [
        ["429=0.1", "500=0.1", "drop=0.1", "cut=0.1", "html=0.1", "empty=0.1", "seed=3"],
        ["null-fields", "no-has-more", "repeat-pages", "late-model", "oldest-first"],
        ["null-fields", "repeat-pages", "shuffle-events"],
    ],
    ids=" ".join,
)
def test_a_service_that_misbehaves(own, call, faults):  # noqa: F811
    """What is followed while it misbehaves is what it says when it does not."""
    job, model, truth = finished(call, own)
    assert call("serve", "--stop").code == 0
    options = [word for fault in faults for word in ("--fault", fault)]
    command = [sys.executable, "-m", "fttool", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        try:
            assert service.stdout.readline().startswith("http://127.0.0.1:")
            followed = call("follow", job, "--local", "--json")
        finally:
            service.terminate()
    assert followed.code == 0
    lines = [json.loads(line) for line in followed.out.splitlines()]
    assert lines[-1]["fine_tuned_model"] == model.strip()
    told = [each["id"] for each in lines[:-1]]
    if "shuffle-events" in faults:  # which of a second comes first, no one can know then
        assert [each["created_at"] for each in lines[:-1]] == [each["created_at"] for each in truth]
        assert sorted(told) == sorted(each["id"] for each in truth)
    else:
        assert told == [each["id"] for each in truth]
