"""The client: what it sends, and how the SDK's errors come out."""

from __future__ import annotations

import pytest

from fttool.config import load
from fttool.errors import ConfigError, KeyMissingError, ServiceError
from fttool.jobs import checked
from fttool.jobs.client import connect

from .scripted import KEY, Answer, job


def get(client, job_id="ftjob-1"):
    with client.speaking(f"get job {job_id}"):
        return checked.job(client.sdk.fine_tuning.jobs.with_raw_response.retrieve(job_id))


def test_a_job(scripted):
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", job(undeclared=1))
    found = get(scripted.client())
    assert (found.id, found.status, found.finished) == ("ftjob-1", "running", False)
    assert found.raw["undeclared"] == 1
    assert found.error is None
    assert scripted.requests[0].headers["authorization"] == f"Bearer {KEY}"


FAULTS = {
    "an empty object": Answer(body={}),
    "a list": Answer(body=[1]),
    "a web page": Answer(body="<html><title>hi</title>", headers={"Content-Type": "text/html"}),
    "a cut document": Answer(body=b'{"id": "ftjob-1", "sta'),
    "nothing": Answer(body=b""),
    "null": Answer(body=b"null"),
    "no status": Answer(body={"id": "ftjob-1"}),
    "a connection that drops": Answer(drop=True),
    "a body that drops": Answer(body=job(), keep=20),
    "a fault": Answer(500, {"error": {"message": "oh", "type": "server_error", "param": None, "code": None}}),
    "a bad gateway": Answer(502, "<html><title>502 Bad Gateway</title>", {"Content-Type": "text/html"}),
    "too many": Answer(429, {"error": {"message": "slow", "code": "rate_limit_exceeded"}}),
}


@pytest.mark.parametrize("what", FAULTS)
def test_faults_are_temporary(scripted, what):
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", FAULTS[what])
    with pytest.raises(ServiceError) as caught:
        get(scripted.client())
    assert caught.value.temporary
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_a_service_that_hangs(scripted):
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(hang=20))
    with pytest.raises(ServiceError, match=f"{scripted.base_url} did not answer in time") as caught:
        get(scripted.client(timeout=0.2))
    assert caught.value.temporary


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            Answer(400, {"error": {"message": "Bad value.", "param": "model", "code": "invalid_value"}}),
            "Bad value (400)",
        ),
        (Answer(422, {"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}), "body.model: Field required"),
        (Answer(500, "<title>Oh\n no</title>", {"Content-Type": "text/html"}), "the answer is a web page, `Oh no`"),
        (Answer(503, ""), "the service says no more than 503"),
        (Answer(400, "just words"), "just words (400)"),
    ],
)
def test_what_the_service_says(scripted, answer, text):
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", answer)
    with pytest.raises(ServiceError) as caught:
        get(scripted.client())
    assert str(caught.value).startswith("could not get job ftjob-1: ")
    assert text in str(caught.value)
    assert caught.value.status == answer.status


def test_details_of_the_error(scripted):
    error = {"message": "m", "param": "model", "code": "invalid_value"}
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(400, {"error": error}, {"x-request-id": "req_1"}))
    with pytest.raises(ServiceError) as caught:
        get(scripted.client())
    shown = caught.value.to_dict()
    assert [shown[name] for name in ("status", "code", "param", "request_id")] == [
        400,
        "invalid_value",
        "model",
        "req_1",
    ]
    assert not caught.value.temporary


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key(scripted, status):
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(status, {"error": {"message": "No.", "code": None}}))
    with pytest.raises(KeyMissingError) as caught:
        get(scripted.client())
    assert "a test" in caught.value.hint  # where the key is from
    assert KEY not in f"{caught.value} {caught.value.hint}"


def test_fine_tuning_that_is_closed(scripted):
    error = {"message": "Training is not available", "code": "training_not_available"}
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(403, {"error": error}))
    with pytest.raises(KeyMissingError) as caught:
        get(scripted.client())
    for word in ("7 May 2026", "6 January 2027", "shutdown_date", "--local", "Azure", "Nebius"):
        assert word in caught.value.hint


