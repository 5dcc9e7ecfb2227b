"""What the rules have in common: a fault, and words for what was found instead."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from fttool.rules.secrets import without_secrets

#: Among so many words the nearest one is looked for: a row may have any number of keys.
_MOST_KNOWN = 100

#: A value is quoted from its first characters: so many are enough.
_LOOKED_AT = 1_000


class Fault(NamedTuple):
    """One thing that is wrong: the id of the rule, where in the row (`messages[2].content`), and what it is."""

    rule: str
    path: str
    message: str

    def __str__(self) -> str:
        return without_secrets(f"{self.path} {self.message}" if self.path else self.message)


def kind(value: object) -> str:
    """What a JSON value is, in a word."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for type_, word in ((str, "text"), (Mapping, "an object"), (list, "a list")):
        if isinstance(value, type_):
            return word
    return "a number"


def shown(value: object, limit: int = 40) -> str:
    """A value as a message quotes it: text in backticks, cut to a readable length; else what it is."""
    if not isinstance(value, str):
        return kind(value)
    text = without_secrets(" ".join(value[:_LOOKED_AT].split()))
    return f"`{text}`" if len(text) <= limit else f"`{text[: limit - 1]}…`"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word (of the first few) that is most like `word`; None if none is."""
    return _nearest(word[:100].lower(), tuple(name[:100] for name in islice(known, _MOST_KNOWN)))


@lru_cache(maxsize=1_024)  # the rows of a file have the same unknown keys
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return found[0] if found else None


def null_keys(thing: Mapping[str, Any], keys: Iterable[str], where: str) -> Iterator[Fault]:
    """A fault for each of the keys that is null: such a key may only be left out. Source: OpenAI's OpenAPI document."""
    for key in keys:
        if key in thing and thing[key] is None:
            yield Fault("null-key", f"{where}.{key}" if where else key, "is null; leave it out")


def unknown_keys(thing: Mapping[str, Any], known: Collection[str], where: str) -> Iterator[Fault]:
    """A fault for each key that means nothing to a service, with the nearest one that does."""
    for key in thing:
        if key not in known:
            near = nearest(key, (name for name in known if name not in thing))
            meant = f"; did you mean `{near}`?" if near else ""
            yield Fault("unknown-key", f"{where}.{key}" if where else key, f"means nothing to a service{meant}")
