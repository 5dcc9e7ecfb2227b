"""What trackers are told: keys of runs, configurations without secrets, metrics under one set of names, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fttool.errors import FttoolError, ServiceError, UsageError
from fttool.jobs import checked
from fttool.jobs.evaluate import kept
from fttool.jobs.evaluate.run import account_of
from fttool.jobs.listing import get_job
from fttool.jobs.trackers import TRACKERS, facts, open_tracker
from fttool.jobs.trackers.base import Found, JobFile, RunKey, Step, speaking
from fttool.jobs.trackers.files import Shelf
from fttool.jobs.trackers.sync import newest_jobs, sync_job
from fttool.jobs.trackers.tables import read_table
from fttool.records.evaluation import JobEvaluation
from fttool.records.jobs import JobView
from fttool.records.results import ResultRow

from .scripted import KEY, Answer, Scripted, event, job, page

JOBS = "/fine_tuning/jobs"


class Written:
    """A tracker that keeps what it is given."""

    name = title = "written"
    advice = None

    def __init__(self) -> None:
        self.found: Found | None = None
        self.config: dict[str, Any] = {}
        self.steps: list[Step] = []
        self.files: list[JobFile] = []
        self.said: list[str] = []
        self.summary: dict[str, Any] = {}
        self.id, self.place = "run", None

    def find(self, key: RunKey) -> Found | None:
        return self.found

    def start(self, key: RunKey, job: JobView, config: Any) -> Written:
        self.config = dict(config)
        self.said.append(f"start {key.id}")
        return self

    def log(self, step: Step) -> None:
        self.steps.append(step)

    def flush(self) -> None:
        """Nothing waits."""

    def file(self, file: JobFile) -> None:
        self.files.append(file)

    def finish(self, job: JobView, summary: Any) -> None:
        self.summary = dict(summary)
        self.said.append(f"finish {job.status}")

    def leave(self) -> None:
        self.said.append("leave")

    def close(self) -> None:
        self.said.append("close")


def sync(service: Scripted, written: Written | None = None, **more: Any) -> tuple[Any, Written]:
    written = written or Written()
    client = service.client()
    with Shelf(more.pop("most_bytes", 10_000)) as shelf:
        found = sync_job(client, written, checked.job(service_job(service)), shelf, **more)
    return found, written


def service_job(service: Scripted) -> Any:
    [reply] = service._replies["GET", f"{JOBS}/ftjob-1"]
    return reply


@pytest.fixture
def service(scripted: Scripted) -> Scripted:
    """A job that has succeeded, whose training file is there."""
    scripted.on("GET", f"{JOBS}/ftjob-1", job(id="ftjob-1", status="succeeded", fine_tuned_model="ft:x"))
    scripted.on("GET", f"{JOBS}/ftjob-1/events", page())
    return scripted


def with_job(service: Scripted, **fields: Any) -> None:
    service.on("GET", f"{JOBS}/ftjob-1", job(**{"id": "ftjob-1", "status": "succeeded", **fields}))


def with_file(service: Scripted, file_id: str, content: bytes, name: str = "a.jsonl", size: int | None = None) -> None:
    about = {"id": file_id, "object": "file", "filename": name, "bytes": len(content) if size is None else size}
    service.on("GET", f"/files/{file_id}", about)
    service.on("GET", f"/files/{file_id}/content", Answer(body=content))


def test_the_key_of_a_run_is_the_same_each_time_and_another_on_another_service(service: Scripted) -> None:
    generic = service.client()
    here = facts.run_key(generic, "ftjob-1")
    assert here == facts.run_key(service.client(), "ftjob-1")
    assert here.id.startswith("ftjob-1-")
    assert here.name == "ftjob-1"
    with Scripted() as other:
        assert facts.run_key(other.client(), "ftjob-1").id != here.id
    assert facts.run_key(service.client("openai"), "ftjob-1").id == "ftjob-1"  # as W&B's own integration has it
    assert facts.run_key(service.client("local", local=True), "ftjob-1").id == "ftjob-1"
    odd = facts.run_key(service.client(), "a/b:c " + "x" * 200).id
    assert len(odd) <= 128
    assert set(odd) & set("/:\\ #?%") == set()


def test_no_key_reaches_the_configuration(service: Scripted) -> None:
    looks = "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl"
    with_job(
        service,
        metadata={"note": f"made with {KEY}"},
        integrations=[{"type": "wandb", "wandb": {"project": "p", "api_key": "plain"}}],
        method={"type": "reinforcement", "reinforcement": {"grader": {"headers": {"Authorization": "x", "n": looks}}}},
    )
    config = facts.config(service.client(), checked.job(service_job(service)))
    text = json.dumps(config)
    assert all(secret not in text for secret in (KEY, looks, '"plain"', '"Authorization": "x"'))
    assert config["integrations"][0]["wandb"] == {"project": "p", "api_key": "[key hidden]"}
    assert config["service"] == {"name": "generic", "address": service.base_url}
    assert config["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("raw", "step"),
    [
        (
            event(1, message="Step 3/9: x", type="metrics", created_at=7, data={"step": 3, "total_steps": 9}),
            None,
        ),
        (
            event(
                1, created_at=7, data={"step": 3, "total_steps": 9, "train_mean_token_accuracy": 0.5, "lr": 1, "k": "x"}
            ),
            Step(3, {"train_accuracy": 0.5, "lr": 1}, 7),
        ),
        (
            event(1, message="Step 4/9: training loss=0.25, validation loss=1e-3", created_at=8, data=None),
            Step(4, {"train_loss": 0.25, "valid_loss": 1e-3}, 8),
        ),
        (event(1, message="Step 5: training loss=nothing", created_at=8), None),
        (event(1, message="Fine-tuning job started", created_at=8), None),
    ],
)
def test_the_metrics_that_an_event_tells(raw: Any, step: Step | None) -> None:
    assert facts.event_step(checked.event(raw)) == step


def test_what_several_events_say_of_a_step_is_put_together() -> None:
    events = [
        checked.event(event(1, created_at=2, data={"step": 2, "train_loss": 0.5})),
        checked.event(event(2, created_at=3, data={"step": 1, "train_loss": 0.7})),
        checked.event(event(3, created_at=4, data={"step": 2, "full_valid_loss": 0.9})),
    ]
    assert facts.event_steps(events) == [
        Step(1, {"train_loss": 0.7}, 3),
        Step(2, {"train_loss": 0.5, "full_valid_loss": 0.9}, 4),
    ]
    rows = [ResultRow(2, train_loss=0.5, other={"lr": 1.0, "note": "x"}), ResultRow(3), ResultRow(1, valid_loss=2.0)]
    assert facts.row_steps(rows) == [Step(1, {"valid_loss": 2.0}), Step(2, {"train_loss": 0.5, "lr": 1.0})]


def test_files_that_are_gone_or_too_large_are_named(service: Scripted) -> None:
    with_job(service, training_file="file-1", validation_file="file-2", result_files=["file-3"])
    service.on("GET", "/files/file-1", Answer(404, {"error": {"message": "No such File object: file-1"}}))
    with_file(service, "file-2", b"x" * 20_000)
    with_file(service, "file-3", b"step,train_loss\n1,0.5\n", "r.csv")
    found, written = sync(service)
    assert [(each.file, each.reason) for each in found.left_out] == [
        ("file-1", "could not get file `file-1`: No such File object: file-1 (404)"),
        ("file-2", "has more than 0 MB"),
    ]
    assert written.steps == [Step(1, {"train_loss": 0.5})]
    assert written.said == [f"start {facts.run_key(service.client(), 'ftjob-1').id}", "finish succeeded"]
    # one whose size the service does not tell is given up on the way
    with_file(service, "file-2", b"x" * 20_000, size=1)
    assert [each.file for each in sync(service)[0].left_out] == ["file-1", "file-2"]


def test_a_refused_file_is_named_and_a_bad_result_file_makes_room_for_the_events(service: Scripted) -> None:
    with_job(service, training_file="file-1", result_files=["file-3"])
    service.on("GET", "/files/file-1", {"id": "file-1", "object": "file", "filename": "../a:b.jsonl", "bytes": 9})
    service.on("GET", "/files/file-1/content", Answer(403, {"error": {"message": "not allowed"}}))
    with_file(service, "file-3", b"<html>sorry</html>", "r.csv")
    told = event(1, created_at=7, data={"step": 1, "train_loss": 0.5})
    service.on("GET", f"{JOBS}/ftjob-1/events", page(told))
    found, written = sync(service)
    assert [each.file for each in found.left_out] == ["file-1", "file-3"]
    assert "a web page" in found.left_out[1].reason
    assert written.steps == [Step(1, {"train_loss": 0.5}, 7)]


def test_a_service_that_fails_for_now_leaves_the_job_for_later(service: Scripted) -> None:
    with_job(service, training_file="file-1")
    service.on("GET", "/files/file-1", Answer(503, {"error": {"message": "later"}}))
    written = Written()
    with pytest.raises(ServiceError, match="later"):
        sync(service, written)
    assert written.said == []


def test_a_run_is_left_if_its_tracker_fails(service: Scripted) -> None:
    class Failing(Written):
        def finish(self, job: JobView, summary: Any) -> None:
            with speaking("T", "finish"):
                raise OSError("http://me:hush@host is full")

    failing = Failing()
    with pytest.raises(ServiceError, match=r"T: could not finish: http://…@host is full"):
        sync(service, failing)
    assert failing.said[-1] == "leave"


def test_names_of_files_lead_nowhere_and_a_file_of_two_jobs_is_fetched_once(service: Scripted) -> None:
    with_job(service, training_file="file-1", validation_file="file-1")
    with_file(service, "file-1", b'{"prompt": "a"}\n\n{"prompt": "b"}', "../../a:b.jsonl")
    _, written = sync(service)
    assert [(file.role, file.name, file.rows) for file in written.files] == [
        ("train", "ab.jsonl", 2),
        ("valid", "ab.jsonl", 2),
    ]
    assert (written.config["n_train"], written.config["n_valid"]) == (2, 2)
    assert len(service.asked("GET", "/files/file-1/content")) == 1
    assert not written.files[0].path.exists()


def test_evaluation_goes_into_the_summary(service: Scripted) -> None:
    _, written = sync(service, evaluation={"classification/accuracy": 0.9}, inputs=False)
    assert written.summary == {"fine_tuned_model": "ft:x", "classification/accuracy": 0.9}


def test_a_complete_run_is_left_alone(service: Scripted) -> None:
    written = Written()
    written.found = Found("there", "https://x", complete=True)
    found, _ = sync(service, written)
    assert (found.outcome, found.run, found.place, written.said) == ("skipped", "there", "https://x", [])
    assert sync(service, written, force=True)[0].outcome == "synced"


def test_all_pages_the_oldest_first(scripted: Scripted) -> None:
    scripted.on(
        "GET",
        JOBS,
        page(job(id="ftjob-3", created_at=3), job(id="ftjob-2", created_at=2), has_more=True),
        page(job(id="ftjob-1", created_at=1)),
    )
    assert [each.id for each in newest_jobs(scripted.client())] == ["ftjob-1", "ftjob-2", "ftjob-3"]


def test_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [
        {"prompt": "a", "completion": "b", "weight": 0.5},
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": None}]},
        {"messages": "odd", "prompt": "\ud83d"},
        {"input": {"messages": []}, "preferred_output": [1]},
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    table = read_table(path)
    assert table is not None
    assert table.columns == [
        *("prompt", "completion", "weight", "messages", "turns", "asked", "answered", "input", "preferred_output")
    ]
    assert table.rows[0][:3] == ["a", "b", "0.5"]
    assert table.rows[1][3:7] == [json.dumps(rows[1]["messages"]), 2, "x", ""]
    assert table.rows[2][0] == "\\ud83d"
    assert table.rows[3][7:] == ['{"messages": []}', "[1]"]
    assert len(read_table(path, 2).rows) == 2  # type: ignore[union-attr]
    path.write_bytes(b"prompt,completion\n")
    assert read_table(path) is None
    path.write_bytes(b"[1]\n")
    assert read_table(path) is None


def test_there_is_no_such_tracker() -> None:
    with pytest.raises(UsageError, match="there is no tracker `tensorboard`") as failed:
        open_tracker("tensorboard")
    assert failed.value.hint == f"there are {' and '.join(TRACKERS)}"
    assert isinstance(failed.value, FttoolError)


def test_metrics_that_were_kept_go_into_the_summary(service: Scripted, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    client = service.client()
    name = get_job(client, "ftjob-1").fine_tuned_model
    assert name is not None
    page = JobEvaluation(name, None, "v.jsonl", "0" * 64, 9, 0, {"classification/accuracy": 0.8, "x": None}, 5)
    checkpoint = JobEvaluation("ckpt", 3, "v.jsonl", "0" * 64, 9, 0, {"classification/accuracy": 0.1}, 5)
    kept.keep(account_of(client), "ftjob-1", [page, checkpoint])
    _, written = sync(service, inputs=False)
    assert written.summary["classification/accuracy"] == 0.8 and "x" not in written.summary
