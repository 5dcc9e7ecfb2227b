"""Where prompt and completion come from, and the shapes they are written in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttool import DataError, Report, UsageError, prepare
from fttool.dataset.formats import base
from fttool.errors import MissingColumnError

from .helpers import chat, find, found, lines_of, pair, read_pairs, tidy, write_csv, write_jsonl, written, written_pairs

TICKETS = [
    {"id": "1", "Title": "Broken", "body": "It does {not} work", "team": "support"},
    {"id": "2", "Title": "", "body": "Refund?\nPlease", "team": "sales"},
]


def tickets(tmp_path: Path, **options: Any) -> Report:
    return prepare(write_csv(tmp_path / "tickets.csv", TICKETS), **options)


def test_named_columns(tmp_path: Path) -> None:
    report = tickets(tmp_path, prompt_column="body", completion_column="team")
    assert written_pairs(report) == [("It does {not} work", "support"), ("Refund?\nPlease", "sales")]
    assert found(report, "extra-columns").details["columns"] == ["id", "Title"]


@pytest.mark.parametrize(
    ("template", "prompts"),
    [
        ("{Title}: {body}", ["Broken: It does {not} work", ": Refund?\nPlease"]),
        (r"{Title}\n{id}\t.", ["Broken\n1\t.", "\n2\t."]),
        ("{{{id}}}", ["{1}", "{2}"]),
        ("{id}{id}", ["11", "22"]),
        ("", ["", ""]),
        ("as it is", ["as it is", "as it is"]),
    ],
)
def test_templates(template: str, prompts: list[str], tmp_path: Path) -> None:
    report = tickets(tmp_path, prompt_template=template, completion_template="{team}!")
    assert written_pairs(report) == list(zip(prompts, ["support!", "sales!"], strict=True))


def test_template_over_numbers_nulls_and_objects(tmp_path: Path) -> None:
    rows = [{"n": 1, "o": {"k": [True]}, "t": "x"}, {"n": None, "o": 2.5, "t": "y"}, {"o": "z", "t": "w"}]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    report = prepare(path, prompt_template="{n}/{o}", completion_column="t")
    assert written_pairs(report) == [('1/{"k":[true]}', "x"), ("/2.5", "y"), ("/z", "w")]
    assert lines_of(found(report, "value-type")) == [1, 2]
    assert lines_of(found(report, "missing-prompt")) == [2, 3]


@pytest.mark.parametrize("template", ["{body", "{}", "{0}", "{body!r}", "{body:>3}", "body}"])
def test_broken_templates(template: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, DataError)) as caught:
        tickets(tmp_path, prompt_template=template, completion_column="team")
    assert caught.value.hint


@pytest.mark.parametrize("options", [{"prompt_column": "Body"}, {"prompt_template": "{Body}"}])
def test_missing_column_names_the_nearest(options: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(MissingColumnError) as caught:
        tickets(tmp_path, completion_column="team", **options)
    assert "`Body`" in caught.value.message
    assert "`id`, `Title`, `body`, `team`" in caught.value.message
    assert "body" in (caught.value.hint or "")


def test_column_and_template_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        tickets(tmp_path, prompt_column="body", prompt_template="{body}", completion_column="team")


def test_columns_chosen_on_a_terminal(tmp_path: Path, terminal: Callable[..., Any]) -> None:
    path = write_csv(tmp_path / "tickets.csv", TICKETS)
    questions = ["Which column holds the prompts?", "Please answer", "Which column holds the completions?"]
    answers = list(zip(questions, ["7", "BODY", ""], strict=True)) + [("[Y/n/a/q]", "n")] * 3
    done = terminal("prepare_data", str(path), answers=answers)
    assert done.code == 0, done.err
    assert read_pairs(tmp_path / "tickets_prepared.jsonl") == [(row["body"], row["team"]) for row in TICKETS]


@pytest.mark.parametrize("names", [("Prompt", "COMPLETION"), ("PROMPT", "completion"), ("prompt", "Completion")])
def test_renamed_columns(names: tuple[str, str], tmp_path: Path) -> None:
    rows = [dict(zip(names, (row["prompt"], row["completion"]), strict=True)) for row in tidy(4)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows))
    assert written(report) == tidy(4)
    renamed = [name for name in names if not name.islower()]
    assert found(report, "column-case").details["columns"] == renamed


def test_the_exact_name_wins(tmp_path: Path) -> None:
    rows = [{"Prompt": "wrong", **row} for row in tidy(4)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows))
    assert written(report) == tidy(4)
    assert found(report, "extra-columns").details["columns"] == ["Prompt"]


def test_extra_columns_of_some_rows(tmp_path: Path) -> None:
    rows = [*tidy(4), pair("last ->", " one\n", note=1, tag=None)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows))
    assert found(report, "extra-columns").details["columns"] == ["note", "tag"]
    assert written(report) == [*tidy(4), pair("last ->", " one\n")]


def test_extra_columns_of_later_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "BLOCK_BYTES", 200)
    rows = [*tidy(50), pair("last ->", " one\n", note=1)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows))
    assert found(report, "extra-columns").details["columns"] == ["note"]
    assert written(report) == [*tidy(50), pair("last ->", " one\n")]


@pytest.mark.parametrize("first", ["prompt", "completion"])
def test_columns_that_come_late(first: str, tmp_path: Path) -> None:
    rows = [{first: "alone"}, pair("b ->", " two\n"), pair("c ->", " three\n")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows))
    kept = [("", "alone")] if first == "completion" else []
    assert written_pairs(report) == [*kept, ("b ->", " two\n"), ("c ->", " three\n")]


@pytest.mark.parametrize("system", [None, "", "Be brief.\n"])
def test_to_chat(system: str | None, tmp_path: Path) -> None:
    rows = [pair(f"{word}?\n\n###\n\n", f" the {word} is it END") for word in ("one", "two", "three")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), to="chat", system=system)
    start = [] if system is None else [("system", system)]
    assert written(report) == [
        chat(*start, ("user", f"{word}?"), ("assistant", f"the {word} is it")) for word in ("one", "two", "three")
    ]
    assert report.shape == "chat"
    assert (report.separator, report.stop) == (None, None)
    assert set(report.applied) == {"prompt-separator", "stop-sequence", "leading-space"}


def test_to_chat_adds_no_ends(tmp_path: Path) -> None:
    rows = [pair("one?", "the first"), pair("two", "a second")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), to="chat", yes=True)
    assert written(report) == [chat(("user", row["prompt"]), ("assistant", row["completion"])) for row in rows]
    assert report.applied == []


@pytest.mark.parametrize("end", [" 100%", " in $", ": 5 > 4 + 1 =", " </doc>", " C#"])
def test_to_chat_keeps_the_ends_of_questions(end: str, tmp_path: Path) -> None:
    rows = [pair(f"is {word}{end}", f"about {word} or so") for word in ("this", "that", "none")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), to="chat", yes=True)
    assert [row["messages"][0]["content"] for row in written(report)] == [row["prompt"] for row in rows]


def test_to_chat_keeps_a_prompt_that_all_share(tmp_path: Path) -> None:
    rows = [pair("Tell a story\nfor bedtime", f"once upon {word}") for word in ("a time", "the hill", "noon")]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), to="chat", yes=True)
    assert {row["messages"][0]["content"] for row in written(report)} == {"Tell a story\nfor bedtime"}


CHATS = [
    chat(("system", "Be brief."), ("user", "1 + 1"), ("assistant", "2")),
    chat(("system", "Be brief."), ("user", "1 + 2"), ("assistant", "3")),
]


def test_chat_in_is_left_alone(tmp_path: Path) -> None:
    report = prepare(write_jsonl(tmp_path / "a.jsonl", CHATS), yes=True)
    assert (report.shape, report.task) == ("chat", "chat")
    assert report.outputs == ()


def test_chat_is_written_as_it_is(tmp_path: Path) -> None:
    tool = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"x":1.10}'}}
    rows = [
        {"messages": [*CHATS[0]["messages"][:2], {"role": "assistant", "content": None, "tool_calls": [tool]}], "n": 1},
        {**CHATS[1], "tools": [], "weight": 0.5},
        {**CHATS[1], "half": "\ud83d", "id": 2**70},
    ]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), output=tmp_path / "out.jsonl")
    assert written(report) == rows


def test_chat_with_half_a_character_and_a_number(tmp_path: Path) -> None:
    rows = [{**CHATS[1], "half": "\ud83d", "weight": 0.5}]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), output=tmp_path / "out.jsonl")
    assert written(report) == rows


@pytest.mark.parametrize("value", [["\ud83d"], {"\ud83d": 1}])
def test_object_with_half_a_character(value: Any, tmp_path: Path) -> None:
    report = prepare(write_jsonl(tmp_path / "a.jsonl", [pair(value, "x"), pair("y", "z")]))
    assert json.loads(written_pairs(report)[0][0]) == value


def test_chat_to_completion(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", CHATS)
    report = prepare(path, to="completion", system="Be brief.", yes=True)
    assert report.shape == "completion"
    assert written_pairs(report) == [("1 + 1 ->", " 2\n"), ("1 + 2 ->", " 3\n")]


@pytest.mark.parametrize(
    "row",
    [
        CHATS[0],
        chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")),
        chat(("user", "a")),
        chat(("user", None), ("assistant", "b")),
        {"messages": []},
        {"messages": None},
        {"messages": ["a", "b"]},
    ],
)
def test_chat_that_is_no_question_and_answer(row: Any, tmp_path: Path) -> None:
    rows = [chat(("user", "a"), ("assistant", "b")), row]
    with pytest.raises(DataError) as caught:
        prepare(write_jsonl(tmp_path / "a.jsonl", rows), to="completion")
    assert caught.value.line == 2


def test_there_and_back(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", tidy(8))
    prepare(path, to="chat", system="S", output=tmp_path / "chat.jsonl")
    back = prepare(tmp_path / "chat.jsonl", to="completion", system="S", yes=True)
    assert written(back) == tidy(8)


@pytest.mark.parametrize(
    "options",
    [{"system": "S"}, {"to": "completion", "system": "S"}, {"to": "preference"}],
)
def test_options_that_make_no_sense(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        prepare(write_jsonl(tmp_path / "a.jsonl", tidy(3)), **options)


def test_system_message_for_chats_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        prepare(write_jsonl(tmp_path / "a.jsonl", CHATS), to="chat", system="S")


@pytest.mark.parametrize(
    ("row", "shape"),
    [
        (pair("a", "b"), "completion"),
        (pair("a", "b", messages=[]), "completion"),
        ({"Prompt": "a", "COMPLETION": "b"}, "completion"),
        (CHATS[0], "chat"),
        ({**CHATS[0], "id": 7}, "chat"),
        ({**CHATS[0], "tools": []}, "chat"),
        (chat(("user", "a")), "chat"),
        (chat(("user", "a"), tools=[]), "chat"),
        ({"messages": [], "answer": "b"}, "chat"),
        ({"mesages": CHATS[0]["messages"]}, "chat"),
        ({"input": {}, "preferred_output": [], "non_preferred_output": []}, "preference"),
        ({"input": {}, "preferred_output": []}, "preference"),
        (chat(("user", "a"), answer="b"), "reinforcement"),
        (chat(("system", "s"), ("user", "a"), reference={"x": 1}), "reinforcement"),
    ],
)
def test_shapes_are_recognised(row: Any, shape: str, tmp_path: Path) -> None:
    report = prepare(write_jsonl(tmp_path / "a.jsonl", [row]), check=True)
    assert report.shape == shape


@pytest.mark.parametrize("shape", ["chat", "preference", "reinforcement"])
def test_the_shape_that_is_named_holds(shape: Any, tmp_path: Path) -> None:
    report = prepare(write_jsonl(tmp_path / "a.jsonl", [{"question": "a"}]), shape=shape, check=True)
    assert (report.shape, report.task) == (shape, shape)
    assert report.errors


def test_the_shape_that_is_named_needs_its_columns(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", CHATS)
    with pytest.raises(MissingColumnError):
        prepare(path, shape="completion")
    with pytest.raises(UsageError, match="exclude each other"):
        prepare(path, shape="chat", prompt_column="messages")
    unknown: Any = "dpo"
    with pytest.raises(UsageError, match="--shape takes"):
        prepare(path, shape=unknown)


@pytest.mark.parametrize("to", ["chat", "completion"])
def test_preferences_stay_what_they_are(to: Any, tmp_path: Path) -> None:
    said = [{"role": "assistant", "content": "b"}]
    row = {"input": chat(("user", "a")), "preferred_output": said, "non_preferred_output": said}
    with pytest.raises(UsageError, match="preference examples cannot become"):
        prepare(write_jsonl(tmp_path / "a.jsonl", [row]), to=to)


def test_a_text_file_is_open_ended_generation(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("first line\n\nsecond line\n")
    report = prepare(path, yes=True)
    assert report.task == "open-ended generation"
    assert report.separator is None
    assert written_pairs(report) == [("", " first line"), ("", " second line")]
    assert find(report, "prompt-separator") is None
