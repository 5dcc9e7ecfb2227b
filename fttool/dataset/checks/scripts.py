"""The writing of texts: a few rows in another one than the rest may have come from elsewhere."""

from __future__ import annotations

from array import array

from fttool.dataset.checks.base import EVERY, Check, State, Verdict, plural
from fttool.dataset.identity import DROPPED
from fttool.dataset.scripts import LATIN


class OtherScript(Check):
    """A few rows in another writing (Cyrillic among Latin, say) than almost all others.

    Told where at most one row in fifty is in another writing, judged by the letters that are most frequent in a row.
    """

    id = "other-script"
    shapes = EVERY
    share, least = 0.02, 50

    def judge(self, state: State) -> Verdict | None:
        profile = state.profile
        total = len(profile.keys) - profile.keys.count(DROPPED)
        counts = {name: len(rows) for name, rows in profile.scripts.items()}
        counts[LATIN] = total - sum(counts.values())
        usual = max(counts, key=lambda name: counts[name])
        others = total - counts[usual]
        if total < self.least or not 0 < others <= self.share * total:
            return None
        if usual == LATIN:
            rows = array("I", sorted(at for positions in profile.scripts.values() for at in positions))
        else:
            same = set(profile.scripts[usual])
            rows = array("I", (at for at, key in enumerate(profile.keys) if key != DROPPED and at not in same))
        names = ", ".join(sorted(name for name, count in counts.items() if count and name != usual))
        return Verdict(
            "hint", f"{plural(len(rows), 'row is', 'rows are')} written in {names}, almost all others in {usual}", rows
        )
