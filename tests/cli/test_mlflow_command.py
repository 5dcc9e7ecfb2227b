"""`fttool mlflow sync`: what is in the runs, read back with MLflow's own client from a store on this machine."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from own_service import own, own_state  # noqa: F401
from tracked import CHATS, ROWS, create

pytest.importorskip("mlflow")
pytest.importorskip("alembic")

SYNC = ("mlflow", "sync", "--local")


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """The file of a store without runs: to make one takes seconds."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
def store(empty_store, tmp_path, monkeypatch):
    """MLFLOW_TRACKING_URI names a store of this test."""
    path = tmp_path / "store" / "mlflow.db"
    path.parent.mkdir()
    path.write_bytes(empty_store)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    return path


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


def runs(uri, experiment="fine-tuning"):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    return client, client.search_runs([found.experiment_id]) if found else []


def history(client, run, name):
    return [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, name)]


def content(client, run, path, tmp_path):
    return Path(client.download_artifacts(run.info.run_id, path, str(tmp_path))).read_bytes()


def test_all_of_a_job_is_in_its_run(call, succeeded, store, tmp_path, work):
    job = json.loads(call("get", succeeded, "--local", "--json").out)
    synced = call(*SYNC, "-i", succeeded, "--experiment", "people")
    assert (synced.code, synced.err) == (0, "")
    assert synced.out == (
        f"synced {succeeded} (succeeded, 10 steps, train.jsonl, valid.jsonl, step_metrics.csv): sqlite:///{store}\n"
    )
    client, [found] = runs(f"sqlite:///{store}", "people")
    rows = json.loads(call("results", succeeded, "--local", "--json").out)["rows"]
    for name in ("train_loss", "train_accuracy", "valid_loss", "full_valid_loss", "elapsed_tokens"):
        assert history(client, found, name) == [(row["step"], row[name]) for row in rows if row[name] is not None]
    assert (found.info.run_name, found.info.status) == (succeeded, "FINISHED")
    assert (found.info.start_time, found.info.end_time) == (job["created_at"] * 1000, job["finished_at"] * 1000)
    assert found.data.params == {
        "model": "baseline",
        "seed": str(job["seed"]),
        **{name: str(value) for name, value in job["hyperparameters"].items()},
    }
    tags = found.data.tags
    assert (tags["job"], tags["service"], tags["status"]) == (succeeded, "local", "succeeded")
    assert tags["fine_tuned_model"] == job["fine_tuned_model"]
    assert (tags["n_train"], tags["n_valid"], tags["metadata.team"]) == (str(len(ROWS)), "10", "search")
    assert found.data.metrics["trained_tokens"] == job["trained_tokens"]

    sent = "\n".join(map(json.dumps, ROWS)).encode()
    assert content(client, found, "training_file/train.jsonl", tmp_path) == sent
    assert content(client, found, "validation_file/valid.jsonl", tmp_path).count(b"\n") == 9
    csv = call("results", succeeded, "--local", "-o", "-").out.encode()
    assert content(client, found, "results/step_metrics.csv", tmp_path) == csv
    assert json.loads(content(client, found, "job.json", tmp_path))["id"] == succeeded
    assert found.info.artifact_uri.startswith(store.parent.as_uri())  # beside the store, not where we are
    assert list(work.iterdir()) == []


def test_what_was_measured_of_the_model_is_in_its_run(call, succeeded, store):
    measured = call("evaluate", "--job", succeeded, "--task", "classification", "--local", "--json")
    assert measured.code == 0, measured.err
    assert call(*SYNC, succeeded, "--force").code == 0
    _, [found] = runs(f"sqlite:///{store}")
    name = "classification/accuracy"
    assert found.data.metrics[name] == pytest.approx(json.loads(measured.out)[name])


def test_twice_is_once(call, succeeded, store):
    first = json.loads(call(*SYNC, "-i", succeeded, "--json").out)["data"]
    again = call(*SYNC, succeeded)
    assert again.out == f"skipped {succeeded} (succeeded): sqlite:///{store}\n"
    assert again.err == "hint: what is there already is left as it is; `--force` writes it anew\n"
    forced = json.loads(call(*SYNC, succeeded, "--force", "--json").out)["data"]
    assert forced == first
    client, [found] = runs(f"sqlite:///{store}")
    assert found.info.run_id == first[0]["run"]
    assert [step for step, _ in history(client, found, "train_loss")] == list(range(1, 11))
    assert len(history(client, found, "trained_tokens")) == 1


