"""Chats in tables: `messages`, or `tools`, as JSON text in one cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fttool.dataset.conversions.base import Conversion, Row, given
from fttool.dataset.conversions.tools import tools_of, with_text_arguments
from fttool.dataset.conversions.turns import turns_in
from fttool.errors import ConversionError
from fttool.rules.base import kind

_COLUMNS = ("messages", "tools", "functions", "parallel_tool_calls")


def _recognises(columns: Sequence[str], first: Mapping[str, Any]) -> bool:
    messages = first.get("messages")
    if isinstance(messages, dict) and isinstance(messages.get("role"), list):
        return True
    texts = [first[name] for name in _COLUMNS[:3] if isinstance(first.get(name), str)]
    return "messages" in columns and any(value.lstrip().startswith(("[", "{")) for value in texts)


def convert(row: Row) -> Row:
    """A chat with its JSON text read."""
    if not given(row.get("messages")):
        raise ConversionError("holds no messages", "messages")
    messages = turns_in(row["messages"], "messages")
    return {"messages": [_message(one, f"messages[{at}]") for at, one in enumerate(messages)], **tools_of(row)}


def _message(message: Any, where: str) -> Row:
    """A message without the nulls that tables fill their rows with."""
    if not isinstance(message, dict):
        raise ConversionError(f"is {kind(message)}, not a message", where)
    kept = {key: value for key, value in message.items() if value is not None or key == "content"}
    return with_text_arguments(kept, where)


JSON_MESSAGES = Conversion(
    name="json-messages",
    title="chats with messages or tools as JSON text",
    shape="chat",
    marks="a column `messages`, and JSON text or an object in it, or JSON text in `tools` or `functions`",
    columns=frozenset(_COLUMNS),
    recognises=_recognises,
    convert=convert,
    table=(
        ("`messages`: JSON text, or a list", "`messages`; keys that are null are left out"),
        ("an object of lists, `{role: […], content: […]}`, as in Parquet files", "the same"),
        (
            "`tools`: JSON text, or a list",
            "`tools`; a bare function gets its `type`; nothing where it is null or empty",
        ),
        ("`functions`, `parallel_tool_calls`: likewise", "the same"),
        ("`arguments` of a call that are an object", "the same as JSON text"),
        ("all other columns", "left out, and named"),
    ),
)
