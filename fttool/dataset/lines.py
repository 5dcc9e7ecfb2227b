"""A quick look at training files of shapes that prepare_data does not prepare: preference and reinforcement examples.

Only what a service surely refuses is an error: a line that is no JSON object, or lacks a field. Source of the fields:
OpenAI's guides on direct preference optimization and reinforcement fine-tuning.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fttool.errors import DataError, UsageError

#: The fields each example must have, with what they hold, by the method of training.
FIELDS: Mapping[str, Mapping[str, type]] = {
    "dpo": {"input": dict, "preferred_output": list, "non_preferred_output": list},
    "reinforcement": {"messages": list},
}

_WORDS: Mapping[type, str] = {dict: "an object", list: "a list"}


def check_lines(path: str | os.PathLike[str], method: str) -> int:
    """How many examples there are in a JSONL file for `method` (dpo or reinforcement).

    Raises DataError with the line for one that cannot be trained on, and for a file without any.
    """
    if method not in FIELDS:
        raise UsageError(f"nothing is known of the examples for `{method}`")
    name, count = os.fspath(path), 0
    decoder = msgspec.json.Decoder()
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path of either kind
            for number, line in enumerate(file, 1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if text.strip():
                    count += 1
                    _check(_decoded(decoder, text, name, number), FIELDS[method], name, number)
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=name) from None
    if not count:
        raise DataError("it holds no examples", file=name)
    return count


def _decoded(decoder: msgspec.json.Decoder[Any], text: bytes, name: str, number: int) -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"not JSON: {error}", file=name, line=number) from None


def _check(example: Any, fields: Mapping[str, type], name: str, number: int) -> None:
    if not isinstance(example, dict):
        raise DataError("an example is a JSON object", file=name, line=number)
    for field, kind in fields.items():
        if field not in example:
            raise DataError(f"`{field}` is missing{_instead(example)}", file=name, line=number)
        value = example[field]
        if not isinstance(value, kind) or not value:
            raise DataError(f"`{field}` must be {_WORDS[kind]} that is not empty", file=name, line=number)


def _instead(example: Mapping[str, Any]) -> str:
    found: Sequence[str] = [f"`{field}`" for field in list(example)[:8]]
    return f"; there is {', '.join(found)}" if found else ""
