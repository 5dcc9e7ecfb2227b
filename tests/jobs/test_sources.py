"""What is meant by `-t SOMETHING`, and files from addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fttool.errors import DataError, FttoolError, ServiceError, UsageError
from fttool.jobs.fetch import fetch, name_of, shown
from fttool.jobs.sources import find_source, is_file_id, is_job_id

from .scripted import Answer, Scripted


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "valid.jsonl").write_text("{}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("train.jsonl", "path"),
        ("./train.jsonl", "path"),
        ("data/valid.jsonl", "path"),
        ("file-BcMOhXIhi77kOrpoCP0htoCs", "id"),
        ("file-0a1b2c3d4e5f60718293a4b5c6d7e8f9", "id"),
        ("file-1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "id"),
        ("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "id"),
        ("https://example.org/train.jsonl", "url"),
        ("HTTP://example.org/train.jsonl", "url"),
        ("-", "stdin"),
    ],
)
def test_what_is_meant(text: str, kind: str) -> None:
    assert find_source(text) == (kind, text)


def test_what_exists_is_a_path_whatever_it_looks_like(folder: Path) -> None:
    (folder / "file-abc").write_text("{}\n")
    assert find_source("file-abc").kind == "path"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("trian.jsonl", "`train.jsonl`"),
        ("train", "`train.jsonl`"),
        ("data/vaild.jsonl", "`data/valid.jsonl`"),
        ("file-abc.jsonl", None),
        ("nothing/at/all.jsonl", None),
        ("xyz", "file-…"),
    ],
)
def test_a_mistyped_path_is_never_an_id(text: str, hint: str | None) -> None:
    with pytest.raises(DataError, match="there is no such file") as caught:
        find_source(text)
    assert caught.value.file == text
    assert caught.value.hint is None if hint is None else hint in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["file:///etc/passwd", "ftp://example.org/x", "s3://bucket/x.jsonl"])
def test_only_http_is_an_address(text: str) -> None:
    with pytest.raises(UsageError, match="http:// or https://"):
        find_source(text)


def test_other_things_are_refused() -> None:
    with pytest.raises(DataError, match="a folder"):
        find_source("data")
    with pytest.raises(UsageError, match="is a job"):
        find_source("ftjob-abc123")
    with pytest.raises(UsageError, match="-v is empty"):
        find_source(" ", "-v")
    with pytest.raises(FttoolError):
        find_source("x" * 5000)
    with pytest.raises(FttoolError):
        find_source("a\0b")


def test_ids() -> None:
    assert is_file_id("file-abc") and not is_file_id("ft:baseline:local::abc")
    assert is_job_id("ftjob-abc") and not is_job_id("file-abc")


@pytest.fixture
def web() -> Iterator[Scripted]:
    with Scripted() as service:
        yield service


def test_a_file_is_fetched(web: Scripted, tmp_path: Path) -> None:
    web.on("GET", "/files/train%20it.jsonl", Answer(body=b"x" * 600_000))
    told: list[int] = []
    path = fetch(
        f"{web.base_url}/files/train%20it.jsonl?token=abc",
        tmp_path,
        most=10**6,
        started=lambda size: told.append(size or -1) or told.append,
    )
    assert path == tmp_path / "train it.jsonl" and path.read_bytes() == b"x" * 600_000
    assert told[0] == 600_000 and sum(told[1:]) == 600_000
    assert web.requests[0].query == {"token": "abc"}


def test_a_name_and_password_go_to_their_host_alone(web: Scripted, tmp_path: Path) -> None:
    with Scripted() as elsewhere:
        elsewhere.on("GET", "/x.jsonl", Answer(body=b"there"))
        web.on("GET", "/x.jsonl", Answer(302, headers={"Location": f"{elsewhere.base_url}/x.jsonl"}))
        address = web.base_url.replace("http://", "http://me:secret@")
        assert fetch(f"{address}/x.jsonl", tmp_path, most=100).read_bytes() == b"there"
        assert web.requests[0].headers["authorization"].startswith("Basic ")
        assert "authorization" not in elsewhere.requests[0].headers


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://example.org/x", "data:text/plain,x"])
def test_a_redirect_stays_on_http(web: Scripted, tmp_path: Path, place: str) -> None:
    web.on("GET", "/x.jsonl", Answer(302, headers={"Location": place}))
    with pytest.raises(ServiceError):
        fetch(f"{web.base_url}/x.jsonl", tmp_path, most=100)
    assert list(tmp_path.glob("x.jsonl")) == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(404, b"no"), "answered 404"),
        (Answer(drop=True), "cannot be downloaded"),
        (Answer(body=b"x" * 50, keep=20), "was cut: 20 of 50"),
        (Answer(body=b"x" * 500), "more than 100 bytes"),
        (Answer(body=b"x" * 500, headers={"Content-Length": "", "Connection": "close"}), "more than 100 bytes"),
        (Answer(hang=5), "cannot be downloaded"),
    ],
)
def test_what_does_not_come_whole_is_an_error(web: Scripted, tmp_path: Path, answer: Answer, message: str) -> None:
    web.on("GET", "/x.jsonl", answer)
    with pytest.raises(ServiceError, match=message) as caught:
        fetch(f"{web.base_url}/x.jsonl?key=hush", tmp_path, most=100, timeout=0.3)
    assert "hush" not in str(caught.value)


def test_addresses_as_they_may_be_shown() -> None:
    assert shown("https://me:pw@host.example/a.jsonl?sig=1#x") == "https://host.example/a.jsonl?…"
    assert name_of("https://host.example/a/..%2F..%2Fetc%2Fpasswd") == "etcpasswd"
    assert name_of("https://host.example/") == "download.jsonl"
    with pytest.raises(UsageError, match="no host"):
        fetch("http:///x", Path(), most=1)
