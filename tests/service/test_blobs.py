"""The bytes of files: whole or not there at all, and gone when nobody needs them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fttool.service.blobs import Blobs
from fttool.service.state import StateDir
from tests.service.test_files import stored


@pytest.fixture
def blobs(state: StateDir) -> Blobs:
    return Blobs(state)


def test_bytes_are_kept_under_their_hash(blobs: Blobs, state: StateDir) -> None:
    sha, size = blobs.write([b"abc", b"", b"def"])
    assert (sha, size) == (hashlib.sha256(b"abcdef").hexdigest(), 6)
    with blobs.open(sha) as stream:
        assert stream.read() == b"abcdef"
    assert stored(state) == [sha]
    assert os.name != "posix" or blobs.path(sha).stat().st_mode & 0o777 == 0o600
    assert blobs.write([b"abcdef"]) == (sha, 6)
    assert stored(state) == [sha]


def test_a_stream_that_fails_leaves_nothing(blobs: Blobs, state: StateDir) -> None:
    def broken() -> Iterator[bytes]:
        yield b"abc"
        raise OSError("the other side is gone")

    with pytest.raises(OSError, match="gone"):
        blobs.write(broken())
    assert stored(state) == []


def test_only_a_hash_is_a_name(blobs: Blobs) -> None:
    for name in ("", "../x", "A" * 64, "a" * 63, "/etc/passwd", "a" * 63 + "\n"):
        with pytest.raises(ValueError, match="SHA-256"):
            blobs.path(name)


def test_what_is_used_is_not_discarded(blobs: Blobs, state: StateDir) -> None:
    one, other = (blobs.write([text])[0] for text in (b"1", b"2"))
    blobs.discard([one, other], lambda: {one})
    assert stored(state) == [one]
    blobs.discard([other, one], set)  # one is gone already
    assert stored(state) == []


def test_what_is_left_over_is_collected_after_an_hour(blobs: Blobs, state: StateDir) -> None:
    old, used = (blobs.write([text])[0] for text in (b"old", b"used"))
    (state.incoming / "cut").write_text("half a file")
    hour = time.time() - 3700
    for path in (blobs.path(old), blobs.path(used), state.incoming / "cut"):
        os.utime(path, (hour, hour))
    new, _ = blobs.write([b"new"])
    (state.incoming / "coming").write_text("more")
    blobs.collect(lambda: {used})
    assert stored(state) == sorted([used, new, "coming"])


def test_bytes_that_come_again_are_as_good_as_new(blobs: Blobs, state: StateDir) -> None:
    """Someone is about to refer to them: they are not collected, and what was damaged is mended."""
    sha, _ = blobs.write([b"abc"])
    blobs.path(sha).write_bytes(b"damaged")
    hour = time.time() - 3700
    os.utime(blobs.path(sha), (hour, hour))
    blobs.write([b"abc"])
    blobs.collect(set)
    assert blobs.path(sha).read_bytes() == b"abc"


def test_nothing_is_taken_away_while_held(blobs: Blobs, state: StateDir) -> None:
    sha, _ = blobs.write([b"abc"])
    used: set[str] = set()
    with blobs.held():
        thread = threading.Thread(target=blobs.discard, args=([sha], lambda: used))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        used.add(sha)
    thread.join(5)
    assert stored(state) == [sha]


def test_another_process_waits_too(blobs: Blobs, state: StateDir) -> None:
    sha, _ = blobs.write([b"abc"])
    code = (
        "import sys; from pathlib import Path; from fttool.service.blobs import Blobs; "
        "from fttool.service.state import StateDir; "
        "blobs = Blobs(StateDir(Path(sys.argv[1]))); print('ready', flush=True); blobs.discard([sys.argv[2]], set)"
    )
    arguments = [sys.executable, "-c", code, str(state.root), sha]
    with blobs.held():
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        assert stored(state) == [sha]
    assert process.wait(10) == 0
    process.stdout.close()
    assert stored(state) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_leaves_nothing(blobs: Blobs, state: StateDir) -> None:
    with pytest.raises(OSError, match="No space left"), blobs.incoming() as incoming:
        incoming._file.close()
        incoming._file = open("/dev/full", "wb")  # noqa: PTH123, SIM115
        incoming.write(b"x" * 100_000)
        incoming.keep()
    assert stored(state) == []


def test_a_process_killed_in_the_middle_leaves_no_half_blob(blobs: Blobs, state: StateDir) -> None:
    code = (
        "import sys, time; from pathlib import Path; from fttool.service.blobs import Blobs; "
        "from fttool.service.state import StateDir; incoming = Blobs(StateDir(Path(sys.argv[1]))).incoming(); "
        "incoming.write(b'x' * 100_000); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(state.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert [path for path in state.blobs.rglob("*") if path.is_file()] == []
    assert len(stored(state)) == 1
    blobs.collect(set)  # it may still be coming
    assert len(stored(state)) == 1
    blobs.collect(set, grace=-1)
    assert stored(state) == []
