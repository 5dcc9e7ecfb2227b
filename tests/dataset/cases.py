"""The folders of tests/cases: an input, the arguments, what must come out and what the report must say.

`input.*` is prepared with the words of `args` and `--json`; `expected.jsonl`, `expected_train.jsonl`, … are all that
may be written (none: nothing is). `report.json` holds part of the report; its `findings` name every finding, with
its lines and the places inside them (`2 messages[1].content`).
A check has its folder (`ID`: it speaks up) and that of its nearest miss (`ID-not`: it is silent).
"""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent / "cases"
NAMES = sorted(folder.name for folder in ROOT.iterdir() if folder.is_dir())


@dataclass(frozen=True)
class Case:
    folder: Path

    @classmethod
    def named(cls, name: str) -> Case:
        return cls(ROOT / name)

    @property
    def input(self) -> str:
        (path,) = self.folder.glob("input.*")
        return path.name

    @property
    def args(self) -> list[str]:
        path = self.folder / "args"
        return shlex.split(path.read_text(encoding="utf-8")) if path.exists() else []

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        return report

    @property
    def expected(self) -> dict[str, bytes]:
        return {
            path.name.replace("expected", "input_prepared"): path.read_bytes() for path in self.folder.glob("expected*")
        }

    def copy_to(self, place: Path) -> set[str]:
        """Copy the inputs; returns their names."""
        for path in self.folder.iterdir():
            if not path.name.startswith(("expected", "report", "args")):
                shutil.copy(path, place)
        return {path.name for path in place.iterdir()}


def brief(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding of a JSON report as `report.json` writes it."""
    short: dict[str, Any] = {"severity": finding["severity"]}
    lines = [line for each in finding["lines"].values() for line in each]
    assert len(lines) == finding["count"]
    if lines:
        short["lines"] = lines
    if finding["places"]:
        short["places"] = [f"{each['line']} {each['path']}".rstrip() for each in finding["places"]]
    if finding["fix"] is not None:
        short |= {"fix": finding["fix"]["level"], "applied": finding["fix"]["applied"]}
    return short
