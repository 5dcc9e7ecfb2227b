"""Which examples are the same: judged on 64-bit hashes, two an example, so that memory is 16 bytes a row.

A duplicate is judged on both hashes together (128 bits: among a million rows the chance that a good row is ever
taken for a duplicate is below 1 in 10^26).
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import xxhash

#: Fixed, so that hashes are the same in every process and every run.
SEED = 0x667474

#: In place of a hash: this row was dropped.
DROPPED = 0

_NOT_WORD = re.compile(r"(?<=\d)([\W_]+)(?=\d)|[\W_]+")

#: Rows looked at together: counting so many hashes takes about 30 MB.
_PART = 250_000


def hash_all(texts: Sequence[bytes]) -> list[int]:
    """A stable 64-bit hash of each text, never DROPPED."""
    digest = xxhash.xxh3_64_intdigest
    return [digest(text, SEED) or 1 for text in texts]


def hash_bytes(data: bytes) -> int:
    """A stable 64-bit hash, never DROPPED."""
    return xxhash.xxh3_64_intdigest(data, SEED) or 1


def spread(hashes: Sequence[int], index: Sequence[int], rows: int) -> array[int]:
    """Hashes by position in a block of so many rows, DROPPED for the rows that are not there."""
    if len(hashes) == rows:
        return array("Q", hashes)
    spread = array("Q", bytes(8 * rows))
    for place, one in zip(index, hashes, strict=True):
        spread[place] = one
    return spread


def normalised(text: str) -> bytes:
    """A text as near repeats are compared: NFKC, case folded, letters and digits only, all of it if there is none.

    What stands between two digits stays but for white space: 1 + 1 is not 1 - 1, and 1 11 not 11 1.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return (_NOT_WORD.sub(_between, folded) or text).encode("utf-8", "surrogatepass")


def _between(found: re.Match[str]) -> str:
    return "".join(found[1].split()) or " " if found[1] else ""


@dataclass(slots=True)
class Repeats:
    """Positions of rows that repeat earlier ones.

    `duplicates`: prompt and completion are those of an earlier row. `conflicts`: the prompt is that of an earlier
    row, the completion is not. `leaks`: validation rows whose prompt stands in the training rows. `near_leaks`: those
    whose normalised prompt does.
    """

    duplicates: array[int] = field(default_factory=lambda: array("I"))
    conflicts: array[int] = field(default_factory=lambda: array("I"))
    leaks: array[int] = field(default_factory=lambda: array("I"))
    near_leaks: array[int] = field(default_factory=lambda: array("I"))


def find_repeats(keys: array[int], answers: array[int], first_validation: int | None = None) -> Repeats:
    """Compare all rows by the hashes of their prompts (`keys`) and completions (`answers`).

    Rows from `first_validation` on are the validation rows: compared among themselves, and with the training rows
    for leaks only.
    """
    found = Repeats()
    border = len(keys) if first_validation is None else first_validation
    parts = 1 + len(keys) // _PART
    for part in range(parts):
        trained = _scan(keys, answers, range(border), part, parts, found)
        if border < len(keys):
            _scan(keys, answers, range(border, len(keys)), part, parts, found)
            found.leaks.extend(at for at in range(border, len(keys)) if keys[at] in trained)
    if parts > 1:
        found.duplicates = array("I", sorted(found.duplicates))
        found.conflicts = array("I", sorted(found.conflicts))
        found.leaks = array("I", sorted(found.leaks))
    return found


def _scan(keys: array[int], answers: array[int], rows: range, part: int, parts: int, found: Repeats) -> Collection[int]:
    """Compare the rows whose key falls into one part of all keys; returns the keys."""
    chosen = keys[rows.start : rows.stop] if len(rows) != len(keys) else keys
    counts = Counter(chosen if parts == 1 else [key for key in chosen if key % parts == part])
    del counts[DROPPED]
    repeated = {key for key, count in counts.items() if count > 1}
    seen: dict[int, set[int]] = {}
    for at in [at for at, key in enumerate(chosen, rows.start) if key in repeated] if repeated else ():
        earlier = seen.setdefault(keys[at], set())
        if answers[at] in earlier:
            found.duplicates.append(at)
            continue
        if earlier:
            found.conflicts.append(at)
        earlier.add(answers[at])
    return counts.keys()


def find_leaks(keys: array[int], border: int) -> array[int]:
    """Positions from `border` on whose key stands before it; in parts, so that memory stays flat."""
    leaks: list[int] = []
    parts = 1 + border // _PART
    for part in range(parts):
        trained = {key for key in keys[:border] if key % parts == part} - {DROPPED}
        leaks.extend(at for at in range(border, len(keys)) if keys[at] in trained)
    return array("I", sorted(leaks))


def count_distinct(hashes: array[int]) -> int:
    """How many different hashes there are, DROPPED not counted; in parts, so that memory stays flat."""
    parts = 1 + len(hashes) // (4 * _PART)
    if parts == 1:
        return len(set(hashes) - {DROPPED})
    return sum(len({one for one in hashes if one % parts == part} - {DROPPED}) for part in range(parts))
