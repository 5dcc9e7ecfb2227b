"""Training files: what they may hold, what is said of those that hold something else, what is learned from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.rules import errors
from fttool.service.examples import lines as example_lines
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
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f"}}
CALL: dict[str, Any] = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


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
        ({"prompt": "a"}, "Line 10: completion is missing [empty-completion]"),
        ({"prompt": 1, "completion": "b"}, "Line 10: prompt is a number, not text [value-type]"),
        ({"prompt": None, "completion": "b"}, "Line 10: prompt is null [missing-prompt]"),
        ({"x": 1}, "Line 10: prompt is missing [missing-prompt]"),
        ({"prompt": "a", "completion": " \n"}, "Line 10: completion is only white space [empty-completion]"),
        (CHAT, "Line 10: a chat example among completion examples; a file has one shape"),
        (PREFERENCE, "the method 'supervised' takes completion or chat examples"),
        (b"[1]", "Line 10: expected a JSON object, got an array"),
        (b'{"prompt": "x" "completion": ""}', "Line 10: not valid JSON at column 16: Expecting ',' delimiter"),
        (b'{"prompt": "x', "Line 10: not valid JSON at column 12: Unterminated string starting at"),
        (b'{"prompt": NaN, "completion": ""}', "Line 10: not valid JSON: NaN is not a JSON number"),
        (b'{"prompt": "\xe4", "completion": ""}', "Line 10: not UTF-8 at byte 13 of the line (0xe4)"),
        (b'{"prompt": "\\ud800", "completion": ""}', "Line 10: prompt holds half of a surrogate pair"),
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
        ([], "messages is an empty list [chat-messages]"),
        ("x", "messages is text, not a list of messages [chat-messages]"),
        ([ASKED], "messages hold no assistant message to learn from [chat-no-answer]"),
        ([{"role": "bot", "content": "x"}], "messages[0].role is `bot`; it must be one of system, developer"),
        ([{"content": "x"}], "messages[0].role is missing [chat-role]"),
        ([{"role": "user"}, ANSWERED], "messages[0].content is missing [chat-content]"),
        (
            [ASKED, {"role": "assistant", "content": None}],
            "messages[1].content is null; only an assistant message that calls tools has none [chat-content]",
        ),
        ([ASKED, {**ANSWERED, "weight": 2}], "messages[1].weight is 2; it must be the number 0 or 1 [chat-weight]"),
        (
            [{"role": "user", "content": [{"type": "text"}]}, ANSWERED],
            "messages[0].content[0].text is missing [content-part]",
        ),
        ([{"role": "user", "content": [{"type": "film"}]}, ANSWERED], "messages[0].content[0].type is `film`"),
        ([ASKED, ANSWERED] * 1025, "messages are 2,050; at most 2,048 are taken [chat-messages]"),
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
    with pytest.raises(JobFault, match=rf"Line 2: {missing} is missing \[preference-(in|out)put\]"):
        inspect(file(PREFERENCE, row), method="dpo")
    empty = {**PREFERENCE, missing: {"messages": []} if missing == "input" else []}
    with pytest.raises(JobFault, match=r"Line 2: .* (is an empty list \[chat-messages\]|has 0 messages)"):
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
    sound = {"messages": [ASKED, {"role": "assistant", "content": [{"type": "input_audio", "input_audio": {}}]}]}
    with pytest.raises(JobFault, match="No example of the training file has a text of the assistant to learn"):
        inspect(file(*[sound] * 10))


def test_bom_blank_lines_and_line_ends(file: Callable[..., Path]) -> None:
    row = json.dumps(COMPLETION).encode()
    path = file(b"\xef\xbb\xbf" + row + b"\r", b"", b" \r", *[row] * 9)
    assert inspect(path).lines == 10
    assert list(FileExamples(path, "completion")) == [Example("a", "b")] * 10
    with pytest.raises(JobFault, match="Line 4: "):
        inspect(file(row, b"", row, b"\xef\xbb\xbf" + row))


def test_a_line_too_long(file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example_lines, "LONGEST_LINE", 1_048_576)
    longest = {"prompt": "x" * (1_048_576 - 34), "completion": "b"}
    assert len(json.dumps(longest)) + 1 == 1_048_576
    assert inspect(file(*[COMPLETION] * 9, longest, COMPLETION)).lines == 11
    longer = {"prompt": "x" * 3_000_000, "completion": "b"}
    with pytest.raises(JobFault) as raised:
        inspect(file(*[COMPLETION] * 9, longer, {}, COMPLETION))
    assert "Line 10: longer than 1 MB; Line 11: prompt is missing" in raised.value.message


def test_what_cannot_be_learned_is_counted(file: Callable[..., Path]) -> None:
    url = {"url": "https://example.org/a.png"}
    image = {"role": "user", "content": [{"type": "image_url", "image_url": url}, {"type": "text", "text": "what?"}]}
    sound = {"role": "assistant", "content": [{"type": "input_audio", "input_audio": {}, "text": 5}]}
    silent = {"role": "assistant", "content": "", "refusal": 5}
    path = file(
        *[CHAT] * 9, {"messages": [ASKED, sound]}, {"messages": [ASKED, silent]}, {"messages": [image, ANSWERED]}
    )
    assert inspect(path) == Inspection("chat", lines=12, examples=10, skipped=2, unseen=2)
    assert list(FileExamples(path, "chat"))[-1] == Example("what?", "r")


def test_calls_and_refusals_are_learned_as_text(file: Callable[..., Path]) -> None:
    call = {"messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}], "tools": [TOOL]}
    legacy = {
        "messages": [ASKED, {"role": "assistant", "function_call": CALL["function"]}],
        "functions": [TOOL["function"]],
    }
    refusal = {"messages": [ASKED, {"role": "assistant", "refusal": "No."}]}
    path = file(*[call] * 10, legacy, refusal)
    assert inspect(path) == Inspection("chat", lines=12, examples=12, called=11)
    assert list(FileExamples(path, "chat")) == [Example("q", "f({})")] * 11 + [Example("q", "No.")]


def test_the_shape_of_a_file_is_told_by_its_first_rows(file: Callable[..., Path]) -> None:
    asked = {"messages": [ASKED, ANSWERED, ASKED], "answer": "r"}
    with pytest.raises(JobFault, match="prompts for reinforcement: they end with the user") as raised:
        inspect(file(*[asked] * 6, *[CHAT] * 5))
    assert raised.value.code == "invalid_training_file"
    with pytest.raises(JobFault, match=r"Line 1: .* \[chat-last\]"):  # half of them: chats, with a fault each
        inspect(file(*[asked] * 5, *[CHAT] * 5))
    both = {**COMPLETION, "messages": []}
    assert inspect(file(*[both] * 10)).shape == "completion"
    for row, method, said in (
        ({"mesages": []}, "supervised", "messages is missing; `mesages` is near it [chat-messages]"),
        ({"text": "x"}, "supervised", "expected the keys 'prompt' and 'completion' or 'messages'"),
        ({"input": {}}, "dpo", "messages is missing [chat-messages]"),
        ({"prefered_output": []}, "dpo", "input is missing [preference-input]"),
    ):
        with pytest.raises(JobFault) as raised:
            inspect(file(row), method=method)
        assert said in raised.value.message


def test_a_preference_may_refuse(file: Callable[..., Path]) -> None:
    row = {**PREFERENCE, "preferred_output": [{"role": "assistant", "refusal": "No."}]}
    path = file(*[row] * 10)
    assert inspect(path, method="dpo") == Inspection("preference", lines=10, examples=10)
    assert list(FileExamples(path, "preference")) == [Example("q", "No.")] * 10


def test_more_images_than_are_taken(file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttool.service.examples.read.MOST_IMAGE_EXAMPLES", 10)
    part = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    seen = {"messages": [{"role": "user", "content": [part, part]}, ANSWERED]}
    assert inspect(file(*[seen] * 10, CHAT)).unseen == 10
    with pytest.raises(
        JobFault, match=r"11 examples .* hold images; at most 10 are taken \[image-examples\]"
    ) as raised:
        inspect(file(*[seen] * 11))
    assert raised.value.code == "invalid_training_file"


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
    asked = "system: Be brief.\nuser: q\nassistant: one\nuser: and?"
    first = f"{asked}\nassistant: f({{}})\ntool: 3"
    expected = [Example(asked, "f({})"), Example(first, "two"), Example(f"{first}\nassistant: two\nuser: q", "three")]
    assert list(FileExamples(file({"messages": messages, "tools": [TOOL]}), "chat")) == expected


def test_rendered_for_inference_as_for_training() -> None:
    assert render([ASKED]) == "q"
    assert render([{"role": "system", "content": "s"}, ASKED]) == "system: s\nuser: q"
    assert render([ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}]) == "user: q\nassistant: f({})"
    assert render([ASKED, {"role": "assistant", "content": None, "refusal": "No."}]) == "user: q\nassistant: No."
    called = {"role": "assistant", "function_call": {"name": "g", "arguments": "1"}}
    assert render([called]) == "assistant: g(1)"
    assert render([{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]) == ""


MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": st.sampled_from(["", " ", "a", "b"])},
        optional={"refusal": st.sampled_from([None, "no", 1])},
    ).flatmap(
        lambda message: (
            st.just(message)
            if message["role"] == "user"
            else st.sampled_from([message, {**message, "weight": 0}, {**message, "weight": 1.0}])
        )
    ),
    min_size=1,
    max_size=6,
)


@given(st.lists(MESSAGES, min_size=1, max_size=4))
def test_as_many_examples_as_were_counted(tmp_path_factory: pytest.TempPathFactory, chats: list[Any]) -> None:
    path = tmp_path_factory.mktemp("chats") / "file"
    path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in chats))
    bad = any(next(errors({"messages": messages}, "chat"), None) for messages in chats)
    try:
        found = inspect(path, role="validation")
    except JobFault:
        assert bad or not list(FileExamples(path, "chat"))
        return
    assert not bad
    listed = list(FileExamples(path, "chat"))
    assert found.examples == len(listed) == len(FileExamples(path, "chat"))
    for example in listed:
        assert example.completion.strip()


def test_whatever_the_bytes(tmp_path: Path) -> None:
    """A file that is no JSONL at all is refused, not run into."""
    path = tmp_path / "file"
    for data in (b"\xff\xfe{\x00}\x00", b"\0" * 100, b"PK\x03\x04" + bytes(range(256)) * 50, b"{" * 5000, b"null\n1\n"):
        path.write_bytes(data)
        with pytest.raises(JobFault) as raised:
            inspect(path)
        assert raised.value.code == "invalid_training_file"
