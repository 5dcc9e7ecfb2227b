"""Rows that pass are what the openai SDK's own types say messages and tools are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from .cases import NAMES, Case
from .rows import VALID

#: Values that Pydantic looks at one by one are looked at when they are taken.
_PLAIN = (str, bytes, int, float, type(None))


def adapters() -> tuple[Any, Any, Any, Any]:
    import pydantic
    from openai.types import chat
    from openai.types.chat.completion_create_params import Function

    return (
        pydantic.TypeAdapter(chat.ChatCompletionMessageParam),
        pydantic.TypeAdapter(chat.ChatCompletionToolParam),
        pydantic.TypeAdapter(chat.ChatCompletionFunctionToolParam),
        pydantic.TypeAdapter(Function),
    )


MESSAGE, TOOL, FUNCTION_TOOL, FUNCTION = adapters()


def take(value: Any) -> None:
    """Look at every value inside."""
    if isinstance(value, Mapping):
        for inner in value.values():
            take(inner)
    elif isinstance(value, Iterable) and not isinstance(value, _PLAIN):
        for inner in value:
            take(inner)


def validate(row: Mapping[str, Any]) -> None:
    """Raises pydantic.ValidationError for what the SDK's types do not allow."""
    holder = row.get("input", row)
    for name in ("preferred_output", "non_preferred_output"):
        for message in row.get(name, []):
            take(MESSAGE.validate_python(message))
    for message in holder["messages"]:
        take(MESSAGE.validate_python(message))
    for tool in holder.get("tools", []):
        take(TOOL.validate_python(tool))
        take(FUNCTION_TOOL.validate_python(tool))
    for function in holder.get("functions", []):
        take(FUNCTION.validate_python(function))
    assert isinstance(holder.get("parallel_tool_calls", True), bool)


def passing_rows(case: Case) -> Iterator[dict[str, Any]]:
    """The rows of its input that no error is about."""
    bad = {
        line for one in case.report["findings"].values() if one["severity"] == "error" for line in one.get("lines", [])
    }
    for number, line in enumerate((case.folder / case.input).read_text(encoding="utf-8").splitlines(), 1):
        if number not in bad:
            yield json.loads(line)


def kept_whole(name: str) -> bool:
    case = Case.named(name)
    return case.report["shape"] != "completion" and case.input.endswith(".jsonl")


def is_row(row: Mapping[str, Any]) -> bool:
    return "messages" in row or "input" in row


#: Cases with rows of messages that pass.
CHECKED = [name for name in NAMES if kept_whole(name) and any(map(is_row, passing_rows(Case.named(name))))]


def test_most_cases_are_looked_at() -> None:
    assert len(CHECKED) > 80
    assert {name for name in NAMES if name.startswith(("tool-", "image-", "chat-")) and name.endswith("-not")} <= {
        *CHECKED
    }


@pytest.mark.parametrize("name", CHECKED)
def test_rows_that_pass(name: str) -> None:
    for row in filter(is_row, passing_rows(Case.named(name))):
        validate(row)


@pytest.mark.parametrize("shape", ["chat", "preference", "reinforcement"])
def test_valid_rows(shape: str) -> None:
    for row in VALID[shape]:
        validate(row)


@pytest.mark.parametrize(
    "case", ["chat-role", "chat-content", "tool-call", "tool-call-id-missing", "null-key", "content-part", "image-url"]
)
def test_the_types_refuse_something(case: str) -> None:
    """The types are looser than the rules, but they are asked: of each of these cases they refuse a row."""
    import pydantic

    refused = 0
    for line in (Case.named(case).folder / "input.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            validate(json.loads(line))
        except (pydantic.ValidationError, TypeError, KeyError, AttributeError):
            refused += 1
    assert refused
