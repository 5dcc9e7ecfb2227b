"""What became of a job in a tracker: where its run is, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fttool.records.jobs import JobView


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of a job that is not in its run, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Synced:
    """A job in a tracker.

    `run` is the run's id there; `place` an address or a folder. `skipped`: the run was complete already, and nothing
    was sent. A run that is not `complete` is that of a job that goes on: it is sent again the next time.
    """

    job: JobView
    outcome: Literal["synced", "skipped"]
    run: str
    place: str | None
    complete: bool
    steps: int = 0
    files: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {
            "job": self.job.id,
            "status": self.job.status,
            "outcome": self.outcome,
            "run": self.run,
            "place": self.place,
            "complete": self.complete,
            "steps": self.steps,
            "files": list(self.files),
            "left_out": [{"file": each.file, "reason": each.reason} for each in self.left_out],
        }
