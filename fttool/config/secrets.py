"""API keys that do not show themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

#: Keys seen by this process: blotted out of error texts.
_seen: set[str] = set()

#: What an API key of the usual kind looks like: long, with digits, small and capital letters.
_KEY_LIKE = re.compile(r"\bsk-(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{20,}")

#: Shorter keys are not shown at all: four of their characters would be too many.
_LONG_ENOUGH = 16


class Secret:
    """An API key. `reveal()` gives it; nothing else does: not str, repr, formatting, JSON or pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        _seen.add(value)

    def reveal(self) -> str:
        """The key itself, for the one who sends it."""
        return self._value

    @property
    def masked(self) -> str:
        """`sk-…abcd`; nothing of a short key."""
        if len(self._value) < _LONG_ENOUGH:
            return "(hidden)"
        return f"{'sk-' if self._value.startswith('sk-') else ''}…{self._value[-4:]}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Secret({self.masked!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not written anywhere")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without any API key: those given, those this process has seen, and what looks like one."""
    for secret in sorted({*secrets, *_seen}, key=len, reverse=True):
        if len(secret) > 3:  # replacing shorter ones would spoil the text and hide nothing
            text = text.replace(secret, "[key hidden]")
    return _KEY_LIKE.sub("[key hidden]", text)


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process that calls no one: without the keys and addresses of services."""
    ours = {name: value for name, value in environ.items() if not name.startswith(("OPENAI_", "AZURE_OPENAI_"))}
    return {name: value for name, value in ours.items() if not name.endswith("_API_KEY")}
