"""Where the result goes: names, nothing overwritten, nothing half-written, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttool import OutputError, prepare

from .helpers import chat, files_in, pair, read_jsonl, start, tidy, write_csv, write_jsonl

Run = Callable[..., Any]
LABELLED = [pair(f"message {number} ->", f" {['good', 'bad'][number % 2]}") for number in range(20)]
UNTIDY = [pair(f"message {number}", f"answer {number}") for number in range(20)]


def names_written(path: str | Path, **options: Any) -> list[str]:
    return [Path(output.path).name for output in prepare(path, yes=True, **options).outputs]


def test_names(place: Path) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    assert names_written("a.jsonl") == ["a_prepared.jsonl"]
    assert names_written("a.jsonl") == ["a_prepared (1).jsonl"]
    assert names_written("a.jsonl") == ["a_prepared (2).jsonl"]
    assert read_jsonl("a_prepared.jsonl") == read_jsonl("a_prepared (2).jsonl")


def test_names_of_a_split_share_their_number(place: Path) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    assert names_written("a.jsonl") == ["a_prepared_train.jsonl", "a_prepared_valid.jsonl"]
    (place / "a_prepared_train.jsonl").unlink()
    assert names_written("a.jsonl") == ["a_prepared_train (1).jsonl", "a_prepared_valid (1).jsonl"]


@pytest.mark.parametrize("taken", ["folder", "dangling link"])
def test_taken_names_of_any_kind(taken: str, place: Path) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    target = place / "a_prepared.jsonl"
    target.mkdir() if taken == "folder" else target.symlink_to("nowhere")
    assert names_written("a.jsonl") == ["a_prepared (1).jsonl"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("b.c.csv", "b.c_prepared.jsonl"),
        ("no ending", "no ending_prepared.jsonl"),
        (".csv", ".csv_prepared.jsonl"),
        ("ü ☃.CSV", "ü ☃_prepared.jsonl"),
    ],
)
def test_stems(name: str, expected: str, place: Path) -> None:
    write_csv(place / name, UNTIDY)
    assert names_written(name, format="csv") == [expected]


def test_written_beside_the_input(place: Path) -> None:
    (place / "data").mkdir()
    write_jsonl(place / "data" / "a.jsonl", UNTIDY)
    prepare("data/a.jsonl", yes=True)
    assert files_in(place) == {str(Path("data/a.jsonl")), str(Path("data/a_prepared.jsonl"))}


def test_output_that_exists(place: Path, call: Run) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    (place / "out.jsonl").write_text("mine")
    done = call("prepare_data", "a.jsonl", "-y", "-o", "out.jsonl")
    assert done.code == 3
    assert "`out.jsonl` exists" in done.err
    assert "--force" in done.err
    assert (place / "out.jsonl").read_text() == "mine"
    assert call("prepare_data", "a.jsonl", "-y", "-o", "out.jsonl", "--force").code == 0
    assert len(read_jsonl("out.jsonl")) == 20
    assert files_in(place) == {"a.jsonl", "out.jsonl"}


def test_output_of_a_split(place: Path) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    assert names_written("a.jsonl", output="o.x.jsonl") == ["o.x_train.jsonl", "o.x_valid.jsonl"]
    (place / "o.x_train.jsonl").unlink()
    with pytest.raises(OutputError, match=r"o\.x_valid\.jsonl` exists"):
        prepare("a.jsonl", yes=True, output="o.x.jsonl")
    assert files_in(place) == {"a.jsonl", "o.x_valid.jsonl"}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("spelling", ["a.jsonl", "./a.jsonl", "link.jsonl"])
def test_output_that_is_an_input(spelling: str, force: bool, place: Path) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    (place / "link.jsonl").symlink_to("a.jsonl")
    before = (place / "a.jsonl").read_bytes()
    with pytest.raises(OutputError):
        prepare("a.jsonl", yes=True, output=spelling, overwrite=force)
    assert (place / "a.jsonl").read_bytes() == before
    assert (place / "link.jsonl").is_symlink()


def test_output_that_is_the_validation_input(place: Path) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    write_jsonl(place / "o_valid.jsonl", UNTIDY)
    with pytest.raises(OutputError, match="input"):
        prepare("a.jsonl", valid_file="o_valid.jsonl", output="o.jsonl", overwrite=True)


@pytest.mark.parametrize(
    ("output", "message"), [("folder", "is a folder"), ("nowhere/out.jsonl", "no such folder"), ("a.jsonl/b", "folder")]
)
def test_output_that_cannot_be(output: str, message: str, place: Path, call: Run) -> None:
    (place / "folder").mkdir()
    write_jsonl(place / "a.jsonl", UNTIDY)
    done = call("prepare_data", "a.jsonl", "-y", "-o", output)
    assert done.code == 3
    assert message in done.err
    assert files_in(place) == {"a.jsonl"}


def make_read_only(folder: Path) -> None:
    """Root may write anywhere but on a read-only mount."""
    if os.geteuid() == 0:
        for command in (["mount", "--bind"], ["mount", "-o", "remount,bind,ro"]):
            arguments = [*command, str(folder), str(folder)][: len(command) + (2 if "--bind" in command else 1)]
            if subprocess.run(arguments, capture_output=True).returncode:
                pytest.skip("root, and no right to mount")
    else:
        folder.chmod(0o555)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    if os.name == "nt":
        pytest.skip("POSIX only")
    folder = tmp_path / "read-only"
    folder.mkdir()
    write_jsonl(folder / "a.jsonl", UNTIDY)
    make_read_only(folder)
    yield folder
    if os.geteuid() == 0:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        folder.chmod(0o755)


def test_read_only_folder(read_only: Path, call: Run) -> None:
    done = call("prepare_data", str(read_only / "a.jsonl"), "-y")
    assert done.code == 3
    assert "read-only" in done.err.replace(str(read_only), "") or "permission" in done.err
    assert "-o FILE" in done.err
    elsewhere = read_only.parent / "out.jsonl"
    assert call("prepare_data", str(read_only / "a.jsonl"), "-y", "-o", str(elsewhere)).code == 0
    assert files_in(read_only) == {"a.jsonl"}
    assert len(read_jsonl(elsewhere)) == 20


@pytest.mark.skipif(os.name == "nt", reason="POSIX only")
def test_mode_follows_the_umask(place: Path) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    before = os.umask(0o027)
    try:
        prepare("a.jsonl", yes=True)
    finally:
        os.umask(before)
    assert (place / "a_prepared.jsonl").stat().st_mode & 0o777 == 0o640


def test_a_file_that_needs_nothing_is_written_when_named(place: Path) -> None:
    write_jsonl(place / "a.jsonl", tidy(5))
    assert names_written("a.jsonl") == []
    assert names_written("a.jsonl", output="b.jsonl") == ["b.jsonl"]


def test_a_failure_while_publishing_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    hardlink_to = Path.hardlink_to

    def one_is_quicker(target: Path, source: Path) -> None:
        if "valid" in target.name:
            target.write_text("someone else's")
        hardlink_to(target, source)

    monkeypatch.setattr(Path, "hardlink_to", one_is_quicker)
    with pytest.raises(OutputError, match="exists"):
        prepare("a.jsonl", yes=True)
    assert files_in(place) == {"a.jsonl", "a_prepared_valid.jsonl"}
    assert (place / "a_prepared_valid.jsonl").read_text() == "someone else's"


def test_an_input_that_changes_on_the_way(place: Path) -> None:
    path = write_jsonl(place / "a.jsonl", tidy(5))

    def change(phase: str, read: int, total: int, rows: int) -> None:
        if phase == "writing":
            raise AssertionError("too late")
        write_jsonl(path, tidy(7))

    with pytest.raises(Exception, match="changed while it was being read"):
        prepare("a.jsonl", yes=True, output="out.jsonl", progress=change)
    assert files_in(place) == {"a.jsonl"}


def test_temporary_files_go(place: Path) -> None:
    write_csv(place / "a.csv", UNTIDY)
    (place / "tmp").mkdir()
    process = start("prepare_data", "a.csv", "-y", cwd=place, TMPDIR=str(place / "tmp"))
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert files_in(place) == {"a.csv", "a_prepared.jsonl"}


@pytest.mark.skipif(os.name == "nt", reason="POSIX only")
def test_no_room_for_temporary_files(place: Path, call: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    write_csv(place / "a.csv", UNTIDY)
    monkeypatch.setattr(tempfile, "tempdir", str(place / "nowhere"))
    done = call("prepare_data", "a.csv", "-y")
    assert done.code == 0, done.err
    assert len(read_jsonl("a_prepared.jsonl")) == 20


def test_lines_are_plain_json(place: Path) -> None:
    rows = [chat(("user", "ü \u2028 \x00 \"'"), ("assistant", "日本")), chat(("user", "a\nb"), ("assistant", "c"))]
    write_jsonl(place / "a.jsonl", rows)
    prepare("a.jsonl", output="out.jsonl")
    data = (place / "out.jsonl").read_bytes()
    assert [json.loads(line) for line in data.split(b"\n")[:-1]] == rows
    assert data.endswith(b"}\n")
    assert "日本".encode() in data
