"""A job is created once: whatever the service answers, or does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from fttool.errors import KeyMissingError, ServiceError
from fttool.jobs import create
from fttool.jobs.checked import file as checked_file
from fttool.jobs.create import create_job, wait_until_ready

from .scripted import Answer, Request, Scripted, job, page

JOBS = "/fine_tuning/jobs"
BODY = {
    "model": "gpt-4o-mini",
    "training_file": "file-1",
    "seed": 42,
    "suffix": "people",
    "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create, "LOOKS", (0.0, 0.01, 0.01))
    monkeypatch.setattr(create, "QUEUE_PAUSES", (0.01, 0.02))
    monkeypatch.setattr(create, "PROCESSING_PAUSE", 0.01)


@pytest.fixture
def service() -> Iterator[Scripted]:
    with Scripted() as found:
        found.on("GET", JOBS, page())
        yield found


def new(number: int = 7, **changes: Any) -> dict[str, Any]:
    """The job as the service has it once it was created."""
    return job(**{"id": f"ftjob-{number}", "created_at": int(time.time()), "status": "validating_files", **changes})


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Answer(status, {"error": error}, headers=headers)


def made(service: Scripted) -> int:
    """How often a job was asked for."""
    return len(service.asked("POST", JOBS))


def test_the_request_is_sent_as_it_is(service: Scripted) -> None:
    service.on("POST", JOBS, new())
    assert create_job(service.client("openai"), BODY, tell=pytest.fail).id == "ftjob-7"
    assert service.asked("POST", JOBS)[0].json == BODY
    assert made(service) == 1


UNCLEAR = [
    Answer(drop=True),
    Answer(hang=2),
    Answer(500, {"error": {"message": "oops", "type": "server_error", "param": None, "code": None}}),
    Answer(502, "<html><title>Bad gateway</title></html>"),
    Answer(504),
    Answer(200, {}),
    Answer(200, "<html>welcome</html>", headers={"Content-Type": "text/html"}),
    Answer(200, {"id": "ftjob-7", "status": "queued"}, keep=10),
    Answer(408),
    Answer(409),
]


@pytest.mark.parametrize("answer", UNCLEAR, ids=str)
def test_without_a_clear_answer_the_job_is_looked_for_and_found(service: Scripted, answer: Answer) -> None:
    old = new(1)  # the same job, created before: not this one
    listed = page(old), page(old), page(new(7, model="gpt-4o-mini-2024-07-18"), old)
    service.on("GET", JOBS, *listed)
    service.on("POST", JOBS, answer)
    told: list[str] = []
    found = create_job(service.client("openai", timeout=0.3, retries=2), BODY, tell=told.append)
    assert found.id == "ftjob-7"
    assert made(service) == 1
    assert told[-1] == "the job is there: ftjob-7"


@pytest.mark.parametrize("answer", UNCLEAR[:3], ids=str)
def test_a_job_that_is_not_there_is_not_created_again(service: Scripted, answer: Answer) -> None:
    others = [
        new(1, training_file="file-9"),
        new(2, validation_file="file-2"),
        new(3, seed=7),
        new(4, model="gpt-4.1-nano-2025-04-14"),
        new(5, user_provided_suffix="other"),
        new(6, metadata={"a": "b"}),
        new(8, created_at=1_700_000_000),
        new(9, hyperparameters={"n_epochs": 4}),
        new(10, method={"type": "dpo", "dpo": {}}),
    ]
    service.on("GET", JOBS, page(), page(*others))
    service.on("POST", JOBS, answer)
    with pytest.raises(ServiceError, match="it is not known whether the job was created: no such job") as caught:
        create_job(service.client("openai", timeout=0.3, retries=2), BODY, tell=lambda text: None)
    assert made(service) == 1
    assert "`fttool list`" in (caught.value.hint or "")
    assert caught.value.exit_code == 5


def test_two_jobs_like_the_one_asked_for_are_both_named(service: Scripted) -> None:
    service.on("GET", JOBS, page(), page(new(7), new(8)))
    service.on("POST", JOBS, Answer(500))
    with pytest.raises(ServiceError, match="2 new jobs like the one asked for: ftjob-7, ftjob-8"):
        create_job(service.client("openai"), BODY, tell=lambda text: None)


def test_a_service_that_lists_no_jobs(service: Scripted) -> None:
    service.on("GET", JOBS, Answer(500))
    service.on("POST", JOBS, new())
    assert create_job(service.client("openai"), BODY, tell=pytest.fail).id == "ftjob-7"
    service.on("POST", JOBS, Answer(500))
    with pytest.raises(ServiceError, match="the jobs cannot be listed either"):
        create_job(service.client("openai"), BODY, tell=lambda text: None)
    service.on("GET", JOBS, Answer(500), page(new(8), new(1, created_at=1_700_000_000)))
    assert create_job(service.client("openai"), BODY, tell=lambda text: None).id == "ftjob-8"
    assert made(service) == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(400, "bad model"), ServiceError),
        (refusal(401, "wrong key"), KeyMissingError),
        (refusal(403, "closed", "training_not_available"), KeyMissingError),
        (refusal(404, "no such model", "model_not_found"), ServiceError),
        (refusal(429, "no credit", "insufficient_quota"), ServiceError),
        (Answer(422, {"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}), ServiceError),
    ],
)
def test_a_refusal_is_a_refusal(service: Scripted, answer: Answer, kind: type[Exception]) -> None:
    service.on("POST", JOBS, answer)
    with pytest.raises(kind):
        create_job(service.client("openai", retries=2), BODY, tell=pytest.fail, wait_in_queue=True)
    assert made(service) == 1
    assert len(service.asked("GET", JOBS)) == 1


BUSY = refusal(429, "Your organization has reached the maximum of 3 active requests", "rate_limit_exceeded")


def test_too_many_jobs_are_a_refusal(service: Scripted) -> None:
    service.on("POST", JOBS, BUSY)
    with pytest.raises(ServiceError, match="maximum of 3") as caught:
        create_job(service.client("openai", retries=2), BODY, tell=pytest.fail)
    assert caught.value.hint is not None and "`--wait-in-queue`" in caught.value.hint
    assert made(service) == 1


def test_too_many_jobs_are_waited_for(service: Scripted) -> None:
    service.on("POST", JOBS, BUSY, BUSY, BUSY, new())
    told: list[str] = []
    assert create_job(service.client("openai"), BODY, tell=told.append, wait_in_queue=True).id == "ftjob-7"
    assert made(service) == 4
    assert len(told) == 3 and "next attempt in" in told[0]


def test_a_service_that_asks_to_wait_is_obeyed(service: Scripted) -> None:
    soon = refusal(429, "slow down", "rate_limit_exceeded", **{"retry-after": "0.2"})
    service.on("POST", JOBS, soon, new())
    started = time.monotonic()
    assert create_job(service.client("openai", retries=1), BODY, tell=pytest.fail).id == "ftjob-7"
    assert time.monotonic() - started > 0.2
    service.on("POST", JOBS, refusal(429, "slow down", None, **{"retry-after": "3600"}))
    with pytest.raises(ServiceError, match="slow down"):
        create_job(service.client("openai", retries=1), BODY, tell=pytest.fail)


def test_a_file_that_is_still_being_looked_at_is_waited_for(service: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    still = refusal(400, "File 'file-1' is still being processed and is not ready to be used for fine-tuning.")
    service.on("POST", JOBS, still, still, new())
    told: list[str] = []
    assert create_job(service.client("openai"), BODY, tell=told.append).id == "ftjob-7"
    assert made(service) == 3 and "still looking at the file" in told[0]
    service.on("POST", JOBS, still)
    monkeypatch.setattr(create, "PROCESSING", 0.05)
    with pytest.raises(ServiceError, match="still being processed"):
        create_job(service.client("openai"), BODY, tell=lambda text: None)


def test_what_never_left_this_machine_may_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens: no request was sent, so none can be lost, and no job is looked for."""
    with Scripted() as service:
        client = service.client("openai", retries=3)
    pauses: list[float] = []
    monkeypatch.setattr(create.time, "sleep", pauses.append)
    with pytest.raises(ServiceError, match="no connection"):
        create_job(client, BODY, tell=pytest.fail)
    assert [pause for pause in pauses if pause == int(pause)] == [1.0, 2.0, 4.0]  # the others are the SDK's, for lists


