"""`fttool files`: against fttool's own service, and against one that drops, lies and dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Answer, Scripted, page
from own_service import own, own_state  # noqa: F401

Call = Callable[..., Any]

LINE = '{"prompt": "a", "completion": "b"}\n'


def file(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "object": "file",
        "id": f"file-{number}",
        "bytes": 3,
        "created_at": 1_700_000_000,
        "filename": f"x{number}.jsonl",
        "purpose": "fine-tune",
        "status": "processed",
        "status_details": None,
        "expires_at": None,
        **changes,
    }


@pytest.fixture
def service(scripted: Scripted) -> Scripted:  # noqa: F811
    scripted.on("GET", "/files", page(file(2), file(1)))
    scripted.on("GET", "/files/file-1", file(1))
    scripted.on("GET", "/files/file-2", file(2, note={"odd": True}))
    scripted.on("GET", "/files/file-1/content", Answer(body=b"abc"))
    return scripted


def test_the_journey_of_a_file(own: Path, call: Call, work: Path) -> None:  # noqa: F811
    (work / "a.jsonl").write_text(LINE)
    (work / "b.jsonl").write_text(LINE * 2)
    done = call("files", "upload", "a.jsonl", "b.jsonl", "--local")
    assert done.code == 0, done.err
    first, second = done.out.split()
    assert f"uploaded a.jsonl: {first}\n" in done.err
    again = call("files", "upload", "a.jsonl", "--local")
    assert again.out == f"{first}\n"
    assert f"a.jsonl is already there: {first} (uploaded just now); not sent again" in again.err
    assert call("files", "list", "--local", "-q").out.split() == [second, first]
    assert call("files", "list", "--local", "-q", "--limit", "1").out.split() == [second]
    assert call("files", "list", "--local", "--purpose", "batch").err == "no files\n"
    row = call("files", "list", "--local").out.splitlines()[0].split("\t")
    assert (row[0], row[2], row[3], row[5]) == (second, str(2 * len(LINE)), "fine-tune", "b.jsonl")
    shown = call("files", "get", first, "--local").out
    assert "  name: a.jsonl\n" in shown and "  purpose: fine-tune\n" in shown
    assert json.loads(call("files", "get", first, "--local", "--json").out)["id"] == first
    assert call("files", "download", second, "--local").out == LINE * 2
    assert call("files", "delete", first, second, "--local", "--yes").code == 0
    assert call("files", "list", "--local", "-q").out == ""
    # the ledger forgot it: it is sent again
    assert "uploaded a.jsonl" in call("files", "upload", "a.jsonl", "--local").err


def test_lists_as_a_person_sees_them(service: Scripted, terminal: Call) -> None:
    done = terminal("files", "list", *service.options, env={"NO_COLOR": "1"})
    lines = done.err.splitlines()
    assert lines[0].split() == ["file", "created", "bytes", "purpose", "status", "name"]
    assert [line.split()[0] for line in lines[1:]] == ["file-2", "file-1"]


def test_get_shows_what_else_a_service_says(service: Scripted, call: Call) -> None:
    done = call("files", "get", "file-1", "-i", "file-2", *service.options)
    assert done.code == 0
    assert done.out.count("file-") == 2 and '  note: {"odd":true}' in done.out
    assert len(json.loads(call("files", "get", "file-1", "file-2", "--json", *service.options).out)["data"]) == 2
    done = call("files", "get", "file-9", *service.options)
    assert done.code == 5 and "file-9" in done.err
    assert call("files", "get", *service.options).code == 2


def test_a_download_is_there_whole_or_not_at_all(service: Scripted, call: Call, work: Path) -> None:
    service.on("GET", "/files/file-1/content", Answer(body=b"abc", keep=1))
    done = call("files", "download", "file-1", "-o", "x", *service.options)
    assert done.code == 5
    assert list(work.iterdir()) == []
    service.on("GET", "/files/file-1/content", Answer(body=b"abc"))
    done = call("files", "download", "file-1", "-o", "x", *service.options)
    assert (done.code, done.out) == (0, "wrote x\n")
    assert (work / "x").read_bytes() == b"abc"


def test_a_download_replaces_nothing_unasked(service: Scripted, call: Call, work: Path) -> None:
    (work / "x").write_bytes(b"mine")
    done = call("files", "download", "file-1", "-o", "x", *service.options)
    assert done.code == 3 and "x" in done.err
    assert (work / "x").read_bytes() == b"mine" and service.requests == []
    done = call("files", "download", "file-1", "-o", "x", "--force", "-q", *service.options)
    assert (done.code, done.out) == (0, "x\n")
    assert (work / "x").read_bytes() == b"abc"


def test_a_name_from_the_service_leads_nowhere_else(service: Scripted, call: Call, terminal: Call, work: Path) -> None:
    service.on("GET", "/files/file-1", file(1, filename="../../etc/pass\x1bwd"))
    (work / "in").mkdir()
    done = call("files", "download", "file-1", "-o", "in", "--json", *service.options)
    assert json.loads(done.out)["path"] == str(Path("in", "....etcpasswd").with_name("etcpasswd"))
    assert (work / "in" / "etcpasswd").read_bytes() == b"abc"
    done = terminal("files", "download", "file-1", *service.options, env={"NO_COLOR": "1"})
    assert "wrote etcpasswd" in done.err and (work / "etcpasswd").exists()
    assert terminal("files", "download", "file-1", *service.options).code == 3


def test_a_name_from_the_service_is_harmless_in_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    from fttool.cli import progress

    monkeypatch.setattr(progress, "DELAY", 0.0)
    with progress.Progress(10, "bytes", "downloading \x1b[2J", shown=True) as bar:
        bar.advance(1)
        assert [task.description for task in bar._bar.tasks] == ["downloading \\x1b[2J"]


def test_downloads_to_standard_output(service: Scripted, run: Call, terminal: Call) -> None:
    odd = bytes(range(256))
    service.on("GET", "/files/file-1/content", Answer(body=odd))
    command = [sys.executable, "-m", "fttool", "files", "download", "file-1", *service.options]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (odd, b"")
    shown = terminal("files", "download", "file-1", "-o", "-", *service.options)
    assert "\\x1b" in shown.err and "\x1b" not in shown.err


def test_what_is_no_file_is_not_uploaded(service: Scripted, call: Call, work: Path) -> None:
    (work / "train.jsonl").write_text(LINE)
    for name, message in [
        ("trian.jsonl", "did you mean `train.jsonl`?"),
        ("file-abc", "there is no such file"),
        (".", "a folder"),
    ]:
        done = call("files", "upload", "train.jsonl", name, *service.options)
        assert done.code == 3 and message in done.err, name
    (work / "empty.jsonl").touch()
    assert call("files", "upload", "empty.jsonl", *service.options).code == 3
    assert call("files", "upload", *service.options).code == 2
    assert call("files", "upload", "train.jsonl", "--expires-after", "5", *service.options).code == 2
    assert call("files", "upload", "train.jsonl", "--part-size", "-1", *service.options).code == 2
    assert service.requests == []


def test_uploads_with_a_purpose_a_name_and_an_end(service: Scripted, call: Call, work: Path) -> None:
    (work / "file-abc").write_text(LINE)
    service.on("POST", "/files", file(5, bytes=len(LINE)))
    options = ["-p", "user_data", "--name", "y.txt", "--expires-after", "3600", "--profile", "x"]
    call("config", "set", "base_url", service.base_url, "--profile", "x")
    call("config", "set", "service", "openai", "--profile", "x")
    call("config", "set", "api_key_env", "OPENAI_API_KEY", "--profile", "x")
    done = call("files", "upload", "file-abc", *options, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["id"] == "file-5" and done.err == ""
    sent = service.asked("POST", "/files")[0].body
    assert b'filename="y.txt"' in sent and b"user_data" in sent and b"3600" in sent
    done = call("files", "upload", "file-abc", "--expires-after", "3600", "--profile", "x", "-q")
    assert (done.out, done.err) == ("file-5\n", "")


def test_standard_input_is_uploaded(service: Scripted, call: Call) -> None:
    service.on("POST", "/files", file(5, bytes=len(LINE)))
    assert call("files", "upload", "-", "-q", *service.options, stdin=LINE).out == "file-5\n"
    assert LINE.encode() in service.asked("POST", "/files")[0].body


@pytest.mark.parametrize("answer", [Answer(500), Answer(drop=True), {}, Answer(413), Answer(body="<html>")])
def test_a_failed_upload(service: Scripted, call: Call, work: Path, answer: Any) -> None:
    (work / "train.jsonl").write_text(LINE)
    service.on("POST", "/files", answer)
    done = call("files", "upload", "train.jsonl", *service.options)
    assert done.code == 5
    assert done.err.startswith("error: ") and KEY not in done.err
    assert "Traceback" not in done.err


# --- in parts, and killed ----------------------------------------------------------------------------------------


@pytest.fixture
def big(work: Path) -> Path:
    """Lines that no compression or hash could take for others."""
    path = work / "big.jsonl"
    numbers = random.Random(1)
    path.write_text("".join(json.dumps({"prompt": numbers.random(), "completion": "b"}) + "\n" for _ in range(12_000)))
    return path


def _parts_kept() -> int:
    from fttool.jobs.ledger import ledger_file

    try:
        return sum(len(upload["parts"]) for upload in json.loads(ledger_file().read_bytes())["uploads"])
    except (OSError, ValueError, KeyError):
        return 0


def _begin(big: Path, wanted: int) -> subprocess.Popen[bytes]:
    """An upload in a process of its own, that has sent some of its parts."""
    command = [sys.executable, "-m", "fttool", "files", "upload", str(big), "--part-size", "0.02", "--local"]
    process = subprocess.Popen([*command, "--retries", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while _parts_kept() < wanted and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    return process


def _ends_well(call: Call, big: Path) -> None:
    kept = _parts_kept()
    assert kept > 0
    done = call("files", "upload", str(big), "--local")
    assert done.code == 0, done.err
    share = 100 * kept * 20_000 // big.stat().st_size
    assert f"going on with the upload of big.jsonl: {share} % are there\n" in done.err
    assert _parts_kept() == 0
    assert call("files", "download", done.out.strip(), "--local").out == big.read_text()
    call("files", "delete", done.out.strip(), "--yes", "--local")


def test_an_upload_whose_process_is_killed_goes_on_in_another(own: Path, call: Call, big: Path) -> None:  # noqa: F811
    process = _begin(big, 5)
    process.kill()
    process.wait()
    _ends_well(call, big)


@pytest.mark.skipif(os.name != "posix", reason="no such kill here")
def test_an_upload_whose_service_is_killed_goes_on(own: Path, call: Call, big: Path) -> None:  # noqa: F811
    process = _begin(big, 5)
    status = json.loads(call("serve", "--status", "--json").out)
    os.kill(status["pid"], signal.SIGKILL)
    assert process.wait(30) == 5
    _ends_well(call, big)
