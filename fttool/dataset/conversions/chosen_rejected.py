"""Preference pairs: an answer that was `chosen`, another that was `rejected`, and what both answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fttool.dataset.conversions import alpaca
from fttool.dataset.conversions.base import (
    Conversion,
    Row,
    first_given,
    given,
    json_value,
    refuse_media,
    text,
)
from fttool.dataset.conversions.sharegpt import COLUMNS as CONVERSATIONS
from fttool.dataset.conversions.sharegpt import with_system
from fttool.dataset.conversions.tools import tools_of
from fttool.dataset.conversions.turns import notes_in, read_turns
from fttool.errors import ConversionError

#: Where the question stands when it does not stand in the answers themselves. `input` adds to an instruction, or is it.
_ASKED = ("prompt", "question", *CONVERSATIONS, "instruction")
_ALPACA = ("input", "context", "history")

#: How Anthropic's hh-rlhf writes a whole conversation as one text.
_DIALOGUE = re.compile(r"\n\n(Human|Assistant): ?")
_DIALOGUE_ROLES = {"Human": "user", "Assistant": "assistant"}


def _recognises(columns: Sequence[str], first: Mapping[str, Any]) -> bool:
    return "chosen" in columns and "rejected" in columns


def convert(row: Row) -> Row:
    """A row with `chosen` and `rejected` as a preference example."""
    refuse_media(row)
    source = _source(row)
    chosen, rejected = (_messages(row, name, whole=source is None) for name in ("chosen", "rejected"))
    begins, other = chosen[:-1], rejected[:-1]
    if begins != other:
        same = [one == two for one, two in zip(begins, other, strict=False)]
        at = same.index(False) if False in same else len(same)
        raise ConversionError("differs from `chosen` before the last message", f"rejected[{at}]")
    asked = _asked(row, source, begins)
    if not asked:
        raise ConversionError("is a single message, and there is no prompt", "chosen")
    return {
        "input": {"messages": with_system(row, asked), **tools_of(row)},
        "preferred_output": chosen[-1:],
        "non_preferred_output": rejected[-1:],
    }


def _source(row: Row) -> str | None:
    """The column that holds the question."""
    source = first_given(row, _ASKED) or ("input" if given(row.get("input")) else None)
    if source != "instruction":
        stray = next((name for name in _ALPACA if name != source and given(row.get(name))), None)
        if stray is not None:
            raise ConversionError("goes with an `instruction`, and there is none", stray)
    return source


def _messages(row: Row, name: str, *, whole: bool) -> list[Row]:
    """The messages of a side; the last is the answer, by the assistant."""
    value = row.get(name)
    if value is None:
        raise ConversionError("holds no answer", name)
    value = _as_turns(value)
    if isinstance(value, list | dict):
        messages = read_turns(value, name)
    elif whole or (isinstance(value, str) and _is_dialogue(value)):
        messages = _dialogue(text(value, name), name)
    else:
        messages = [{"role": "assistant", "content": text(value, name)}]
    if not messages or messages[-1]["role"] != "assistant":
        raise ConversionError("does not end with the assistant", name)
    answer = messages[-1]
    if not isinstance(answer["content"], str) or set(answer) != {"role", "content"}:
        raise ConversionError("is more than text, and only texts are compared", f"{name}[{len(messages) - 1}]")
    return messages


def _as_turns(value: Any) -> Any:
    """The turns in JSON text, as in a CSV cell; any other text is an answer as it is."""
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return value
    try:
        found = json_value(value, "")
    except ConversionError:
        return value
    turns = found if isinstance(found, list) else [found]
    said = [isinstance(turn, dict) and {"role", "content"} <= set(turn) | _sharegpt(turn) for turn in turns]
    return found if said and all(said) else value


def _sharegpt(turn: Row) -> set[str]:
    return {"role", "content"} if {"from", "value"} <= set(turn) else set()


def _is_dialogue(value: str) -> bool:
    return value.startswith("\n\nHuman:") and "\n\nAssistant:" in value


def _dialogue(value: str, where: str) -> list[Row]:
    """The messages of a text `\\n\\nHuman: …\\n\\nAssistant: …`."""
    if not _is_dialogue(value):
        raise ConversionError(
            "is no conversation, and there is no prompt",
            where,
            hint="a conversation is a list of messages, or text with `\\n\\nHuman:` and `\\n\\nAssistant:`",
        )
    pieces = _DIALOGUE.split(value)
    messages = [
        {"role": _DIALOGUE_ROLES[speaker], "content": content}
        for speaker, content in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    for at, message in enumerate(messages):
        if message["role"] != ("user", "assistant")[at % 2]:
            raise ConversionError(
                "holds a Human and an Assistant who do not take turns: where a message ends is not clear", where
            )
    return messages


def _asked(row: Row, source: str | None, begins: list[Row]) -> list[Row]:
    """The messages that both sides answer."""
    if source is None:
        return begins
    prompt = _prompt(row, source)
    if not begins:
        return prompt
    # Both bring it: UltraFeedback repeats the first question, others the last, or all that comes before the answers.
    if begins[: len(prompt)] == prompt or (len(prompt) == 1 and prompt[0] in begins):
        return begins
    raise ConversionError("is not the question that `chosen` begins with", source)


def _prompt(row: Row, source: str) -> list[Row]:
    value = _as_turns(row[source])
    if source == "instruction":
        return [*alpaca.history(row), {"role": "user", "content": alpaca.question(row)}]
    if source in CONVERSATIONS or isinstance(value, list | dict):
        return read_turns(value, source)
    if isinstance(value, str) and _is_dialogue(value):
        return _open_dialogue(value, source)
    return [{"role": "user", "content": text(value, source)}]


def _open_dialogue(value: str, where: str) -> list[Row]:
    """The messages of a text that ends where the answer begins, with `\\n\\nAssistant:`."""
    messages = _dialogue(value, where)
    last = messages.pop()
    if last["role"] != "assistant" or last["content"].strip():
        raise ConversionError("does not end where the answer begins (`Assistant:`)", where)
    return messages


def _parts(row: Row) -> list[str]:
    named = {name: _as_turns(row.get(name)) for name in ("chosen", "rejected", "prompt", *CONVERSATIONS)}
    return [part for name, value in named.items() if isinstance(value, list | dict) for part in notes_in(value, name)]


CHOSEN_REJECTED = Conversion(
    name="chosen-rejected",
    title="pairs of a chosen and a rejected answer",
    shape="preference",
    marks="columns `chosen` and `rejected`",
    columns=frozenset(
        {
            *("chosen", "rejected", *_ASKED, *_ALPACA),
            *("system", "system_prompt", "tools", "functions", "parallel_tool_calls"),
        }
    ),
    recognises=_recognises,
    convert=convert,
    parts=_parts,
    table=(
        ("`chosen`, `rejected`: text", "`preferred_output`, `non_preferred_output`: one assistant message each"),
        (
            "`chosen`, `rejected`: a message, or a list of messages (`role`, `content` or `from`, `value`)",
            "their last message, the assistant's; what comes before, the same in both, is `input.messages`",
        ),
        (
            "`chosen`, `rejected`: text with `\\n\\nHuman:` and `\\n\\nAssistant:`, and no prompt",
            "the same, with roles `user` and `assistant`",
        ),
        ("`prompt`, `question` or `input`: text", "`input.messages`: a user message"),
        ("the same, with `\\n\\nHuman:`, and `\\n\\nAssistant:` at its end", "`input.messages`, one for each"),
        ("`prompt`, or `conversations` (or `conversation`): a list of messages", "`input.messages`"),
        ("`instruction`, `input` (or `context`), `history`", "`input.messages`, as for Alpaca"),
        ("`system` (or `system_prompt`)", "a system message at the beginning of `input.messages`"),
        ("`tools`, `functions`, `parallel_tool_calls`", "the same, in `input`"),
        ("`score_chosen`, `score_rejected`, `messages` and all other columns", "left out, and named"),
        ("`chosen` and `rejected` that differ before their last message", "cannot be converted"),
        ("a prompt that is not what `chosen` and `rejected` begin with", "cannot be converted"),
        ("an answer that calls tools, or is no text", "cannot be converted"),
    ),
)
