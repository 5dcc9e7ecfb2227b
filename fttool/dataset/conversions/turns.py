"""The turns of a conversation (`from` and `value`, or `role` and `content`) as messages."""

from __future__ import annotations

from typing import Any

from fttool.dataset.conversions.base import Row, first_given, given, json_list, json_value, meant, text
from fttool.dataset.conversions.tagged import tagged_answers, tagged_calls
from fttool.dataset.conversions.tools import calls_in, with_text_arguments
from fttool.dataset.values import to_text
from fttool.errors import ConversionError
from fttool.rules.base import kind, shown

#: Who speaks, and the role that is; `call` is an assistant message that calls tools.
SPEAKERS = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model"), "assistant"),
    "system": "system",
    "developer": "developer",
    "function_call": "call",
    **dict.fromkeys(("observation", "tool"), "tool"),
}

#: Names of the flag that says whether an answer is learned from: 1 and 0, or true and false.
FLAGS = ("weight", "loss", "train", "training")

#: Notes on a turn that are no part of what is said; they are left out, and named in the report.
NOTES = frozenset(
    {
        *("id", "message_id", "parent_id", "timestamp", "created", "date", "language", "lang", "model", "markdown"),
        *("text", "state", "turn_identifier", "toxic", "redacted", "country", "hashed_ip", "header", "category"),
    }
)

#: Roles of those who only talk.
_TALKING = frozenset({"user", "assistant", "system", "developer"})

_FROM, _VALUE = ("from", "role"), ("value", "content")
_TOOL_KEYS = ("tool_calls", "tool_call_id", "name")


def read_turns(value: object, where: str, *, tools: bool = False) -> list[Row]:
    """The messages of turns (see `turns_in`).

    A call has no id there: the calls of a conversation are numbered (`call_1`), and answers belong to the calls of the
    turn before them, in their order. Where `tools` are declared, or a tool speaks, calls may be tagged text.

    Raises:
        ConversionError: an unknown speaker or key, an answer that belongs to no call, or to one of several.
    """
    turns = turns_in(value, where)
    plain = _plain(turns)
    if plain is not None and not (tools and any("<tool_call>" in message["content"] for message in plain)):
        return plain
    reader = _Reader(tools or any(map(_is_tool, turns)))
    for at, turn in enumerate(turns):
        reader.take(turn, f"{where}[{at}]")
    reader.close(where, "ends")
    return reader.messages


def turns_in(value: object, where: str) -> list[Any]:
    """A list of turns, or JSON text of one.

    A single turn will do, and so will an object of lists, one for each key, as Parquet files of the Hugging Face hub
    have it.
    """
    found = json_value(value, where)
    if not isinstance(found, dict) or not set(_FROM) & set(found):
        return json_list(found, where)
    columns = [one for one in found.values() if one is not None]
    if not all(isinstance(one, list) for one in columns):
        return [found]
    if len({len(one) for one in columns}) != 1:
        raise ConversionError("has lists of different lengths for the parts of its turns", where)
    names = [name for name, one in found.items() if one is not None]
    return [dict(zip(names, parts, strict=True)) for parts in zip(*columns, strict=True)]


def notes_in(value: object, where: str) -> list[str]:
    """The notes on turns that are left out, as `conversations[].timestamp`."""
    turns = [turn for turn in turns_in(value, where) if isinstance(turn, dict) and len(turn) > 2]
    names = {name for turn in turns for name in NOTES & set(turn) if given(turn[name])}
    return [f"{where}[].{name}" for name in sorted(names)]


def _plain(turns: list[Any]) -> list[Row] | None:
    """The short way, for what nearly all turns are: one known speaker and one text. None for anything else."""
    messages = []
    for turn in turns:
        if not isinstance(turn, dict) or len(turn) != 2:
            return None
        speaker, said = (
            (turn.get("from"), turn.get("value")) if "from" in turn else (turn.get("role"), turn.get("content"))
        )
        role = SPEAKERS.get(speaker) if isinstance(speaker, str) else None
        if role not in _TALKING or not isinstance(said, str):
            return None
        messages.append({"role": role, "content": said})
    return messages


