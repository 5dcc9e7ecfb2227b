"""Separators and stop sequences: which common ends of texts are one, and which to suggest.

What all prompts or completions happen to end with is only taken for a separator or stop sequence if it looks like
one: it begins where no word goes on, and is a known candidate, holds a line end, or is an arrow, a run of signs, a word
with a colon or a mark such as ` END`. The end that labels share (`tive` of `positive` and `negative`), or that belongs
to the text (`}`, `%`, `</b>`), is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from fttool.dataset.profile import LAST_SEPARATOR, LAST_STOP, SEPARATORS, STOPS, TextStats
from fttool.dataset.texts import trim_to_word_start

#: What prompts may all end with before their separator, as questions do.
_SENTENCE_ENDS = ".?!,;…)]}\"'”’»"

#: An arrow or a run of one sign, set off by a space; a word with a colon, likewise.
_ARROW = re.compile(r"\s(?:[-=~]*>+|[→⇒]|([#=*~|-])\1{1,})\s*", re.DOTALL)
_WORD_AND_COLON = re.compile(r"\s[\w ]+:\s*", re.DOTALL)

#: A word in capitals, in brackets or not; a run of three or more of one sign; a special token.
_END_MARK = re.compile(r"\s\[?[A-Z]{2,}\]?|\s*([^\w\s])\1{2,}|\s*<\|\w+\|>", re.DOTALL)

KNOWN_SEPARATORS = tuple(sorted((*SEPARATORS, LAST_SEPARATOR), key=len, reverse=True))
_KNOWN_STOPS = sorted((*STOPS, LAST_STOP), key=len, reverse=True)


def existing_separator(stats: TextStats) -> str:
    """The separator that all prompts end with, or ""."""
    known = next((one for one in KNOWN_SEPARATORS if stats.suffix.endswith(one)), "")
    if known or stats.texts < 2 or len(stats.suffix) >= stats.shortest:
        return known
    end = trim_to_word_start(stats.suffix).lstrip(_SENTENCE_ENDS)
    is_one = "\n" in end or _ARROW.fullmatch(end) or _WORD_AND_COLON.fullmatch(end)
    return end if end.strip() and is_one else ""


def is_only_separator(end: str) -> bool:
    """Whether an end means nothing by itself (`\\n\\n###\\n\\n`, ` ->`): nothing is lost when it is left out."""
    return end in KNOWN_SEPARATORS or bool(_ARROW.fullmatch(end))


def existing_stop(stats: TextStats) -> str:
    """The stop sequence that all completions end with, or ""."""
    known = next((one for one in _KNOWN_STOPS if stats.suffix.endswith(one)), "")
    if known and (stats.texts > 1 or known != "."):
        return known
    if stats.texts < 2 or len(stats.suffix) >= stats.shortest:
        return ""
    end = trim_to_word_start(stats.suffix)
    return end if _END_MARK.fullmatch(end) or ("\n" in end and end.strip()) else ""


def suggest(candidates: Sequence[str], last: str, present: Collection[str]) -> str:
    """The first candidate that stands in no text."""
    for candidate in candidates:
        if candidate == " ->" and "\n" in present:
            continue
        if candidate not in present:
            return candidate
    return last


def majority(ends: Mapping[str, int], texts: int) -> str:
    """The candidate that at least half of the texts, but not all, end with: added to the others, all will.

    A line end or a full stop is what ordinary texts end with too, so it does not count.
    """
    counted = {one: count for one, count in ends.items() if one not in ("\n", ".") and texts <= 2 * count < 2 * texts}
    return max(counted, key=lambda one: (counted[one], len(one)), default="")
