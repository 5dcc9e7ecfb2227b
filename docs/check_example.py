"""An example of what a check finds: rows, how they are prepared, and what is said about them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fttool import Finding, prepare
from fttool.dataset.checks import BY_ID
from fttool.records.dataset import Fix


@dataclass(frozen=True)
class Example:
    """Rows as JSON lines, and how they are prepared. `severity` and `fix` are given where they depend on the data.

    `state` stands for the data where a real file would be too large: it has what the check looks at.
    """

    why: str
    rows: str
    options: dict[str, Any] = field(default_factory=dict)
    valid: str = ""
    severity: str = ""
    fix: str = ""
    state: Any = None

    def finding(self, one: str) -> Finding:
        """What the check says about the rows."""
        if self.state is not None:
            verdict = BY_ID[one].judge(self.state)
            assert verdict is not None
            fix = Fix(verdict.level, verdict.action) if verdict.level else None
            return Finding(one, verdict.severity, verdict.message, fix=fix)
        with tempfile.TemporaryDirectory() as folder:
            path, valid = Path(folder, "rows.jsonl"), Path(folder, "valid.jsonl")
            path.write_text("\n".join(_rows(self.rows)), encoding="utf-8")
            valid.write_text("\n".join(_rows(self.valid)), encoding="utf-8")
            report = prepare(path, valid_file=valid if self.valid else None, check=True, **self.options)
        found = [finding for finding in report.findings if finding.id == one]
        if not found:
            raise SystemExit(f"the example of `{one}` does not show it: {[each.id for each in report.findings]}")
        return found[0]

    def shown(self) -> Iterator[str]:
        """The example in Markdown."""
        yield "```json"
        yield from _dedented(self.rows)
        yield "```"
        if self.valid:
            yield "and as validation file"
            yield "```json"
            yield from _dedented(self.valid)
            yield "```"


_REPEATED = re.compile(r"«(.+?)»\*(\d+)")
_MANY = re.compile(r"(\d+) × ")


def _dedented(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _rows(text: str) -> Iterator[str]:
    """The rows with `«text»*3` written out, and those that `3 × …` stands for."""
    for line in _dedented(text):
        row = _REPEATED.sub(lambda match: match[1] * int(match[2]), line)
        count = _MANY.match(row)
        if count is None:
            yield row
        else:
            yield from (row[count.end() :].replace("#", str(number)) for number in range(1, int(count[1]) + 1))


def lines(*rows: Any) -> str:
    """Rows as JSON lines."""
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
