"""Result files: whatever the service calls its columns, however it sends them, whole or not at all."""

from __future__ import annotations

import base64
import io
import math
import random
import socket
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttool.config import Secret
from fttool.errors import ServiceError, UsageError
from fttool.jobs import result_table
from fttool.jobs.client import Client
from fttool.jobs.download import download
from fttool.jobs.result_summary import best_checkpoint, summarize
from fttool.jobs.results import NoResultsError, better_checkpoint, fetch, find_job
from fttool.jobs.services import named
from fttool.records.jobs import CheckpointView
from fttool.records.results import METRICS, ResultRow

from .scripted import Answer, Scripted, job, page

OPENAI = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,1.5,0.25,,\n2,0.5,0.75,0.6,0.7\n"
AZURE = (
    "step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy,full_valid_loss,"
    "full_valid_mean_token_accuracy\n1,1.5,0.25,,,,\n2,0.5,0.75,0.6,0.7,0.65,0.72\n"
)
LEGACY = (
    "step,elapsed_tokens,elapsed_examples,training_loss,training_sequence_accuracy,training_token_accuracy,"
    "validation_loss,validation_sequence_accuracy,validation_token_accuracy,classification/accuracy\n"
    "1,100,4,1.5,0.0,0.25,-1,-1,-1,\n2,200,8,0.5,0.5,0.75,0.6,0.4,0.7,0.9\n"
)
COMMON = {"train_loss": 0.5, "train_accuracy": 0.75, "valid_loss": 0.6, "valid_accuracy": 0.7}


def rows(text: str | bytes) -> list[ResultRow]:
    data = text.encode() if isinstance(text, str) else text
    with result_table.decoded(io.BytesIO(data)) as file:
        return result_table.read_rows(file, "results.csv")


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (OPENAI, {}),
        (AZURE, {"full_valid_loss": 0.65, "full_valid_accuracy": 0.72}),
        (
            LEGACY,
            {
                "elapsed_tokens": 200,
                "elapsed_examples": 8,
                "train_sequence_accuracy": 0.5,
                "valid_sequence_accuracy": 0.4,
                "classification/accuracy": 0.9,
            },
        ),
    ],
    ids=["openai", "azure", "legacy"],
)
def test_columns_have_one_set_of_names(text: str, more: dict[str, Any]) -> None:
    first, last = rows(text)
    nothing = dict.fromkeys(METRICS)
    assert last.to_dict() == {"step": 2, **nothing, **COMMON, **more}
    assert (first.train_loss, first.valid_loss, first.valid_accuracy) == (1.5, None, None)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + OPENAI.encode(),
        OPENAI.replace("\n", "\r\n").encode(),
        OPENAI.rstrip("\n").encode(),
        (OPENAI + "\n\n").encode(),
        base64.b64encode(OPENAI.encode()),
        base64.encodebytes(OPENAI.encode()),
        base64.b64encode(b"\xef\xbb\xbf" + OPENAI.encode()),
        OPENAI.replace("step", '"step"').replace("train_loss", "Train_Loss").encode(),
    ],
    ids=["bom", "crlf", "no line end", "blank lines", "base64", "base64 lines", "base64 bom", "quoted names"],
)
def test_the_same_file_in_other_clothes(data: bytes) -> None:
    assert rows(data) == rows(OPENAI)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 10**9), st.floats(0, 1e6)), min_size=1, max_size=200))
def test_base64_says_the_same_as_plain(points: list[tuple[int, float]]) -> None:
    text = "step,train_loss\n" + "".join(f"{step},{loss!r}\n" for step, loss in points)
    found = rows(base64.b64encode(text.encode()))
    assert found == rows(text)
    assert [(row.step, row.train_loss) for row in found] == sorted(points, key=lambda point: point[0])


def test_large_base64_is_decoded_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_table, "_CHUNK", 4098)  # not a multiple of 4 once the line ends are gone
    text = "step,train_loss\n" + "".join(f"{step},{1 / step}\n" for step in range(1, 5000))
    assert rows(base64.encodebytes(text.encode())) == rows(text)


def test_base64_of_something_else_stays_as_it_is() -> None:
    data = base64.b64encode(b"hello, this is no table at all")
    assert result_table.decoded(io.BytesIO(data)).read() == data


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"<!DOCTYPE html><html>", "sent a web page"),
        (b'{"error": {"message": "no"}}', "sent a JSON document"),
        (b"step,train_loss\n", "has no steps"),
        (b"epoch,loss\n1,2\n", "has no column `step`: it has epoch, loss"),
        (b"step,train_loss\n1,0.5\nx,0.5\n", "damaged in row 3"),
        (b"step,train_loss\n1,0.5\n1.5,0.5\n", "damaged in row 3"),
        (b"step,train_loss\n1,0.5,7\n", "damaged in row 2"),
        (b"step,train_loss\n1,\xff\n", "cannot be read"),
    ],
)
def test_what_is_no_result_file_is_said(data: bytes, says: str) -> None:
    with pytest.raises(ServiceError, match=says):
        rows(data)


