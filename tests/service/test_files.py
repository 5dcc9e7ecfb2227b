"""/files: what comes in goes out, whole or not at all."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from fttool.service.api.service import Limits
from fttool.service.state import StateDir
from tests.service.served import KEY, Served

DATA = b'{"prompt": "a", "completion": "b"}\n' * 10


def form(*parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """A form by hand: (disposition, value) pairs."""
    body = b"".join(
        b"--x\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + value + b"\r\n"
        for head, value in parts
    )
    return body + b"--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}


def stored(state: StateDir) -> list[str]:
    """The names of all bytes that are kept, or on their way in."""
    return sorted(path.name for folder in (state.blobs, state.incoming) for path in folder.rglob("*") if path.is_file())


def test_a_file_comes_back_as_it_was_sent(served: Served) -> None:
    made = served.client.files.create(file=("train.jsonl", DATA), purpose="fine-tune")
    assert made.id.startswith("file-") and len(made.id) == 29 and made.id[5:].isalnum()
    assert (made.bytes, made.filename, made.purpose, made.status) == (
        len(DATA),
        "train.jsonl",
        "fine-tune",
        "processed",
    )
    assert abs(made.created_at - time.time()) < 5
    assert made.expires_at is None
    assert served.client.files.retrieve(made.id) == made
    assert served.client.files.content(made.id).read() == DATA
    assert [found.id for found in served.client.files.list()] == [made.id]
    assert served.client.files.wait_for_processing(made.id).id == made.id


def test_a_deleted_file_is_gone_with_its_bytes(served: Served) -> None:
    file_id = served.upload(DATA)
    gone = served.client.files.delete(file_id)
    assert (gone.id, gone.object, gone.deleted) == (file_id, "file", True)
    for call in (served.client.files.retrieve, served.client.files.content, served.client.files.delete):
        with pytest.raises(NotFoundError) as failed:
            call(file_id)
        assert failed.value.body == {
            "message": f"No such File object: {file_id}",
            "type": "invalid_request_error",
            "param": "id",
            "code": None,
        }
    assert list(served.client.files.list()) == []
    assert stored(served.service.state) == []


def test_bytes_shared_by_two_files_stay_until_both_are_gone(served: Served) -> None:
    one, other = served.upload(DATA), served.upload(DATA)
    assert one != other
    assert len(stored(served.service.state)) == 1
    served.client.files.delete(one)
    assert served.client.files.content(other).read() == DATA
    served.client.files.delete(other)
    assert stored(served.service.state) == []


def test_bytes_that_an_unfinished_job_needs_stay(served: Served) -> None:
    job = served.job(training_file=served.upload(DATA))
    served.client.files.delete(job.training_file)
    assert served.service.blobs.path(job.training_sha).read_bytes() == DATA
    served.client.fine_tuning.jobs.cancel(job.id)
    served.service.blobs.collect(served.service.store.shas_in_use, grace=-1)
    assert stored(served.service.state) == []


def test_lists_are_newest_first_and_page_on_after_deleted_files(served: Served) -> None:
    ids = [served.upload(name=f"{at}.jsonl") for at in range(5)]
    other = served.upload(name="a.txt", purpose="user_data")
    newest = served.get("/v1/files?limit=2").body
    assert [found["id"] for found in newest["data"]] == [other, ids[4]]
    assert (newest["first_id"], newest["last_id"], newest["has_more"]) == (other, ids[4], True)
    assert [found.id for found in served.client.files.list(limit=2, purpose="fine-tune")] == ids[::-1]
    assert [found.id for found in served.client.files.list(limit=2, order="asc")] == [*ids, other]
    left = []
    for found in served.client.files.list(limit=2):  # the next page begins after one that is gone
        served.client.files.delete(found.id)
        left.append(found.id)
    assert left == [other, *ids[::-1]]
    empty = served.get("/v1/files").body
    assert empty == {"object": "list", "data": [], "first_id": "", "last_id": "", "has_more": False}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=%D9%A1", "limit"),  # a digit, but not one of ours
        ("limit=" + "9" * 5000, "limit"),
        ("after=file-none", "after"),
        ("order=newest", "order"),
        ("purpose=fun", "purpose"),
    ],
)
def test_a_list_refuses_what_it_does_not_understand(served: Served, query: str, param: str) -> None:
    answer = served.get(f"/v1/files?{query}")
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, "invalid_value")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.jsonl", "/etc/passwd.jsonl", "C:\\x.jsonl", "..jsonl", 'a"b;.jsonl']
)
def test_a_file_name_never_becomes_a_path(served: Served, name: str) -> None:
    file_id = served.upload(DATA, name=name)
    assert stored(served.service.state) == [hashlib.sha256(DATA).hexdigest()]
    answer = served.get(f"/v1/files/{file_id}/content")
    assert answer.body == DATA
    assert answer.headers["content-type"] == "application/octet-stream"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.split('"')[2] in ("", "; filename*=UTF-8''" + disposition.rpartition("''")[2])


def test_a_name_in_any_script_is_kept(served: Served) -> None:
    made = served.client.files.create(file=("Übung 訓練.jsonl", DATA), purpose="fine-tune")
    assert made.filename == "Übung 訓練.jsonl"
    disposition = served.get(f"/v1/files/{made.id}/content").headers["content-disposition"]
    assert disposition == (
        "attachment; filename=\"_bung __.jsonl\"; filename*=UTF-8''%C3%9Cbung%20%E8%A8%93%E7%B7%B4.jsonl"
    )


@pytest.mark.parametrize(
    ("parts", "param", "code"),
    [
        ([('name="purpose"', b"fine-tune")], "file", "missing_required_parameter"),
        ([('name="file"; filename="a.jsonl"', DATA)], "purpose", "missing_required_parameter"),
        ([('name="file"; filename="a.jsonl"', DATA), ('name="purpose"', b"tune")], "purpose", "invalid_value"),
        ([('name="file"; filename="a.csv"', DATA), ('name="purpose"', b"fine-tune")], "file", "invalid_file_format"),
        ([('name="file"', DATA), ('name="purpose"', b"fine-tune")], "file", "invalid_value"),
        ([('name="file"; filename="a.jsonl"', b""), ('name="purpose"', b"fine-tune")], "file", "empty_file"),
        (
            [('name="file"; filename="a.jsonl"', DATA), ('name="purpose"', b"evals"), ('name="porpose"', b"x")],
            "porpose",
            "unknown_parameter",
        ),
        ([('name="file"; filename="a.jsonl"', DATA), ('name="file"; filename="b.jsonl"', DATA)], "file", None),
        ([('name="purpose"', b"evals"), ('name="purpose"', b"evals")], "purpose", None),
        (
            [
                ('name="file"; filename="a.jsonl"', DATA),
                ('name="purpose"', b"evals"),
                ('name="expires_after[anchor]"', b"created_at"),
                ('name="expires_after[seconds]"', b"60"),
            ],
            "expires_after.seconds",
            "invalid_value",
        ),
        (
            [
                ('name="file"; filename="a.jsonl"', DATA),
                ('name="purpose"', b"evals"),
                ('name="expires_after[seconds]"', b"3600"),
            ],
            "expires_after.anchor",
            "missing_required_parameter",
        ),
        ([(f'name="f{at}"', b"") for at in range(30)], None, None),
    ],
)
def test_a_bad_form_is_refused_and_leaves_nothing(
    served: Served, parts: list[tuple[str, bytes]], param: str | None, code: str | None
) -> None:
    body, headers = form(*parts)
    answer = served.post("/v1/files", body, headers=headers)
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, code)
    assert stored(served.service.state) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"--x\r\n", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition", "multipart/form-data; boundary=x"),
        (form(('name="file"; filename="a.jsonl"', DATA))[0][:-8], "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data; boundary=" + "x" * 500),
        (
            form(('name="file"; filename="a.jsonl"', DATA), ('name="purpose"', b"\xff"))[0],
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_what_is_no_form_is_refused(served: Served, body: bytes, kind: str) -> None:
    answer = served.post("/v1/files", body, headers={"Content-Type": kind})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert stored(served.service.state) == []


def test_a_file_that_is_too_large_is_refused(served: Served) -> None:
    served.service.limits = Limits(upload_bytes=1000, part_bytes=1000)
    assert served.upload(b"x" * 1000)
    with pytest.raises(Exception, match="1,000 bytes") as failed:
        served.upload(b"x" * 1001)
    assert getattr(failed.value, "status_code", None) == 413
    with pytest.raises(Exception, match="larger than") as failed:  # it is read to its end, so that the answer arrives
        served.upload(b"x" * 20_000_000)
    assert getattr(failed.value, "status_code", None) == 413
    assert len(stored(served.service.state)) == 1


def test_a_long_field_is_refused(served: Served) -> None:
    body, headers = form(('name="purpose"', b"x" * 100_000))
    assert served.post("/v1/files", body, headers=headers).status == 413


def eventually(holds: Callable[[], Any], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_connection_cut_in_the_middle_leaves_nothing(served: Served) -> None:
    body, _ = form(('name="purpose"', b"fine-tune"), ('name="file"; filename="a.jsonl"', b"x" * 3_000_000))
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(head.encode() + body[:2_500_000])
        assert eventually(lambda: stored(served.service.state))
    assert eventually(lambda: not stored(served.service.state))
    assert list(served.client.files.list()) == []


def test_an_expired_file_is_gone(served: Served) -> None:
    now = 2_000_000_000
    store = served.service.store
    store._clock = lambda: now
    made = served.client.files.create(
        file=("a.jsonl", DATA), purpose="fine-tune", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert (made.created_at, made.expires_at) == (now, now + 3600)
    batch = served.client.files.create(file=("b.jsonl", DATA + DATA), purpose="batch")
    assert batch.expires_at == now + 30 * 24 * 3600
    now += 3599
    assert served.client.files.retrieve(made.id) == made
    now += 1
    for call in (served.client.files.retrieve, served.client.files.content, served.client.files.delete):
        with pytest.raises(NotFoundError):
            call(made.id)
    assert [found.id for found in served.client.files.list()] == [batch.id]
    with pytest.raises(BadRequestError):
        served.client.fine_tuning.jobs.create(model="baseline", training_file=made.id)
    assert len(stored(served.service.state)) == 2
    served.service.tidy()
    assert len(stored(served.service.state)) == 1


def test_bytes_that_vanished_are_a_clear_error(served: Served) -> None:
    file_id = served.upload(DATA)
    served.service.blobs.path(hashlib.sha256(DATA).hexdigest()).unlink()
    answer = served.get(f"/v1/files/{file_id}/content")
    assert (answer.status, answer.error["code"]) == (500, "content_missing")


def test_a_large_file_does_not_fill_the_memory(served: Served) -> None:
    resource = pytest.importorskip("resource")

    size = 64 * 1024 * 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    class Zeros:
        name = "zeros.jsonl"
        left = size

        def read(self, wanted: int = -1) -> bytes:
            taken = min(self.left, 65536 if wanted < 0 else wanted)
            self.left -= taken
            return b"0" * taken

    body, headers = form(('name="purpose"', b"fine-tune"), ('name="file"; filename="a.jsonl"', b"@"))
    first, last = body.split(b"@")

    def stream() -> Any:
        yield first
        source = Zeros()
        while chunk := source.read(65536):
            yield chunk
        yield last

    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    length = str(len(body) - 1 + size)
    sent = {"Authorization": f"Bearer {KEY}", "Content-Length": length, **headers}
    connection.request("POST", "/v1/files", stream(), sent)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    response.read()
    connection.close()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 24 * 1024


def test_limits_are_openais() -> None:
    limits = Limits()
    assert (limits.upload_bytes, limits.part_bytes, limits.whole_bytes) == (512 << 20, 64 << 20, 8 << 30)
    assert replace(limits, upload_bytes=1).upload_bytes == 1
