"""What comes from a chat, written as others write it, comes back as the same chat; every text survives."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.strategies import any_text, quick
from fttool.dataset.conversions import CONVERSIONS, detect
from fttool.errors import ConversionError, DataError

Row = dict[str, Any]

texts = any_text.filter(lambda text: bool(text.strip()))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(st.text("xyz", min_size=1, max_size=3), st.integers() | st.text(max_size=5), max_size=3)


def message(role: str, content: str) -> Row:
    return {"role": role, "content": content}


systems = st.lists(texts.map(lambda text: message("system", text)), max_size=1)
rounds = st.lists(st.tuples(texts, texts), min_size=1, max_size=3)


def chat(system: list[Row], turns: list[tuple[str, str]]) -> list[Row]:
    said = [message(role, text) for turn in turns for role, text in zip(("user", "assistant"), turn, strict=True)]
    return [*system, *said]


chats = st.builds(chat, systems, rounds)

TURNS = {"user": "human", "assistant": "gpt", "system": "system"}


def as_turns(messages: list[Row]) -> list[Row]:
    """Messages as ShareGPT writes them."""
    turns = []
    for one in messages:
        if one.get("tool_calls"):
            calls = [
                {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
                for call in one["tool_calls"]
            ]
            turns.append({"from": "function_call", "value": json.dumps(calls)})
        elif one["role"] == "tool":
            turns.append({"from": "observation", "value": one["content"]})
        else:
            flags = {"weight": one["weight"]} if "weight" in one else {}
            turns.append({"from": TURNS[one["role"]], "value": one["content"], **flags})
    return turns


@st.composite
def tool_chats(draw: st.DrawFn) -> list[Row]:
    messages, number = draw(systems), 0
    for asked, calls, answer in draw(
        st.lists(st.tuples(texts, st.lists(st.tuples(arguments, any_text), max_size=3), texts), min_size=1, max_size=3)
    ):
        messages.append(message("user", asked))
        if calls:
            ids = [f"call_{number + at + 1}" for at in range(len(calls))]
            number += len(calls)
            made = [
                {"id": one, "type": "function", "function": {"name": "look_up", "arguments": compact(values)}}
                for one, (values, _) in zip(ids, calls, strict=True)
            ]
            messages.append({"role": "assistant", "content": None, "tool_calls": made})
            answers = zip(ids, calls, strict=True)
            messages += [{"role": "tool", "tool_call_id": one, "content": result} for one, (_, result) in answers]
        messages.append(message("assistant", answer) | draw(st.sampled_from([{}, {"weight": 0}, {"weight": 1}])))
    return messages


def compact(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


@quick
@given(tool_chats(), st.booleans())
def test_sharegpt_and_back(messages: list[Row], in_a_cell: bool) -> None:
    turns: Any = as_turns(messages)
    made = CONVERSIONS["sharegpt"].convert({"conversations": json.dumps(turns) if in_a_cell else turns})
    assert made == {"messages": messages}


@quick
@given(systems, rounds)
def test_alpaca_and_back(system: list[Row], turns: list[tuple[str, str]]) -> None:
    *earlier, (asked, answer) = turns
    row = {"instruction": asked, "input": "", "output": answer, "history": [list(pair) for pair in earlier]}
    if system:
        row["system"] = system[0]["content"]
    assert CONVERSIONS["alpaca"].convert(row) == {"messages": chat(system, turns)}


@quick
@given(chats, texts, st.sampled_from(["whole", "apart", "sharegpt", "cells"]))
def test_pairs_and_back(messages: list[Row], other: str, form: str) -> None:
    begins, good, bad = messages[:-1], messages[-1:], [message("assistant", other)]
    row: Row = {"chosen": begins + good, "rejected": begins + bad}
    if form == "apart":
        row = {"prompt": begins, "chosen": good, "rejected": bad}
    elif form == "sharegpt":
        sides = {"chosen": as_turns(good)[0], "rejected": as_turns(bad)[0]}
        row = {"conversations": as_turns(begins), **sides}
    elif form == "cells":
        row = {name: json.dumps(value) for name, value in row.items()}
    made = CONVERSIONS["chosen-rejected"].convert(row)
    assert made == {"input": {"messages": begins}, "preferred_output": good, "non_preferred_output": bad}


@quick
@given(tool_chats(), st.booleans())
def test_logs_and_back(messages: list[Row], in_cells: bool) -> None:
    row: Row = {
        "request": {"model": "gpt-4.1-mini", "messages": messages[:-1]},
        "response": {"choices": [{"index": 0, "message": messages[-1], "finish_reason": "stop"}]},
    }
    del messages[-1]["content"]
    messages[-1] |= {"content": "the end"}
    messages[-1].pop("weight", None)
    if in_cells:
        row = {name: json.dumps(value) for name, value in row.items()}
    assert CONVERSIONS["openai-log"].convert(row) == {"messages": messages}


@quick
@given(tool_chats())
def test_cells_and_back(messages: list[Row]) -> None:
    assert CONVERSIONS["json-messages"].convert({"messages": json.dumps(messages)}) == {"messages": messages}


@quick
@given(any_text, any_text, any_text, any_text)
def test_alpaca_keeps_every_text(instruction: str, more: str, output: str, system: str) -> None:
    row = {"instruction": instruction, "input": more, "output": output, "system": system}
    try:
        said = [one["content"] for one in CONVERSIONS["alpaca"].convert(row)["messages"]]
    except ConversionError:
        assert not instruction.strip() and not more.strip()
        return
    for text in (instruction, more, output, system):
        assert not text.strip() or any(text in content for content in said)


def odd_rows(names: list[str]) -> st.SearchStrategy[Row]:
    """Rows of these columns with anything in them, turns that are nearly right among it."""
    keys = ["from", "value", "role", "content", "weight", "tool_calls", "name"]
    words = st.sampled_from(
        ["human", "gpt", "tool", "function_call", "assistant", "", '{"name":"f","arguments":{}}', "[]"]
    )
    turns = st.lists(st.dictionaries(st.sampled_from(keys), words | json_values, max_size=4), max_size=4)
    values = (
        json_values
        | words
        | turns
        | turns.map(json.dumps)
        | st.dictionaries(st.sampled_from(["messages", "choices"]), turns)
    )
    return st.dictionaries(st.sampled_from(names), values, max_size=4)


@pytest.mark.parametrize("name", CONVERSIONS)
def test_odd_rows_are_converted_or_refused(name: str) -> None:
    conversion = CONVERSIONS[name]

    @quick
    @given(odd_rows(sorted(conversion.columns)))
    def converts(row: Row) -> None:
        before = json.dumps(row)
        with suppress(DataError):
            detect(list(row), row)
        with suppress(ConversionError):
            made = conversion.convert(row)
            list(conversion.parts(row))
            keys = {"messages", "tools", "functions", "parallel_tool_calls"}
            assert set(made) <= (
                keys if conversion.shape == "chat" else {"input", "preferred_output", "non_preferred_output"}
            )
        assert json.dumps(row) == before

    converts()
