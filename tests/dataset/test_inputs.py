"""Several inputs, standard input and output, rows set aside, and a validation file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .helpers import files_in, pair, read_jsonl, read_pairs, tidy, write_csv, write_jsonl

Run = Callable[..., Any]
Report = Callable[..., dict[str, Any]]
UNTIDY = [pair(f"message {number}", f"answer {number}") for number in range(20)]
LABELLED = [pair(f"message {number} ->", f" {['good', 'bad'][number % 2]}") for number in range(20)]


def test_several_inputs(place: Path, report: Report) -> None:
    write_csv(place / "a.csv", UNTIDY[:3])
    write_jsonl(place / "b.jsonl", [*UNTIDY[2:5], pair("x", None)])
    (place / "c.tsv").write_text("completion\tprompt\nanswer 1\tmessage 1\n")
    document = report("a.csv", "b.jsonl", "c.tsv", "--fix", "duplicate-rows")
    assert [one["format"] for one in document["inputs"]] == ["csv", "jsonl", "tsv"]
    assert (document["read"], document["examples"]) == (8, 5)
    findings = {one["id"]: one["lines"] for one in document["findings"]}
    assert findings["duplicate-rows"] == {"b.jsonl": [1], "c.tsv": [2]}
    assert findings["empty-completion"] == {"b.jsonl": [4]}
    assert read_jsonl("a_prepared.jsonl") == UNTIDY[:5]


def test_several_inputs_of_one_name(place: Path, report: Report) -> None:
    write_jsonl(place / "a.jsonl", tidy(3))
    document = report("a.jsonl", "a.jsonl", "-y")
    assert document["examples"] == 3
    assert sum(one["count"] for one in document["findings"] if one["id"] == "duplicate-rows") == 3


def test_several_inputs_with_other_columns(place: Path, call: Run) -> None:
    write_csv(place / "a.csv", UNTIDY)
    write_csv(place / "b.csv", [{"prompt": "a", "Completion": "b"}])
    done = call("prepare_data", "a.csv", "b.csv", "-y")
    assert done.code == 2
    assert "`b.csv`" in done.err


def test_file_option_of_the_legacy_tool(place: Path, call: Run) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    for args in (["prepare_data", "-f"], ["prepare-data", "--file"], ["tools", "fine_tunes.prepare_data", "-f"]):
        assert call(*args, "a.jsonl", "-q").code == 0
    names = ["a_prepared.jsonl", "a_prepared (1).jsonl", "a_prepared (2).jsonl"]
    assert len({(place / name).read_bytes() for name in names}) == 1


def test_standard_input(place: Path, report: Report) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in UNTIDY)
    document = report("-", "-y", stdin=lines)
    assert document["inputs"][0]["path"] == "-"
    assert [one["path"] for one in document["outputs"]] == ["stdin_prepared.jsonl"]
    assert len(read_jsonl("stdin_prepared.jsonl")) == 20


def test_empty_standard_input(place: Path, run: Run) -> None:
    done = run("prepare_data", "-", "-y", stdin="", cwd=place)
    assert done.code == 3
    assert "Traceback" not in done.err
    assert files_in(place) == set()


@pytest.mark.parametrize("header", ["prompt,completion\n", "completion\tprompt\n", "prompt,completion,id"])
def test_a_lone_header_on_standard_input(header: str, place: Path, run: Run) -> None:
    done = run("prepare_data", "-", "-y", stdin=header, cwd=place)
    assert done.code == 3
    assert files_in(place) == set()


def test_from_standard_input_to_standard_output(place: Path, run: Run) -> None:
    done = run("prepare_data", "-", "-y", "-o", "-", stdin="prompt,completion\né,b\nc,d\n", cwd=place)
    assert done.code == 0
    assert done.out == '{"prompt":"é ->","completion":" b\\n"}\n{"prompt":"c ->","completion":" d\\n"}\n'
    assert "few-examples" in done.err
    assert files_in(place) == set()


def test_standard_output_takes_one_file(place: Path, run: Run) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    assert run("prepare_data", "a.jsonl", "-o", "-", "--split", cwd=place).code == 2
    done = run("prepare_data", "a.jsonl", "-o", "-", "-y", cwd=place)
    assert len(done.out.splitlines()) == 20


BAD = "prompt,completion\na,one\nbad\nc,two\nd,e,f\n"


def test_skip_bad_rows(place: Path, report: Report) -> None:
    (place / "a.csv").write_text(BAD)
    document = report("a.csv", "--skip-bad-rows", "-y")
    assert (document["read"], document["examples"], document["rejected"]) == (2, 2, 2)
    assert [one["role"] for one in document["outputs"]] == ["training", "rejected"]
    rejected = read_jsonl("a_rejected.jsonl")
    assert [(row["file"], row["line"], row["text"]) for row in rejected] == [("a.csv", 3, "bad"), ("a.csv", 5, "d,e,f")]
    assert all("column" in row["reason"] or "cell" in row["reason"] for row in rejected)
    assert read_pairs("a_prepared.jsonl") == [("a ->", " one\n"), ("c ->", " two\n")]


def test_rejected_rows_beside_the_output(place: Path, report: Report) -> None:
    (place / "a.csv").write_text(BAD)
    (place / "out").mkdir()
    document = report("a.csv", "--skip-bad-rows", "-o", "out/o.jsonl")
    assert [one["path"] for one in document["outputs"]] == [
        str(Path("out/o.jsonl")),
        str(Path("out/o_rejected.jsonl")),
    ]


def test_rejected_rows_beside_standard_output(place: Path, run: Run) -> None:
    (place / "a.csv").write_text(BAD)
    done = run("prepare_data", "a.csv", "--skip-bad-rows", "-o", "-", cwd=place)
    assert len(done.out.splitlines()) == 2
    assert "a_rejected.jsonl" in files_in(place) or done.code != 0


def test_bad_rows_stop_the_work_without_skip_bad_rows(place: Path, call: Run) -> None:
    (place / "a.csv").write_text(BAD)
    done = call("prepare_data", "a.csv", "-y")
    assert done.code == 3
    assert "a.csv:3: " in done.err
    assert "--skip-bad-rows" in done.err
    assert files_in(place) == {"a.csv"}


def test_check_counts_bad_rows(place: Path, call: Run) -> None:
    lines = [json.dumps(row) for row in tidy(120)]
    (place / "a.jsonl").write_text("\n".join([*lines, "{"]))
    assert call("prepare_data", "a.jsonl", "--check", "--skip-bad-rows").code == 1
    assert files_in(place) == {"a.jsonl"}


def test_validation_file_with_leakage(place: Path, report: Report) -> None:
    write_jsonl(place / "train.jsonl", UNTIDY)
    write_csv(place / "valid.csv", [UNTIDY[3], pair("new", "fresh"), pair("message 5", "other"), pair("new", "fresh")])
    document = report("train.jsonl", "-v", "valid.csv", "-y")
    assert [one["role"] for one in document["inputs"]] == ["training", "validation"]
    findings = {one["id"]: one["lines"] for one in document["findings"]}
    assert findings["leakage"] == {"valid.csv": [2, 4]}
    assert findings["duplicate-rows"] == {"valid.csv": [5]}
    assert [(one["path"], one["examples"]) for one in document["outputs"]] == [
        ("train_prepared_train.jsonl", 20),
        ("train_prepared_valid.jsonl", 1),
    ]
    assert read_pairs("train_prepared_valid.jsonl") == [("new ->", " fresh\n")]
    assert document["next_command"][:6] == [
        *("fttool", "create", "-t", "train_prepared_train.jsonl", "-v", "train_prepared_valid.jsonl")
    ]


def test_leakage_made_by_a_fix(place: Path, report: Report) -> None:
    write_jsonl(place / "train.jsonl", [pair("WHO IS IT", "ann"), pair("WHO ELSE", "bob"), pair("NO ONE", "none")])
    write_jsonl(place / "valid.jsonl", [pair("WHO ELSE", "zed"), pair("who is it", "eve"), pair("new", "fresh")])
    document = report("train.jsonl", "-v", "valid.jsonl", "-y")
    findings = {one["id"]: one["lines"] for one in document["findings"]}
    assert findings["leakage"] == {"valid.jsonl": [1, 2]}
    assert document["examples"] == 4


def test_leakage_stays_without_a_yes(place: Path, report: Report) -> None:
    write_jsonl(place / "train.jsonl", UNTIDY)
    write_jsonl(place / "valid.jsonl", [UNTIDY[3], pair("new", "fresh")])
    document = report("train.jsonl", "-v", "valid.jsonl")
    assert [one["examples"] for one in document["outputs"]] == [20, 2]


@pytest.mark.parametrize("args", [["--split"], ["--valid-size", "3"], ["--valid-fraction", "0.3"]])
def test_validation_file_and_split_exclude_each_other(args: list[str], place: Path, call: Run) -> None:
    write_jsonl(place / "a.jsonl", UNTIDY)
    assert call("prepare_data", "a.jsonl", "-v", "a.jsonl", *args).code == 2


def test_standard_output_whatever_the_settings_say_of_splits(place: Path, call: Run, run: Run) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    assert call("config", "set", "valid_fraction", "0.2").code == 0
    done = run("prepare_data", "a.jsonl", "-o", "-", cwd=place)
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 20


@pytest.mark.parametrize("option", ["--json", "--paths-only"])
def test_standard_output_cannot_take_the_examples_and_the_report(option: str, place: Path, run: Run) -> None:
    write_jsonl(place / "a.jsonl", LABELLED)
    assert run("prepare_data", "a.jsonl", "-o", "-", option, cwd=place).code == 2
