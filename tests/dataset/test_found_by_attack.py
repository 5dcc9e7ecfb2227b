"""What hostile input brought to light, each as small as it gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import Any

import pytest

from fttool import DataError, OutputError, UsageError, prepare
from fttool.dataset import profile
from fttool.dataset.row_tokens import count_row
from fttool.rules import faults
from fttool.rules.reinforcement import reference_fields

from .helpers import chat, pair, tidy, write_jsonl


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "a.jsonl", tidy(12))


def test_two_tasks_that_leave_each_other_come_to_an_end(tmp_path: Path) -> None:
    ends = [True, True, "yes END", "yes END", "yes", "yes END", " yes### END", True, "yes END", True]
    prompts = ["ß", "Hello4", " ", "Hello", "\u2003", "ß", "Hello18", "Hello", "\u200312"]
    rows = [pair(f"{prompt}\n", end) for prompt, end in zip(prompts, ends, strict=False)]
    prepare(write_jsonl(tmp_path / "a.jsonl", [*rows, {"completion": True}]), yes=True, check=True)


def test_nothing_left_after_the_fixes(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [pair("q?", "\x00")])
    with pytest.raises(DataError, match="nothing to learn from"):
        prepare(source, yes=True)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "\ud83d.jsonl"])
def test_names_that_are_none(source: Path, name: str) -> None:
    with pytest.raises(OutputError):
        prepare(source, yes=True, output=source.parent / name)


def test_name_that_goes_round_in_circles(source: Path) -> None:
    (source.parent / "loop").symlink_to("loop")
    with pytest.raises(OutputError):
        prepare(source, yes=True, output=source.parent / "loop")


@pytest.mark.skipif(os.name == "nt", reason="POSIX only")
def test_a_pipe_is_never_replaced(source: Path) -> None:
    os.mkfifo(source.parent / "pipe")
    with pytest.raises(OutputError, match="a device or a pipe"):
        prepare(source, yes=True, output=source.parent / "pipe", overwrite=True)
    assert (source.parent / "pipe").is_fifo()


@pytest.mark.parametrize(
    "options",
    [
        {"seed": "a"},
        {"seed": 1.5},
        {"seed": None},
        {"valid_fraction": "0.1"},
        {"valid_size": 2.5},
        {"processes": 0},
        {"output": "-"},
        {"output": "b.jsonl", "check": True},
        {"fix": ["split"], "split": False},
        {"no_fix": ["split"], "split": True},
    ],
)
def test_options_of_the_wrong_kind(source: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        prepare(source, **options)


def test_chat_without_a_question(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [pair("", "one"), pair("b", "two"), pair("c", "three")])
    report = prepare(source, yes=True, to="chat")
    assert [(one.id, one.count) for one in report.errors] == [("empty-prompt", 1)]
    assert prepare(source, yes=True, to="chat", fix=["empty-prompt"]).examples == 2


def test_all_the_same_up_to_the_line_end(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [pair("same q\n", f" {number}") for number in range(12)])
    assert "identical-texts" in {one.id for one in prepare(source, check=True).findings}


def test_template_hint_is_a_template(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [{"Title": "a", "completion": "b"}])
    with pytest.raises(DataError) as caught:
        prepare(source, prompt_template="{title}")
    assert caught.value.hint == "did you mean `{Title}`?"


def test_validation_file_that_leaks_altogether(source: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source.parent)
    done = call("prepare_data", "a.jsonl", "-v", "a.jsonl", "-y", "-o", "b.jsonl")
    assert "no validation example is left" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_files_written_before_the_answer_failed_are_named(source: Path) -> None:
    command = [sys.executable, "-m", "fttool", "prepare_data", str(source), "-y", "-o", str(source.parent / "b.jsonl")]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*command, "--no-split"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3
    assert b"these files were written" in done.stderr or not (source.parent / "b.jsonl").exists()


def test_surrogate_in_a_chat_is_found(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [chat(("user", "\ud83d"), ("assistant", "b"))])
    assert "chat-surrogate" in {one.id for one in prepare(source, check=True).errors}


def calling(schema: dict[str, Any], arguments: Any) -> dict[str, Any]:
    """A chat that calls a tool with this schema."""
    function = {"name": "f", "arguments": json.dumps(arguments)}
    made = chat(("user", "a"), ("assistant", "b"))
    made["messages"][1]["tool_calls"] = [{"id": "c", "type": "function", "function": function}]
    parameters = {"type": "object", **schema}
    return {**made, "tools": [{"type": "function", "function": {"name": "f", "parameters": parameters}}]}


def doubling(levels: int) -> dict[str, Any]:
    """A schema that refers to another one twice, that to a third one twice, …"""
    refers = {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at - 1}"}] * 2} for at in range(1, levels)}
    return {"$defs": {"a0": {}, **refers}, "$ref": f"#/$defs/a{levels - 1}"}


DRAFT = "https://json-schema.org/draft/2020-12/schema"
HOSTILE = "(a+)+$"
LATE = {"a" * 40 + "!": 1}


@pytest.mark.parametrize(
    ("schema", "arguments", "said"),
    [
        (doubling(40), {}, "takes too long"),
        ({"properties": {"a": {"uniqueItems": True}}}, {"a": [{"x": at} for at in range(20_000)]}, "takes too long"),
        ({"required": [{"x": at} for at in range(20_000)]}, {}, "is no JSON Schema"),
        ({"properties": {"a": {"$schema": DRAFT, "pattern": HOSTILE}}}, {"a": "a" * 40 + "!"}, None),
        ({"properties": {"a": {"pattern": "a{99999999999999999999}"}}}, {}, "repetition number"),
        ({"patternProperties": {HOSTILE: {}}, "additionalProperties": False}, LATE, None),
        ({"patternProperties": {HOSTILE: {}}, "unevaluatedProperties": False}, LATE, None),
    ],
)
def test_schemas_that_would_take_forever(schema: dict[str, Any], arguments: Any, said: str | None) -> None:
    began = time.monotonic()
    found = [each.message for each in faults(calling(schema, arguments), "chat") if each.rule != "tool-unanswered"]
    assert time.monotonic() - began < 5
    assert any(said in message for message in found) if said else not found


def test_schema_with_a_number_too_large_for_a_float(tmp_path: Path) -> None:
    row = calling({"properties": {"a": {"enum": ["X"]}}}, {"a": "b"})
    source = tmp_path / "a.jsonl"
    source.write_text(json.dumps(row).replace('"X"', "1" + "0" * 400) + "\n")
    assert "tool-arguments-schema" in {one.id for one in prepare(source, check=True).findings}


def test_schemas_are_checked_as_before_below_the_limits() -> None:
    schema = {"properties": {"a": {"uniqueItems": True}}, "additionalProperties": False}
    found = list(faults(calling(schema, {"a": [*range(5_000), 1], "b": 1}), "chat"))
    assert sorted(each.path.rpartition("arguments")[2] for each in found if each.rule == "tool-arguments-schema") == [
        "",
        ".a",
    ]


def test_forms_of_reference_fields_do_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "MAX_FORMS", 3)
    asked = [{"role": "user", "content": "a"}]
    rows = [{"messages": asked, "same": 1}] * 3 + [{"messages": asked, "same": 1, f"k{at}": 1} for at in range(40)]
    rows += [{"messages": asked, f"k{at}": 1} for at in range(40)]
    merged = profile.Profile(graded=("same",))
    for at in range(0, len(rows), 20):
        forms: dict[profile.Form, Any] = {}
        for number, row in enumerate(rows[at : at + 20]):
            forms.setdefault(tuple(sorted(reference_fields(row).items())), array("I")).append(number)
        merged.merge(profile.Profile(rows=len(rows[at : at + 20]), forms=forms))
    assert len(merged.forms) <= 3 + 2
    assert sorted(at for positions in merged.forms.values() for at in positions) == list(range(len(rows)))
    without = [at for form, positions in merged.forms.items() if "same" not in dict(form) for at in positions]
    assert sorted(without) == list(range(43, 83))


def test_rows_of_too_many_forms_are_still_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "MAX_FORMS", 2)
    asked = [{"role": "user", "content": "a"}]
    rows = [{"messages": asked, "x": at, f"k{at % 8}": 1, **({"y": 1} if at % 3 else {})} for at in range(60)]
    found = {one.id: one for one in prepare(write_jsonl(tmp_path / "a.jsonl", rows), check=True).findings}
    assert "…" not in found["reference-uniform"].message


def test_names_of_what_is_left_out_do_not_grow_with_the_rows() -> None:
    merged = profile.Profile()
    for at in range(0, 5_000, 500):
        merged.merge(profile.Profile(left_out={f"request.p{at + number}" for number in range(500)}))
    assert len(merged.left_out) == profile.MAX_LEFT_OUT


def test_secrets_in_roles_keys_and_arguments_are_not_shown(tmp_path: Path, call: Any) -> None:
    key = "sk-proj-" + "abcdefghijklmnopqrstuvwxyz0123456789" + "ABCDEFGH"
    row = calling({"properties": {"k": {"type": "integer"}}}, {"k": key})
    row["messages"][0] |= {"role": key, key: 1}
    source = write_jsonl(tmp_path / "a.jsonl", [row])
    told = [call("prepare_data", str(source), "--check", *more) for more in ((), ("--json",))]
    assert all("sk-p" in each.out + each.err for each in told)
    assert not any(key[:20] in each.out + each.err for each in told)
    assert not any(key[:20] in str(fault) for fault in faults(row, "chat"))


def test_roles_that_no_service_knows_are_counted_as_one() -> None:
    rows = [chat((f"role{at}", "a b"), ("assistant", "b")) for at in range(5)]
    counted = [count_row(row, len) for row in rows]
    assert all(set(each.roles) == {"?", "assistant"} for each in counted)


@pytest.mark.parametrize("number", ["2.50", "1E5", "-0.0", "1e999"])
def test_numbers_of_a_schema_are_numbers(tmp_path: Path, number: str) -> None:
    row = json.dumps(calling({"properties": {"a": {"type": "number", "maximum": "X"}}}, {"a": -1})).replace(
        '"X"', number
    )
    source = tmp_path / "a.jsonl"
    source.write_text(row + "\n")
    assert "tool-schema" not in {one.id for one in prepare(source, check=True).findings}


def test_many_calls_and_answers_of_names_that_are_near_others() -> None:
    near = "call_" + "abcdefgh" * 10
    messages: list[dict[str, Any]] = [{"role": "user", "content": "a"}]
    for at in range(1_000):
        function = {"name": f"{'f' * 50}{at * 7919 % 10_007}", "arguments": "{}"}
        calls = [{"id": f"{near}{at * 7919 % 10_007}", "type": "function", "function": function}]
        messages += [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": f"{near}{at}x", "content": "r"},
        ]
    tools = [{"type": "function", "function": {"name": f"{'f' * 50}x{at}"}} for at in range(128)]
    began = time.monotonic()
    found = [fault for fault in faults({"messages": messages, "tools": tools}, "chat")]
    assert time.monotonic() - began < 20
    assert sum(fault.rule == "tool-undeclared" for fault in found) == 1_000
    assert "did you mean" in next(fault.message for fault in found if fault.rule == "tool-undeclared")
