"""/uploads: a file in parts."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError
from openai.types import Upload

from fttool.service.api.service import Limits
from tests.service.served import Served
from tests.service.test_files import stored

DATA = random.Random(1).randbytes(250_000)


def begin(served: Served, size: int = len(DATA), **more: Any) -> Upload:
    return served.client.uploads.create(
        **{"bytes": size, "filename": "train.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune", **more}
    )


def send(served: Served, upload: Upload, data: bytes) -> str:
    part = served.client.uploads.parts.create(upload.id, data=data)
    assert (part.object, part.upload_id) == ("upload.part", upload.id)
    return part.id


def refused(served: Served, path: str, body: Any = None) -> tuple[int, str | None, str | None]:
    answer = served.post(f"/v1/uploads/{path}", body)
    return answer.status, answer.error["param"], answer.error["code"]


def test_parts_sent_at_once_become_the_file_in_the_order_told(served: Served) -> None:
    upload = begin(served)
    assert (upload.status, upload.file) == ("pending", None)
    assert upload.expires_at == upload.created_at + 3600
    pieces = [DATA[at : at + 50_000] for at in range(0, len(DATA), 50_000)]
    with ThreadPoolExecutor(5) as pool:
        ids = list(pool.map(lambda piece: send(served, upload, piece), pieces))
    done = served.client.uploads.complete(upload.id, part_ids=ids, md5=hashlib.md5(DATA).hexdigest().upper())
    assert done.status == "completed"
    assert done.file is not None
    assert (done.file.bytes, done.file.filename, done.file.purpose) == (len(DATA), "train.jsonl", "fine-tune")
    assert served.client.files.content(done.file.id).read() == DATA
    assert stored(served.service.state) == [hashlib.sha256(DATA).hexdigest()]  # the parts are gone
    assert served.client.uploads.complete(upload.id, part_ids=ids) == done  # asked again, as clients do


def test_the_sdk_uploads_a_large_file(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_bytes(DATA)
    done = served.client.uploads.upload_file_chunked(
        file=path, mime_type="text/jsonl", purpose="fine-tune", part_size=64_000
    )
    assert done.file is not None
    assert served.client.files.content(done.file.id).read() == DATA


def test_parts_that_are_not_named_are_left_out(served: Served) -> None:
    upload = begin(served, size=6)
    first, _, second = send(served, upload, b"abc"), send(served, upload, b"lost"), send(served, upload, b"def")
    done = served.client.uploads.complete(upload.id, part_ids=[second, first])
    assert done.file is not None
    assert served.client.files.content(done.file.id).read() == b"defabc"


def test_what_does_not_add_up_is_refused_and_may_be_mended(served: Served) -> None:
    upload = begin(served, size=6)
    first = send(served, upload, b"abc")
    complete = f"{upload.id}/complete"
    assert refused(served, complete, {"part_ids": [first]}) == (400, "part_ids", "invalid_value")
    assert refused(served, complete, {"part_ids": [first, "part_none"]}) == (400, "part_ids", "invalid_value")
    assert refused(served, complete, {"part_ids": [first, first]}) == (400, "part_ids", "invalid_value")
    assert refused(served, complete, {"part_ids": []}) == (400, "part_ids", "invalid_value")
    assert refused(served, complete, {}) == (400, "part_ids", "missing_required_parameter")
    second = send(served, upload, b"def")
    wrong = {"part_ids": [first, second], "md5": "0" * 32}
    assert refused(served, complete, wrong) == (400, "md5", "checksum_mismatch")
    assert refused(served, complete, {**wrong, "md5": "xyz"}) == (400, "md5", "invalid_value")
    assert list(served.client.files.list()) == []
    assert served.client.uploads.complete(upload.id, part_ids=[first, second]).status == "completed"


def test_nothing_happens_to_an_upload_that_has_ended(served: Served) -> None:
    upload = begin(served, size=3)
    part = send(served, upload, b"abc")
    cancelled = served.client.uploads.cancel(upload.id)
    assert (cancelled.status, cancelled.file) == ("cancelled", None)
    assert stored(served.service.state) == []
    with pytest.raises(BadRequestError, match="is cancelled"):
        send(served, upload, b"abc")
    ended = (400, "upload_id", "invalid_upload_status")
    assert refused(served, f"{upload.id}/cancel") == ended
    assert refused(served, f"{upload.id}/complete", {"part_ids": [part]}) == ended
    upload = begin(served, size=3)
    part = send(served, upload, b"abc")
    served.client.uploads.complete(upload.id, part_ids=[part])
    assert refused(served, f"{upload.id}/cancel") == ended
    assert refused(served, f"{upload.id}/complete", {"part_ids": [part, part]}) == ended
    with pytest.raises(BadRequestError, match="is completed"):
        send(served, upload, b"abc")


def test_an_upload_that_is_not_there(served: Served) -> None:
    with pytest.raises(NotFoundError, match="No such Upload object: upload_none"):
        served.client.uploads.cancel("upload_none")
    with pytest.raises(NotFoundError):
        served.client.uploads.complete("upload_none", part_ids=["part_a"])
    with pytest.raises(NotFoundError):
        served.client.uploads.parts.create("upload_none", data=b"abc")


def test_an_upload_ends_after_an_hour(served: Served) -> None:
    now = 2_000_000_000
    served.service.store._clock = lambda: now
    upload = begin(served, size=3)
    part = send(served, upload, b"abc")
    now += 3600
    with pytest.raises(BadRequestError, match="is expired"):
        send(served, upload, b"abc")
    with pytest.raises(BadRequestError, match="is expired"):
        served.client.uploads.complete(upload.id, part_ids=[part])
    with pytest.raises(BadRequestError, match="is expired"):
        served.client.uploads.cancel(upload.id)
    assert stored(served.service.state)
    served.service.tidy()
    assert stored(served.service.state) == []


def test_a_file_of_an_upload_may_expire_too(served: Served) -> None:
    upload = begin(served, size=3, expires_after={"anchor": "created_at", "seconds": 7200})
    done = served.client.uploads.complete(upload.id, part_ids=[send(served, upload, b"abc")])
    assert done.file is not None
    assert done.file.expires_at == done.file.created_at + 7200


@pytest.mark.parametrize(
    ("change", "param", "status"),
    [
        ({"bytes": 0}, "bytes", 400),
        ({"bytes": "3"}, "bytes", 400),
        ({"bytes": 8 * 1024**3 + 1}, "bytes", 413),
        ({"purpose": "fun"}, "purpose", 400),
        ({"filename": "a.csv"}, "filename", 400),
        ({"filename": ""}, "filename", 400),
        ({"filename": "a\n.jsonl"}, "filename", 400),
        ({"mime_type": None}, "mime_type", 400),
        ({"expires_after": {"anchor": "now", "seconds": 3600}}, "expires_after.anchor", 400),
        ({"md5": "x"}, "md5", 400),
    ],
)
def test_a_bad_request_for_an_upload_is_refused(
    served: Served, change: dict[str, Any], param: str, status: int
) -> None:
    body = {"bytes": 3, "filename": "a.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune", **change}
    answer = served.post("/v1/uploads", body)
    assert (answer.status, answer.error["param"]) == (status, param)


def test_parts_have_limits(served: Served) -> None:
    served.service.limits = Limits(part_bytes=1000)
    upload = begin(served, size=1500)
    with pytest.raises(Exception, match="larger than 1,000 bytes") as failed:
        send(served, upload, b"x" * 1001)
    assert getattr(failed.value, "status_code", None) == 413
    with pytest.raises(BadRequestError, match="empty"):
        send(served, upload, b"")
    for at in range(4):
        send(served, upload, b"%d" % at * 1000)
    with pytest.raises(BadRequestError, match="more bytes than"):
        send(served, upload, b"4" * 1000)