def test_when_to_come_back(scripted):
    answer = Answer(429, {"error": {"message": "slow", "code": "rate_limit_exceeded"}}, {"retry-after": "7"})
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", answer)
    with pytest.raises(ServiceError) as caught:
        get(scripted.client())
    assert (caught.value.retry_after, caught.value.temporary) == (7, True)
    assert "7 seconds" in caught.value.hint


def test_waiting_does_not_fill_an_empty_account(scripted):
    scripted.on(
        "GET", "/fine_tuning/jobs/ftjob-1", Answer(429, {"error": {"message": "m", "code": "insufficient_quota"}})
    )
    with pytest.raises(ServiceError, match="m") as caught:
        get(scripted.client())
    assert not caught.value.temporary


def test_no_one_there(scripted):
    client = scripted.client()
    scripted.close()
    with pytest.raises(ServiceError, match="no connection to http://127") as caught:
        get(client)
    assert "refused" in str(caught.value)
    assert caught.value.temporary
    scripted.close = lambda: None


def test_a_missing_job(scripted):
    error = {"message": "Could not find fine tune: ftjob-1", "code": "fine_tune_not_found", "param": "fine_tune_id"}
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(404, {"error": error}))
    with pytest.raises(ServiceError, match="Could not find") as caught:
        get(scripted.client())
    assert caught.value.hint == "`fttool list` shows what is there"


def test_retries_are_the_sdks(scripted):
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(500), job())
    assert get(scripted.client(retries=1)).id == "ftjob-1"
    assert len(scripted.requests) == 2


def test_once_is_once(scripted):
    scripted.on("POST", "/fine_tuning/jobs", Answer(500))
    client = scripted.client(retries=3)
    with pytest.raises(ServiceError), client.speaking("create a job"):
        client.once.fine_tuning.jobs.create(model="m", training_file="file-1")
    assert len(scripted.requests) == 1


def test_this_machine_is_reached_without_a_proxy(scripted, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", job())
    assert get(scripted.client()).id == "ftjob-1"


def test_others_are_reached_through_the_proxy_which_is_named_without_its_password(monkeypatch, key_variable):
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret-word@127.0.0.1:9")
    client = connect(load({"base_url": "http://fttool.invalid/v1"}), retries=0)
    with pytest.raises(ServiceError) as caught:
        get(client)
    assert "…@127.0.0.1:9" in caught.value.hint
    assert "secret-word" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("name", "value"), [("HTTPS_PROXY", "nonsense://x"), ("SSL_CERT_FILE", "/no/such/file")])
def test_a_variable_that_cannot_be_used(monkeypatch, key_variable, name, value):
    monkeypatch.setenv(name, value)
    client = connect(load({}))
    with pytest.raises(ConfigError, match="no connection can be made ready"):
        _ = client.sdk


def test_only_our_settings_say_for_whom(scripted, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another")
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", job())
    client = scripted.client()
    get(client)
    with client.speaking("get a job"):
        client.once.fine_tuning.jobs.with_raw_response.retrieve("ftjob-1")
    assert [each.headers.get("openai-organization") for each in scripted.requests] == [None, None]


def test_the_settings_decide(key_variable):
    client = connect(load({"base_url": "https://x.openai.azure.com/openai/v1/", "organization": "org-1"}))
    assert (client.service.name, client.organization) == ("azure", "org-1")
    assert connect(load({"base_url": "https://gateway.example/v1"})).service.name == "generic"
    assert connect(load({})).service.name == "openai"


def test_a_service_that_does_not_exist(monkeypatch, key_variable):
    monkeypatch.setenv("FTTOOL_SERVICE", "opnai")
    with pytest.raises(ConfigError, match="unknown service `opnai`"):
        connect(load({}))


def test_no_key():
    with pytest.raises(KeyMissingError):
        connect(load({}))


@pytest.fixture
def key_variable(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
