"""Mergeable statistics of a stream of examples: what the checks judge.

A profile is made of each block by a pure function, in any process, and merged in the order of the blocks.
Positions of rows count from 0 over all inputs together; in the profile of one block, from its first row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fttool.dataset.rows import Hit
from fttool.dataset.texts import Characters, common_prefix, common_suffix, shared_end
from fttool.rules.secrets import without_secrets

#: Candidates in the order of the legacy tool; the first that no prompt holds is taken.
SEPARATORS = (" ->", "\n\n###\n\n", "\n\n===\n\n", "\n\n---\n\n", "\n\n===>\n\n", "\n\n--->\n\n")
LAST_SEPARATOR = "\n\n### =>\n\n"
STOPS = ("\n", ".", " END", "***", "+++", "&&&", "$$$", "@@@", "%%%")
LAST_STOP = " [END]"

#: The reference fields of a row, each with the kind of its value.
Form = tuple[tuple[str, str], ...]

#: More different forms than this are counted together, as one that begins with OTHER_FORMS and has what graders read.
MAX_FORMS = 1_000
OTHER_FORMS = ("…", "others")

#: The names of more parts that conversions leave out than this are not kept.
MAX_LEFT_OUT = 1_000

#: A completion longer than this is no label.
LABEL_CHARS = 100

#: Texts of more different labels than this are not kept; they are still counted.
MAX_LABELS = 20_000

#: Texts shorter than this are not suspected of being cut off.
CUT_OFF_CHARS = 100


@dataclass(slots=True)
class TextStats:
    """Statistics of one field over many texts. Lengths in characters, `size` in bytes of UTF-8.

    `shortest` does not count white space at the end.

    `prefix` and `suffix` are those that all texts share; `present` the candidates that some text holds; `ends` counts
    the texts that end with each candidate;
    `at_longest` the positions of the texts of the greatest length, where that is at least CUT_OFF_CHARS.
    """

    texts: int = 0
    size: int = 0
    upper: int = 0
    lower: int = 0
    shortest: int = 0
    longest: int = 0
    prefix: str = ""
    suffix: str = ""
    present: set[str] = field(default_factory=set)
    spaced: int = 0  # texts that begin with white space
    ends: Counter[str] = field(default_factory=Counter)
    at_longest: array[int] = field(default_factory=lambda: array("I"))

    def mostly_upper(self, end: str) -> bool:
        """Whether more than a third of the letters before the fixed `end` are upper case, as the legacy tool counts."""
        kinds = Characters(end.encode())
        return (self.upper - kinds.upper * self.texts) * 2 > self.lower - kinds.lower * self.texts

    def case_hangs_on(self, texts: int) -> bool:
        """Whether taking so many texts away could change `mostly_upper`."""
        return self.upper > 0 and abs(self.upper * 2 - self.lower) <= 2 * texts * self.longest

    def merge(self, other: TextStats, offset: int) -> None:
        """Take in what comes after; its positions are moved by `offset`."""
        if not other.texts:
            return
        if not self.texts:
            self.prefix, self.suffix, self.shortest = other.prefix, other.suffix, other.shortest
        self.prefix = common_prefix((self.prefix, other.prefix))
        self.suffix = shared_end(self.suffix, other.suffix)
        self.shortest = min(self.shortest, other.shortest)
        if other.longest > self.longest:
            self.longest, self.at_longest = other.longest, array("I")
        if other.longest == self.longest:
            self.at_longest.extend(at + offset for at in other.at_longest)
        for name in ("texts", "size", "upper", "lower", "spaced"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.present |= other.present
        self.ends += other.ends


def text_stats(
    texts: Sequence[str], index: Sequence[int], data: bytes, kinds: Characters, candidates: Sequence[str]
) -> TextStats:
    """Statistics of the texts of one block. `data` is the texts as UTF-8, joined by NUL."""
    if not texts:
        return TextStats()
    lengths = list(map(len, texts))
    longest = max(lengths)
    present = present_candidates(data, candidates)
    ends = {one: sum(text.endswith(one) for text in texts) for one in present}
    at_longest = array("I")
    if longest >= CUT_OFF_CHARS:
        at_longest.extend(place for place, length in zip(index, lengths, strict=True) if length == longest)
    return TextStats(
        texts=len(texts),
        size=len(data) - len(texts) + 1,
        upper=kinds.upper,
        lower=kinds.lower,
        shortest=min(map(len, map(str.rstrip, texts))),
        longest=longest,
        prefix=common_prefix(texts),
        suffix=common_suffix(texts),
        present=present,
        ends=Counter(ends),
        spaced=_spaced(texts),
        at_longest=at_longest,
    )


def _spaced(texts: Sequence[str]) -> int:
    """How many texts begin with white space."""
    first = "".join([text[:1] for text in texts])
    return len(first) - len("".join(first.split()))


def present_candidates(data: bytes, candidates: Sequence[str]) -> set[str]:
    """Which candidates, and whether a line end (`\\n`), stand in the texts."""
    found = {"\n"} if b"\n" in data else set()
    found.update(candidate for candidate in candidates if _holds(data, candidate.encode()))
    return found


#: A rare sign of each candidate. Looking for one byte is fifty times as fast as looking for several.
_ANCHORS = b"\n>.*+&$@%"

#: After so many anchors in vain, look for the whole candidate instead.
_TRIES = 300


def _holds(data: bytes, wanted: bytes) -> bool:
    offset, anchor = next(((at, wanted[at : at + 1]) for at in range(len(wanted)) if wanted[at] in _ANCHORS), (0, b""))
    if not anchor:
        return wanted in data
    at = data.find(anchor)
    for _ in range(_TRIES):
        if at < 0:
            return False
        if at >= offset and data.startswith(wanted, at - offset):
            return True
        at = data.find(anchor, at + 1)
    return data.find(wanted, max(0, at - offset)) >= 0


@dataclass(slots=True)
class Profile:
    """Everything the checks need to know about the examples.

    `rows` counts the rows that could be read; `keys` and `answers` hold a hash of the prompt and of the completion
    of each (DROPPED for rows that do not count any more; for rows that are kept whole: of what is asked, and of the
    whole). `hits` holds the positions each check's scan found, `notes` the first of them with their places in the
    row. `labels` maps the hash of a short completion to its text; None when there are too many different ones. `bare`
    holds the hashes that completions which begin with a space have without it; None when that cannot be said.
    `columns` are all there are, `size` is the bytes of text in all examples. `near` holds a hash of the normalised
    prompt of each row, where validation rows are compared. Of rows that are kept whole, `endings` counts their last
    answers (None when there are too many, or long ones), `forms` holds the rows by their reference fields (`graded` are
    the names of those that graders read), and `pictured` counts those with images. `scripts` holds the rows whose
    prompts (for rows kept whole: all texts) are not in Latin, by their writing. `left_out` names the parts of converted
    rows that are left out.
    """

    rows: int = 0
    size: int = 0
    keys: array[int] = field(default_factory=lambda: array("Q"))
    answers: array[int] = field(default_factory=lambda: array("Q"))
    hits: dict[str, array[int]] = field(default_factory=dict)
    notes: dict[str, list[Hit]] = field(default_factory=dict)
    labels: dict[int, str] | None = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    bare: set[int] | None = field(default_factory=set)
    prompt: TextStats = field(default_factory=TextStats)
    completion: TextStats = field(default_factory=TextStats)

    near: array[int] = field(default_factory=lambda: array("Q"))
    endings: Counter[str] | None = field(default_factory=Counter)
    forms: dict[Form, array[int]] = field(default_factory=dict)
    graded: tuple[str, ...] = ()
    scripts: dict[str, array[int]] = field(default_factory=dict)
    pictured: int = 0
    left_out: set[str] = field(default_factory=set)

    MAX_NOTES = 100
    MAX_ENDINGS = 1_000

    def note(self, check: str, hit: Hit) -> None:
        """Note a place in this block for a check. The rows come in order."""
        positions = self.hits.setdefault(check, array("I"))
        if not positions or positions[-1] != hit.at:
            positions.append(hit.at)
        notes = self.notes.setdefault(check, [])
        if len(notes) < self.MAX_NOTES:
            notes.append(hit._replace(path=without_secrets(hit.path), message=without_secrets(hit.message)))

    def hit(self, check: str, positions: Sequence[int]) -> None:
        """Note positions of this block for a check."""
        if positions:
            self.hits[check] = array("I", positions)

    def positions(self, check: str) -> array[int]:
        """The positions a check's scan found."""
        return self.hits.get(check) or array("I")

    @property
    def spaces_tell_apart(self) -> bool:
        """Whether completions may differ only by a space at the beginning."""
        return self.bare is None or any(answer in self.bare for answer in self.answers)

    def merge(self, other: Profile) -> None:
        """Take in the profile of the block that comes next."""
        offset = self.rows
        self.rows += other.rows
        self.size += other.size
        self.columns |= other.columns
        self.left_out |= other.left_out
        if len(self.left_out) > MAX_LEFT_OUT:
            self.left_out = set(sorted(self.left_out)[:MAX_LEFT_OUT])
        self.bare = None if self.bare is None or other.bare is None else self.bare | other.bare
        if self.bare is not None and len(self.bare) > MAX_LABELS:
            self.bare = None
        self.keys.extend(other.keys)
        self.answers.extend(other.answers)
        for check, positions in other.hits.items():
            moved = positions if not offset else array("I", [at + offset for at in positions])
            self.hits.setdefault(check, array("I")).extend(moved)
        for check, notes in other.notes.items():
            kept = self.notes.setdefault(check, [])
            kept.extend(hit._replace(at=hit.at + offset) for hit in notes[: self.MAX_NOTES - len(kept)])
        self.near.extend(other.near)
        self.pictured += other.pictured
        self.endings = None if self.endings is None or other.endings is None else self.endings + other.endings
        if self.endings is not None and len(self.endings) > self.MAX_ENDINGS:
            self.endings = None
        self.graded = self.graded or other.graded
        for form, positions in other.forms.items():
            _add_positions(self.forms, self._form(form), positions, offset)
        for script, positions in other.scripts.items():
            _add_positions(self.scripts, script, positions, offset)
        if self.labels is not None:
            self.labels = None if other.labels is None else self.labels | other.labels if other.labels else self.labels
            if self.labels is not None and len(self.labels) > MAX_LABELS:
                self.labels = None
        self.prompt.merge(other.prompt, offset)
        self.completion.merge(other.completion, offset)

    def _form(self, form: Form) -> Form:
        """What the rows of a form are counted as."""
        if not form or form in self.forms or len(self.forms) < MAX_FORMS:
            return form
        return (OTHER_FORMS, *(pair for pair in form if pair[0] in self.graded))


def _add_positions(into: dict[Any, array[int]], kind: Any, positions: array[int], offset: int) -> None:
    into.setdefault(kind, array("I")).extend([at + offset for at in positions] if offset else positions)
