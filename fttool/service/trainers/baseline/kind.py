"""Whether completions are labels or free text, and what of a completion is the label.

Completions are labels when they are few, repeated and short:

- at most MOST_LABELS different ones,
- on average each stands at least twice,
- at least four fifths of the rows have a completion that another row has too,
- none is longer than MOST_CHARACTERS, the common ending not counted.

So ten rows with two labels are labels, and so are a million rows with hundreds of them and some slips of the pen.
Everything else is free text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce

from fttool.service.trainers.baseline.ends import shared_suffix

MOST_LABELS = 2_000
MOST_CHARACTERS = 100
_REPEATED = 0.8

#: What may be a stop sequence: from a line break on, END and its like, <|end|>, or signs. Never the end of a word, nor
#: a last word that all labels have ("billing issue", "card issue").
_ENDING = re.compile(r"(?:\s*\n.*|\s+(?:END|STOP|DONE|EOS)|\s*<[|/]?\w+[|/]?>|[^\w)\]]+)\s*\Z", re.DOTALL)


def are_labels(completions: Mapping[str, int], ending: str) -> bool:
    """Whether completions, with how often each stands, are labels."""
    rows = sum(completions.values())
    if not rows or len(completions) > MOST_LABELS or rows < 2 * len(completions):
        return False
    if max(map(len, completions)) - len(ending) > MOST_CHARACTERS:
        return False
    return sum(count for count in completions.values() if count > 1) >= _REPEATED * rows


def ending_of(completions: Mapping[str, int]) -> str:
    """The stop sequence that all completions end with, or "". Something is left of each completion without it."""
    shared = reduce(shared_suffix, completions, next(iter(completions), ""))
    found = _ENDING.search(shared[-MOST_CHARACTERS:])
    if found is None or any(len(completion) == len(found.group()) for completion in completions):
        return ""
    return found.group()
