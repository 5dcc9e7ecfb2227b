"""A job's own checkpoints: what it goes on from after a pause, a stop or a crash. No client sees them.

Each is a folder `recovery-N` (N steps done) in the job's folder, as the trainer saved it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fttool.service.atomic import UNFINISHED, remove, write_folder

_NAME = re.compile(r"recovery-(\d+)\Z")


class Saved(NamedTuple):
    """A state to go on from: steps done, and the trainer's folder."""

    step: int
    folder: Path


def save(job: Path, step: int, write: Callable[[Path], None]) -> None:
    """Save a state in the job's folder; the ones before it go. Raises OSError if there is no space."""
    write_folder(job / f"recovery-{step}", write)
    for other in _saved(job):
        if other.step != step:
            remove(other.folder)


def latest(job: Path) -> Saved | None:
    """The state with the most steps; None if there is none."""
    return max(_saved(job), default=None)


def clear(job: Path) -> None:
    """Remove all states, and what was being written."""
    for folder in _folders(job):
        if _NAME.match(folder.name.removeprefix(UNFINISHED)):
            remove(folder)


def _saved(job: Path) -> list[Saved]:
    return [Saved(int(match.group(1)), folder) for folder in _folders(job) if (match := _NAME.match(folder.name))]


def _folders(job: Path) -> list[Path]:
    return [path for path in job.iterdir() if path.is_dir()] if job.is_dir() else []
