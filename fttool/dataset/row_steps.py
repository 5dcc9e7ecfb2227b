"""The changes that fixes make to rows that are kept whole. Each leaves a row that needs no change as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fttool.dataset.rows import texts_of
from fttool.dataset.steps import RowStep
from fttool.dataset.texts import CONTROL_TABLE
from fttool.dataset.values import encode_object
from fttool.records.dataset import Shape
from fttool.rules import chat, messages, preference, tools
from fttool.rules.tools import CALL_KEYS, CALLED_KEYS, FUNCTION_KEYS, TOOL_KEYS

Row = dict[str, Any]

#: Where in a row messages stand, by the keys that lead there.
_MESSAGES = (("messages",), ("input", "messages"), ("preferred_output",), ("non_preferred_output",))


class MessageStep(RowStep):
    """A change to each message of a row, wherever messages stand."""

    def change(self, row: Row) -> Row:
        """The row with its messages changed."""
        for keys in _MESSAGES:
            row = _changed(row, keys, self._all)
        return row

    def message(self, message: Row) -> Row:
        """The message, or another one in its place."""
        raise NotImplementedError

    def _all(self, value: Any) -> Any:
        return _each(value, self.message)


@dataclass(frozen=True, slots=True)
class PlainRoles(MessageStep):
    """Write roles in lower case and without white space where that makes a known role of them."""

    def message(self, message: Row) -> Row:
        role = message.get("role")
        plain = role.strip().lower() if isinstance(role, str) else None
        return message if plain == role or plain not in messages.KEYS else {**message, "role": plain}


@dataclass(frozen=True, slots=True)
class EncodeArguments(MessageStep):
    """Write the arguments of calls as JSON in a string, once: objects are encoded, what is encoded twice decoded."""

    def message(self, message: Row) -> Row:
        message = _changed(message, ("function_call",), self._function)
        return _changed(message, ("tool_calls",), self._calls)

    def _calls(self, calls: Any) -> Any:
        return _each(calls, lambda call: _changed(call, ("function",), self._function))

    def _function(self, function: Any) -> Any:
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(arguments, dict):
            return {**function, "arguments": encode_object(arguments).decode()}
        if isinstance(arguments, str):
            inner = _decoded(arguments)
            if isinstance(inner, str) and tools.decoded_object(inner) is not None:
                return {**function, "arguments": inner}
        return function


@dataclass(frozen=True, slots=True)
class DropUnknownKeys(RowStep):
    """Leave out the keys of rows, messages, calls and tools that mean nothing to a service."""

    shape: Shape

    def change(self, row: Row) -> Row:
        if self.shape == "preference":
            row = _only(row, preference.KEYS)
            row = _changed(row, ("input",), _asked)
        else:
            row = _tools(row if self.shape == "reinforcement" else _only(row, chat.ROW_KEYS))
        return _Messages().change(row)


def _asked(asked: Any) -> Any:
    return _tools(_only(asked, chat.ROW_KEYS)) if isinstance(asked, dict) else asked


def _tools(holder: Row) -> Row:
    """A row, or the input of one, with the known keys of its tools."""
    holder = _changed(holder, ("functions",), lambda tools: _each(tools, lambda one: _only(one, FUNCTION_KEYS)))
    return _changed(holder, ("tools",), lambda tools: _each(tools, _tool))


def _tool(tool: Row) -> Row:
    if tool.get("type") != "function" or not isinstance(tool.get("function"), dict):
        return tool
    return _changed(_only(tool, TOOL_KEYS), ("function",), lambda one: _only(one, FUNCTION_KEYS))


def _call(call: Row) -> Row:
    return _changed(_only(call, CALL_KEYS), ("function",), _called)


def _called(function: Any) -> Any:
    return _only(function, CALLED_KEYS) if isinstance(function, dict) else function


@dataclass(frozen=True, slots=True)
class _Messages(MessageStep):
    """The keys of messages, by their roles."""

    def message(self, message: Row) -> Row:
        role = message.get("role")
        known = messages.KEYS.get(role.strip().lower()) if isinstance(role, str) else None
        if known is None:
            return message
        message = _only(message, (*known, *messages.RULED))
        if role != messages.ASSISTANT:
            return message
        message = _changed(message, ("function_call",), _called)
        return _changed(message, ("tool_calls",), lambda calls: _each(calls, _call))


@dataclass(frozen=True, slots=True)
class DropNulls(MessageStep):
    """Leave out keys that are null where services take no null."""

    def change(self, row: Row) -> Row:
        row = _changed(_without_nulls_of_tools(row), ("input",), _without_nulls_of_tools)
        return MessageStep.change(self, row)

    def message(self, message: Row) -> Row:
        message = _without_nulls(message, messages.NOT_NULL)
        return _changed(message, ("content",), lambda parts: _each(parts, self._part))

    def _part(self, part: Row) -> Row:
        return _changed(part, ("image_url",), lambda image: _without_nulls(image, ("detail",)))


def _without_nulls_of_tools(holder: Any) -> Any:
    holder = _without_nulls(holder, tools.ROW_NOT_NULL)
    if not isinstance(holder, dict):
        return holder
    holder = _changed(holder, ("functions",), lambda listed: _each(listed, _without_nulls_of_function))
    return _changed(
        holder,
        ("tools",),
        lambda listed: _each(listed, lambda tool: _changed(tool, ("function",), _without_nulls_of_function)),
    )


def _without_nulls_of_function(function: Any) -> Any:
    return _without_nulls(function, tools.FUNCTION_NOT_NULL)


def _without_nulls(thing: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(thing, dict) or not any(key in thing and thing[key] is None for key in keys):
        return thing
    return {key: value for key, value in thing.items() if value is not None or key not in keys}


@dataclass(frozen=True, slots=True)
class CleanRows(RowStep):
    """Remove control characters other than tab and line ends from every text of a row."""

    def change(self, row: Row) -> Row:
        if all(text == text.translate(CONTROL_TABLE) for _, text in texts_of(row)):
            return row
        new = dict(row)
        waiting: list[Any] = [new]
        while waiting:  # not by recursion: rows may be nested deeply
            holder = waiting.pop()
            for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
                if isinstance(value, str):
                    holder[key] = value.translate(CONTROL_TABLE)
                elif isinstance(value, dict | list):
                    holder[key] = value.copy()
                    waiting.append(holder[key])
        return new


def _changed(row: Row, keys: tuple[str, ...], change: Callable[[Any], Any]) -> Row:
    """The row with what stands under the keys, one inside the other, changed."""
    first, *rest = keys
    if first not in row:
        return row
    old = row[first]
    new = change(old) if not rest else _changed(old, tuple(rest), change) if isinstance(old, dict) else old
    return row if new is old else {**row, first: new}


def _each(values: Any, change: Callable[[Row], Row]) -> Any:
    """A list with its objects changed; anything else as it is."""
    if not isinstance(values, list):
        return values
    new = [change(each) if isinstance(each, dict) else each for each in values]
    return new if any(one is not other for one, other in zip(new, values, strict=True)) else values


def _only(row: Row, known: tuple[str, ...]) -> Row:
    return row if all(key in known for key in row) else {key: row[key] for key in row if key in known}


def _decoded(text: str) -> Any:
    try:
        return tools.decoded(text)
    except ValueError:
        return None


__all__ = ["CleanRows", "DropNulls", "DropUnknownKeys", "EncodeArguments", "PlainRoles"]
