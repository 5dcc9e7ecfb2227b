"""Uploads: streamed, whole, not twice, and gone on with where they were cut."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fttool.errors import DataError, ServiceError, UsageError
from fttool.jobs import parts
from fttool.jobs.contents import BOM, Reader, examine
from fttool.jobs.ledger import Ledger
from fttool.jobs.sending import Listener, Wish, place_of
from fttool.jobs.upload import upload

from .scripted import Answer, Request, Scripted, page

LINE = b'{"prompt": "a", "completion": "b"}\n'


def file(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "object": "file",
        "id": f"file-{number}",
        "bytes": len(LINE) * 10,
        "created_at": int(time.time()) - 2 * 86_400,
        "filename": "train.jsonl",
        "purpose": "fine-tune",
        "status": "processed",
        "status_details": None,
        "expires_at": None,
        **changes,
    }


def sent_file(request: Request) -> tuple[dict[str, str], str, bytes]:
    """The fields of a multipart request, the name of its file, and its content."""
    from email.parser import BytesParser

    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + request.body)
    fields, name, content = {}, "", b""
    for part in message.get_payload():
        disposition = part.get_param("name", header="content-disposition")
        if part.get_filename() is None:
            fields[disposition] = part.get_payload(decode=True).decode()
        else:
            name, content = part.get_filename(), part.get_payload(decode=True)
    return fields, name, content


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_bytes(LINE * 10)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.json", lambda warning: pytest.fail(warning))


@pytest.fixture
def service() -> Iterator[Scripted]:
    with Scripted() as found:
        yield found


class Told:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bars: dict[str, int] = {}

    @property
    def listener(self) -> Listener:
        return Listener(self.bar, self.said.append, self.said.append)

    @contextmanager
    def bar(self, what: str, total: int | None) -> Iterator[Any]:
        self.bars[what] = 0

        def advance(amount: int) -> None:
            self.bars[what] += amount

        yield advance


def test_a_file_is_sent_as_it_is(service: Scripted, train: Path, ledger: Ledger) -> None:
    service.on("POST", "/files", file())
    told = Told()
    done = upload(service.client("openai"), train, ledger=ledger, listener=told.listener)
    assert (done.file.id, done.sent_at) == ("file-1", None)
    assert sent_file(service.requests[0]) == ({"purpose": "fine-tune"}, "train.jsonl", LINE * 10)
    assert "content-length" in service.requests[0].headers  # streamed, but of known length
    assert told.bars == {"reading train.jsonl": 340 + 10, "sending train.jsonl": 350}


def test_the_same_bytes_are_not_sent_twice_whatever_their_name(service: Scripted, train: Path, ledger: Ledger) -> None:
    service.on("POST", "/files", file())
    service.on("GET", "/files/file-1", file())
    client = service.client("openai")
    upload(client, train, ledger=ledger)
    again = upload(client, train.rename(train.with_name("other.jsonl")), ledger=ledger)
    assert again.file.id == "file-1"
    assert again.sent_at is not None and 1.9 < (time.time() - again.sent_at) / 86_400 < 2.1
    assert len(service.asked("POST", "/files")) == 1


@pytest.mark.parametrize(
    "now",
    [
        Answer(404, {"error": {"message": "No such File object: file-1", "type": "x", "param": "id", "code": None}}),
        file(bytes=7),
        file(purpose="batch"),
        file(status="error"),
        file(expires_at=int(time.time()) + 60),
        file(id="file-9"),
    ],
)
def test_what_the_ledger_says_is_verified(service: Scripted, train: Path, ledger: Ledger, now: Any) -> None:
    service.on("POST", "/files", file(1), file(2))
    service.on("GET", "/files/file-1", now)
    client = service.client("openai")
    upload(client, train, ledger=ledger)
    again = upload(client, train, ledger=ledger)
    assert (again.file.id, again.sent_at) == ("file-2", None)
    assert len(service.asked("POST", "/files")) == 2


def test_a_service_in_trouble_is_not_sent_the_file_again(service: Scripted, train: Path, ledger: Ledger) -> None:
    service.on("POST", "/files", file())
    service.on("GET", "/files/file-1", Answer(500))
    client = service.client("openai")
    upload(client, train, ledger=ledger)
    with pytest.raises(ServiceError):
        upload(client, train, ledger=ledger)
    assert len(service.asked("POST", "/files")) == 1


def test_accounts_at_one_address_do_not_forget_each_others_files(
    service: Scripted, train: Path, ledger: Ledger
) -> None:
    """Two keys: the ledger cannot tell them apart, the service can."""
    client = service.client("openai")
    service.on("POST", "/files", file(1), file(2))
    service.on("GET", "/files/file-1", Answer(404))
    service.on("GET", "/files/file-2", file(2))
    upload(client, train, ledger=ledger)
    upload(client, train, ledger=ledger)
    assert upload(client, train, ledger=ledger).file.id == "file-2"
    service.on("GET", "/files/file-1", file(1))
    service.on("GET", "/files/file-2", Answer(404))
    assert upload(client, train, ledger=ledger).file.id == "file-1"
    assert len(service.asked("POST", "/files")) == 2
    elsewhere = service.client("openai", organization="org-2")
    upload(elsewhere, train, ledger=ledger)
    assert len(service.asked("POST", "/files")) == 3


def test_the_ledger_holds_no_password(service: Scripted) -> None:
    client = service.client("openai", organization="org-1")
    client.base_url = "https://me:hush@gateway.example/v1/"
    assert place_of(client) == "https://…@gateway.example/v1 org-1"


def test_without_looking_it_is_sent_again(service: Scripted, train: Path, ledger: Ledger) -> None:
    service.on("POST", "/files", file(1), file(2), file(3))
    client = service.client("openai")
    upload(client, train, ledger=ledger)
    assert upload(client, train, wish=Wish(reuse=False), ledger=ledger).file.id == "file-2"
    assert upload(client, train, wish=Wish(expires_after=3600), ledger=ledger).file.id == "file-3"
    fields, _, _ = sent_file(service.requests[-1])
    assert fields == {
        "purpose": "fine-tune",
        "expires_after[anchor]": "created_at",
        "expires_after[seconds]": "3600",
    }


def test_files_of_the_same_name_and_size_are_offered(service: Scripted, train: Path, ledger: Ledger) -> None:
    others = [file(5, filename="x.jsonl"), file(6, bytes=1), file(7, status="error")]
    service.on("GET", "/files", page(file(3), *others, file(4)))
    service.on("POST", "/files", file(9))
    client = service.client("openai")
    offered: list[list[str]] = []

    def choose(contents: Any, files: Any) -> Any:
        offered.append([each.id for each in files])
        return files[1] if len(offered) == 1 else None

    assert upload(client, train, wish=Wish(choose=choose), ledger=ledger).file.id == "file-4"
    assert upload(client, train, wish=Wish(choose=choose), ledger=ledger).file.id == "file-9"
    assert offered == [["file-3", "file-4"]] * 2
    assert service.asked("GET", "/files")[0].query["purpose"] == "fine-tune"


def test_azure_gets_a_byte_order_mark_and_an_end(service: Scripted, train: Path, ledger: Ledger) -> None:
    service.on("POST", "/files", file(bytes=None))
    service.on("GET", "/files/file-1", file(bytes=None))
    client = service.client("azure")
    upload(client, train, ledger=ledger)
    fields, _, content = sent_file(service.requests[0])
    assert content == BOM + LINE * 10
    assert fields["expires_after[seconds]"] == "2592000"
    train.write_bytes(BOM + LINE * 10)  # it has one already: the same bytes go out
    assert upload(client, train, ledger=ledger).sent_at is not None


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "it is empty"), (None, "no such file"), ("folder", "folder, not a file")]
)
def test_what_cannot_be_sent(service: Scripted, tmp_path: Path, ledger: Ledger, content: Any, message: str) -> None:
    path = tmp_path / "x.jsonl"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        upload(service.client(), path, ledger=ledger)
    assert service.requests == []


def test_what_is_too_big_is_said_before_it_is_read(service: Scripted, tmp_path: Path, ledger: Ledger) -> None:
    path = tmp_path / "x.jsonl"
    with path.open("wb") as big:
        big.truncate(600_000_000)  # nothing on the disk
    with pytest.raises(UsageError, match=r"600,000,000 bytes; .* takes at most 512,000,000"):
        upload(service.client("generic"), path, ledger=ledger)
    with path.open("wb") as big:
        big.truncate(8_000_000_001)
    with pytest.raises(UsageError, match="takes at most 8,000,000,000"):
        upload(service.client("openai"), path, ledger=ledger)
    with pytest.raises(UsageError, match="no uploads in parts"):
        upload(service.client("generic"), path, wish=Wish(part_size=1), ledger=ledger)


def test_a_file_that_changes_while_it_is_sent_is_not_used(service: Scripted, train: Path, ledger: Ledger) -> None:
    class Meddler(Told):
        @contextmanager
        def bar(self, what: str, total: int | None) -> Iterator[Any]:
            if what.startswith("sending"):
                train.write_bytes(LINE * 9 + b'{"prompt": "X", "completion": "b"}\n')
            yield lambda amount: None

    service.on("POST", "/files", file())
    service.on("DELETE", "/files/file-1", {"id": "file-1", "object": "file", "deleted": True})
    with pytest.raises(DataError, match="changed while it was sent"):
        upload(service.client("openai"), train, ledger=ledger, listener=Meddler().listener)
    assert len(service.asked("DELETE", "/files/file-1")) == 1
    assert ledger.files(place_of(service.client("openai")), hashlib.sha256(LINE * 10).hexdigest(), "fine-tune") == []


def test_a_request_that_is_sent_again_holds_the_whole_file(service: Scripted, train: Path, ledger: Ledger) -> None:
    service.on("POST", "/files", Answer(500, headers={"retry-after-ms": "1"}), Answer(drop=True), file())
    told = Told()
    upload(service.client("openai", retries=2), train, ledger=ledger, listener=told.listener)
    assert [sent_file(request)[2] for request in service.requests] == [LINE * 10] * 3
    assert told.bars["sending train.jsonl"] == 350


def test_a_file_of_another_size_than_sent_is_told(service: Scripted, train: Path, ledger: Ledger) -> None:
    service.on("POST", "/files", file(bytes=349))
    with pytest.raises(ServiceError, match="349 bytes"):
        upload(service.client("openai"), train, ledger=ledger)


def test_the_reader_is_a_file(train: Path) -> None:
    contents = examine(train, bom=True)
    whole = BOM + LINE * 10
    with Reader(contents) as reader:
        assert reader.readable() and reader.seekable()
        assert io.BufferedReader(reader).read() == whole  # readinto
        assert reader.sha256 == contents.sha256 == hashlib.sha256(whole).hexdigest()
    for start, size in [(0, 2), (1, 100), (3, 5), (350, 3), (352, 1)]:
        with Reader(contents, start, size) as reader:
            assert reader.read(1) + reader.read() == whole[start : start + size]
            assert (reader.seek(0, 2), reader.seek(-1, 1), reader.tell()) == (size, size - 1, size - 1)


# --- in parts ---------------------------------------------------------------------------------------------------


class Parts:
    """A service that takes uploads in parts, keeps what it is sent, and can be told to die."""

    def __init__(self, service: Scripted) -> None:
        self.uploads: list[dict[str, Any]] = []
        self.parts: dict[str, bytes] = {}
        self.whole: bytes | None = None
        self.completed: dict[str, Any] = {}
        self.dies_after = 10**9
        self.gone: set[str] = set()
        self.service = service
        service.on("POST", "/uploads", self.create)

    def create(self, request: Request) -> Any:
        asked = request.json
        upload = {
            **{key: asked[key] for key in ("bytes", "filename", "purpose")},
            "id": f"upload_{len(self.uploads) + 1}",
            "object": "upload",
            "created_at": int(time.time()),
            "expires_at": int(time.time()) + 3600,
            "status": "pending",
            "file": None,
        }
        self.uploads.append({**upload, "asked": asked})
        self.service.on("POST", f"/uploads/{upload['id']}/parts", lambda request: self.part(upload["id"], request))
        self.service.on("POST", f"/uploads/{upload['id']}/complete", lambda request: self.complete(upload, request))
        return upload

    def part(self, upload: str, request: Request) -> Any:
        if upload in self.gone:
            return refusal(400, "This upload has expired.")
        if len(self.parts) >= self.dies_after:
            return Answer(drop=True)
        name = f"part_{len(self.parts)}"
        self.parts[name] = sent_file(request)[2]
        return {"id": name, "object": "upload.part", "created_at": 1, "upload_id": upload}

    def complete(self, upload: dict[str, Any], request: Request) -> Any:
        self.completed = request.json
        self.whole = b"".join(self.parts[name] for name in self.completed["part_ids"])
        made = file(7, bytes=len(self.whole), filename=upload["filename"], created_at=int(time.time()))
        return {**upload, "status": "completed", "file": made}

    @property
    def asked(self) -> int:
        """How often a part was sent."""
        return sum(request.path.endswith("/parts") for request in self.service.requests)


def refusal(status: int, message: str, code: str | None = None) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Answer(status, {"error": error})


@pytest.fixture
def taking(service: Scripted) -> Parts:
    return Parts(service)


IN_PARTS = Wish(part_size=100)


def test_parts_are_sent_and_put_together(taking: Parts, train: Path, ledger: Ledger) -> None:
    told = Told()
    done = upload(taking.service.client("openai"), train, wish=IN_PARTS, ledger=ledger, listener=told.listener)
    assert done.file.id == "file-7"
    assert taking.whole == LINE * 10
    assert [len(part) for part in taking.parts.values()] == [100, 100, 100, 50]
    assert taking.uploads[0]["asked"] == {
        "bytes": 350,
        "filename": "train.jsonl",
        "mime_type": "text/jsonl",
        "purpose": "fine-tune",
    }
    assert taking.completed["md5"] == hashlib.md5(LINE * 10).hexdigest()
    assert told.bars["sending train.jsonl"] == 350
    account = place_of(taking.service.client("openai"))
    assert ledger.unfinished(account, hashlib.sha256(LINE * 10).hexdigest(), "fine-tune", "train.jsonl") is None


def test_a_cut_upload_goes_on_where_it_stopped(taking: Parts, train: Path, ledger: Ledger, tmp_path: Path) -> None:
    client = taking.service.client("openai")
    taking.dies_after = 2
    with pytest.raises(ServiceError) as caught:
        upload(client, train, wish=IN_PARTS, ledger=ledger)
    assert "2 of 4 parts are there: the same command goes on" in (caught.value.hint or "")
    assert taking.asked == 3
    taking.dies_after = 10**9
    told = Told()
    # another process has another ledger object, and may have been asked for other parts or none
    upload(client, train, ledger=Ledger(tmp_path / "ledger.json"), listener=told.listener)
    assert taking.whole == LINE * 10
    assert (len(taking.uploads), taking.asked) == (1, 5)
    assert told.said == ["going on with the upload of train.jsonl: 57 % are there"]
    assert told.bars["sending train.jsonl"] == 350


@pytest.mark.parametrize("when", ["expired at the service", "expired by the clock", "another file"])
def test_an_upload_that_is_gone_is_begun_anew(
    taking: Parts, train: Path, ledger: Ledger, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = taking.service.client("openai")
    taking.dies_after = 2
    with pytest.raises(ServiceError):
        upload(client, train, wish=IN_PARTS, ledger=ledger)
    taking.dies_after = 10**9
    content = LINE * 10
    if when == "expired at the service":
        taking.gone.add("upload_1")
    elif when == "expired by the clock":
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 4000)
    else:
        content = LINE * 9 + b'{"prompt": "X", "completion": "b"}\n'
        train.write_bytes(content)
    upload(client, train, wish=IN_PARTS, ledger=ledger)
    assert taking.whole == content
    assert len(taking.uploads) == 2


def test_parts_whose_bytes_are_others_now_are_sent_again(taking: Parts, train: Path, ledger: Ledger) -> None:
    """The file was changed after it was hashed, a part went out so, and then it was changed back."""
    import msgspec

    client = taking.service.client("openai")
    taking.dies_after = 2
    with pytest.raises(ServiceError):
        upload(client, train, wish=IN_PARTS, ledger=ledger)
    taking.dies_after = 10**9
    begun = ledger.unfinished(place_of(client), hashlib.sha256(LINE * 10).hexdigest(), "fine-tune", "train.jsonl")
    assert begun is not None
    wrong = msgspec.structs.replace(begun.parts[1], sha256="0" * 64)
    ledger.keep_upload(msgspec.structs.replace(begun, parts=(begun.parts[0], wrong)))
    upload(client, train, wish=IN_PARTS, ledger=ledger)
    assert taking.whole == LINE * 10
    assert taking.completed["part_ids"] == ["part_0", "part_2", "part_3", "part_4"]


def test_a_refused_upload_says_why(taking: Parts, train: Path, ledger: Ledger) -> None:
    taking.gone.add("upload_1")
    with pytest.raises(ServiceError, match="This upload has expired"):
        upload(taking.service.client("openai"), train, wish=IN_PARTS, ledger=ledger)
    assert len(taking.uploads) == 1


@pytest.mark.parametrize("lost", [Answer(drop=True), Answer(500), refusal(400, "already completed"), {}])
def test_a_completion_whose_answer_is_lost(taking: Parts, train: Path, ledger: Ledger, lost: Any) -> None:
    """The file is looked for: by name, size and time."""

    def complete(request: Request) -> Any:
        taking.complete({"filename": "train.jsonl"}, request)
        return lost

    def create(request: Request) -> Any:
        answer = taking.create(request)
        taking.service.on("POST", f"/uploads/{answer['id']}/complete", complete)
        return answer

    taking.service.on("POST", "/uploads", create)
    made = file(8, created_at=int(time.time()))
    taking.service.on("GET", "/files", page(made, file(3)))
    assert upload(taking.service.client("openai"), train, wish=IN_PARTS, ledger=ledger).file.id == "file-8"


def test_a_completion_that_failed_is_an_error(taking: Parts, train: Path, ledger: Ledger) -> None:
    def create(request: Request) -> Any:
        answer = taking.create(request)
        taking.service.on("POST", f"/uploads/{answer['id']}/complete", Answer(500))
        return answer

    taking.service.on("POST", "/uploads", create)
    taking.service.on("GET", "/files", page(file(3)))  # two days old
    with pytest.raises(ServiceError, match="could not complete the upload") as caught:
        upload(taking.service.client("openai"), train, wish=IN_PARTS, ledger=ledger)
    assert "4 of 4 parts are there" in (caught.value.hint or "")


def test_a_file_that_changes_between_the_parts_is_not_used(taking: Parts, train: Path, ledger: Ledger) -> None:
    def part(upload_id: str, request: Request) -> Any:
        train.write_bytes(LINE * 10 + b"\n")
        return Parts.part(taking, upload_id, request)

    taking.part = part  # type: ignore[method-assign]
    taking.service.on("DELETE", "/files/file-7", {"id": "file-7", "deleted": True})
    with pytest.raises(DataError, match="changed while it was sent"):
        upload(taking.service.client("openai"), train, wish=IN_PARTS, ledger=ledger)
    assert len(taking.service.asked("DELETE", "/files/file-7")) == 1


def test_parts_may_not_be_too_many(taking: Parts, train: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_MOST_PARTS", 3)
    with pytest.raises(UsageError, match="too small"):
        upload(taking.service.client("openai"), train, wish=IN_PARTS, ledger=ledger)


def test_what_is_above_the_limit_goes_in_parts(taking: Parts, train: Path, ledger: Ledger) -> None:
    from dataclasses import replace

    client = taking.service.client("openai")
    client.service = replace(client.service, file_limit=349, part_size=200)
    assert upload(client, train, ledger=ledger).file.id == "file-7"
    assert [len(part) for part in taking.parts.values()] == [200, 150]
