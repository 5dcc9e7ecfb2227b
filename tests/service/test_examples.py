"""Training files: what they may hold, what is said of those that hold something else, what is learned from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.service.examples import faults as example_faults
from fttool.service.examples import read as examples
from fttool.service.examples.read import FileExamples, Inspection, inspect
from fttool.service.examples.render import render
from fttool.service.jobs.fault import JobFault
from fttool.service.trainers import Example

COMPLETION = {"prompt": "a", "completion": "b"}
ASKED = {"role": "user", "content": "q"}
ANSWERED = {"role": "assistant", "content": "r"}
CHAT = {"messages": [ASKED, ANSWERED]}
PREFERENCE = {
    "input": {"messages": [ASKED], "tools": [], "parallel_tool_calls": True},
    "preferred_output": [ANSWERED],
    "non_preferred_output": [{"role": "assistant", "content": "s"}],
}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """A file of these rows; bytes are lines as they are."""

    def file(*rows: Any) -> Path:
        path = tmp_path / "file"
        path.write_bytes(b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in rows))
        return path

    return file


@pytest.mark.parametrize(
    ("row", "method", "shape", "learned"),
    [
        (COMPLETION, "supervised", "completion", Example("a", "b")),
        (CHAT, "supervised", "chat", Example("q", "r")),
        (PREFERENCE, "dpo", "preference", Example("q", "r")),
    ],
)
def test_the_shapes(file: Callable[..., Path], row: dict[str, Any], method: str, shape: str, learned: Example) -> None:
    path = file(*[{**row, "extra": [1]}] * 10)
    assert inspect(path, method=method) == Inspection(shape, lines=10, examples=10)
    stream = FileExamples(path, shape)
    assert list(stream) == [learned] * 10 == list(stream)
    assert len(stream) == 10


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "a"}, "Line 10: missing key 'completion'"),
        ({"prompt": 1, "completion": "b"}, "Line 10: 'prompt': expected str, got int"),
        ({"prompt": None, "completion": "b"}, "Line 10: 'prompt': expected str, got null"),
        ({"x": 1}, "Line 10: expected the keys 'prompt' and 'completion' or 'messages'"),
        (CHAT, "Line 10: a chat example among completion examples; a file has one shape"),
        (PREFERENCE, "the method 'supervised' takes completion or chat examples"),
        (b"[1]", "Line 10: expected a JSON object, got an array"),
        (b'{"prompt": "x" "completion": ""}', "Line 10: not valid JSON at column 16: Expecting ',' delimiter"),
        (b'{"prompt": "x', "Line 10: not valid JSON at column 12: Unterminated string starting at"),
        (b'{"prompt": NaN, "completion": ""}', "Line 10: not valid JSON: NaN is not a JSON number"),
        (b'{"prompt": "\xe4", "completion": ""}', "Line 10: not UTF-8 at byte 13 of the line (0xe4)"),
        (b'{"prompt": "\\ud800", "completion": ""}', "Line 10: text holds half of a surrogate pair"),
        (b"[" * 100_000, "Line 10: nested too deeply"),
    ],
)
def test_faults_of_completions(file: Callable[..., Path], row: Any, said: str) -> None:
    with pytest.raises(JobFault) as raised:
        inspect(file(*[COMPLETION] * 9, row))
    assert said in raised.value.message
    assert (raised.value.code, raised.value.param) == ("invalid_training_file", "training_file")
    beginning = "The job failed due to a file format error in the training file. Invalid file format. Line 10: "
    assert raised.value.message.startswith(beginning)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "'messages' is empty"),
        ("x", "'messages': expected array, got str"),
        ([ASKED], "'messages' has no message of role 'assistant'"),
        ([{"role": "bot", "content": "x"}], "'messages[0].role': unknown role 'bot'"),
        ([{"content": "x"}], "missing key 'role' in 'messages[0]'"),
        ([{"role": "user"}, ANSWERED], "'messages[0]': a message of role 'user' has no content"),
        (
            [ASKED, {"role": "assistant", "content": None}],
            "'messages[1]': a message of role 'assistant' has no content",
        ),
        ([ASKED, {**ANSWERED, "weight": 2}], "'messages[1]': 'weight' must be 0 or 1, not 2"),
        (
            [{"role": "user", "content": [{"type": "text"}]}, ANSWERED],
            "'messages[0]': a part of its content has no text",
        ),
        ([{"role": "user", "content": [{"type": "film"}]}, ANSWERED], "'messages[0].content[0].type'"),
        ([ASKED, ANSWERED] * 1025, "'messages' has 2,050 messages; at most 2,048 can be read"),
    ],
)
def test_faults_of_chats(file: Callable[..., Path], messages: Any, said: str) -> None:
    with pytest.raises(JobFault) as raised:
        inspect(file(*[CHAT] * 9, {"messages": messages}), role="validation")
    assert f"Line 10: {said}" in raised.value.message
    assert (raised.value.code, raised.value.param) == ("invalid_validation_file", "validation_file")


@pytest.mark.parametrize("missing", ["input", "preferred_output", "non_preferred_output"])
def test_faults_of_preferences(file: Callable[..., Path], missing: str) -> None:
    row = {name: value for name, value in PREFERENCE.items() if name != missing}
    with pytest.raises(JobFault, match=f"Line 2: missing key '{missing}'"):
        inspect(file(PREFERENCE, row), method="dpo")
    empty = {**PREFERENCE, missing: {"messages": []} if missing == "input" else []}
    with pytest.raises(JobFault, match=r"Line 2: '.*' is empty"):
        inspect(file(PREFERENCE, empty), method="dpo")
    with pytest.raises(JobFault, match="Line 1: a chat example, but the method 'dpo' takes preference examples"):
        inspect(file(CHAT), method="dpo")


def test_the_first_faults_are_named_and_the_others_counted(file: Callable[..., Path]) -> None:
    with pytest.raises(JobFault) as raised:
        inspect(file(*[COMPLETION, {}] * 10))
    said = raised.value.message
    assert "Line 2: " in said and "Line 4: " in said and "Line 6: " in said and said.endswith(" (and 7 more)")


def test_too_few(file: Callable[..., Path]) -> None:
    with pytest.raises(JobFault) as raised:
        inspect(file(*[COMPLETION] * 9))
    assert raised.value.to_error() == {
        "code": "invalid_n_examples",
        "message": "Training file has 9 example(s), but must have at least 10 examples",
        "param": "training_file",
    }
    assert inspect(file(COMPLETION), role="validation").lines == 1
    with pytest.raises(JobFault, match="Validation file has 0 example"):
        inspect(file(), role="validation")
    calls = {"messages": [ASKED, {"role": "assistant", "tool_calls": [CALL]}]}
    with pytest.raises(JobFault, match="No example of the training file has a text of the assistant to learn"):
        inspect(file(*[calls] * 10))


def test_bom_blank_lines_and_line_ends(file: Callable[..., Path]) -> None:
    row = json.dumps(COMPLETION).encode()
    path = file(b"\xef\xbb\xbf" + row + b"\r", b"", b" \r", *[row] * 9)
    assert inspect(path).lines == 10
    assert list(FileExamples(path, "completion")) == [Example("a", "b")] * 10
    with pytest.raises(JobFault, match="Line 4: "):
        inspect(file(row, b"", row, b"\xef\xbb\xbf" + row))


def test_a_line_too_long(file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (examples, example_faults):
        monkeypatch.setattr(module, "LONGEST_LINE", 1_048_576)
    longest = {"prompt": "x" * (1_048_576 - 34), "completion": "b"}
    assert len(json.dumps(longest)) + 1 == 1_048_576
    assert inspect(file(*[COMPLETION] * 9, longest, COMPLETION)).lines == 11
    longer = {"prompt": "x" * 3_000_000, "completion": "b"}
    with pytest.raises(JobFault) as raised:
        inspect(file(*[COMPLETION] * 9, longer, {}, COMPLETION))
    assert "Line 10: longer than 1 MB; Line 11: expected the keys" in raised.value.message


def test_what_cannot_be_learned_is_counted(file: Callable[..., Path]) -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {}}, {"type": "text", "text": "what?"}]}
    silent: list[dict[str, Any]] = [
        {"messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}]},
        {"messages": [ASKED, {**ANSWERED, "weight": 0}]},
        {"messages": [ASKED, {"role": "assistant", "content": ""}]},
    ]
    path = file(*[CHAT] * 9, *silent, {"messages": [image, ANSWERED]})
    assert inspect(path) == Inspection("chat", lines=13, examples=10, skipped=3, unseen=1)
    assert list(FileExamples(path, "chat"))[-1] == Example("what?", "r")
    path = file(*[COMPLETION] * 9, {"prompt": "a", "completion": ""})
    assert inspect(path) == Inspection("completion", lines=10, examples=9, skipped=1)


def test_each_answer_of_a_chat_is_an_example(file: Callable[..., Path]) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        ASKED,
        {"role": "assistant", "content": "one", "weight": 0},
        {"role": "user", "content": [{"type": "text", "text": "and"}, {"type": "text", "text": "?"}]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "content": "3", "tool_call_id": "1"},
        {"role": "assistant", "content": "two", "weight": 1.0},
        ASKED,
        {"role": "assistant", "content": [{"type": "text", "text": "three"}]},
    ]
    first = "system: Be brief.\nuser: q\nassistant: one\nuser: and?\nassistant: f({})\ntool: 3"
    expected = [Example(first, "two"), Example(f"{first}\nassistant: two\nuser: q", "three")]
    assert list(FileExamples(file({"messages": messages}), "chat")) == expected


def test_rendered_for_inference_as_for_training() -> None:
    assert render([ASKED]) == "q"
    assert render([{"role": "system", "content": "s"}, ASKED]) == "system: s\nuser: q"
    assert render([ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}]) == "user: q\nassistant: f({})"
    called = {"role": "assistant", "function_call": {"name": "g", "arguments": "1"}}
    assert render([called]) == "assistant: g(1)"
    assert render([{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]) == ""


MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant"]), "content": st.text(max_size=4)},
        optional={"weight": st.sampled_from([0, 1, None])},
    ),
    min_size=1,
    max_size=6,
)


@given(st.lists(MESSAGES, min_size=1, max_size=4))
def test_as_many_examples_as_were_counted(tmp_path_factory: pytest.TempPathFactory, chats: list[Any]) -> None:
    path = tmp_path_factory.mktemp("chats") / "file"
    path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in chats))
    try:
        found = inspect(path, role="validation")
    except JobFault:
        wrong = [m for m in chats if not any(message["role"] == "assistant" for message in m)]
        assert wrong or not list(FileExamples(path, "chat"))
        return
    listed = list(FileExamples(path, "chat"))
    assert found.examples == len(listed) == len(FileExamples(path, "chat"))
    for example in listed:
        assert example.completion


def test_whatever_the_bytes(tmp_path: Path) -> None:
    """A file that is no JSONL at all is refused, not run into."""
    path = tmp_path / "file"
    for data in (b"\xff\xfe{\x00}\x00", b"\0" * 100, b"PK\x03\x04" + bytes(range(256)) * 50, b"{" * 5000, b"null\n1\n"):
        path.write_bytes(data)
        with pytest.raises(JobFault) as raised:
            inspect(path)
        assert raised.value.code == "invalid_training_file"
