"""Rows as hypothesis makes them: any JSON under the keys that services know, and valid rows with one thing changed."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from .helpers import Row, chat

SHAPES = ("completion", "chat", "preference", "reinforcement")

_PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city"],
}
_TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": _PARAMETERS}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
_LOOK = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}

#: Rows that no rule says anything about, by shape.
VALID: dict[str, list[Row]] = {
    "completion": [{"prompt": "How cold is it? ->", "completion": " Four degrees.\n"}],
    "chat": [
        chat(("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello!")),
        chat(("user", [{"type": "text", "text": "What is this?"}, _LOOK]), ("assistant", "A loaf.")),
        {
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": "How cold is it?", "name": "ann"},
                {"role": "assistant", "content": None, "tool_calls": [_CALL], "weight": 1},
                {"role": "tool", "tool_call_id": "call_1", "content": "4"},
                {"role": "assistant", "content": "Four degrees.", "refusal": None},
            ],
            "tools": [_TOOL],
            "parallel_tool_calls": False,
        },
    ],
    "preference": [
        {
            "input": {**chat(("user", "How cold is it?")), "tools": [], "parallel_tool_calls": True},
            "preferred_output": [{"role": "assistant", "content": "Four degrees."}],
            "non_preferred_output": [{"role": "assistant", "content": "Cold."}],
        }
    ],
    "reinforcement": [{**chat(("developer", "Count."), ("user", "2 + 2?")), "answer": "4"}],
}

_KEYS = [
    *("messages", "tools", "functions", "parallel_tool_calls", "input", "preferred_output", "non_preferred_output"),
    *("prompt", "completion", "role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call"),
    *("type", "function", "arguments", "parameters", "properties", "$ref", "image_url", "url", "text", "id", "answer"),
]
_WORDS = [
    *("user", "assistant", "system", "tool", "function", "Assistant ", "text", "image_url", "object", "weather"),
    *("call_1", "{}", '"{}"', '{"city": 1}', "[", "", " ", "\x00", "\ud83d", "Ã©", "<|endoftext|>", "\u200b"),
    *("https://a.b/c.png", "http://[", "data:image/png;base64,iVBORw0KGgo=", "data:,", "#/$defs/a", "#", "�"),
]

_texts = st.sampled_from(_WORDS) | st.text(max_size=6) | st.text(st.characters(codec=None), max_size=3)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.sampled_from([0, 1, 2, 0.0, 1.0, 0.5, 1e308, -0.0, 10**30])
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts
)

#: Any JSON, with a liking for the keys and words that rules look for.
json_values: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)

random_rows = st.dictionaries(st.sampled_from(_KEYS[:9]) | st.text(max_size=3), json_values, min_size=1, max_size=4)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value, with each of its keys or positions."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        found += [(here, key) for key in keys]
        waiting += [here[key] for key in keys]
    return found


@st.composite
def changed_rows(draw: st.DrawFn, shape: str) -> Row:
    """A valid row in which a few things were taken out, put in the place of others, added, renamed or repeated."""
    row = copy.deepcopy(draw(st.sampled_from(VALID[shape])))
    for _ in range(draw(st.integers(0, 3))):
        places = _places(row)
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        way = draw(st.sampled_from(["drop", "put", "put", "add", "rename", "repeat", "encode"]))
        if way == "drop":
            del holder[key]
        elif way == "put":
            holder[key] = draw(json_values)
        elif way == "encode":
            holder[key] = json.dumps(holder[key]) if draw(st.booleans()) else str(holder[key]).upper()
        elif isinstance(holder, list):
            holder.insert(key, draw(json_values) if way == "add" else copy.deepcopy(holder[key]))
        elif way == "rename":
            holder[draw(st.sampled_from(_KEYS))] = holder.pop(key)
        else:
            holder[draw(st.sampled_from(_KEYS) | _texts)] = draw(json_values)
    return row


def rows_of(shape: str) -> st.SearchStrategy[list[Row]]:
    """Files of a shape: valid rows, changed ones, and such that have nothing to do with it."""
    anything = st.sampled_from(VALID[shape]) | changed_rows(shape) | changed_rows(shape) | random_rows
    return st.lists(anything, min_size=1, max_size=6).filter(lambda rows: any(rows))
