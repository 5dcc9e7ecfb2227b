"""The changes that fixes make to rows that are kept whole. Each leaves a row that needs no change as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fttool.dataset.examples import encode_object
from fttool.dataset.steps import RowStep
from fttool.dataset.texts import CONTROL_TABLE
from fttool.records.dataset import Shape
from fttool.rules import chat, messages, preference, tools

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
        if not isinstance(value, list):
            return value
        new = [self.message(each) if isinstance(each, dict) else each for each in value]
        return new if any(one is not other for one, other in zip(new, value, strict=True)) else value


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
        if not isinstance(calls, list):
            return calls
        new = [_changed(call, ("function",), self._function) if isinstance(call, dict) else call for call in calls]
        return new if any(one is not other for one, other in zip(new, calls, strict=True)) else calls

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
    """Leave out the keys of rows and messages that mean nothing to a service."""

    shape: Shape

    def change(self, row: Row) -> Row:
        if self.shape == "preference":
            row = _only(row, preference.KEYS)
            row = _changed(
                row, ("input",), lambda asked: _only(asked, chat.ROW_KEYS) if isinstance(asked, dict) else asked
            )
        elif self.shape == "chat":
            row = _only(row, chat.ROW_KEYS)
        return _Messages().change(row)


@dataclass(frozen=True, slots=True)
class _Messages(MessageStep):
    """The keys of messages, by their roles."""

    def message(self, message: Row) -> Row:
        role = message.get("role")
        known = messages.KEYS.get(role.strip().lower()) if isinstance(role, str) else None
        return message if known is None else _only(message, (*known, *messages.RULED))


@dataclass(frozen=True, slots=True)
class CleanRows(MessageStep):
    """Remove control characters other than tab and line ends from the contents of messages."""

    def message(self, message: Row) -> Row:
        return _changed(message, ("content",), self._content)

    def _content(self, content: Any) -> Any:
        if isinstance(content, str):
            clean = content.translate(CONTROL_TABLE)
            return content if clean == content else clean
        if isinstance(content, list):
            new = [_changed(part, ("text",), self._content) if isinstance(part, dict) else part for part in content]
            return new if any(one is not other for one, other in zip(new, content, strict=True)) else content
        return content


def _changed(row: Row, keys: tuple[str, ...], change: Callable[[Any], Any]) -> Row:
    """The row with what stands under the keys, one inside the other, changed."""
    first, *rest = keys
    if first not in row:
        return row
    old = row[first]
    new = change(old) if not rest else _changed(old, tuple(rest), change) if isinstance(old, dict) else old
    return row if new is old else {**row, first: new}


def _only(row: Row, known: tuple[str, ...]) -> Row:
    return row if all(key in known for key in row) else {key: row[key] for key in row if key in known}


def _decoded(text: str) -> Any:
    try:
        return tools.decoded(text)
    except ValueError:
        return None


__all__ = ["CleanRows", "DropUnknownKeys", "EncodeArguments", "PlainRoles"]
