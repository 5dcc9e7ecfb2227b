"""How the legacy tool failed (DESIGN.md, section 9): errors without a place, dead ends, files cut short."""

from __future__ import annotations

import errno
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fttool import OutputError, prepare

from .helpers import files_in, pair, read_pairs, tidy, write_jsonl

Run = Callable[..., Any]
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")

BROKEN = {
    "encoding.csv": (
        b"prompt,completion\na,b\ncaf\xe9,x\n",
        r"encoding\.csv:3: .*0xe9 .*offset 25 .*UTF-8",
        "--encoding",
    ),
    "syntax.jsonl": (
        b'{"prompt":"a","completion":"b"}\n{"prompt":"c" "completion":"d"}\n',
        r"syntax\.jsonl:2:15: ",
        "",
    ),
    "list.jsonl": (b'{"prompt":"a","completion":"b"}\n[1]\n', r"list\.jsonl:2: .*a list", "object"),
    "ragged.csv": (b"prompt,completion\na,b\nc,d,e\n", r"ragged\.csv:3: .*3", ""),
    "columns.csv": (b"question,reply\na,b\n", r"columns\.csv: .*`prompt`.*`question`, `reply`", "--prompt-column"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_errors_without_line_encoding_or_reason(name: str, tmp_path: Path, call: Run) -> None:
    data, message, hint = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    done = call("prepare_data", str(tmp_path / name), "-y")
    assert done.code == 3
    assert re.search(f"^error: .*{message}", done.err)
    assert hint in done.err
    assert "Traceback" not in done.err
    assert files_in(tmp_path) == {name}


@posix
@pytest.mark.parametrize("closing", ["<&-", "</dev/null", "<&- >/dev/null", "<&- 2>&-"])
def test_questions_asked_of_a_closed_stdin(closing: str, tmp_path: Path) -> None:
    rows = [pair("A QUESTION", "AN ANSWER"), pair("A QUESTION", "AN ANSWER"), pair("b", "c")]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    shell = f'exec "$0" -m fttool prepare_data "$1" {closing}'
    done = subprocess.run(["sh", "-c", shell, sys.executable, str(path)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert not re.search(r"\[Y/n|\?\s*$", done.stderr)


@posix
@pytest.mark.parametrize("closing", ["<&-", "</dev/null"])
def test_a_missing_column_is_not_asked_of_a_closed_stdin(closing: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,category\na,b\n")
    shell = f'exec "$0" -m fttool prepare_data "$1" {closing}'
    done = subprocess.run(["sh", "-c", shell, sys.executable, str(path)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 3
    assert "--prompt-column text" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("no", ["no", "n", "NO"])
def test_no_taken_as_yes(no: str, tmp_path: Path, terminal: Run) -> None:
    rows = [pair("a question", "an answer"), pair("a question", "an answer"), pair("another", "different one")]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    questions = ["Remove 1 duplicate row?", "to all prompts?", "to all completions?", "beginning of all completions?"]
    done = terminal("prepare_data", str(path), answers=[(question, no) for question in questions])
    assert done.code == 0, done.err
    assert files_in(tmp_path) == {"a.jsonl"}
    assert "nothing to change" in done.err


def test_yes_and_no_are_kept_apart(tmp_path: Path, terminal: Run) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [pair("a question", "an answer"), pair("another", "different one")])
    answers = [
        ("to all prompts?", "yes"),
        ("to all completions?", "maybe"),
        ("Please answer", "n"),
        ("beginning of", "Y"),
    ]
    assert terminal("prepare_data", str(path), answers=answers).code == 0
    assert read_pairs(tmp_path / "a_prepared.jsonl") == [
        ("a question ->", " an answer"),
        ("another ->", " different one"),
    ]


@pytest.mark.parametrize("answer", ["q", "\x03", "\x04"])
def test_leaving_a_question_writes_nothing(answer: str, tmp_path: Path, terminal: Run) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [pair("a question", "an answer"), pair("another", "different one")])
    done = terminal("prepare_data", str(path), answers=[("to all prompts?", answer)])
    assert done.code == {"q": 1, "\x03": 130, "\x04": 2}[answer]
    assert "Traceback" not in done.err
    assert files_in(tmp_path) == {"a.jsonl"}


class FullFile:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def full_on_write(monkeypatch: pytest.MonkeyPatch) -> None:
    fdopen = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda *args, **more: FullFile(fdopen(*args, **more), 50_000))


def full_on_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("fill", [full_on_write, full_on_sync])
def test_truncated_file_left_on_a_full_disk(
    fill: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", tidy(3000))
    fill(monkeypatch)
    with pytest.raises(OutputError, match="the disk is full") as caught:
        prepare(path, yes=True, split=True)
    assert caught.value.exit_code == 3
    assert files_in(tmp_path) == {"a.jsonl"}


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    disk = place / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs tmpfs")
def test_full_disk_for_real(tmp_path: Path, call: Run) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", tidy(3000))
    with small_disk(tmp_path) as disk:
        done = call("prepare_data", str(path), "-y", "-o", str(disk / "out.jsonl"))
        assert done.code == 3
        assert "the disk is full" in done.err
        assert files_in(disk) == set()


@posix
def test_output_beyond_the_limit_of_the_user(tmp_path: Path) -> None:
    import resource

    path = write_jsonl(tmp_path / "a.jsonl", tidy(3000))
    done = subprocess.run(
        [sys.executable, "-m", "fttool", "prepare_data", str(path), "-o", str(tmp_path / "out.jsonl")],
        capture_output=True,
        text=True,
        timeout=30,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert files_in(tmp_path) == {"a.jsonl"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_standard_output(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", tidy(300))
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        command = [sys.executable, "-m", "fttool", "prepare_data", str(path), "-o", "-"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name", ["a $(touch hacked).csv", "it's `touch hacked`.csv", 'a "b" ; touch hacked.csv', "-v.csv"]
)
def test_unescaped_shell_characters_in_the_suggested_command(
    name: str, tmp_path: Path, call: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [pair(f"message {number}", ["yes", "no"][number % 2]) for number in range(20)]
    Path(name).write_text("prompt,completion\n" + "".join(f"{row['prompt']},{row['completion']}\n" for row in rows))
    done = call("prepare_data", "-y", "--", name)
    assert done.code == 0, done.err
    command = next(line for line in done.out.splitlines() if line.startswith("  fttool create"))
    argv = shlex.split(command)
    stem = name.removesuffix(".csv")
    assert argv[:3] == ["fttool", "create", "-t"]
    assert argv[3].endswith(f"{stem}_prepared_train.jsonl")
    assert argv[argv.index("-v") + 1].endswith(f"{stem}_prepared_valid.jsonl")
    assert not Path("hacked").exists()


MEASURE = """
import resource, sys
from fttool.cli import main
code = main(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak(path: Path) -> int:
    """Peak memory in bytes of preparing a file in one process."""
    command = [sys.executable, "-c", MEASURE, "prepare_data", str(path), "-y", "--processes", "1", "--paths-only"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    code, kilobytes = done.stderr.split()[-2:]
    assert code == "0"
    return int(kilobytes) * 1024


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the unit of ru_maxrss")
def test_the_whole_file_in_memory(tmp_path: Path) -> None:
    filler = "lorem ipsum dolor sit amet " * 15
    sizes = {}
    for count in (10_000, 100_000):
        path = tmp_path / f"{count}.jsonl"
        with path.open("w") as file:
            file.writelines(
                f'{{"prompt":"{number} {filler}","completion":"{number} times"}}\n' for number in range(count)
            )
        sizes[count] = (path.stat().st_size, peak(path))
    (small, before), (big, after) = sizes.values()
    assert big - small > 38_000_000
    assert after - before < 25_000_000


def test_time_estimates_that_ignore_text_length(tmp_path: Path, call: Run) -> None:
    done = call("prepare_data", str(write_jsonl(tmp_path / "a.jsonl", tidy(20))), "-y")
    (line,) = [line for line in done.out.splitlines() if "training time" in line]
    assert "unknown" in line
    assert not re.search(r"\d+(\.\d+)? (minutes|hours|seconds)", done.out + done.err)
