"""What the tests of prepare_data share: examples in and out of files, and findings by their id."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fttool.records.dataset import Finding, Report

Row = dict[str, Any]

#: Ends that need no mending: what is tested beside them shows up alone.
SEPARATOR, STOP = " ->", "\n"


def pair(prompt: Any, completion: Any, **more: Any) -> Row:
    return {"prompt": prompt, "completion": completion, **more}


def tidy(count: int, label: str = "") -> list[Row]:
    """Examples in which there is nothing to mend: conditional generation, or one class named `label`."""
    return [
        pair(f"question {number} of many{SEPARATOR}", f" {label or f'{number} replies'}{STOP}")
        for number in range(count)
    ]


def chat(*messages: tuple[str, Any], **more: Any) -> Row:
    return {"messages": [{"role": role, "content": content} for role, content in messages], **more}


def write_jsonl(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_jsonl(path: str | Path) -> list[Row]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def read_pairs(path: str | Path) -> list[tuple[str, str]]:
    return [(row["prompt"], row["completion"]) for row in read_jsonl(path)]


def written(report: Report, role: str = "training") -> list[Row]:
    """The rows of an output; if nothing needed to be written, those of the input."""
    paths = [output.path for output in report.outputs if output.role == role]
    if not paths and role == "training" and not report.outputs:
        paths = [report.inputs[0].path]
    return [row for path in paths for row in read_jsonl(path)]


def written_pairs(report: Report, role: str = "training") -> list[tuple[str, str]]:
    return [(row["prompt"], row["completion"]) for row in written(report, role)]


def find(report: Report, check: str) -> Finding | None:
    return next((finding for finding in report.findings if finding.id == check), None)


def found(report: Report, check: str) -> Finding:
    finding = find(report, check)
    assert finding is not None, f"{check} is not among {[one.id for one in report.findings]}"
    return finding


def lines_of(finding: Finding) -> list[int]:
    return [line for lines in finding.lines.values() for line in lines]


def dropped_rows(report: Report) -> set[tuple[str, int]]:
    """File and line of every row that some finding says was removed."""
    return {
        (name, line)
        for finding in report.findings
        if finding.fix is not None and finding.fix.applied and finding.fix.action.startswith("remove ")
        if finding.id in DROPPING
        for name, lines in finding.lines.items()
        for line in lines
    }


DROPPING = frozenset(
    {
        *("empty-completion", "duplicate-rows", "leakage", "over-long"),
        *("chat-messages", "chat-role", "chat-content", "chat-order", "chat-no-answer"),
    }
)


def to_mend(report: Report) -> list[str]:
    """Ids of the findings that ask for work."""
    return [finding.id for finding in report.findings if finding.needs_work]


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def start(*args: str, cwd: Path, **env: str) -> subprocess.Popen[bytes]:
    """The real command line in a process group of its own, to be killed half-way."""
    return subprocess.Popen(
        [sys.executable, "-m", "fttool", *args],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            value = condition()
            if value:
                return value
        time.sleep(0.01)
    raise AssertionError("it did not happen")
