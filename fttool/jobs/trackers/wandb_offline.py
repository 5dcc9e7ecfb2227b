"""Runs of W&B's offline mode: folders, each with a mark of ours that says which job it is and how far.

The mark goes with the folder: who deletes one has no run there any more, and the job is written again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fttool.jobs.trackers.base import Found

_MARK = "fttool.json"


def found_in(folder: Path, marked: Mapping[str, Any]) -> list[Found]:
    """The runs in W&B's folder with these in their mark, of which `run` is the id. `place` is the folder of each."""
    run, found = marked["run"], []
    for mark in sorted(folder.glob(f"offline-run-*-{run}*/{_MARK}")):  # the second one in a second has a number
        try:
            told = json.loads(mark.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(told, dict) and marked.items() <= told.items():
            found.append(Found(run, str(mark.parent), told.get("complete") is True))
    return found


class Mark:
    """The mark in the folder of an offline run. `before` are older folders of the same run.

    `sent` is the last step in those that W&B has already, which `wandb sync` says with a file; -1 if it has none.
    """

    def __init__(self, folder: Path, told: Mapping[str, Any], before: list[Path]) -> None:
        self._folder = folder
        self._told = told
        self._waiting = [each for each in before if not list(each.glob("*.wandb.synced"))]
        self.sent = max((_last_step(each) for each in before if each not in self._waiting), default=-1)
        self.write(self.sent, complete=False)

    def write(self, last: int, *, complete: bool) -> None:
        """Say how far the run is."""
        text = json.dumps({**self._told, "last_step": last, "complete": complete})
        (self._folder / _MARK).write_text(text, encoding="utf-8")

    def replace_waiting(self) -> None:
        """All of the run is in this folder: what was written of it before, and not sent, is not needed any more."""
        for folder in self._waiting:
            shutil.rmtree(folder, ignore_errors=True)


def _last_step(folder: Path) -> int:
    try:
        found = json.loads((folder / _MARK).read_bytes()).get("last_step")
    except (OSError, ValueError, AttributeError):
        return -1
    return found if isinstance(found, int) else -1
