"""What a service says of jobs, events, checkpoints, files and models.

`raw` is the service's own JSON, as it came: `--json` prints that. The other fields are what fttool reads in it; a value
that is missing, null or of another kind than the contract says is None here. Times are unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Nothing more happens to a job in one of these. Any other status, known or not, counts as unfinished.
FINISHED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed."""

    code: str | None
    message: str | None
    param: str | None

    def __str__(self) -> str:
        return self.message or self.code or "no reason given"


@dataclass(frozen=True, slots=True)
class JobView:
    """A fine-tuning job."""

    id: str
    status: str
    model: str | None = None
    fine_tuned_model: str | None = None
    created_at: int | None = None
    finished_at: int | None = None
    estimated_finish: int | None = None
    trained_tokens: int | None = None
    training_file: str | None = None
    validation_file: str | None = None
    result_files: tuple[str, ...] = ()
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    method: Mapping[str, Any] | None = None
    seed: int | None = None
    error: JobError | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in FINISHED


@dataclass(frozen=True, slots=True)
class EventView:
    """One event of a job. `type` is `message` or `metrics`; `data` holds the metrics."""

    id: str | None
    created_at: int | None
    level: str
    message: str
    type: str = "message"
    data: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    def number(self, *names: str) -> float | None:
        """The first of these metrics that is there and is a number."""
        for name in names:
            value = self.data.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return value
        return None


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """A model as it was at some step of its training."""

    id: str
    created_at: int | None
    model: str | None
    step: int | None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileView:
    """A file that the service keeps."""

    id: str
    filename: str | None = None
    bytes: int | None = None
    purpose: str | None = None
    created_at: int | None = None
    status: str | None = None
    expires_at: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload in parts. `file` is there once it is completed."""

    id: str
    status: str
    bytes: int | None = None
    filename: str | None = None
    expires_at: int | None = None
    file: FileView | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model. `shutdown_date` is `YYYY-MM-DD`, where the service says one."""

    id: str
    created: int | None = None
    owned_by: str | None = None
    shutdown_date: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """The service did not answer as it should while a job was followed; `wait` seconds, then the next attempt."""

    message: str
    wait: float
    attempt: int
    hint: str | None = None
