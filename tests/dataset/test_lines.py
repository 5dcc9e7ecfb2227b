"""Preference and reinforcement examples: only what a service surely refuses is an error, and it names the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fttool.dataset.lines import check_lines
from fttool.errors import DataError, UsageError

SAID = [{"role": "assistant", "content": "hello"}]
ASKED = {"messages": [{"role": "user", "content": "hi"}]}
PAIR = {"input": ASKED, "preferred_output": SAID, "non_preferred_output": SAID}
TASK = {**ASKED, "answer": "hello"}


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize(("method", "row"), [("dpo", PAIR), ("reinforcement", TASK)])
def test_good_ones_are_counted(tmp_path: Path, method: str, row: Any) -> None:
    assert check_lines(lines(tmp_path / "x", row, "", row, "  ", row), method) == 3
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbf" + json.dumps(row).encode())
    assert check_lines(tmp_path / "bom", method) == 1


@pytest.mark.parametrize(
    ("method", "row", "message"),
    [
        ("dpo", "{", "not JSON"),
        ("dpo", "[]", "a JSON object"),
        ("dpo", {**PAIR, "input": "hi"}, "`input` must be an object"),
        ("dpo", {**PAIR, "preferred_output": []}, "`preferred_output` must be a list that is not empty"),
        ("dpo", {"input": ASKED, "preferred_output": SAID}, "`non_preferred_output` is missing; there is `input`"),
        ("dpo", TASK, "`input` is missing"),
        ("reinforcement", {"messages": []}, "`messages` must be a list"),
        ("reinforcement", {"prompt": "x"}, "`messages` is missing; there is `prompt`"),
        ("reinforcement", '"\xff"', "a JSON object"),
    ],
)
def test_bad_ones_are_named(tmp_path: Path, method: str, row: Any, message: str) -> None:
    good = PAIR if method == "dpo" else TASK
    with pytest.raises(DataError, match=message) as caught:
        check_lines(lines(tmp_path / "x", good, row), method)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "x"), 2)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no examples"):
        check_lines(lines(tmp_path / "x", "", " "), "dpo")
    with pytest.raises(DataError, match="cannot be read"):
        check_lines(tmp_path / "nothing", "dpo")
    (tmp_path / "bytes").write_bytes(b'{"messages": "\xff"}\n')
    with pytest.raises(DataError, match="not JSON"):
        check_lines(tmp_path / "bytes", "dpo")
    with pytest.raises(UsageError):
        check_lines(tmp_path / "x", "supervised")
