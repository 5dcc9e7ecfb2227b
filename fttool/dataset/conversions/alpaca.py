"""Alpaca: one `instruction`, its `input` and the `output`; Dolly calls the last two `context` and `response`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fttool.dataset.conversions.base import (
    Conversion,
    Row,
    first_given,
    given,
    json_list,
    optional_text,
    refuse_media,
    system_message,
    text,
)
from fttool.errors import ConversionError

_INPUT, _OUTPUT = ("input", "context"), ("output", "response")


def _recognises(columns: Sequence[str], first: Mapping[str, Any]) -> bool:
    return "instruction" in columns and any(name in columns for name in _OUTPUT)


def question(row: Row) -> str:
    """What the user says: the instruction, an empty line, the input. ConversionError where there is neither."""
    source = first_given(row, _INPUT)
    parts = [optional_text(row, "instruction"), optional_text(row, source) if source else ""]
    said = "\n\n".join(part for part in parts if part)
    if not said:
        raise ConversionError("asks nothing", "instruction")
    return said


def history(row: Row) -> list[Row]:
    """The earlier questions and answers."""
    messages: list[Row] = []
    pairs = json_list(row["history"], "history") if given(row.get("history")) else []
    for at, pair in enumerate(pairs):
        where = f"history[{at}]"
        if not isinstance(pair, list) or len(pair) != 2:
            raise ConversionError("is not a question and its answer", where)
        for place, role in enumerate(("user", "assistant")):
            messages.append({"role": role, "content": text(pair[place], f"{where}[{place}]")})
    return messages


def convert(row: Row) -> Row:
    """An Alpaca row as a chat."""
    refuse_media(row)
    asked = {"role": "user", "content": question(row)}
    name = first_given(row, _OUTPUT) or next((one for one in _OUTPUT if row.get(one) is not None), None)
    if name is None:
        raise ConversionError("holds no answer", next((one for one in _OUTPUT if one in row), "output"))
    answer = row[name]
    if isinstance(answer, list):
        raise ConversionError("is a list of answers, as ranked data has it: which to learn is not said", name)
    answered = {"role": "assistant", "content": text(answer, name)}
    return {"messages": [*system_message(row), *history(row), asked, answered]}


ALPACA = Conversion(
    name="alpaca",
    title="Alpaca instructions",
    shape="chat",
    marks="columns `instruction` and `output` (or `response`)",
    columns=frozenset({"instruction", *_INPUT, *_OUTPUT, "system", "system_prompt", "history"}),
    recognises=_recognises,
    convert=convert,
    table=(
        ("`instruction`", "a user message"),
        (
            "`input` (or `context`)",
            "the same message, after the instruction and an empty line; nothing where it is null, empty or white space",
        ),
        ("`output` (or `response`)", "the assistant message after it"),
        ("`history`: `[[question, answer], …]`", "user and assistant messages before these"),
        ("`system` (or `system_prompt`)", "a system message at the beginning; none where it is null or empty"),
        ("`text` (the prompt as it was rendered for another model), and all other columns", "left out, and named"),
        ("an `output` that is null, or a list (ranked answers)", "cannot be converted"),
        ("`images`, `videos`, `audios` that hold anything", "cannot be converted"),
    ),
)