def test_fttools_own_service_trains_other_names_as_its_own(service: Scripted) -> None:
    service.on("GET", JOBS, page(), page(new(7, model="baseline", user_provided_suffix="people")))
    service.on("POST", JOBS, Answer(drop=True))
    assert create_job(service.client("local", local=True), BODY, tell=lambda text: None).id == "ftjob-7"


def test_a_file_is_waited_for_until_it_is_ready(service: Scripted) -> None:
    view = checked_file({"id": "file-1", "status": "pending", "filename": "x.jsonl"})
    service.on("GET", "/files/file-1", {"id": "file-1", "status": "running"}, {"id": "file-1", "status": "processed"})
    told: list[str] = []
    assert wait_until_ready(service.client("azure"), view, told.append).status == "processed"
    assert len(service.requests) == 2 and "x.jsonl" in told[0]
    bad = {"id": "file-1", "status": "error", "status_details": "line 3 is no JSON"}
    service.on("GET", "/files/file-1", bad)
    with pytest.raises(ServiceError, match="line 3 is no JSON"):
        wait_until_ready(service.client("azure"), view, told.append)
    for status in ("uploaded", "processed", None):
        ready = checked_file({"id": "file-1", "status": status})
        assert wait_until_ready(service.client("nebius"), ready, pytest.fail) is ready


def test_nothing_of_a_request_is_left_out(service: Scripted) -> None:
    asked: list[Any] = []

    def answer(request: Request) -> Any:
        asked.append(request.json)
        return new()

    service.on("POST", JOBS, answer)
    body = {**BODY, "trainingType": "globalstandard", "hyperparameters": {"lora": True}, "validation_file": "file-2"}
    create_job(service.client("azure"), body, tell=pytest.fail)
    assert asked == [body]
