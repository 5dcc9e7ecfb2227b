"""Records of the store as OpenAI's JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fttool.service.ids import ORGANIZATION
from fttool.service.records import CheckpointRow, EventRow, FileRow, JobRow, ModelRow, Page, PartRow, UploadRow

T = TypeVar("T")

#: The hyperparameters of a job that every method has.
HYPERPARAMETERS = ("n_epochs", "batch_size", "learning_rate_multiplier")

#: What `owned_by` says of base models, and the time since when they are there: that of the first release.
BASE_OWNER = "fttool"
BASE_CREATED = 1_767_225_600


def file(row: FileRow) -> dict[str, Any]:
    """A file. The document allows no null for `expires_at`: it is absent."""
    answer = {
        "id": row.id,
        "object": "file",
        "bytes": row.bytes,
        "created_at": row.created_at,
        "filename": row.filename,
        "purpose": row.purpose,
        "status": "processed",
    }
    if row.expires_at is not None:
        answer["expires_at"] = row.expires_at
    return answer


def upload(row: UploadRow, made: FileRow | None = None) -> dict[str, Any]:
    """An upload, with the file it has become."""
    return {
        "id": row.id,
        "object": "upload",
        "bytes": row.bytes,
        "created_at": row.created_at,
        "filename": row.filename,
        "purpose": row.purpose,
        "status": row.status,
        "expires_at": row.expires_at,
        "file": None if made is None else file(made),
    }


def part(row: PartRow) -> dict[str, Any]:
    """A part of an upload."""
    return {"id": row.id, "object": "upload.part", "created_at": row.created_at, "upload_id": row.upload_id}


def job(row: JobRow) -> dict[str, Any]:
    """A job. Hyperparameters are what was asked for until the job runs, then the numbers they came to."""
    kind = row.method["type"]
    asked = {name: value for name, value in row.method.items() if name != "type"}
    hyperparameters = {**asked, **(row.resolved or {})}
    return {
        "object": "fine_tuning.job",
        "id": row.id,
        "model": row.model,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "fine_tuned_model": row.fine_tuned_model,
        "organization_id": ORGANIZATION,
        "result_files": list(row.result_files),
        "status": row.status,
        "validation_file": row.validation_file,
        "training_file": row.training_file,
        "hyperparameters": {name: hyperparameters.get(name, "auto") for name in HYPERPARAMETERS},
        "trained_tokens": row.trained_tokens,
        "error": row.error or None,
        "user_provided_suffix": row.suffix,
        "seed": row.seed,
        "estimated_finish": row.estimated_finish,
        "integrations": list(row.integrations or ()),
        "metadata": row.metadata,
        "usage_metrics": None,
        "shared_with_openai": False,
        "method": {"type": kind, kind: {"hyperparameters": hyperparameters}},
    }


def event(row: EventRow) -> dict[str, Any]:
    """An event. `data` is `{}` where there is none, as OpenAI answers."""
    return {
        "object": "fine_tuning.job.event",
        "id": row.id,
        "created_at": row.created_at,
        "level": row.level,
        "message": row.message,
        "type": row.type,
        "data": row.data or {},
    }


def checkpoint(row: CheckpointRow) -> dict[str, Any]:
    """A checkpoint of a job."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": row.id,
        "created_at": row.created_at,
        "fine_tuned_model_checkpoint": row.model,
        "fine_tuning_job_id": row.job_id,
        "step_number": row.step,
        "metrics": {name: value for name, value in row.metrics.items() if value is not None},
    }


def model(row: ModelRow) -> dict[str, Any]:
    """A fine-tuned model."""
    return {
        "id": row.id,
        "object": "model",
        "created": row.created_at,
        "owned_by": row.owned_by,
        "shutdown_date": row.shutdown_date,
    }


def base_model(name: str) -> dict[str, Any]:
    """A base model."""
    return {
        "id": name,
        "object": "model",
        "created": BASE_CREATED,
        "owned_by": BASE_OWNER,
        "shutdown_date": None,
    }


def page(found: Page[T], shape: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """A page of a list."""
    return {"object": "list", "data": [shape(row) for row in found.rows], "has_more": found.has_more}


def page_with_ids(found: Page[T], shape: Callable[[T], dict[str, Any]], nothing: str | None) -> dict[str, Any]:
    """A page with the ids of its first and last item; `nothing` stands for them in an empty one."""
    answer = page(found, shape)
    data = answer["data"]
    answer["first_id"] = data[0]["id"] if data else nothing
    answer["last_id"] = data[-1]["id"] if data else nothing
    return answer


def everything(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A list that has no pages."""
    return {"object": "list", "data": list(rows)}


def deleted(id_: str, kind: str) -> dict[str, Any]:
    """What a deletion answers."""
    return {"id": id_, "object": kind, "deleted": True}
