"""`--track`: runs that grow while a job is followed; what trackers do wrong changes nothing about following."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from own_service import own, own_state  # noqa: F401
from tracked import ROWS, create, offline, offline_runs  # noqa: F401

pytest.importorskip("wandb")
pytest.importorskip("mlflow")
pytest.importorskip("alembic")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The address of a store of MLflow, which is there: two processes cannot make one together."""
    from mlflow.tracking import MlflowClient

    address = f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"
    MlflowClient(address)
    return address


@pytest.fixture
def train(work):
    """A file to train with."""
    path = work / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS * 2))
    return str(path)


def mlflow_run(store, job, experiment="fine-tuning"):
    """The run of a job and the steps in it; None if it is not there."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(store)
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id], f"tags.job = '{job}'") if found else []
    if not runs:
        return None, []
    steps = [each.step for each in client.get_metric_history(runs[0].info.run_id, "train_loss")]
    return runs[0], steps


def test_create_into_both(own, call, train, offline, store, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    made = call(
        *("create", "-t", train, "--no-check", "--n_epochs", "2", "--batch_size", "8", "--local"),
        *("--track", "wandb:people", "--track", "mlflow:live"),
    )
    model = made.out.splitlines()[-1]
    assert made.code == 0
    assert model.startswith("ft:baseline:")
    [job] = call("list", "--local", "-q").out.split()
    [run] = offline_runs(offline)
    assert (run.id, run.project, run.steps) == (job, "people", list(range(1, 21)))
    assert (run.summary["status"], run.summary["fine_tuned_model"]) == ("succeeded", model)
    assert {"train-train.jsonl", f"results-{job}"} <= set(run.artifacts)
    found, steps = mlflow_run(store, job, "live")
    assert (found.info.status, found.data.tags["fine_tuned_model"]) == ("FINISHED", model)
    assert steps == list(range(1, 21))
    assert f"Weights & Biases: {offline}" in made.err
    assert f"MLflow: {store}" in made.err
    assert call("wandb", "sync", "--project", "people", "--local").out.startswith(f"skipped {job}")

    again = call("follow", job, "--local", "-q", "--track", "wandb:people")
    assert (again.code, again.out, again.err) == (0, f"{model}\n", "")
    assert len(offline_runs(offline)) == 1


def test_the_run_grows_and_ctrl_c_leaves_it_to_sync(own, call, store, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    job = create(ROWS, n_epochs=50, batch_size=1)
    until = time.monotonic() + 60
    while "Step 3/" not in call("events", job, "--local").out:
        assert time.monotonic() < until
    call("pause", job, "--local")
    command = [sys.executable, "-m", "fttool", "follow", job, "--local", "--track", "mlflow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}) as it:
        try:
            found, steps = None, []
            while len(steps) < 3:
                assert time.monotonic() < until
                time.sleep(0.1)
                found, steps = mlflow_run(store, job)
            assert (found.info.status, steps) == ("RUNNING", list(range(1, len(steps) + 1)))
            it.send_signal(signal.SIGINT)
            _, err = it.communicate(timeout=30)
        finally:
            it.kill()
    assert it.returncode == 130
    assert f"hint: `fttool mlflow sync -i {job} --local` completes the run when the job has ended" in err
    assert mlflow_run(store, job)[0].info.status == "RUNNING"
    call("resume", job, "--local")
    call("follow", job, "--local", "-q")
    assert call("mlflow", "sync", "-i", job, "--local").out.startswith(f"synced {job} (succeeded, 2,000 steps")
    again, steps = mlflow_run(store, job)
    assert (again.info.run_id, again.info.status) == (found.info.run_id, "FINISHED")
    assert steps == list(range(1, 2001))


def test_a_job_that_fails(own, call, offline):  # noqa: F811
    job = create([{"text": "no"}] * 12)
    followed = call("follow", job, "--local", "--track", "wandb")
    assert followed.code == 1
    [run] = offline_runs(offline)
    assert (run.id, run.exit_code, run.summary["status"]) == (job, 1, "failed")


def test_a_tracker_that_is_gone_is_warned_of_once(own, call, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    job = create(ROWS)
    plain = call("follow", job, "--local")
    followed = call("follow", job, "--local", "--track", "mlflow")
    assert (followed.code, followed.out) == (0, plain.out)
    assert followed.err.count("warning: MLflow: could not look for run") == 1
    assert "; the job is not affected" in followed.err
    assert f"hint: `fttool mlflow sync -i {job} --local` sends it later" in followed.err


def test_a_tracker_that_hangs_holds_nothing_up(own, run, monkeypatch):  # noqa: F811
    job = create(ROWS)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {
            "MLFLOW_TRACKING_URI": address,
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        }
        command = [sys.executable, "-m", "fttool", "follow", job, "--local", "-q", "--track", "mlflow"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, text=True, env={**os.environ, **env}, **pipes) as it:
            model = it.stdout.readline()
            told = time.monotonic()
            _, err = it.communicate(timeout=30)
            waited = time.monotonic() - told
    assert model.startswith("ft:baseline:")
    assert it.returncode == 0
    assert waited > 1  # the answer was there while the tracker was still waited for
    assert err.count("warning: MLflow") == 1


def test_what_cannot_work_is_said_before_anything_is_sent(own, call, train, monkeypatch):  # noqa: F811
    from fttool.jobs.trackers import TRACKERS

    before = call("list", "--local", "-q").out
    begin = ("create", "-t", train, "--local", "--track")
    assert call(*begin, "wandb").code == 4  # no login
    assert call(*begin, "wandb", "--no-follow").code == 2
    assert call(*begin, "wandb:").code == 2
    assert call(*begin, "wandb:a", "--track", "wandb:b").code == 2
    unknown = call(*begin, "wandbb")
    assert (unknown.code, unknown.err.splitlines()[0]) == (2, "error: there is no tracker `wandbb`")
    monkeypatch.setitem(TRACKERS, "mlflow", TRACKERS["mlflow"]._replace(needs=("no_such_module",)))
    missing = call(*begin, "mlflow")
    assert missing.code == 2
    assert missing.err.startswith("error: MLflow needs no_such_module, which is not installed\n")
    assert "pip install 'fttool[mlflow]'" in missing.err
    assert call("list", "--local", "-q").out == before
