"""`--fix errors`, and what is judged after rows were removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fttool import DataError, UsageError, prepare

from .helpers import find, found, write_jsonl, written

GOOD = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}


def good(number: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": f"q{number}"}, {"role": "assistant", "content": f"a{number}"}]}


def test_every_error_is_mended_or_removed(tmp_path: Path) -> None:
    odd = [
        {"messages": [{"role": "bot", "content": "q"}, {"role": "assistant", "content": "a"}]},
        {"messages": [{"role": "User", "content": "hello"}, {"role": "assistant", "content": "a"}]},
        {"messages": [{"role": "user", "content": "late"}, {"role": "assistant", "content": "a"}, {"role": "user"}]},
        {"messages": [{"role": "user", "content": "w", "weight": 1}, {"role": "assistant", "content": "a"}]},
    ]
    path = write_jsonl(tmp_path / "a.jsonl", [*map(good, range(12)), *odd])
    report = prepare(path, fix=["errors"], output=tmp_path / "o.jsonl")
    assert report.errors == []
    assert len(written(report)) == 13  # the role in capitals is mended, the others go
    assert not prepare(tmp_path / "o.jsonl", check=True).errors
    kept = prepare(path, fix=["errors"], no_fix=["chat-weight"], check=True)
    assert [one.id for one in kept.errors] == ["chat-weight"]


def test_warnings_stay(tmp_path: Path) -> None:
    rows = [*map(good, range(12)), {**good(13), "note": "x"}]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), fix=["errors"], check=True)
    assert not found(report, "unknown-key").fix.applied  # type: ignore[union-attr]


def test_errors_are_not_left_out_by_that_word(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no check `errors`"):
        prepare(write_jsonl(tmp_path / "a.jsonl", [GOOD]), no_fix=["errors"], check=True)


def test_a_grader_reads_only_the_rows_that_are_left(tmp_path: Path) -> None:
    asked = [{"messages": [{"role": "user", "content": f"{n}?"}], "answer": "x"} for n in range(12)]
    answered = {"messages": [{"role": "user", "content": "z"}, {"role": "assistant", "content": "y"}]}
    path = write_jsonl(tmp_path / "a.jsonl", [*asked, answered])
    assert found(prepare(path, graded=["answer"], check=True), "grader-field").count == 1
    left = prepare(path, graded=["answer"], fix=["reinforcement-last"], check=True)
    assert find(left, "grader-field") is None


def test_when_fixes_remove_everything_that_is_said(tmp_path: Path) -> None:
    bad = {"messages": [{"role": "user", "content": "q", "weight": 1}, {"role": "assistant", "content": "a"}]}
    with pytest.raises(DataError, match="none of the 3 rows is left after the fixes"):
        prepare(write_jsonl(tmp_path / "a.jsonl", [bad] * 3), fix=["chat-weight"], check=True)


@pytest.mark.parametrize(("weight", "said"), [("1", "is the text `1`"), (0.5, "is 0.5;"), (True, "is true or false;")])
def test_a_weight_is_named_as_it_is(tmp_path: Path, weight: object, said: str) -> None:
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": weight}]}
    (place,) = found(prepare(write_jsonl(tmp_path / "a.jsonl", [row]), check=True), "chat-weight").places
    assert place.message.startswith(said), json.dumps(place.message)
