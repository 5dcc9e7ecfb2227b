"""What the store keeps, as frozen records: one class per table. Times are unix seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: Statuses of a job that will not change any more.
FINISHED = ("succeeded", "failed", "cancelled")
#: All others.
UNFINISHED = ("validating_files", "queued", "running", "paused")


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file. Its bytes are the blob `sha` (hex SHA-256)."""

    id: str
    created_at: int
    bytes: int
    filename: str
    purpose: str
    sha: str
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A file that comes in parts. `bytes` is what was announced; `lifetime` the seconds the file shall live."""

    id: str
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    bytes: int
    mime_type: str
    status: str = "pending"
    lifetime: int | None = None
    file: str | None = None
    part_ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of an upload."""

    id: str
    upload_id: str
    created_at: int
    bytes: int
    sha: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A fine-tuning job.

    `attempt` grows each time a worker starts to train it, `crashes` counts workers that died since the last
    checkpoint. `model` is what is trained, `requested_model` what was asked for; `parent` the folder of the model it
    goes on from. `method` is `{"type": …}` with the hyperparameters as asked, `resolved` has them as numbers. The
    shas keep the bytes of its files alive while it is not finished.
    """

    id: str
    created_at: int
    model: str
    requested_model: str
    trainer: str
    training_file: str
    training_sha: str
    method: Mapping[str, Any]
    seed: int
    status: str = "validating_files"
    finished_at: int | None = None
    attempt: int = 0
    crashes: int = 0
    parent: str | None = None
    validation_file: str | None = None
    validation_sha: str | None = None
    resolved: Mapping[str, Any] | None = None
    suffix: str | None = None
    integrations: Sequence[Mapping[str, Any]] | None = None
    metadata: Mapping[str, str] | None = None
    fine_tuned_model: str | None = None
    result_files: Sequence[str] = ()
    trained_tokens: int | None = None
    error: Mapping[str, Any] | None = None
    estimated_finish: int | None = None
    steps_done: int = 0
    total_steps: int | None = None

    @property
    def finished(self) -> bool:
        """Whether its status will not change any more."""
        return self.status in FINISHED


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is about to happen. `step` marks the metrics of a step: a job has one such event a step."""

    message: str
    level: str = "info"
    type: str = "message"
    data: Mapping[str, Any] | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of a job."""

    id: str
    job_id: str
    created_at: int
    level: str
    type: str
    message: str
    data: Mapping[str, Any] | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class StepRow:
    """What was measured in a step of a job; None where it was not."""

    step: int
    total_steps: int
    train_loss: float | None = None
    train_accuracy: float | None = None
    train_sequence_accuracy: float | None = None
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    valid_sequence_accuracy: float | None = None
    full_valid_loss: float | None = None
    full_valid_accuracy: float | None = None
    elapsed_tokens: int | None = None
    elapsed_examples: int | None = None
    created_at: int | None = None


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint of a job: the model `model`, in the folder `folder` of the models."""

    id: str
    created_at: int
    job_id: str
    model: str
    step: int
    metrics: Mapping[str, Any]
    folder: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A fine-tuned model, or a checkpoint that is one. `base` is the base model's id."""

    id: str
    created_at: int
    owned_by: str
    job_id: str | None
    trainer: str
    base: str
    folder: str
    shutdown_date: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, and whether there is more behind it."""

    rows: list[T]
    has_more: bool
