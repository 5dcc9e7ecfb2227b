"""Prompts and conversations out of files: what is to be asked of a model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from fttool.errors import DataError

_ESCAPE = re.compile(r"\\([ntr\\])")
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


class Prompt(NamedTuple):
    """A prompt and its line in the file (1-based)."""

    text: str
    line: int


class Conversation(NamedTuple):
    """Messages up to the user's last, and the line of the file they begin in (1-based)."""

    messages: list[dict[str, Any]]
    line: int


def unescaped(text: str) -> str:
    r"""`text` with `\n`, `\t`, `\r` and `\\` as the characters they stand for; any other backslash stays."""
    return _ESCAPE.sub(lambda match: _CHARACTERS[match[1]], text)


def decode(data: bytes, name: str) -> str:
    """The text of a file, without a byte-order mark. Raises DataError if it is not UTF-8."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DataError("this is not UTF-8 text", file=name, offset=error.start) from None


def prompts(text: str, name: str, *, rows: bool | None = None) -> list[Prompt]:
    """One prompt a line; or, of JSONL (`rows`), the `prompt` of each row. Without `rows` the text itself tells.

    Lines at the end that are empty do not count. Raises DataError for a row without a prompt, or a file without any.
    """
    if rows is None:
        rows = _looks_like_rows(text)
    lines = text.rstrip("\n").split("\n") if text.strip("\n") else []
    if not lines:
        raise DataError("there is no prompt in it", file=name)
    if not rows:
        return [Prompt(line, at) for at, line in enumerate(lines, 1)]
    return [Prompt(_field(row, "prompt", str, name, at), at) for at, row in _objects(lines, name)]


def conversations(text: str, name: str) -> list[Conversation]:
    """The conversations in a file.

    It may hold one JSON document (a list of messages, or an object with `messages`), or JSONL with an object with
    `messages` in each line, as training files have it. Lines that are messages themselves are one conversation.
    A conversation that ends with an answer is asked without it. Raises DataError for anything else.
    """
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, list):
        found = [Conversation(_messages(whole, name, 1), 1)]
    elif isinstance(whole, dict) and "role" not in whole:
        found = [Conversation(_messages(_field(whole, "messages", list, name, 1), name, 1), 1)]
    else:
        rows = list(_objects(text.rstrip("\n").split("\n"), name))
        if rows and all("role" in row for _, row in rows):
            found = [Conversation(_messages([row for _, row in rows], name, 1), 1)]
        else:
            found = [Conversation(_messages(_field(row, "messages", list, name, at), name, at), at) for at, row in rows]
    if not found:
        raise DataError("there is no message in it", file=name)
    return found


def _messages(messages: list[Any], name: str, line: int) -> list[dict[str, Any]]:
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise DataError("a message is an object with `role` and `content`", file=name, line=line)
    asked = messages[:-1] if messages and messages[-1]["role"] == "assistant" else messages
    if not asked:
        raise DataError("there is no message to answer", file=name, line=line)
    return [{key: value for key, value in message.items() if key != "weight"} for message in asked]


def _objects(lines: list[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for at, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"this line is not JSON: {error}", file=name, line=at) from None
        if not isinstance(row, dict):
            raise DataError("this line is not a JSON object", file=name, line=at)
        yield at, row


def _field(row: dict[str, Any], field: str, kind: type, name: str, line: int) -> Any:
    value = row.get(field)
    if not isinstance(value, kind):
        word = "a text" if kind is str else "a list"
        raise DataError(f"`{field}` is {'missing' if value is None else f'not {word}'}", file=name, line=line)
    return value


def _looks_like_rows(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    try:
        row = json.loads(first)
    except ValueError:
        return False
    return isinstance(row, dict) and "prompt" in row
