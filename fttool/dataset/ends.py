"""Separators and stop sequences: which common ends of texts are one, and which to suggest.

What all prompts or completions happen to end with is only taken for a separator or stop sequence if it looks like
one: it begins where no word goes on, and it is a known candidate or holds a line end or a sign that ordinary
sentences do not end with. The end that labels share (`tive` of `positive` and `negative`) is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fttool.dataset.profile import LAST_SEPARATOR, LAST_STOP, SEPARATORS, STOPS
from fttool.dataset.texts import trim_to_word_start

_SIGNS = frozenset("\n#=>:|→⇒~*<[]{}^@$%&+\\/")
#: What prompts may all end with before their separator, as questions do.
_SENTENCE_ENDS = ".?!,;…)]}\"'”’»"
KNOWN_SEPARATORS = tuple(sorted((*SEPARATORS, LAST_SEPARATOR), key=len, reverse=True))
_KNOWN_STOPS = sorted((*STOPS, LAST_STOP, "\n###\n", "###", "<|endoftext|>"), key=len, reverse=True)


def existing_separator(suffix: str, texts: int) -> str:
    """The separator that a common suffix of `texts` prompts holds, or ""."""
    known = next((one for one in KNOWN_SEPARATORS if suffix.endswith(one)), "")
    if known or texts < 2:
        return known
    end = trim_to_word_start(suffix).lstrip(_SENTENCE_ENDS)
    return end if end.strip() and _SIGNS & set(end) else ""


def existing_stop(suffix: str, texts: int) -> str:
    """The stop sequence that a common suffix of `texts` completions holds, or ""."""
    for known in _KNOWN_STOPS:
        if suffix.endswith(known) and (texts > 1 or known not in (".", "\n")):
            return known
    if texts < 2:
        return "\n" if suffix.endswith("\n") else ""
    end = trim_to_word_start(suffix)
    if not end.strip():
        return ""
    is_word_in_capitals = end[0] == " " and end.strip().isupper()
    return end if _SIGNS & set(end) or is_word_in_capitals else ""


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
