"""The file of answers: nothing is lost, nothing twice, nothing of something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttool.errors import DataError, OutputError, UsageError
from fttool.jobs.evaluate.answers import AnswerFile, Header
from fttool.records.evaluation import Answer

HEADER = Header("ft:m", "https://s/v1", "valid.jsonl", "abc", 5, {"task": "text", "temperature": 0.0})


def answer(index: int, text: str | None = "x", **more: Any) -> Answer:
    return Answer(index, index + 1, f"r{index}", "x", text, **more)


def kept(path: Path, **changes: Any) -> AnswerFile:
    return AnswerFile(path, HEADER._replace(**changes))


def fill(path: Path, *answers: Answer) -> None:
    with kept(path) as file:
        for each in answers:
            file.add(each)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    full = answer(3, " \ud800ö\n", logprobs={" a": -0.25}, finish_reason="stop", prompt_tokens=2, latency=0.5)
    fill(path, full, answer(0, None, error="too long"))
    with kept(path) as file:
        assert (3 in file, 0 in file, 1 in file, file.answered) == (True, False, False, 1)
        assert list(file.read()) == [full, answer(0, None, error="too long")]


def test_a_row_that_failed_is_replaced_by_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    fill(path, answer(1, None, error="first"), answer(2))
    fill(path, answer(1, None, error="second"))
    fill(path, answer(1, "late"), answer(2, "again"))
    with kept(path) as file:
        assert [(each.index, each.text) for each in file.read()] == [(2, "x"), (1, "late")]


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_line_that_was_cut_is_the_only_one_lost(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.jsonl"
    fill(path, answer(0), answer(1), answer(2))
    path.write_bytes(path.read_bytes()[:-cut])
    with kept(path) as file:
        assert [each.index for each in file.read()] == [0, 1]
        file.add(answer(4))
        assert [each.index for each in file.read()] == [0, 1, 4]
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_header_that_was_cut_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    fill(path)
    path.write_bytes(path.read_bytes()[:40])
    fill(path, answer(1))
    with kept(path) as file:
        assert 1 in file
    path.write_bytes(b"")
    fill(path, answer(2))
    with kept(path) as file:
        assert 2 in file and 1 not in file


WRONG: list[tuple[str, Any]] = [
    ("index", 0.0),
    ("text", 5),
    ("line", "x"),
    ("logprobs", {"a": "b"}),
    ("expected", None),
    ("latency", [1]),
]


@pytest.mark.parametrize("settings", [None, 5, "x", [], [1]])
def test_a_header_of_other_types_is_not_ours(tmp_path: Path, settings: Any) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({**HEADER.to_dict(), "settings": settings}, separators=(",", ":")) + "\n")
    with pytest.raises(DataError, match="not a file of answers"), kept(path):
        pass


def test_damaged_lines_are_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    fill(path, answer(0), answer(1))
    lines = path.read_bytes().splitlines(keepends=True)
    odd = [
        *(json.dumps({**json.loads(lines[1]), name: wrong}).encode() + b"\n" for name, wrong in WRONG),
        b"\0\0\0\n",
        b"[]\n",
        b'{"index": 99}\n',
        b'{"index": "a", "line": 1, "row": "", "expected": ""}\n',
        b"\xff\n",
    ]
    path.write_bytes(b"".join([lines[0], *odd, lines[2]]))
    with kept(path) as file:
        assert [each.index for each in file.read()] == [1]
        assert file.answered == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "ft:other"}, "answers of `ft:m`, not of `ft:other`"),
        ({"service": "local"}, "answers from https://s/v1, not from local"),
        ({"sha256": "abd"}, "answers to an older file, `valid.jsonl`"),
        ({"sha256": "abd", "file": "test.jsonl"}, "answers to another file, `valid.jsonl`"),
        ({"settings": {"task": "text", "temperature": 1.0}}, "other settings (temperature 0.0, now 1.0)"),
        ({"settings": {"task": "text", "temperature": 0.0, "stop": ["."]}}, 'stop none, now ["."]'),
    ],
)
def test_answers_to_something_else_are_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = tmp_path / "a.jsonl"
    fill(path, answer(0))
    before = path.read_bytes()
    with pytest.raises(UsageError) as caught, kept(path, **changes):
        pass
    assert said in str(caught.value) and "--anew" in (caught.value.hint or "")
    assert path.read_bytes() == before
    with AnswerFile(path, HEADER._replace(**changes), anew=True) as file:
        assert file.answered == 0


@pytest.mark.parametrize("content", ["my notes", "a\nb\n", '{"object": "list"}\n', '{"prompt": "a"}\n{"prompt": "b"}'])
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    for anew in (False, True):
        with pytest.raises(DataError, match="not a file of answers"), AnswerFile(path, HEADER, anew=anew):
            pass
        assert path.read_text() == content


def test_two_at_once_do_not_write_to_it(tmp_path: Path, run: Callable[..., Any]) -> None:
    path = tmp_path / "a.jsonl"
    with kept(path), pytest.raises(UsageError, match="being written by another fttool"), kept(path):
        pass
    fill(path, answer(1))


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.symlink_to(second)
    second.symlink_to(first)
    with pytest.raises(OutputError), kept(first):
        pass
