"""A preference (for DPO): what was asked, the better answer and the worse one.

Source: OpenAI's guide on direct preference optimization: `input`, `preferred_output` and `non_preferred_output`, each
output one assistant message of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fttool.rules.base import Fault, kind, nearest, unknown_keys
from fttool.rules.chat import ROW_KEYS, frame_faults, is_messages, order_faults
from fttool.rules.limits import Limits
from fttool.rules.messages import ASSISTANT, message_faults
from fttool.rules.parts import count_images

OUTPUTS = ("preferred_output", "non_preferred_output")
KEYS = ("input", *OUTPUTS)


def preference_faults(row: Mapping[str, Any], limits: Limits) -> Iterator[Fault]:
    """Faults of a preference."""
    yield from unknown_keys(row, KEYS, "")
    asked = row.get("input")
    if not isinstance(asked, Mapping):
        said = _missing(row, "input") if asked is None else f"is {kind(asked)}, not an object with `messages`"
        yield Fault("preference-input", "input", said)
    else:
        yield from unknown_keys(asked, ROW_KEYS, "input")
        yield from frame_faults(asked, "input.", limits)
        messages = asked.get("messages")
        if is_messages(messages):
            yield from _image_faults(messages)
            yield from order_faults(messages, "input.messages")
            last = messages[-1]
            if isinstance(last, Mapping) and last.get("role") == ASSISTANT:
                at = f"input.messages[{len(messages) - 1}]"
                yield Fault("chat-order", at, "is the assistant's: the outputs should answer what stands last")
    texts = []
    for name in OUTPUTS:
        found = list(_output_faults(row, name))
        yield from found
        texts.append(None if found else row[name][0].get("content"))
    if texts[0] is not None and texts[0] == texts[1]:
        yield Fault("preference-same", OUTPUTS[1], "is the same as the preferred output")


def _image_faults(messages: list[Any]) -> Iterator[Fault]:
    """Images, which are not compared. Source: the guide, "only supported for text inputs and outputs"."""
    for number, message in enumerate(messages):
        if count_images([message]):
            yield Fault("preference-text", f"input.messages[{number}].content", "holds an image; only text is compared")


def _output_faults(row: Mapping[str, Any], name: str) -> Iterator[Fault]:
    output = row.get(name)
    if output is None:
        yield Fault("preference-output", name, _missing(row, name))
    elif not isinstance(output, list):
        yield Fault("preference-output", name, f"is {kind(output)}, not a list of one assistant message")
    elif len(output) != 1:
        yield Fault("preference-output", name, f"has {len(output)} messages; it must be one of the assistant")
    elif not isinstance(output[0], Mapping):
        yield Fault("preference-output", f"{name}[0]", f"is {kind(output[0])}, not a message")
    elif output[0].get("role") != ASSISTANT:
        yield Fault("preference-output", f"{name}[0].role", "is not `assistant`")
    elif output[0].get("tool_calls") or output[0].get("function_call"):
        yield Fault("preference-text", f"{name}[0]", "calls a tool; only text is compared")
    elif output[0].get("content") is not None and not isinstance(output[0]["content"], str | list):
        yield Fault("preference-text", f"{name}[0].content", f"is {kind(output[0]['content'])}, not text")
    else:
        yield from message_faults(output[0], f"{name}[0]")


def _missing(row: Mapping[str, Any], name: str) -> str:
    if name in row:
        return "is null"
    near = nearest(name, [key for key in row if key not in KEYS])
    return f"is missing; `{near}` is near it" if near else "is missing"
