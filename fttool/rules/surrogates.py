"""Half a character: a surrogate without its other half, which JSON can write (`\\ud800`) and UTF-8 cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def half_character(row: Mapping[str, Any]) -> str | None:
    """The path of the first text or key that holds one; None if none does. Not by recursion: rows may be deep."""
    waiting: list[tuple[str, Any]] = [("", row)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            if is_broken(value):
                return path
        elif isinstance(value, Mapping):
            if any(map(is_broken, value)):
                return path or "a key"
            waiting.extend((f"{path}.{key}" if path else key, inner) for key, inner in reversed(list(value.items())))
        elif isinstance(value, list):
            waiting.extend((f"{path}[{number}]", value[number]) for number in range(len(value) - 1, -1, -1))
    return None


def is_broken(text: str) -> bool:
    """Whether a text holds one."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