def test_force_brings_back_what_is_missing(call, succeeded, store):
    call(*SYNC, succeeded)
    client, [found] = runs(f"sqlite:///{store}")
    client.delete_tag(found.info.run_id, "status")
    client.delete_run(found.info.run_id)
    assert call(*SYNC, succeeded).out.startswith("synced")  # a run in the bin is not there
    client, [other] = runs(f"sqlite:///{store}")
    assert other.info.run_id != found.info.run_id
    client.delete_tag(other.info.run_id, "status")
    assert call(*SYNC, succeeded, "--force").code == 0
    client, [again] = runs(f"sqlite:///{store}")
    assert (again.info.run_id, again.data.tags["status"]) == (other.info.run_id, "succeeded")


def test_failed_cancelled_and_chats(own, call, finished, store):  # noqa: F811
    failed = finished(call, "failed", [{"text": "no"}] * 12)
    chats = finished(call, "chats", CHATS)
    cancelled = create(ROWS, n_epochs=50, batch_size=1)
    call("cancel", cancelled, "--local")
    assert call(*SYNC, failed, cancelled, chats).code == 0
    found = {run.info.run_name: run for run in runs(f"sqlite:///{store}")[1]}
    assert [found[job].info.status for job in (failed, cancelled, chats)] == ["FAILED", "KILLED", "FINISHED"]
    assert found[failed].data.tags["error"]
    assert found[chats].data.tags["n_train"] == str(len(CHATS))


def test_an_unfinished_job_is_completed_later(own, call, store):  # noqa: F811
    job = create(ROWS, n_epochs=10, batch_size=1)
    until = time.monotonic() + 30
    while "Step 3/" not in call("events", job, "--local").out:
        assert time.monotonic() < until
    call("pause", job, "--local")
    half = call(*SYNC, job)
    assert f"job {job} goes on: the same command completes it later" in half.err
    client, [begun] = runs(f"sqlite:///{store}")
    assert (begun.info.status, begun.data.tags["status"]) == ("RUNNING", "paused")
    steps = [step for step, _ in history(client, begun, "train_loss")]
    assert steps == list(range(1, len(steps) + 1))
    assert 3 <= len(steps) < 400
    call("resume", job, "--local")
    call("follow", job, "--local", "-q")
    assert call(*SYNC, job).out.startswith(f"synced {job} (succeeded, 400 steps, ")
    client, [done] = runs(f"sqlite:///{store}")
    assert (done.info.run_id, done.info.status) == (begun.info.run_id, "FINISHED")
    assert [step for step, _ in history(client, done, "train_loss")] == list(range(1, 401))


def test_a_file_store_and_one_that_is_not_there(run, succeeded, tmp_path):
    folder = (tmp_path / "runs").as_uri()
    options = (*SYNC, succeeded, "--tracking-uri", folder)
    refused = run(*options)
    assert refused.code == 5
    assert refused.err.startswith("error: MLflow: could not open the tracking store: ")
    assert "MLFLOW_ALLOW_FILE_STORE" in refused.err
    for outcome in ("synced", "skipped"):
        done = run(*options, env={"MLFLOW_ALLOW_FILE_STORE": "true"})
        assert (done.code, done.out.split()[0]) == (0, outcome)
    there = [path.name for path in (tmp_path / "runs").rglob("*") if path.suffix == ".csv"]
    assert there == ["step_metrics.csv"]

    env = {"MLFLOW_TRACKING_URI": "http://user:hush@127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    gone = run(*SYNC, succeeded, env=env)
    assert (gone.code, gone.out) == (5, "")
    assert "error: MLflow: could not look for run" in gone.err
    assert "hint: the tracking store is http://…@127.0.0.1:9: MLFLOW_TRACKING_URI names another" in gone.err
    assert "hush" not in gone.err


def test_an_unknown_job_and_options_that_exclude_each_other(own, call, store):  # noqa: F811
    assert call(*SYNC, "ftjob-none").code == 5
    assert call(*SYNC, "ftjob-none", "-n", "2").code == 2
    assert call(*SYNC, "-n", "0").code == 2


def test_a_deleted_experiment(call, succeeded, store):
    client, _ = runs(f"sqlite:///{store}")
    client.delete_experiment(client.create_experiment("fine-tuning"))
    refused = call(*SYNC, succeeded)
    assert refused.code == 5
    assert refused.err.splitlines()[0] == "error: MLflow: the experiment `fine-tuning` is deleted there"
