"""/fine_tuning/jobs: lists, events, checkpoints, and what moves a job."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import BadRequestError

from fttool.service.ids import new_id
from fttool.service.records import CheckpointRow, JobRow, ModelRow, NewEvent, StepRow
from tests.service.served import Served


def messages(served: Served, job_id: str) -> list[str]:
    """The messages of a job's events, oldest first."""
    return [event.message for event in served.client.fine_tuning.jobs.list_events(job_id)][::-1]


def begin(served: Served, job: JobRow, steps: int = 0) -> JobRow:
    """What the worker does: start a job, and do some steps."""
    store = served.service.store
    assert store.change(job.id, ["validating_files"], "queued")
    assert store.change(job.id, ["queued"], "running")
    assert store.record_steps(job.id, 1, [StepRow(step, 10, 1 / step, 0.5) for step in range(1, steps + 1)])
    started = store.job(job.id)
    assert started is not None
    return started


def finish(served: Served, job: JobRow) -> None:
    store = served.service.store
    name = "ft:baseline:local:demo:abcdefgh"
    assert store.change(
        job.id, ["running"], "succeeded", fine_tuned_model=name, result_files=["file-r"], trained_tokens=9
    )


def test_numbers_take_the_place_of_auto_once_the_job_runs(served: Served) -> None:
    job = served.job(hyperparameters={"n_epochs": 2})
    served.service.store.update(
        job.id,
        frm=["validating_files"],
        resolved={"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 1.5},
    )
    answer = served.client.fine_tuning.jobs.retrieve(job.id).to_dict()
    numbers = {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 1.5}
    assert answer["hyperparameters"] == numbers
    assert answer["method"] == {"type": "supervised", "supervised": {"hyperparameters": numbers}}


def test_the_queue_is_woken(served: Served) -> None:
    woken: list[str] = []
    served.service.poke = lambda: woken.append("!")
    job = served.job()
    assert len(woken) == 1
    served.client.fine_tuning.jobs.cancel(job.id)
    assert len(woken) == 2


def test_pause_resume_and_cancel(served: Served) -> None:
    jobs = served.client.fine_tuning.jobs
    job = begin(served, served.job())
    refused = served.post(f"/v1/fine_tuning/jobs/{job.id}/pause")
    assert (refused.status, refused.error["code"]) == (400, "no_steps_yet")
    assert served.service.store.record_steps(job.id, 1, [StepRow(1, 10, 0.5)])
    assert served.service.store.update(job.id, frm=("running",), estimated_finish=2**31)
    paused = served.post(f"/v1/fine_tuning/jobs/{job.id}/pause").body
    assert (paused["status"], paused["estimated_finish"]) == ("paused", None)  # OpenAI: null unless it is running
    assert served.post(f"/v1/fine_tuning/jobs/{job.id}/pause").error["code"] == "invalid_job_status"
    assert jobs.resume(job.id).status == "queued"
    with pytest.raises(BadRequestError, match="is queued and cannot be resumed"):
        jobs.resume(job.id)
    cancelled = jobs.cancel(job.id)
    assert cancelled.status == "cancelled"
    assert cancelled.finished_at is not None
    for call, done in ((jobs.cancel, "cancelled"), (jobs.pause, "paused"), (jobs.resume, "resumed")):
        with pytest.raises(BadRequestError, match=f"is cancelled and cannot be {done}"):
            call(job.id)
    assert messages(served, job.id) == [
        f"Created fine-tuning job: {job.id}",
        "Step 1/10: training loss=0.5000",
        "Fine-tuning job paused",
        "Fine-tuning job resumed",
        "Fine-tuning job cancelled",
    ]


def test_a_finished_job_cannot_be_cancelled(served: Served) -> None:
    job = begin(served, served.job(), steps=10)
    finish(served, job)
    with pytest.raises(BadRequestError, match="has already succeeded and cannot be cancelled"):
        served.client.fine_tuning.jobs.cancel(job.id)
    done = served.client.fine_tuning.jobs.retrieve(job.id)
    assert (done.status, done.fine_tuned_model, done.result_files, done.trained_tokens) == (
        "succeeded",
        "ft:baseline:local:demo:abcdefgh",
        ["file-r"],
        9,
    )


def test_a_failed_job_says_why(served: Served) -> None:
    job = served.job()
    error = {"code": "invalid_training_file", "message": "line 3: no completion", "param": "training_file"}
    served.service.store.change(job.id, ["validating_files"], "failed", error=error, finished_at=None)
    failed = served.client.fine_tuning.jobs.retrieve(job.id)
    assert failed.error is not None
    assert failed.error.to_dict() == error
    assert failed.finished_at is None


def test_events_are_newest_first_with_openais_metrics(served: Served) -> None:
    job = begin(served, served.job())
    step = StepRow(1, 2, 0.25, 0.5, 0.4, 0.3, 0.6, None, 0.35, 0.7)
    served.service.store.record_steps(job.id, 1, [step, StepRow(2, 2, 0.125, 1.0)])
    newest, first, created = served.client.fine_tuning.jobs.list_events(job.id)
    assert newest.message == "Step 2/2: training loss=0.1250"
    assert first.message == "Step 1/2: training loss=0.2500, validation loss=0.3000, full validation loss=0.3500"
    assert (first.type, first.level) == ("metrics", "info")
    assert first.data == {
        "step": 1,
        "total_steps": 2,
        "train_loss": 0.25,
        "train_mean_token_accuracy": 0.5,
        "train_sequence_accuracy": 0.4,
        "valid_loss": 0.3,
        "valid_mean_token_accuracy": 0.6,
        "full_valid_loss": 0.35,
        "full_valid_mean_token_accuracy": 0.7,
    }
    assert (created.type, created.data) == ("message", {})
    assert created.id.startswith("ftevent-") and len(created.id) == 32


def test_checkpoints_are_models(served: Served) -> None:
    job = begin(served, served.job(), steps=3)
    for step in (1, 2, 3):
        name = f"ft:baseline:local::abcdefgh:ckpt-step-{step}"
        row = CheckpointRow(
            new_id("ftckpt_"), 1, job.id, name, step, {"step": step, "train_loss": 0.5, "valid_loss": None}, f"c{step}"
        )
        model = ModelRow(name, 1, "local", job.id, "baseline", "baseline", f"c{step}")
        assert served.service.store.add_checkpoint(row, 1, model) == []
    found = list(served.client.fine_tuning.jobs.checkpoints.list(job.id, limit=2))
    assert [checkpoint.step_number for checkpoint in found] == [3, 2, 1]
    assert found[0].metrics.to_dict() == {"step": 3, "train_loss": 0.5}
    assert found[0].fine_tuning_job_id == job.id
    assert served.client.models.retrieve(found[0].fine_tuned_model_checkpoint).owned_by == "local"
    page = served.get(f"/v1/fine_tuning/jobs/{job.id}/checkpoints?limit=2").body
    assert (page["first_id"], page["last_id"], page["has_more"]) == (found[0].id, found[1].id, True)
    page = served.get(f"/v1/fine_tuning/jobs/{served.job().id}/checkpoints").body
    assert page == {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}


def test_a_job_that_is_not_there(served: Served) -> None:
    for method, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("GET", "/checkpoints"),
        ("POST", "/cancel"),
        ("POST", "/pause"),
        ("POST", "/resume"),
    ):
        answer = served.ask(method, f"/v1/fine_tuning/jobs/ftjob-none{path}")
        assert answer.status == 404
        assert answer.error == {
            "message": "Could not find fine tune: ftjob-none",
            "type": "invalid_request_error",
            "param": "fine_tune_id",
            "code": "fine_tune_not_found",
        }


