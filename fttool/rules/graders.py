"""Graders of reinforcement: which fields of a row their templates read.

Source: OpenAI's guide on graders: `{{ item.FIELD }}` is a field of the row, `{{ sample.… }}` the model's answer;
`multi` graders hold others; Python graders get the row as `item`, and read it in code that is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_ITEM = re.compile(r"item\.([A-Za-z_]\w*)")


def fields_read(grader: object) -> tuple[str, ...]:
    """The fields of a row that a grader's templates read, sorted. `grader` is a grader, or a method that holds one."""
    return tuple(sorted({found[1] for text in _templates(grader) if (found := _ITEM.match(text))}))


def strange_templates(grader: object) -> list[str]:
    """Templates that begin with neither `item.` nor `sample.`: they stand for nothing."""
    return sorted({text for text in _templates(grader) if not text.startswith(("item.", "sample."))})


def _templates(grader: object) -> Iterator[str]:
    waiting: list[Any] = [grader]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield from _TEMPLATE.findall(value)
        elif isinstance(value, Mapping):
            # Source is code, where braces mean something else.
            waiting.extend(inner for key, inner in value.items() if key != "source")
        elif isinstance(value, list):
            waiting.extend(value)
