"""Real messages of bank customers, with 77 intents."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .helpers import read_jsonl, read_pairs

DATA = Path(__file__).parent.parent.parent.parent / "shared" / "data" / "banking77_train.csv"
COLUMNS = ("--prompt-column", "text", "--completion-column", "category")
Run = Callable[..., Any]

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the data is not part of the project")


@pytest.fixture
def source() -> list[tuple[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "banking77.csv").write_bytes(DATA.read_bytes())
    return tmp_path


def assert_prepared(place: Path, source: list[tuple[str, str]]) -> None:
    """Both files together are the source without duplicates, with separator and leading space, and well split."""
    train = read_pairs(place / "banking77_prepared_train.jsonl")
    valid = read_pairs(place / "banking77_prepared_valid.jsonl")
    expected = {(f"{text.strip()}\n\n###\n\n", f" {category.strip()}") for text, category in source}
    assert set(train) | set(valid) == expected
    assert len(train) + len(valid) == len(expected)
    assert 980 <= len(valid) <= 1000
    assert not {prompt for prompt, _ in train} & {prompt for prompt, _ in valid}
    labels = Counter(label for _, label in train), Counter(label for _, label in valid)
    assert len(labels[0]) == len(labels[1]) == 77
    assert all(abs(labels[1][label] - labels[0][label] / 9) <= 3 for label in labels[0])


def test_named_columns(place: Path, source: list[tuple[str, str]], call: Run) -> None:
    done = call("prepare_data", "banking77.csv", *COLUMNS, "-y", "--json")
    report = json.loads(done.out)
    assert (report["task"], report["read"], len(report["classes"])) == ("classification", 10_003, 77)
    assert (report["separator"], report["stop"]) == ("\n\n###\n\n", None)
    assert report["next_command"][-3:] == ["--compute_classification_metrics", "--classification_n_classes", "77"]
    assert {one["id"] for one in report["findings"]} == {
        *("edge-space", "duplicate-rows", "prompt-separator", "leading-space", "small-classes", "first-token")
    } & {one["id"] for one in report["findings"]} | {"prompt-separator", "leading-space", "first-token"}
    assert_prepared(place, source)


@pytest.mark.parametrize("choice", ["text", "TEXT", "1", ""])
def test_interactive_choice_of_columns(choice: str, place: Path, source: list[tuple[str, str]], terminal: Run) -> None:
    answers = [("Which column holds the prompts?", choice), ("[Y/n/a/q]", "a")]
    done = terminal("prepare_data", "banking77.csv", answers=answers)
    assert done.code == 0, done.err
    assert "1. text" in done.err
    assert "2. category" in done.err
    assert "`category`" in done.err
    assert_prepared(place, source)


def test_no_one_there_to_choose_columns(place: Path, call: Run) -> None:
    done = call("prepare_data", "banking77.csv", "-y")
    assert done.code == 3
    assert "`text`, `category`" in done.err
    assert "--prompt-column text" in done.err


def test_prepared_again(place: Path, call: Run) -> None:
    assert call("prepare_data", "banking77.csv", *COLUMNS, "-y", "--no-split", "-o", "all.jsonl").code == 0
    assert call("prepare_data", "all.jsonl", "--check").code == 0
    assert call("prepare_data", "all.jsonl", "-y", "--no-split", "--paths-only").out == "all.jsonl\n"


def test_as_chats(place: Path, source: list[tuple[str, str]], call: Run) -> None:
    args = ("--to", "chat", "--system", "Name the intent.", "-y", "--no-split", "-o", "chats.jsonl")
    assert call("prepare_data", "banking77.csv", *COLUMNS, *args).code == 0
    turns = [[message["content"] for message in row["messages"]] for row in read_jsonl("chats.jsonl")]
    unique = dict.fromkeys((text.strip(), category) for text, category in source)
    assert turns == [["Name the intent.", text, category] for text, category in unique]
