"""The ledger of uploads: it remembers, it is private, and nothing that happens to it stops an upload."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fttool.jobs.ledger import Ledger, Part, Sent, Unfinished, ledger_file

HERE = "https://api.example/v1"


def sent(number: int = 1, *, place: str = HERE, sha256: str = "a" * 64, at: int | None = None) -> Sent:
    return Sent(place, sha256, "fine-tune", f"file-{number}", "train.jsonl", 10, number if at is None else at)


def unfinished(*parts: Part, place: str = HERE, upload: str = "upload_1", expires: float = 3600) -> Unfinished:
    now = int(time.time())
    return Unfinished(
        place=place,
        sha256="a" * 64,
        purpose="fine-tune",
        upload_id=upload,
        filename="big.jsonl",
        bytes=100,
        part_size=30,
        begun_at=now,
        expires_at=int(now + expires),
        parts=parts,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "uploads.json"


def test_what_was_sent_is_found_by_its_bytes_in_its_place(path: Path) -> None:
    Ledger(path).add_file(sent(1))
    Ledger(path).add_file(sent(2))
    Ledger(path).add_file(sent(3, place="https://elsewhere.example/v1"))
    Ledger(path).add_file(sent(4, sha256="b" * 64))
    assert [one.id for one in Ledger(path).files(HERE, "a" * 64, "fine-tune")] == ["file-2", "file-1"]
    assert Ledger(path).files(HERE, "a" * 64, "batch") == []
    Ledger(path).forget_file(HERE, "file-2")
    assert [one.id for one in Ledger(path).files(HERE, "a" * 64, "fine-tune")] == ["file-1"]


def test_only_a_few_copies_of_the_same_bytes_are_remembered_the_newest(path: Path) -> None:
    ledger = Ledger(path)
    for number in range(1, 10):
        ledger.add_file(sent(number))
    assert [one.id for one in ledger.files(HERE, "a" * 64, "fine-tune")] == ["file-9", "file-8", "file-7", "file-6"]


def test_an_upload_is_found_until_it_is_dropped_or_over(path: Path) -> None:
    ledger = Ledger(path)
    ledger.keep_upload(unfinished())
    ledger.keep_upload(unfinished(Part(0, "part_0", "c" * 64)))
    found = Ledger(path).unfinished(HERE, "a" * 64, "fine-tune", "big.jsonl")
    assert found is not None and [part.id for part in found.parts] == ["part_0"]
    assert ledger.unfinished(HERE, "a" * 64, "fine-tune", "other.jsonl") is None
    assert ledger.unfinished("https://elsewhere.example/v1", "a" * 64, "fine-tune", "big.jsonl") is None
    ledger.drop_upload("upload_1")
    assert ledger.unfinished(HERE, "a" * 64, "fine-tune", "big.jsonl") is None
    ledger.keep_upload(unfinished(upload="upload_2", expires=-1))
    assert ledger.unfinished(HERE, "a" * 64, "fine-tune", "big.jsonl") is None


@pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")
def test_it_is_for_its_owner_only(path: Path) -> None:
    Ledger(path).add_file(sent())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1, 2]", b'{"files": [{"id": 7}]}', b'{"files": "x"}'])
def test_a_broken_one_is_moved_aside_with_a_warning(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    warnings: list[str] = []
    ledger = Ledger(path, warnings.append)
    assert ledger.files(HERE, "a" * 64, "fine-tune") == []
    aside = path.with_name("uploads.broken-1.json")
    assert aside.read_bytes() == content
    assert len(warnings) == 1 and str(aside) in warnings[0]
    ledger.add_file(sent())
    assert [one.id for one in Ledger(path).files(HERE, "a" * 64, "fine-tune")] == ["file-1"]


def test_where_it_cannot_be_written_one_is_told_once_and_goes_on(path: Path) -> None:
    path.parent.write_text("in the way")  # a file where the folder should be
    warnings: list[str] = []
    ledger = Ledger(path, warnings.append)
    ledger.add_file(sent(1))
    ledger.add_file(sent(2))
    assert len(warnings) == 1 and "will not be remembered" in warnings[0]


_WRITER = """
import sys
from pathlib import Path
from fttool.jobs.ledger import Ledger, Sent
path, name = sys.argv[1:]
for number in range(20):
    Ledger(Path(path)).add_file(Sent("here", f"{name}{number}", "fine-tune", f"file-{name}-{number}", "x", 1, 1))
"""


def test_several_processes_write_it_at_once(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name]) for name in "abc"]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]
    assert len(json.loads(path.read_bytes())["files"]) == 60


def test_it_is_kept_in_the_state_folder_of_the_user() -> None:
    assert ledger_file().name == "uploads.json"
    assert str(Path.home()) in str(ledger_file())
