"""Ctrl-C, polite and impolite kills, of the whole and of its workers: no partial file, no temporary one, no hang."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fttool import DataError, prepare

from .helpers import files_in, pair, start, wait_for, write_csv, write_jsonl

BIG = 60_000


@pytest.fixture(scope="module", params=["jsonl", "csv"])
def big(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes a second, and is read by several processes."""
    path = tmp_path_factory.mktemp("big") / f"big.{request.param}"
    filler = "lorem ipsum dolor sit amet " * 16
    rows = [pair(f"{number} {filler}", f"{number} is the answer") for number in range(BIG)]
    return (write_csv if request.param == "csv" else write_jsonl)(path, rows)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def drafts(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".fttool-*")]


@pytest.fixture
def spools(tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


def last_words(process: subprocess.Popen[bytes]) -> bytes:
    """What it wrote on stderr; it must end within some seconds."""
    try:
        return process.communicate(timeout=10)[1]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def assert_ends_and_leaves_nothing(process: subprocess.Popen[bytes], sign: signal.Signals, folder: Path) -> None:
    workers = children(process)
    os.killpg(process.pid, sign)
    err = last_words(process)
    if process.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[sign], err.decode()
    assert b"Traceback" not in err
    assert files_in(folder) <= {"out.jsonl"}
    if files_in(folder):  # the signal came between the renaming and the end
        assert len((folder / "out.jsonl").read_bytes().splitlines()) == BIG
    wait_for(lambda: not any(map(is_alive, workers)))


def is_alive(process: int) -> bool:
    """Whether it runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux
@pytest.mark.parametrize("moment", ["reading", "writing"])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(sign: signal.Signals, moment: str, big: Path, spools: Path, tmp_path: Path) -> None:
    process = start("prepare_data", str(big), "-y", "-o", "out.jsonl", cwd=tmp_path, TMPDIR=str(spools))
    if moment == "writing":
        wait_for(lambda: drafts(tmp_path))
    else:
        wait_for(lambda: len(children(process)) == 2)
        time.sleep(0.15)
    assert_ends_and_leaves_nothing(process, sign, tmp_path)


@linux
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_processes_start(sign: signal.Signals, big: Path, spools: Path, tmp_path: Path) -> None:
    process = start("prepare_data", str(big), "-y", "-o", "out.jsonl", cwd=tmp_path, TMPDIR=str(spools))
    wait_for(lambda: children(process))
    assert_ends_and_leaves_nothing(process, sign, tmp_path)


@linux
def test_killed_worker(big: Path, spools: Path, tmp_path: Path) -> None:
    process = start(
        "prepare_data", str(big), "-y", "-o", "out.jsonl", "--processes", "2", cwd=tmp_path, TMPDIR=str(spools)
    )
    os.kill(wait_for(lambda: children(process))[-1], signal.SIGKILL)
    err = last_words(process)
    assert process.returncode == 3, err.decode()
    assert b"was killed" in err
    assert b"--processes 1" in err
    assert b"Traceback" not in err
    assert files_in(tmp_path) == set()


def test_killed_worker_while_parts_are_handed_out(big: Path, tmp_path: Path) -> None:
    def kill(*_: object) -> None:
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        time.sleep(0.2)

    with pytest.raises(DataError, match="was killed"):
        prepare(big, yes=True, output=tmp_path / "out.jsonl", processes=2, progress=kill)
    assert files_in(tmp_path) == set()


DIES_HALF_WAY = """
import os, signal, struct, sys
from multiprocessing.connection import Connection
from fttool.cli import main

parent, send = os.getpid(), Connection._send_bytes

def send_half(self, data):
    if os.getpid() != parent and len(data) > 4096:
        os.write(self.fileno(), struct.pack("!i", len(data)) + bytes(data[:100]))
        os.kill(os.getpid(), signal.SIGKILL)
    send(self, data)

Connection._send_bytes = send_half
sys.exit(main(sys.argv[1:]))
"""


@linux
def test_worker_killed_in_the_middle_of_a_result(big: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", DIES_HALF_WAY, "prepare_data", str(big), "-y", "--processes", "2", "--check"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    err = last_words(process)
    assert process.returncode in (1, 3), "hands nothing over through a pipe, or notices the end of a worker"
    assert b"Traceback" not in err


@linux
def test_workers_end_with_their_parent(big: Path, spools: Path, tmp_path: Path) -> None:
    process = start(
        "prepare_data", str(big), "-y", "--processes", "2", "-o", "out.jsonl", cwd=tmp_path, TMPDIR=str(spools)
    )
    workers = wait_for(lambda: children(process))
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: not any(map(is_alive, workers)))
    assert "out.jsonl" not in files_in(tmp_path)
