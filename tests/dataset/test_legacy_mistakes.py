"""What the legacy tool got wrong with the data (DESIGN.md, section 9): none of it may come back.

`test_legacy_failures.py` holds the same for how it failed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fttool import DataError, prepare

from .helpers import (
    files_in,
    find,
    found,
    lines_of,
    pair,
    tidy,
    write_csv,
    write_jsonl,
    written,
    written_pairs,
)

WORDS = ["NA", "N/A", "None", "none", "null", "NULL", "nan", "NaN", "n/a", "<NA>", "#N/A", "-", "True", "inf"]


def test_rows_dropped_by_stale_positions(tmp_path: Path) -> None:
    long = pair("too long ->", " " + "word " * 2600 + "\n")
    good = tidy(6)
    rows = [good[0], good[0], long, good[1], good[1], good[2], long, *good[3:]]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True)
    assert written(report) == good
    assert lines_of(found(report, "duplicate-rows")) == [2, 5]
    assert lines_of(found(report, "over-long")) == [3, 7]


def test_long_row_that_is_also_a_duplicate(tmp_path: Path) -> None:
    long = pair("too long ->", " " + "word " * 2600 + "\n")
    good = tidy(3)
    report = prepare(write_jsonl(tmp_path / "a.jsonl", [long, good[0], long, good[0], *good[1:]]), yes=True)
    assert written(report) == good


@pytest.mark.parametrize("word", WORDS)
def test_na_none_null_words(word: str, tmp_path: Path) -> None:
    rows = [pair(f"{word} ->", " one\n"), pair("b ->", f" {word}\n"), pair("c ->", word)]
    report = prepare(write_csv(tmp_path / "a.csv", rows), no_fix=["stop-sequence"])
    assert written_pairs(report) == [(row["prompt"], row["completion"]) for row in rows]


def test_ints_above_2_to_the_53(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"prompt": 9007199254740993, "completion": 123456789012345678901234567890}\n'
        '{"prompt": 2, "completion": null}\n'
        '{"prompt": 18014398509481985, "completion": -9007199254740993}\n'
    )
    assert written_pairs(prepare(path)) == [
        ("9007199254740993", "123456789012345678901234567890"),
        ("18014398509481985", "-9007199254740993"),
    ]


def test_one_stays_one(tmp_path: Path) -> None:
    jsonl = write_jsonl(tmp_path / "a.jsonl", [pair(1, 2), pair("x", None), pair(3, 4)])
    assert written_pairs(prepare(jsonl)) == [("1", "2"), ("3", "4")]
    table = write_csv(tmp_path / "b.csv", [pair("1", "0"), pair("", "1"), pair("007", "1.10")])
    assert written_pairs(prepare(table)) == [("1", "0"), ("", "1"), ("007", "1.10")]


def test_true_stays_true(tmp_path: Path) -> None:
    report = prepare(write_jsonl(tmp_path / "a.jsonl", [pair("a", True), pair(False, "b"), pair("c", "True")]))
    assert written_pairs(report) == [("a", "true"), ("false", "b"), ("c", "True")]


def test_decimals_stay_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": 1.10, "completion": 0.1000000000000000055511151231257827}\n' * 2)
    assert written_pairs(prepare(path))[0] == ("1.10", "0.1000000000000000055511151231257827")


@pytest.mark.parametrize("number", ["1e5", "1e400", "2.5e-8", "1E5"])
def test_numbers_with_an_exponent_stay_as_they_were_written(number: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"prompt": "a", "completion": {number}}}\n')
    assert written_pairs(prepare(path)) == [("a", number)]


def test_objects_as_python_repr(tmp_path: Path) -> None:
    value = {"it's": [1, None, True, {"ü": "\n"}]}
    report = prepare(write_jsonl(tmp_path / "a.jsonl", [pair(value, [value]), pair("b", "c")]))
    prompt, completion = written_pairs(report)[0]
    assert json.loads(prompt) == value
    assert json.loads(completion) == [value]
    assert "None" not in prompt


def test_null_trained_as_the_text_none(tmp_path: Path) -> None:
    rows = [pair(None, "one"), pair("b", None), {"completion": "two"}, {"prompt": "d"}, pair("e", "None")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows))
    assert written_pairs(report) == [("", "one"), ("", "two"), ("e", "None")]
    assert lines_of(found(report, "missing-prompt")) == [1, 3]
    assert lines_of(found(report, "empty-completion")) == [2, 4]


def test_lone_surrogates_deleted(tmp_path: Path) -> None:
    rows = [pair("a\ud83db", "one"), pair("two", "\udc00"), pair("ok \U0001f600", "three")]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    report = prepare(path, fix=["prompt-separator"])
    assert lines_of(found(report, "lone-surrogate")) == [1, 2]
    assert written_pairs(report) == [(row["prompt"] + " ->", row["completion"]) for row in rows]
    mended = prepare(path, fix=["lone-surrogate"])
    assert written_pairs(mended) == [("a\ufffdb", "one"), ("two", "\ufffd"), ("ok \U0001f600", "three")]


def test_jsonl_named_txt(tmp_path: Path) -> None:
    rows = tidy(5)
    report = prepare(write_jsonl(tmp_path / "a.txt", rows), output=tmp_path / "out.jsonl")
    assert report.inputs[0].format == "jsonl"
    assert any("JSONL" in note for note in report.inputs[0].notes)
    assert written(report) == rows


EMPTY = {
    "header.csv": b"prompt,completion\n",
    "header-without-line-end.csv": b"prompt,completion",
    "header.tsv": b"prompt\tcompletion\r\n\r\n",
    "nothing.csv": b"",
    "nothing.jsonl": b"",
    "nothing.json": b"[]",
    "nothing-nested.json": b'{"data": []}',
    "nothing.txt": b" \n\n",
    "blank.jsonl": b"\n \n",
    "all-empty.csv": b"prompt,completion\na,\nb,  \n",
    "all-null.jsonl": b'{"prompt":"a","completion":null}\n{"prompt":"b","completion":""}\n{"prompt":"c"}\n',
}


@pytest.mark.parametrize("name", EMPTY)
def test_header_only_or_all_empty_input(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(EMPTY[name])
    with pytest.raises(DataError) as caught:
        prepare(path, yes=True)
    assert caught.value.exit_code == 3
    assert caught.value.file == str(path)
    assert files_in(tmp_path) == {name}


def test_common_suffix_in_mid_word(tmp_path: Path) -> None:
    texts = [(f"review {number}", label) for number, label in enumerate(["positive", "negative"] * 2)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", [pair(*one) for one in texts]), yes=True, split=False)
    assert report.task == "conditional generation"
    assert report.stop == "\n"
    assert written_pairs(report) == [(f"{prompt} ->", f" {label}\n") for prompt, label in texts]


def test_common_suffix_of_labels_is_no_stop_sequence(tmp_path: Path) -> None:
    rows = [pair(f"review {number}", ["positive", "negative"][number % 2]) for number in range(20)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True)
    assert report.task == "classification"
    assert report.stop is None
    assert {row["completion"] for row in written(report)} == {" positive", " negative"}


def test_common_prefix_in_mid_word(tmp_path: Path) -> None:
    labels = ["unacceptable", "unaccounted"]
    rows = [pair(f"internationa{'ls'[number % 2]} {number}", labels[number % 2]) for number in range(4)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True, split=False)
    assert find(report, "prompt-prefix") is None
    assert find(report, "completion-prefix") is None
    assert [completion.strip() for _, completion in written_pairs(report)] == labels * 2


@pytest.mark.parametrize("ends", [["}", '{"a": 1}', '{"a": 2}'], ["%", "10%", "20%"], ["</b>", "<b>x</b>", "<b>y</b>"]])
def test_an_end_that_belongs_to_the_completions_is_no_stop_sequence(ends: list[str], tmp_path: Path) -> None:
    end, *answers = ends
    path = write_jsonl(tmp_path / "a.jsonl", [pair(f"question {one}", one) for one in answers])
    chats = prepare(path, yes=True, to="chat", no_fix=["completion-prefix"])
    assert [row["messages"][-1]["content"] for row in written(chats)] == answers
    assert prepare(path, yes=True, no_fix=["completion-prefix"]).stop != end


def test_completion_equal_to_the_common_prefix(tmp_path: Path) -> None:
    for shortest in ("Answer", "Answer:", "Answer: "):
        rows = [pair("a", shortest), pair("b", "Answer: yes"), pair("c", "Answer: no")]
        report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True)
        completions = [completion for _, completion in written_pairs(report)]
        assert completions == [f" {shortest}\n", " Answer: yes\n", " Answer: no\n"]


def test_lower_casing_a_dotted_capital_i(tmp_path: Path) -> None:
    towns = ["İZMİR", "İSTANBUL", "ANKARA"]
    rows = [pair(f"İİİİ WHERE IS {town}", f"{town[0]} to {town[1:]}") for town in towns]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True)
    assert [prompt for prompt, _ in written_pairs(report)] == [f"{town.lower()} ->" for town in towns]


def test_validation_set_without_the_rare_classes(tmp_path: Path) -> None:
    rows = [pair(f"message {number}", "common") for number in range(300)]
    rows += [pair(f"rare {label} {number}", f"rare{label}") for label in range(10) for number in range(2)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True)
    labels = {f" rare{label}" for label in range(10)} | {" common"}
    assert {row["completion"] for row in written(report, "training")} == labels
    assert {row["completion"] for row in written(report, "validation")} == labels


def test_the_same_prompt_in_both_files(tmp_path: Path) -> None:
    rows = [pair(f"message {number // 5}", f"label {number % 3}") for number in range(150)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True, no_fix=["duplicate-rows"])
    train = {row["prompt"] for row in written(report, "training")}
    valid = {row["prompt"] for row in written(report, "validation")}
    assert train and valid
    assert not train & valid


def test_duplicates_created_by_upper_case_fix(tmp_path: Path) -> None:
    rows = [pair("WHO ARE YOU", "ANN"), pair("who are you", "ann"), pair("WHO ELSE", "BOB")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True)
    assert written_pairs(report) == [("who are you ->", " ann\n"), ("who else ->", " bob\n")]
    assert lines_of(found(report, "duplicate-rows")) == [2]


def test_duplicates_created_by_leading_space(tmp_path: Path) -> None:
    rows = [pair("a", " one"), pair("a", " one"), pair("a", "one"), pair("b", "two")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True)
    assert written_pairs(report) == [("a ->", " one\n"), ("b ->", " two\n")]
    assert lines_of(found(report, "duplicate-rows")) == [2, 3]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt"])
def test_one_row_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "a.txt":
        path.write_text("one completion\n")
    else:
        (write_csv if name == "a.csv" else write_jsonl)(path, [pair("a question", "an answer")])
    report = prepare(path, yes=True)
    assert report.examples == 1
    assert find(report, "identical-texts") is None
    assert len(written(report)) == 1


@pytest.mark.parametrize("each", [4, 10])
def test_600_classes_all_in_validation(each: int, tmp_path: Path) -> None:
    rows = [pair(f"message {number} of {label}", f"class {label}") for label in range(600) for number in range(each)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), yes=True, split=True, no_fix=["completion-prefix"])
    train, valid = ({row["completion"] for row in written(report, role)} for role in ("training", "validation"))
    assert len(train) == len(valid) == 600
