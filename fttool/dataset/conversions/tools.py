"""Tools and their calls, as exports write them, in the form of the chat format."""

from __future__ import annotations

from typing import Any

from fttool.dataset.conversions.base import Row, given, json_list, json_object, json_value
from fttool.dataset.values import encode_object
from fttool.errors import ConversionError
from fttool.rules.base import kind


def tools_of(row: Row, where: str = "") -> Row:
    """`{"tools": [...]}` of a row or a request, or {} where it declares none; also the legacy `functions`.

    Functions that stand in `tools` without their wrapping get it: {"type": "function", "function": …}.
    """
    made: Row = {}
    if given(row.get("tools")):
        tools = [
            _wrapped(tool, f"{where}tools[{at}]") for at, tool in enumerate(json_list(row["tools"], f"{where}tools"))
        ]
        if tools:
            made["tools"] = tools
    if given(row.get("functions")):
        made["functions"] = json_list(row["functions"], f"{where}functions")
    parallel = row.get("parallel_tool_calls")
    if given(parallel):
        made["parallel_tool_calls"] = json_value(parallel, f"{where}parallel_tool_calls")
    return made


def _wrapped(tool: Any, where: str) -> Row:
    if not isinstance(tool, dict):
        raise ConversionError(f"is {kind(tool)}, not a tool", where)
    if "function" in tool or tool.get("type") not in (None, "function"):
        return tool
    function = {key: value for key, value in tool.items() if key != "type"}
    if not isinstance(function.get("name"), str):
        raise ConversionError("is a tool without a name", where)
    return {"type": "function", "function": function}


def calls_in(value: object, where: str) -> list[Row]:
    """The functions called by one turn: an object or a list of objects with `name` and `arguments`, or JSON of these.

    Returns them with the arguments as text, as the chat format wants them.
    """
    found = json_value(value, where)
    listed = found if isinstance(found, list) else [found]
    if not listed:
        raise ConversionError("holds no call", where)
    return [_function(call, f"{where}[{at}]" if found is listed else where) for at, call in enumerate(listed)]


def _function(call: Any, where: str) -> Row:
    if not isinstance(call, dict):
        raise ConversionError(f"is {kind(call)}, not a call: an object with `name` and `arguments`", where)
    strange = sorted(set(call) - {"name", "arguments"})
    if strange:
        raise ConversionError("means nothing in a call, which has `name` and `arguments`", f"{where}.{strange[0]}")
    name = call.get("name")
    if not isinstance(name, str) or not name:
        raise ConversionError("names no function", where)
    if "arguments" not in call:
        raise ConversionError("has no `arguments`", where)
    return {"name": name, "arguments": arguments_text(call["arguments"], f"{where}.arguments")}


def arguments_text(value: object, where: str) -> str:
    """The arguments of a call as text: an object is written as JSON, JSON text stays as it is."""
    if isinstance(value, dict):
        return encode_object(value).decode()
    if isinstance(value, str):
        json_object(value, where)
        return value
    raise ConversionError(f"is {kind(value)}, not the arguments of a call", where)


def with_text_arguments(message: Row, where: str) -> Row:
    """A message whose calls have their arguments as text; others write them as objects."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    return {**message, "tool_calls": [_with_text(call, f"{where}.tool_calls[{at}]") for at, call in enumerate(calls)]}


def _with_text(call: Any, where: str) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
        return call
    arguments = arguments_text(function["arguments"], f"{where}.function.arguments")
    return {**call, "function": {**function, "arguments": arguments}}
