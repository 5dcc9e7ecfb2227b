"""The service misbehaves as told: over real HTTP, with the SDK and without."""

from __future__ import annotations

import base64
import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from fttool.errors import UsageError
from fttool.service.faults.app import FaultyApp
from fttool.service.faults.kinds import KINDS, Faults, help_lines
from fttool.service.records import CheckpointRow, FileRow, JobRow, ModelRow, NewEvent
from tests.service.inference_service import Serving, serving
from tests.service.served import KEY, Switch
from tests.service.tiny_model import TinyModel

JOB = "ftjob-abc"
CSV = b"step,train_loss\n1,0.5\n"
Start = Callable[..., Serving]


@pytest.fixture(scope="module")
def _served(_server: tuple[Switch, int, openai.OpenAI], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service that has a job with 7 events and 3 checkpoints, and five result files."""
    with serving(_server, tmp_path_factory.mktemp("state"), lambda trainer, folder: TinyModel()) as served:
        _fill(served)
        yield served


@pytest.fixture
def start(_server: tuple[Switch, int, openai.OpenAI], _served: Serving) -> Start:
    """Lets the service have these faults."""

    def start(*faults: str) -> Serving:
        _server[0].app = FaultyApp(_served.app, Faults.parse(faults))
        return _served

    return start


def _fill(running: Serving) -> None:
    store, blobs = running.service.store, running.service.blobs
    sha, size = blobs.write(iter([CSV]))
    for at in range(5):
        store.add_file(FileRow(f"file-{at}", at, size, "step_metrics.csv", "fine-tune-results", sha))
    events = [NewEvent(f"event {at}") for at in range(5)]
    row = JobRow(
        JOB,
        1,
        "baseline",
        "baseline",
        "baseline",
        "file-0",
        sha,
        {"type": "supervised"},
        1,
        total_steps=3,
        status="queued",
    )
    store.add_job(row, events)
    store.change(JOB, ["queued"], "running", events=[NewEvent("Step 1/3", type="metrics", data={"step": 1}, step=1)])
    for step in (1, 2, 3):
        name = f"ft:x:ckpt-step-{step}"
        model = ModelRow(name, step, "local", JOB, "baseline", "baseline", f"folder{step}")
        assert (
            store.add_checkpoint(CheckpointRow(f"ftckpt_{step}", step, JOB, name, step, {}, f"folder{step}"), 1, model)
            == []
        )
    store.change(JOB, ["running"], "succeeded", events=[NewEvent("done")], fine_tuned_model="ft:x")
    running.add_model("ft:x", "x")


def client_of(running: Serving, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(api_key=KEY, base_url=running.base_url, **{"max_retries": 0, **options})


def messages(running: Serving, query: str = "") -> list[str]:
    body = running.get(f"/v1/fine_tuning/jobs/{JOB}/events{query}").body
    return [event["message"] for event in body["data"]]


NEWEST_FIRST = ["done", "Step 1/3", "event 4", "event 3", "event 2", "event 1", "event 0"]


# --- reading them -----------------------------------------------------------------------------------------------------


def test_none_is_none() -> None:
    assert not Faults.parse([])
    assert not Faults.parse(["seed=7", "429=0"])


def test_kinds_values_and_defaults() -> None:
    faults = Faults.parse(["429=0.25", "drop", "slow=0.5-2", "null-fields", "late-model", "seed=9", "429=0.5"])
    assert faults.rates == {"429": 0.5, "drop": float(KINDS["drop"].default)}
    assert (faults.slow, faults.flags, faults.late_model, faults.seed) == ((0.5, 2.0), {"null-fields"}, 3, 9)
    assert Faults.parse(["slow=2"]).slow == (2.0, 2.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shuffle-event", "did you mean `shuffle-events`?"),
        ("404", "the faults are"),
        ("unheard-of", "the faults are slow, hang"),
        ("", "the faults are"),
        ("429=2", "a share from 0 to 1"),
        ("429=", "a share from 0 to 1"),
        ("429=nan", "a share from 0 to 1"),
        ("drop=-0.1", "a share from 0 to 1"),
        ("slow=fast", "a range of seconds"),
        ("slow=2-1", "a range of seconds"),
        ("slow=1.2.3", "a range of seconds"),
        ("slow=-1", "a range of seconds"),
        ("late-model=some", "a whole number"),
        ("seed=1.5", "a whole number"),
        ("no-has-more=1", "has no value"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Faults.parse([text])
    assert said in f"{caught.value} {caught.value.hint}"


def test_every_fault_is_documented_and_its_example_is_one() -> None:
    lines = help_lines()
    assert len(lines) == len(KINDS)
    for kind, line in zip(KINDS.values(), lines, strict=True):
        assert line.startswith(kind.example) and line.endswith(kind.help)
        assert kind.name == "seed" or Faults.parse([kind.example])


# --- answers that are errors ------------------------------------------------------------------------------------------


def test_429_has_a_retry_after_that_the_sdk_obeys(start: Start) -> None:
    running = start("429=1")
    answer = running.get("/v1/models")
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert answer.body["error"]["code"] == "rate_limit_exceeded"
    assert answer.headers["x-request-id"].startswith("req_")
    with client_of(running) as client, pytest.raises(openai.RateLimitError):
        client.models.list()


@pytest.mark.parametrize(
    ("status", "error"), [("500", openai.InternalServerError), ("503", openai.InternalServerError)]
)
def test_5xx(start: Start, status: str, error: type[Exception]) -> None:
    running = start(f"{status}=1")
    with client_of(running) as client, pytest.raises(error):
        client.fine_tuning.jobs.retrieve(JOB)
    assert running.get("/v1/models").body["error"]["type"] == "server_error"


def test_a_rate_hits_about_that_share_and_a_seed_repeats_it(start: Start) -> None:
    running = start("500=0.3", "seed=7")
    first = [running.get("/v1/models").status for _ in range(200)]
    assert 35 <= first.count(500) <= 85
    start("500=0.3", "seed=7")
    assert [running.get("/v1/models").status for _ in range(200)] == first


def test_nothing_was_done(start: Start) -> None:
    running = start("500=1")
    assert running.delete("/v1/files/file-0").status == 500
    assert running.service.store.file("file-0") is not None


def test_an_upload_that_is_refused_early_sees_the_refusal(start: Start) -> None:
    with client_of(start("503=1")) as client, pytest.raises(openai.InternalServerError):
        client.files.create(file=("train.jsonl", b"{}\n" * 2_000_000), purpose="fine-tune")


def test_html_and_nothing_where_json_should_be(start: Start) -> None:
    answer = start("html=1").get("/v1/models")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert start("empty=1").get("/v1/models").body == {}


def test_health_is_never_hit(start: Start) -> None:
    running = start("500=1", "drop=1", "hang=1", "slow=5")
    for path in ("/health", "/v1/health"):
        assert running.get(path).status == 200


# --- connections ------------------------------------------------------------------------------------------------------


def raw_answer(running: Serving, path: str) -> bytes:
    """All bytes that come, until the connection ends."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        connection.sendall(head.encode())
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


def test_a_dropped_connection_has_no_byte(start: Start) -> None:
    assert raw_answer(start("drop=1"), "/v1/models") == b""


def test_the_sdk_sees_a_dropped_connection_as_one(start: Start) -> None:
    with client_of(start("drop=1")) as client, pytest.raises(openai.APIConnectionError):
        client.models.list()


def test_a_cut_answer_stops_in_the_middle_but_the_thing_was_done(start: Start) -> None:
    running = start("cut=1")
    running.add_model("doomed", "doomed")
    head, _, body = raw_answer(running, f"/v1/fine_tuning/jobs/{JOB}").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert len(body) == length // 2 > 0
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        running.delete("/v1/models/doomed")
    assert running.service.store.model("doomed") is None


def test_a_stream_is_cut_too(start: Start) -> None:
    running = start("cut=1")
    with client_of(running) as client, pytest.raises(openai.APIError):
        list(client.completions.create(model="ft:x", prompt="p", stream=True))


def test_a_service_that_hangs_lets_go_of_who_gives_up(start: Start) -> None:
    running = start("hang=1")
    with client_of(running, timeout=0.3) as client, pytest.raises(openai.APITimeoutError):
        client.models.list()
    assert running.get("/health").status == 200


def test_slow_answers_come_late_and_right(start: Start) -> None:
    running = start("slow=0.2-0.3")
    began = time.monotonic()
    assert running.get("/v1/models").status == 200
    assert 0.2 <= time.monotonic() - began < 2


# --- what answers say -------------------------------------------------------------------------------------------------


def test_null_where_others_send_null(start: Start) -> None:
    running = start("null-fields")
    job = running.get(f"/v1/fine_tuning/jobs/{JOB}").body
    assert [job[name] for name in ("organization_id", "result_files", "integrations")] == [None, None, None]
    assert job["status"] == "succeeded" and job["fine_tuned_model"] == "ft:x"
    assert running.get("/v1/files/file-0").body["status"] is None
    assert {file["status"] for file in running.get("/v1/files").body["data"]} == {None}
    events = running.get(f"/v1/fine_tuning/jobs/{JOB}/events").body["data"]
    assert [event["data"] for event in events if event["type"] == "message"] == [None] * 6
    assert [event["data"]["step"] for event in events if event["type"] == "metrics"] == [1]


def test_lists_without_has_more(start: Start) -> None:
    running = start("no-has-more")
    assert set(running.get("/v1/files?purpose=fine-tune-results&limit=2").body) == {"object", "data"}
    with client_of(running) as client:  # the SDK asks on until a page is empty
        assert len(list(client.files.list(limit=2, purpose="fine-tune-results"))) == 5


def test_pages_that_repeat_the_end_of_the_one_before(start: Start) -> None:
    running = start("repeat-pages")
    first = running.get("/v1/files?purpose=fine-tune-results&limit=3").body
    ids = [file["id"] for file in first["data"]]
    second = running.get(f"/v1/files?purpose=fine-tune-results&limit=3&after={ids[-1]}").body
    assert [file["id"] for file in second["data"]] == [*ids[-2:], "file-1", "file-0"]
    assert second["has_more"] is False


def test_with_no_has_more_either_the_last_page_never_ends(start: Start) -> None:
    running = start("repeat-pages", "no-has-more")
    last = running.get("/v1/files?purpose=fine-tune-results").body["data"][-1]["id"]
    for _ in range(3):
        page = running.get(f"/v1/files?purpose=fine-tune-results&after={last}").body["data"]
        assert [file["id"] for file in page] == ["file-1", "file-0"]


def test_events_in_any_order_and_all_of_them(start: Start) -> None:
    running = start("shuffle-events", "seed=1")
    shuffled = messages(running)
    assert sorted(shuffled) == sorted(NEWEST_FIRST) != shuffled
    assert len({tuple(messages(running)) for _ in range(5)}) > 1
    with client_of(running) as client:
        assert {event.message for event in client.fine_tuning.jobs.list_events(JOB, limit=3)} == set(NEWEST_FIRST)


def test_oldest_first_pages_go_on_forwards(start: Start) -> None:
    running = start("oldest-first")
    assert messages(running) == NEWEST_FIRST[::-1]
    with client_of(running) as client:
        events = client.fine_tuning.jobs.list_events(JOB, limit=2)
        assert [event.message for event in events] == NEWEST_FIRST[::-1]
        checkpoints = client.fine_tuning.jobs.checkpoints.list(JOB, limit=2)
        assert [checkpoint.step_number for checkpoint in checkpoints] == [1, 2, 3]
    path = f"/v1/fine_tuning/jobs/{JOB}"
    page = running.get(f"{path}/checkpoints?limit=2").body
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("ftckpt_1", "ftckpt_2", True)
    assert running.get(f"{path}/events?after=nothing").status == 400
    assert running.get(f"{path}/events?limit=0").status == 400
    assert running.get("/v1/fine_tuning/jobs/ftjob-none/events").status == 404


def test_the_models_name_comes_late(start: Start) -> None:
    running = start("late-model=2")

    def name() -> str | None:
        return running.get(f"/v1/fine_tuning/jobs/{JOB}").body["fine_tuned_model"]  # type: ignore[no-any-return]

    assert running.get("/v1/fine_tuning/jobs").body["data"][0]["fine_tuned_model"] is None
    assert [name(), name(), name(), name()] == [None, None, "ft:x", "ft:x"]


def test_result_files_in_base64(start: Start) -> None:
    running = start("base64-results")
    with client_of(running) as client:
        assert base64.b64decode(client.files.content("file-0").read(), validate=True) == CSV
        uploaded = client.files.create(
            file=("a.jsonl", io.BytesIO(b'{"prompt": "p", "completion": "c"}\n')), purpose="fine-tune"
        )
        assert client.files.content(uploaded.id).read() == b'{"prompt": "p", "completion": "c"}\n'


def test_what_is_not_altered_still_works(start: Start) -> None:
    running = start("null-fields", "no-has-more", "repeat-pages", "shuffle-events", "oldest-first", "base64-results")
    running.add_model("doomed-too", "doomed-too")
    with client_of(running) as client:
        assert client.completions.create(model="ft:x", prompt="p").choices
        chunks = client.completions.create(model="ft:x", prompt="p", stream=True)
        assert list(chunks)[-1].choices[0].finish_reason
        assert client.models.delete("doomed-too").deleted
    assert running.get("/v1/nowhere").status == 404