def test_odd_values() -> None:
    row = rows("step,train_loss,valid_loss,elapsed_tokens,note\n3,nan,null,inf,fine\n")[0]
    assert row.train_loss is not None and math.isnan(row.train_loss)
    assert (row.valid_loss, row.elapsed_tokens, row.other) == (None, None, {"note": "fine"})


def course(losses: list[float], valid: dict[int, float], metric: str = "valid_loss") -> list[ResultRow]:
    return [ResultRow(step, train_loss=loss, **{metric: valid.get(step)}) for step, loss in enumerate(losses, 1)]


def test_summary_finds_the_best_steps() -> None:
    told = summarize(course([3.0, 1.0, 2.0, 1.5], {2: 2.0, 3: 1.0, 4: 1.2}))
    assert (told.steps, told.last.step) == (4, 4)
    assert told.best is not None and (told.best.step, told.best_by) == (2, "train_loss")
    assert told.best_validation is not None
    assert (told.best_validation.step, told.best_validation_by) == (3, "valid_loss")


def test_the_whole_validation_file_counts_more_than_a_batch() -> None:
    steps = [ResultRow(1, valid_loss=0.1, full_valid_loss=0.9), ResultRow(2, valid_loss=0.2, full_valid_loss=0.8)]
    told = summarize(steps)
    assert told.best_validation is not None
    assert (told.best_validation.step, told.best_validation_by) == (2, "full_valid_loss")


def test_rewards_are_better_when_higher() -> None:
    told = summarize(rows("step,train_mean_reward,valid_mean_reward\n1,0.2,0.5\n2,0.7,0.4\n"))
    assert told.best is not None and told.best_validation is not None
    assert (told.best.step, told.best_by) == (2, "train_mean_reward")
    assert (told.best_validation.step, told.best_validation_by) == (1, "valid_mean_reward")


def test_divergence_is_counted() -> None:
    told = summarize(
        [ResultRow(1, train_loss=2.0), ResultRow(2, train_loss=math.nan), ResultRow(3, train_loss=math.inf)]
    )
    assert told.not_a_number == 2
    assert told.best is not None and told.best.step == 1


FALLING = [2.0 / step for step in range(1, 101)]


@pytest.mark.parametrize(
    ("losses", "valid", "since"),
    [
        (FALLING, {step: 1 + (step - 40) ** 2 / 1000 for step in range(10, 101, 10)}, 40),
        (FALLING, {step: 2 / step for step in range(10, 101, 10)}, None),  # still falling
        (FALLING, {10: 1.0, 50: 0.9, 100: 0.92}, None),  # hardly risen
        (FALLING, {50: 0.9, 100: 1.5}, None),  # too few to say
        ([1.0] * 50 + [3.0] * 50, {10: 1.0, 40: 0.9, 70: 2.0, 100: 2.5}, None),  # the training loss rose too
    ],
    ids=["overfits", "falls", "flat", "two points", "diverges"],
)
def test_overfitting(losses: list[float], valid: dict[int, float], since: int | None) -> None:
    found = summarize(course(losses, valid, "full_valid_loss")).overfitting
    assert (None if found is None else found.since) == since


def test_noise_of_batches_is_no_overfitting() -> None:
    noisy = {step: 1 + (0.3 if step % 2 else -0.3) for step in range(1, 101)}
    assert summarize(course(FALLING, noisy)).overfitting is None
    rising = {step: value + max(0, step - 50) / 50 for step, value in noisy.items()}
    found = summarize(course(FALLING, rising)).overfitting
    assert found is not None and found.since <= 60


def checkpoint(step: int, **metrics: float) -> CheckpointView:
    return CheckpointView(f"ckpt-{step}", step, f"ft:m:ckpt-step-{step}", step, metrics)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_a_clear_rise_is_seen_through_noise(seed: int) -> None:
    chance = random.Random(seed)
    valid = {step: 0.6 + 4 * (step / 100 - 0.4) ** 2 + chance.gauss(0, 0.1) for step in range(1, 101, 2)}
    found = summarize(course(FALLING, valid)).overfitting
    assert found is not None and 20 <= found.since <= 60


def test_the_checkpoint_to_prefer() -> None:
    told = summarize(course(FALLING, {30: 1.0, 60: 0.5, 90: 0.9}, "full_valid_loss"))
    newest_first = [checkpoint(100), checkpoint(66), checkpoint(33)]
    found = best_checkpoint(newest_first, told)
    assert found is not None and found.step == 66
    measured = [checkpoint(100, valid_loss=0.9), checkpoint(66, valid_loss=0.8), checkpoint(33, valid_loss=0.7)]
    found = best_checkpoint(measured, told)
    assert found is not None and found.step == 33  # its own metric goes before the nearest step
    assert best_checkpoint([checkpoint(100, valid_loss=0.1), checkpoint(66, valid_loss=0.8)], told) is None
    assert best_checkpoint([checkpoint(66)], told) is None
    hardly = [checkpoint(100, full_valid_loss=1.01), checkpoint(66, full_valid_loss=1.0)]
    assert best_checkpoint(hardly, told) is None


