"""Tools: how they are defined, how they are called, and who answers whom.

Source of the rules: OpenAI's OpenAPI document (ChatCompletionTool, FunctionObject, ChatCompletionMessageToolCall) and
its guides on function calling and on fine-tuning with tools. `functions` and `function_call` are the legacy spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fttool.rules.base import Fault, kind, nearest, null_keys, shown, unknown_keys
from fttool.rules.messages import ASSISTANT
from fttool.rules.schemas import schema_of

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: More functions than this are not taken. Source: OpenAI's API reference, `tools` of a chat completion.
MOST_TOOLS = 128
#: Near names are looked for in the first messages, and for the first calls: looking for them takes its time.
_MOST_SUGGESTED = 100

#: Keys of a tool, of the function in it, of a call, and of the function that is called.
TOOL_KEYS = ("type", "function")
FUNCTION_KEYS = ("name", "description", "parameters", "strict")
#: Those of a function that may be left out, but not be null; and the same of a row.
FUNCTION_NOT_NULL = ("description", "parameters")
ROW_NOT_NULL = ("tools", "functions", "parallel_tool_calls")
CALL_KEYS = ("id", "type", "function")
CALLED_KEYS = ("name", "arguments")

#: A float that is too large for one is JSON all the same.
_ARGUMENTS = msgspec.json.Decoder(float_hook=float)


def tools_faults(holder: Mapping[str, Any], where: str, declared: dict[str, Any]) -> Iterator[Fault]:
    """Faults of `tools`, `functions` and `parallel_tool_calls` of a row (or of an `input`).

    Fills `declared`: the name of each tool that is defined, with its parameters (None if it has none).
    """
    yield from null_keys(holder, ROW_NOT_NULL, where.removesuffix("."))
    tools, functions = holder.get("tools"), holder.get("functions")
    if tools is not None:
        yield from _list_faults(tools, f"{where}tools", declared, legacy=False)
    if functions is not None:
        yield Fault("tool-legacy", f"{where}functions", "are today's `tools`")
        yield from _list_faults(functions, f"{where}functions", declared, legacy=True)
    parallel = holder.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        yield Fault("parallel-tool-calls", f"{where}parallel_tool_calls", f"is {kind(parallel)}, not true or false")


def _list_faults(tools: object, path: str, declared: dict[str, Any], *, legacy: bool) -> Iterator[Fault]:
    if not isinstance(tools, list):
        yield Fault("tool-definition", path, f"is {kind(tools)}, not a list")
        return
    if legacy and not tools:  # `tools` may be empty: so OpenAI's guide on preferences shows it
        yield Fault("tool-definition", path, "is an empty list")
    if len(tools) > MOST_TOOLS:
        yield Fault("tool-definition", path, f"are {len(tools):,}; at most {MOST_TOOLS} are taken")
        return
    for number, tool in enumerate(tools):
        at = f"{path}[{number}]"
        if not isinstance(tool, Mapping):
            yield Fault("tool-definition", at, f"is {kind(tool)}, not an object")
        elif legacy:
            yield from _function_faults(tool, at, declared)
        elif tool.get("type") != "function":
            said = "is missing" if "type" not in tool else f"is {shown(tool['type'])}"
            yield Fault("tool-definition", f"{at}.type", f"{said}; it must be `function`")
        elif not isinstance(tool.get("function"), Mapping):
            near = nearest("function", [key for key in tool if key != "type"])
            said = f"is missing; `{near}` is near it" if near else "is missing, or no object"
            yield Fault("tool-definition", f"{at}.function", said)
        else:
            yield from unknown_keys(tool, TOOL_KEYS, at)
            yield from _function_faults(tool["function"], f"{at}.function", declared)


def _function_faults(function: Mapping[str, Any], at: str, declared: dict[str, Any]) -> Iterator[Fault]:
    yield from unknown_keys(function, FUNCTION_KEYS, at)
    yield from null_keys(function, FUNCTION_NOT_NULL, at)
    name, parameters = function.get("name"), function.get("parameters")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        said = "is missing" if name is None else f"is {shown(name)}"
        yield Fault("tool-definition", f"{at}.name", f"{said}; it must be 1 to 64 letters, digits, `_` and `-`")
    elif name in declared:
        yield Fault("tool-duplicate", f"{at}.name", f"is `{name}` again")
    else:
        declared[name] = parameters if isinstance(parameters, Mapping) else None
    if not isinstance(function.get("description"), str | None):
        yield Fault("tool-definition", f"{at}.description", f"is {kind(function['description'])}, not text")
    if "strict" in function and not isinstance(function["strict"], bool | None):
        yield Fault("tool-definition", f"{at}.strict", f"is {kind(function['strict'])}, not true or false")
    if parameters is not None:
        yield from _parameters_faults(parameters, f"{at}.parameters")


def _parameters_faults(parameters: object, path: str) -> Iterator[Fault]:
    if not isinstance(parameters, Mapping):
        yield Fault("tool-schema", path, f"is {kind(parameters)}, not a JSON Schema")
        return
    fault = schema_of(parameters).fault
    if fault is not None:
        yield Fault("tool-schema", f"{path}{fault.path}", f"is no JSON Schema: {fault.message}")
    elif parameters and parameters.get("type") != "object":
        said = "is missing" if "type" not in parameters else f"is {shown(parameters['type'])}"
        yield Fault("tool-schema", f"{path}.type", f"{said}; the parameters of a tool are an `object`")


def conversation_faults(
    messages: list[Any], path: str, holder: Mapping[str, Any], declared: Mapping[str, Any]
) -> Iterator[Fault]:
    """Faults of calls and their answers over a conversation of objects."""
    ids: set[str] = set()
    waiting: dict[str, str] = {}  # ids that were not answered yet, with the paths of their calls
    functions = 0
    for number, message in enumerate(messages):
        at, role = f"{path}[{number}]", message.get("role")
        if role == "tool":
            yield from _answer_faults(message, at, ids, suggest=number < _MOST_SUGGESTED)
            identifier = message.get("tool_call_id")
            if isinstance(identifier, str):
                waiting.pop(identifier, None)
            continue
        for call in waiting.values():
            yield Fault("tool-unanswered", call, f"is not answered before {at}")
        waiting.clear()
        if role == "function":
            if not functions or not isinstance(message.get("name"), str):
                why = "answers no `function_call`" if not functions else "has no name of the function that answers"
                yield Fault("tool-answer", at, why)
            continue
        if message.get("tool_calls") is not None:
            yield from _calls_faults(message, at, holder, declared, ids, waiting)
        if message.get("function_call") is not None:
            functions += 1
            yield from _legacy_call_faults(message, at, declared)
        if message.get("tool_call_id") is not None:
            yield Fault("tool-answer", f"{at}.tool_call_id", f"stands in a message of role {shown(role)}, not `tool`")


def _answer_faults(message: Mapping[str, Any], at: str, ids: set[str], *, suggest: bool) -> Iterator[Fault]:
    identifier = message.get("tool_call_id")
    path = f"{at}.tool_call_id"
    if not isinstance(identifier, str) or not identifier:
        yield Fault(
            "tool-answer",
            path,
            "is missing" if identifier is None else f"is {kind(identifier) if identifier else 'empty'}",
        )
    elif identifier not in ids:
        near = nearest(identifier, sorted(ids)) if suggest else None
        meant = f"; did you mean `{near}`?" if near else ""
        yield Fault("tool-answer", path, f"is {shown(identifier)}, which no call before it has{meant}")


def _calls_faults(
    message: Mapping[str, Any],
    at: str,
    holder: Mapping[str, Any],
    declared: Mapping[str, Any],
    ids: set[str],
    waiting: dict[str, str],
) -> Iterator[Fault]:
    calls, path = message["tool_calls"], f"{at}.tool_calls"
    if message.get("role") != ASSISTANT:
        yield Fault("tool-call", path, "stand in a message that is not the assistant's")
        return
    if not isinstance(calls, list) or not calls:
        yield Fault("tool-call", path, "is an empty list" if calls == [] else f"is {kind(calls)}, not a list")
        return
    if len(calls) > 1 and holder.get("parallel_tool_calls") is False:
        yield Fault("parallel-calls-off", path, f"are {len(calls)} at once, but `parallel_tool_calls` is false")
    for number, call in enumerate(calls):
        where = f"{path}[{number}]"
        if not isinstance(call, Mapping):
            yield Fault("tool-call", where, f"is {kind(call)}, not an object")
            continue
        yield from unknown_keys(call, CALL_KEYS, where)
        identifier = call.get("id")
        if not isinstance(identifier, str) or not identifier:
            said = "is missing" if identifier is None else f"is {kind(identifier) if identifier else 'empty'}"
            yield Fault("tool-call", f"{where}.id", said)
        else:
            if identifier in ids:
                yield Fault("tool-call-id", f"{where}.id", f"is {shown(identifier)} again")
            ids.add(identifier)
            waiting[identifier] = where
        if call.get("type") != "function":
            said = "is missing" if "type" not in call else f"is {shown(call['type'])}"
            yield Fault("tool-call", f"{where}.type", f"{said}; it must be `function`")
        suggest = max(len(ids), number) <= _MOST_SUGGESTED
        yield from _called_faults(call.get("function"), f"{where}.function", declared, suggest=suggest)


def _legacy_call_faults(message: Mapping[str, Any], at: str, declared: Mapping[str, Any]) -> Iterator[Fault]:
    path = f"{at}.function_call"
    if message.get("role") != ASSISTANT:
        yield Fault("tool-call", path, "stands in a message that is not the assistant's")
    else:
        yield from _called_faults(message["function_call"], path, declared)


def _called_faults(function: object, at: str, declared: Mapping[str, Any], *, suggest: bool = True) -> Iterator[Fault]:
    if not isinstance(function, Mapping):
        yield Fault("tool-call", at, "is missing" if function is None else f"is {kind(function)}, not an object")
        return
    yield from unknown_keys(function, CALLED_KEYS, at)
    name = function.get("name")
    if not isinstance(name, str) or not name:
        yield Fault(
            "tool-call", f"{at}.name", "is missing" if name is None else f"is {kind(name) if name else 'empty'}"
        )
    elif name not in declared:
        near = nearest(name, declared) if suggest else None
        meant = f"; did you mean `{near}`?" if near else "" if declared else ": the row defines no tools"
        yield Fault("tool-undeclared", f"{at}.name", f"is {shown(name)}, which is not among the tools{meant}")
    yield from _arguments_faults(function, f"{at}.arguments", declared.get(name) if isinstance(name, str) else None)


def _arguments_faults(function: Mapping[str, Any], path: str, parameters: Mapping[str, Any] | None) -> Iterator[Fault]:
    arguments = function.get("arguments")
    if isinstance(arguments, Mapping):
        yield Fault("tool-arguments-encoding", path, "is an object; it must be its JSON in a string")
        return
    if not isinstance(arguments, str):
        yield Fault(
            "tool-arguments", path, "is missing" if arguments is None else f"is {kind(arguments)}, not JSON in a string"
        )
        return
    try:
        value = decoded(arguments)
    except ValueError as error:
        said = f"not JSON: {error}" if arguments.strip() else "empty; without arguments it must be `{}`"
        yield Fault("tool-arguments", path, f"is {said}")
        return
    if isinstance(value, str) and isinstance(decoded_object(value), Mapping):
        yield Fault("tool-arguments-encoding", path, "is JSON in a string in a string")
    elif not isinstance(value, Mapping):
        yield Fault("tool-arguments", path, f"is {kind(value)}, not a JSON object")
    elif parameters is not None:
        for fault in schema_of(parameters).faults(value):
            yield Fault("tool-arguments-schema", f"{path}{fault.path}", fault.message)


def decoded(text: str) -> Any:
    """The JSON value in a text. Raises ValueError that says what is wrong."""
    try:
        return _ARGUMENTS.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(str(error).removeprefix("JSON is malformed: ")) from None


def decoded_object(text: str) -> Mapping[str, Any] | None:
    """The JSON object in a text; None if it is something else."""
    try:
        value = decoded(text)
    except ValueError:
        return None
    return value if isinstance(value, Mapping) else None