def test_jobs_are_listed_by_metadata(served: Served) -> None:
    training = served.upload()
    wanted: list[dict[str, str] | None] = [{"team": "a", "x[1]": "é&="}, {"team": "b"}, {"team": ""}, None, {}]
    ids = [served.job(training_file=training, metadata=metadata).id for metadata in wanted]

    def found(**query: Any) -> list[str]:
        return [job.id for job in served.client.fine_tuning.jobs.list(limit=1, **query)]

    assert found() == ids[::-1]
    assert found(metadata={"team": "a"}) == [ids[0]]
    assert found(metadata={"team": "a", "x[1]": "é&="}) == [ids[0]]
    assert found(metadata={"team": "b", "x[1]": "é&="}) == []
    assert found(metadata={"team": ""}) == [ids[2]]
    assert found(extra_query={"metadata": "null"}) == [ids[4], ids[3]]
    assert served.get("/v1/fine_tuning/jobs?metadata=team").error["param"] == "metadata"


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=none"])
def test_lists_refuse_what_they_do_not_understand(served: Served, query: str) -> None:
    job = served.job()
    for path in ("", f"/{job.id}/events", f"/{job.id}/checkpoints"):
        answer = served.get(f"/v1/fine_tuning/jobs{path}?{query}")
        assert (answer.status, answer.error["param"]) == (400, query.partition("=")[0])


def test_the_default_page_is_openais(served: Served) -> None:
    training = served.upload()
    jobs = [served.job(training_file=training) for _ in range(21)]
    served.service.store.update(jobs[0].id, frm=["validating_files"], events=[NewEvent(str(at)) for at in range(20)])
    for path in ("", f"/{jobs[0].id}/events"):
        answer = served.get(f"/v1/fine_tuning/jobs{path}").body
        assert (len(answer["data"]), answer["has_more"]) == (20, True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 12), limit=st.integers(1, 13), late=st.integers(0, 3))
def test_paging_shows_each_event_once_in_order(served: Served, count: int, limit: int, late: int) -> None:
    """Whatever the size of the pages, and though events come in between."""
    job = served.job(training_file=_training(served))
    store = served.service.store
    store.update(job.id, frm=["validating_files"], events=[NewEvent(str(at)) for at in range(count)])
    seen, after = [], ""
    while True:
        answer = served.get(f"/v1/fine_tuning/jobs/{job.id}/events?limit={limit}{after}").body
        seen += [event["message"] for event in answer["data"]]
        assert len(answer["data"]) == limit or not answer["has_more"]
        if not answer["has_more"]:
            break
        after = f"&after={answer['data'][-1]['id']}"
        store.update(job.id, frm=["validating_files"], events=[NewEvent("late")] * late)
    assert seen == [*map(str, reversed(range(count))), f"Created fine-tuning job: {job.id}"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(string.printable, max_size=8), st.text(max_size=8).filter(lambda text: text.isprintable()), max_size=3
    )
)
def test_any_metadata_comes_back_and_is_found(served: Served, metadata: dict[str, str]) -> None:
    job = served.job(training_file=_training(served), metadata=metadata)
    assert (served.client.fine_tuning.jobs.retrieve(job.id).metadata or {}) == metadata
    if metadata:
        page = served.client.fine_tuning.jobs.list(metadata=metadata)
        assert job.id in [found.id for found in page.data]


def _training(served: Served) -> str:
    """A training file, the same one for all examples of a property."""
    found = served.service.store.files(1).rows
    return found[0].id if found else served.upload()