# --- from a service ---


def finished(service: Scripted, content: Any, *, name: str = "step_metrics.csv", **changes: Any) -> None:
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(status="succeeded", result_files=["file-r"], **changes))
    size = len(content) if isinstance(content, bytes) else None
    service.on("GET", "/files/file-r", {"id": "file-r", "object": "file", "filename": name, "bytes": size})
    reply = content if isinstance(content, Answer) else Answer(body=content)
    service.on("GET", "/files/file-r/content", reply)


def test_fetch(scripted: Scripted) -> None:
    finished(scripted, base64.b64encode(OPENAI.encode()))
    client = scripted.client()
    with fetch(client, find_job(client, "ftjob-1")) as found:
        assert found.csv.read() == OPENAI.encode()
        assert found.rows == rows(OPENAI)
        assert (found.name, found.summary.steps) == ("step_metrics.csv", 2)
    assert found.csv.closed


def test_the_newest_finished_job_is_meant(scripted: Scripted) -> None:
    scripted.on(
        "GET", "/fine_tuning/jobs", page(job(id="a"), job(id="b", status="odd"), job(id="c", status="succeeded"))
    )
    assert find_job(scripted.client()).id == "c"
    scripted.on("GET", "/fine_tuning/jobs", page(job(id="a")))
    with pytest.raises(ServiceError, match="there is no finished job"):
        find_job(scripted.client())


def test_a_cut_download_is_begun_anew(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttool.jobs.download._PAUSE", 0.01)
    finished(scripted, OPENAI.encode())
    scripted.on("GET", "/files/file-r/content", Answer(body=OPENAI, keep=20), Answer(body=OPENAI))
    client = scripted.client(retries=1)
    with fetch(client, find_job(client, "ftjob-1")) as found:
        assert found.csv.read() == OPENAI.encode()


def test_a_download_that_stays_cut_is_an_error(scripted: Scripted) -> None:
    finished(scripted, Answer(body=OPENAI, keep=20))
    client = scripted.client(retries=0)
    with pytest.raises(ServiceError, match=r"download of file `file-r` was cut: .*received 20 bytes, expected 100"):
        fetch(client, find_job(client, "ftjob-1"))


def test_a_cut_is_seen_where_the_answer_has_no_length() -> None:
    """The end of the connection is the end of the file: only the file's own size tells that something is missing."""
    answer = b"HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n" + OPENAI.encode()[:20]

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _address = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        client = Client(
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1",
            **{"api_key": Secret("sk-x"), "key_source": "a test", "service": named("generic"), "retries": 0},
        )
        with pytest.raises(ServiceError, match="20 of 100 bytes came"):
            download(client, "file-r", size=len(OPENAI))
        with download(client, "file-r", size=20) as file:
            assert file.read() == OPENAI.encode()[:20]
        thread.join()


def test_what_there_is_instead_of_results(scripted: Scripted) -> None:
    client = scripted.client()
    for status, kind, says in (
        ("running", ServiceError, "is not finished"),
        ("failed", NoResultsError, "too few examples"),
        ("cancelled", NoResultsError, "was cancelled"),
        ("succeeded", ServiceError, "has no result file"),
    ):
        error = {"code": "x", "message": "too few examples", "param": None} if status == "failed" else None
        scripted.on("GET", "/fine_tuning/jobs/ftjob-1", job(status=status, result_files=None, error=error))
        with pytest.raises(kind, match=says) as caught:
            fetch(client, find_job(client, "ftjob-1"))
        assert caught.value.hint
        assert caught.value.exit_code == (1 if kind is NoResultsError else 5)


def test_one_of_several_files(scripted: Scripted) -> None:
    files = {"file-l": ("run.log", b"hello"), "file-r": ("metrics.csv", OPENAI.encode())}
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", job(status="succeeded", result_files=list(files)))
    for identifier, (name, content) in files.items():
        scripted.on("GET", f"/files/{identifier}", {"id": identifier, "filename": name, "bytes": len(content)})
        scripted.on("GET", f"/files/{identifier}/content", Answer(body=content))
    client = scripted.client()
    view = find_job(client, "ftjob-1")
    for wanted, name in ((None, "metrics.csv"), ("file-l", "run.log"), ("run.log", "run.log")):
        with fetch(client, view, wanted) as found:
            assert found.name == name
    with pytest.raises(UsageError, match="no result file `other`"):
        fetch(client, view, "other")


def test_a_service_without_file_objects_or_checkpoints_still_has_results(scripted: Scripted) -> None:
    finished(scripted, OPENAI.encode())
    scripted.on("GET", "/files/file-r", Answer(404, {"detail": "Not Found"}))
    client = scripted.client()
    with fetch(client, find_job(client, "ftjob-1")) as found:
        assert found.name == "file-r"
        assert better_checkpoint(client, found) is None
