"""The writing of texts: a few rows in another one than the rest may have come from elsewhere."""

from __future__ import annotations

from array import array

from fttool.dataset.checks.base import EVERY, Check, State, Verdict, plural


class OtherScript(Check):
    """A few rows in another writing (Cyrillic among Latin, say) than almost all others.

    Told where at most one row in fifty is in another writing, judged by the letters that are most frequent in a row.
    """

    id = "other-script"
    shapes = EVERY
    share, least = 0.02, 50

    def judge(self, state: State) -> Verdict | None:
        scripts = {name: rows for name, rows in state.profile.scripts.items() if rows}
        total = sum(map(len, scripts.values()))
        if len(scripts) < 2 or total < self.least:
            return None
        usual = max(scripts, key=lambda name: len(scripts[name]))
        rows = array("I", sorted(at for name, positions in scripts.items() if name != usual for at in positions))
        if len(rows) > self.share * total:
            return None
        names = ", ".join(sorted(name for name in scripts if name != usual))
        return Verdict(
            "hint", f"{plural(len(rows), 'row is', 'rows are')} written in {names}, almost all others in {usual}", rows
        )
