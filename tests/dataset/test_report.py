"""What is said of the data: the JSON document, exit codes, paths, several inputs, standard input and output."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .helpers import chat, files_in, pair, tidy, write_csv, write_jsonl

Run = Callable[..., Any]
UNTIDY = [pair(f"message {number}", f"answer {number}") for number in range(20)]
LABELLED = [pair(f"message {number} ->", f" {['good', 'bad'][number % 2]}") for number in range(20)]


Report = Callable[..., dict[str, Any]]

KEYS = {
    *("inputs", "shape", "task", "read", "examples", "rejected", "findings", "outputs", "separator", "stop", "classes"),
    *("tokens", "training_tokens", "next_command", "checked_only", "conversion", "needs_work"),
}


def test_keys_of_the_document(place: Path, report: Report) -> None:
    write_csv(place / "a.csv", [*UNTIDY, UNTIDY[0]])
    document = report("a.csv", "-y")
    assert set(document) == KEYS
    assert document["inputs"] == [
        {
            "path": "a.csv",
            "format": "csv",
            "columns": ["prompt", "completion"],
            "details": {"encoding": "utf-8", "delimiter": ","},
            "notes": [],
            "role": "training",
        }
    ]
    assert (document["shape"], document["task"]) == ("completion", "conditional generation")
    assert (document["read"], document["examples"], document["rejected"]) == (21, 20, 0)
    assert document["classes"] is None
    size = (place / "a_prepared.jsonl").stat().st_size
    assert document["outputs"] == [{"path": "a_prepared.jsonl", "role": "training", "examples": 20, "bytes": size}]
    assert document["next_command"] == ["fttool", "create", "-t", "a_prepared.jsonl"]
    assert (document["tokens"]["examples"], document["tokens"]["exact"]) == (20, True)
    assert document["training_tokens"] == document["tokens"]
    assert document["checked_only"] is False
    assert document["needs_work"] is True


def test_keys_of_a_finding(place: Path, report: Report) -> None:
    write_jsonl(place / "a.jsonl", [*tidy(5), tidy(1)[0]])
    (finding,) = [one for one in report("a.jsonl")["findings"] if one["id"] == "duplicate-rows"]
    assert finding == {
        "id": "duplicate-rows",
        "severity": "warning",
        "message": "1 row repeats an earlier row",
        "count": 1,
        "lines": {"a.jsonl": [6]},
        "details": {},
        "fix": {"level": "recommended", "action": "remove 1 duplicate row", "applied": False},
        "places": [],
    }


def test_places_inside_rows(place: Path, report: Report) -> None:
    write_jsonl(place / "a.jsonl", [chat(("user", "a"), ("assistant", "b")), chat(("bot", "a"), ("assistant", "b"))])
    (finding,) = [one for one in report("a.jsonl", "--check", code=1)["findings"] if one["id"] == "chat-role"]
    assert finding["places"] == [
        {
            "file": "a.jsonl",
            "line": 2,
            "path": "messages[0].role",
            "message": "is `bot`; it must be one of system, developer, user, assistant, tool",
        }
    ]


def test_all_rows_are_in_the_document_and_a_few_on_the_screen(place: Path, report: Report, call: Run) -> None:
    write_jsonl(place / "a.jsonl", [tidy(1)[0]] * 500)
    (finding,) = [one for one in report("a.jsonl", "--check", code=1)["findings"] if one["id"] == "duplicate-rows"]
    assert finding["lines"] == {"a.jsonl": list(range(2, 501))}
    shown = call("prepare_data", "a.jsonl", "--check").out
    assert "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …" in shown
    assert "12," not in shown


def test_classification(place: Path, report: Report) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    document = report("a.jsonl", "-y", "-m", "babbage-002")
    assert document["classes"] == {" bad": 10, " good": 10}
    assert document["stop"] is None
    assert document["next_command"] == [
        *("fttool", "create", "-t", "a_prepared_train.jsonl", "-v", "a_prepared_valid.jsonl", "-m", "babbage-002"),
        *("--compute_classification_metrics", "--classification_positive_class", " bad"),
    ]


def test_more_than_two_classes(place: Path, report: Report) -> None:
    write_jsonl(place / "a.jsonl", [pair(f"message {one} ->", f" {'abcd'[one % 4]}") for one in range(40)])
    assert report("a.jsonl", "-y")["next_command"][-2:] == ["--classification_n_classes", "4"]


def test_the_command_on_the_screen_is_that_of_the_document(place: Path, report: Report, call: Run) -> None:
    write_jsonl(place / "it's $HOME.jsonl", LABELLED)
    document = report("it's $HOME.jsonl", "-y", "-o", "o 'x'.jsonl")
    shown = call("prepare_data", "it's $HOME.jsonl", "-y", "-o", "o 'x'.jsonl", "--force").out
    line = next(line for line in shown.splitlines() if line.startswith("  fttool create"))
    assert shlex.split(line) == document["next_command"]


CHATS = [
    {"messages": [{"role": "user", "content": f"{one}"}, {"role": "assistant", "content": f"b{one}"}]}
    for one in range(10)
]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (tidy(120), 0),
        (tidy(10), 0),
        (tidy(9), 1),
        (LABELLED, 0),
        (UNTIDY, 1),
        ([*tidy(12), tidy(1)[0]], 1),
        ([*tidy(12), pair("q ->", None)], 1),
        ([pair(**row, note="x") for row in tidy(12)], 1),
        ([pair("same ->", f" {one}\n") for one in range(12)], 1),
        ([{"messages": [{"role": "user", "content": f"{one}"}]} for one in range(12)], 1),
        (CHATS, 0),
    ],
)
def test_check(rows: list[Any], code: int, place: Path, call: Run) -> None:
    write_jsonl(place / "a.jsonl", rows)
    done = call("prepare_data", "a.jsonl", "--check")
    assert done.code == code, done.out
    assert ("nothing to fix" in done.out) == (code == 0)
    document = call("prepare_data", "a.jsonl", "--check", "--json")
    assert document.code == code
    assert json.loads(document.out)["needs_work"] == (code == 1)
    assert json.loads(document.out)["checked_only"] is True
    assert json.loads(document.out)["outputs"] == []
    assert files_in(place) == {"a.jsonl"}


def test_check_of_what_cannot_be_read(place: Path, call: Run) -> None:
    (place / "a.jsonl").write_text("{\n")
    done = call("prepare_data", "a.jsonl", "--check", "--json")
    assert done.code == 3
    assert done.out == ""
    assert json.loads(done.err)["error"]["exit_code"] == 3


def test_errors_as_json(place: Path, call: Run) -> None:
    (place / "a.jsonl").write_text('{"prompt":"a","completion":"b"}\n{"prompt":}\n')
    done = call("prepare_data", "a.jsonl", "--json")
    error = json.loads(done.err)["error"]
    assert (done.code, done.out) == (3, "")
    assert (error["file"], error["line"], error["column"], error["exit_code"]) == ("a.jsonl", 2, 11, 3)
    assert error["message"]


def test_paths_only(place: Path, call: Run) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    done = call("prepare_data", "a.jsonl", "-y", "--paths-only")
    assert (done.code, done.out) == (0, "a_prepared_train.jsonl\na_prepared_valid.jsonl\n")
    assert done.err == ""


def test_paths_only_of_a_file_that_needs_nothing(place: Path, call: Run) -> None:
    write_jsonl(place / "a.jsonl", tidy(5))
    assert call("prepare_data", "a.jsonl", "--paths-only").out == "a.jsonl\n"


def test_paths_only_leaves_rejected_rows_out(place: Path, call: Run) -> None:
    (place / "a.csv").write_text("prompt,completion\na,b\nc\n")
    assert call("prepare_data", "a.csv", "--paths-only", "--skip-bad-rows").out == "a_prepared.jsonl\n"


@pytest.mark.parametrize("args", [["--json", "--paths-only"], ["--check", "-o", "b.jsonl"], []])
def test_options_that_contradict_each_other(args: list[str], place: Path, call: Run) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    assert call("prepare_data", *(["a.jsonl"] if args else []), *args).code == 2
    assert files_in(place) == {"a.jsonl"}


def test_pipe_gets_no_colour_and_a_terminal_does(place: Path, call: Run, terminal: Run) -> None:
    write_jsonl(place / "a.jsonl", tidy(5))
    assert "\x1b[" not in call("prepare_data", "a.jsonl").out
    assert "\x1b[" in terminal("prepare_data", "a.jsonl", "-y").err
    assert "\x1b[" not in terminal("prepare_data", "a.jsonl", "-y", env={"NO_COLOR": "1"}).err