class _Reader:
    """Reads turn by turn. `open` are the ids of the last calls that no answer was read for yet.

    `tagged`: calls and answers may be tagged text.
    """

    def __init__(self, tagged: bool) -> None:
        self.tagged = tagged
        self.messages: list[Row] = []
        self.calls = 0
        self.made: list[str] = []
        self.open: list[str] = []

    def take(self, turn: Any, where: str) -> None:
        if not isinstance(turn, dict):
            raise ConversionError(f"is {kind(turn)}, not a turn", where)
        _check_keys(turn, where)
        role, key = _speaker(turn, where), _value_key(turn, where)
        if role != "tool":
            self.close(where)
        messages = getattr(self, f"_{role}")(turn, turn.get(key), f"{where}.{key}")
        weight = _weight(turn, where, learned=messages[0]["role"] == "assistant")
        if weight is not None:
            messages[0]["weight"] = weight
        self.messages += messages

    def close(self, where: str, comes: str = "comes") -> None:
        """What comes next is no answer. ConversionError if only some of several calls were answered."""
        if self.open and self.open != self.made:
            answered = len(self.made) - len(self.open)
            raise ConversionError(f"{comes} when only {answered} of {len(self.made)} calls is answered", where)
        self.made, self.open = [], []

    def _system(self, turn: Row, value: Any, where: str) -> list[Row]:
        return [{"role": "system", "content": _content(value, where)}]

    def _developer(self, turn: Row, value: Any, where: str) -> list[Row]:
        return [{"role": "developer", "content": _content(value, where)}]

    def _user(self, turn: Row, value: Any, where: str) -> list[Row]:
        return [{"role": "user", "content": _content(value, where), **_carried(turn, ("name",))}]

    def _assistant(self, turn: Row, value: Any, where: str) -> list[Row]:
        if self.tagged and isinstance(value, str) and "tool_calls" not in turn:
            content, functions = tagged_calls(value, where)
            if functions:
                return [self._calling(functions, content)]
        made = {"role": "assistant", **_carried(turn, ("tool_calls", "name"))}
        content = None if value is None and "tool_calls" in made else _content(value, where)
        return [with_text_arguments({"role": "assistant", "content": content, **made}, where.rpartition(".")[0])]

    def _call(self, turn: Row, value: Any, where: str) -> list[Row]:
        return [self._calling(calls_in(value, where), None)]

    def _calling(self, functions: list[Row], content: str | None) -> Row:
        """An assistant message that calls functions."""
        self.made = [f"call_{self.calls + number + 1}" for number in range(len(functions))]
        self.open = list(self.made)
        self.calls += len(functions)
        calls = [
            {"id": one, "type": "function", "function": function}
            for one, function in zip(self.made, functions, strict=True)
        ]
        return {"role": "assistant", "content": content, "tool_calls": calls}

    def _tool(self, turn: Row, value: Any, where: str) -> list[Row]:
        content = to_text(value) if isinstance(value, dict | list) else text(value, where)
        carried = _carried(turn, ("name", "tool_call_id"))
        if "tool_call_id" in carried:
            return [{"role": "tool", **carried, "content": content}]
        answers = tagged_answers(content)
        if len(answers) > len(self.open):
            said = "is the answer of a tool, but no call before it waits for one"
            raise ConversionError(said, where.rpartition(".")[0])
        return [{"role": "tool", **carried, "tool_call_id": self.open.pop(0), "content": one} for one in answers]


def _is_tool(turn: Any) -> bool:
    names = [turn.get(key) for key in _FROM] if isinstance(turn, dict) else []
    return any(isinstance(name, str) and SPEAKERS.get(name.lower()) == "tool" for name in names)


def _check_keys(turn: Row, where: str) -> None:
    known = (*_FROM, *_VALUE, *FLAGS, *_TOOL_KEYS)
    for key, value in turn.items():
        if key not in known and key not in NOTES and given(value):
            raise ConversionError(f"means nothing here{meant(key, known)}", f"{where}.{key}")


def _speaker(turn: Row, where: str) -> str:
    key = first_given(turn, _FROM, where)
    if key is None:
        raise ConversionError("does not say who speaks (`from` or `role`)", where)
    name = turn[key]
    role = SPEAKERS.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        known = meant(name, SPEAKERS) if isinstance(name, str) else ""
        raise ConversionError(f"is {shown(name)}, an unknown speaker{known}", f"{where}.{key}")
    return role


def _value_key(turn: Row, where: str) -> str:
    found = [key for key in _VALUE if key in turn and turn[key] is not None]
    if len(found) > 1:
        raise ConversionError("has both `value` and `content`; which counts is not said", where)
    return found[0] if found else "content" if "content" in turn or "role" in turn else "value"


def _content(value: Any, where: str) -> Any:
    """Text, or a list of parts as the chat format has it."""
    parts = isinstance(value, list) and value and all(isinstance(part, dict) and "type" in part for part in value)
    return value if parts else text(value, where)


def _carried(turn: Row, keys: tuple[str, ...]) -> Row:
    return {key: turn[key] for key in keys if given(turn.get(key))}


def _weight(turn: Row, where: str, *, learned: bool) -> int | None:
    """The weight of an answer: 0 or 1, None where nothing is said. Only answers are learned from."""
    key = next((flag for flag in FLAGS if turn.get(flag) is not None), None)
    if key is None:
        return None
    values = [turn[flag] for flag in FLAGS if turn.get(flag) is not None]
    if not all(value in (0, 1) and value == values[0] for value in values):
        raise ConversionError("is neither 1 or true (learn this) nor 0 or false", f"{where}.{key}")
    weight = int(turn[key])
    if learned:
        return weight
    if weight:
        raise ConversionError("asks to learn what the assistant does not say", f"{where}.{key}")
    return None
