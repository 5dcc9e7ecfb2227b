"""ShareGPT: `conversations` of turns that say who speaks (`from`) and what (`value`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fttool.dataset.conversions.base import Conversion, Row, first_given, looks_like, refuse_media, system_message
from fttool.dataset.conversions.tools import tools_of
from fttool.dataset.conversions.turns import FLAGS, NOTES, notes_in, read_turns
from fttool.errors import ConversionError

COLUMNS = ("conversations", "conversation")


def _recognises(columns: Sequence[str], first: Mapping[str, Any]) -> bool:
    turns = [first.get(name) for name in COLUMNS]
    return any(looks_like(value, list, "[") or (isinstance(value, dict) and "from" in value) for value in turns)


def conversation_in(row: Row) -> str:
    """The column that holds the turns; ConversionError where none does."""
    name = first_given(row, COLUMNS)
    if name is None:
        raise ConversionError("holds no turns", next((one for one in COLUMNS if one in row), COLUMNS[0]))
    return name


def with_system(row: Row, messages: list[Row]) -> list[Row]:
    """The messages after the system message of the column; ConversionError where they bring another one."""
    system = system_message(row)
    if system and messages and messages[0]["role"] in ("system", "developer"):
        if messages[0]["content"] != system[0]["content"]:
            raise ConversionError("is another system message than the conversation begins with", "system")
        return messages
    return system + messages


def convert(row: Row) -> Row:
    """A ShareGPT row as a chat."""
    refuse_media(row)
    name = conversation_in(row)
    tools = tools_of(row)
    return {"messages": with_system(row, read_turns(row[name], name, tools=bool(tools))), **tools}


def _parts(row: Row) -> list[str]:
    name = conversation_in(row)
    return notes_in(row[name], name)


SHAREGPT = Conversion(
    name="sharegpt",
    title="ShareGPT conversations",
    shape="chat",
    marks="a column `conversations` (or `conversation`) with lists, or their JSON text",
    columns=frozenset({*COLUMNS, "system", "system_prompt", "tools", "functions", "parallel_tool_calls"}),
    recognises=_recognises,
    convert=convert,
    parts=_parts,
    table=(
        ("`conversations` (or `conversation`): a list of turns", "`messages`, one for each, in their order"),
        ("an object of lists, `{from: […], value: […]}`, as in Parquet files", "the same"),
        ("`from` (or `role`): `human`, `user`", "role `user`"),
        ("`gpt`, `assistant`, `chatgpt`, `bing`, `bard`, `model`", "role `assistant`"),
        ("`system`, `developer`", "the same role"),
        (
            "`function_call`: one call or a list of calls, each with `name` and `arguments`",
            "an assistant message with `tool_calls`; ids are made: `call_1`, `call_2`, …",
        ),
        (
            "`observation`, `tool`",
            "a tool message for each; they answer the calls of the turn before, in their order",
        ),
        (
            "`<tool_call>…</tool_call>` at the end of an answer, where there are `tools` or a tool speaks",
            "`tool_calls` likewise; what stands before it, without white space at its end, is `content`",
        ),
        ("`<tool_response>…</tool_response>`, and nothing else, in what a tool says", "a tool message for each"),
        ("`value` (or `content`)", "`content`, unchanged otherwise"),
        (
            ", ".join(f"`{flag}`" for flag in FLAGS) + ": 1, 0, true, false",
            "`weight` of an assistant message; on other turns 0 and false say nothing new",
        ),
        ("`tool_calls`, `tool_call_id`, `name` of a turn", "the same; arguments that are objects are written as text"),
        ("column `system` (or `system_prompt`)", "a system message at the beginning; none where it is null or empty"),
        ("column `tools`: a list, or JSON text of one", "`tools`; a bare function gets its `type`"),
        ("columns `functions`, `parallel_tool_calls`", "the same"),
        ("notes on a turn: " + ", ".join(f"`{note}`" for note in sorted(NOTES)), "left out, and named"),
        ("all other columns (`id`, `source`, …)", "left out, and named"),
        ("another speaker, another key of a turn that holds anything", "cannot be converted"),
        ("an `observation` without a call before it, or for some of several calls", "cannot be converted"),
        ("tagged calls that are no JSON, or with text after them", "cannot be converted"),
        ("a column `system` and another system message in the turns", "cannot be converted"),
        ("`images`, `videos`, `audios` that hold anything", "cannot be converted"),
    ),
)
