"""From records of jobs to lines: what a job, an event and a checkpoint look like."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.records.jobs import CheckpointView, EventView, JobView

_STYLES = {"succeeded": "green", "failed": "red", "cancelled": "yellow", "running": "cyan", "paused": "yellow"}

#: Times above this are in milliseconds, as a service may have them: seconds reach it in the year 5138.
_MILLISECONDS = 100_000_000_000


def job_table(jobs: Sequence[JobView], now: float | None = None) -> None:
    """A line for each job."""
    now = time.time() if now is None else now
    output.table(
        ["id", "age", "status", "model", "fine-tuned model", "tokens"],
        [
            [
                job.id,
                age(job.created_at, now),
                output.paint(job.status, _STYLES[job.status]) if job.status in _STYLES else job.status,
                job.model or "",
                job.fine_tuned_model or "",
                "" if job.trained_tokens is None else str(job.trained_tokens),
            ]
            for job in jobs
        ],
    )


def job_lines(job: JobView, now: float | None = None) -> Iterator[str]:
    """Everything of a job that a person asks for, one thing a line."""
    now = time.time() if now is None else now
    for name, value in _job_facts(job, now):
        if value:
            yield output.Painted(f"{output.paint(f'{name}:'.ljust(18), 'bold')}{output.escape(value)}")


def _job_facts(job: JobView, now: float) -> Iterator[tuple[str, str]]:
    yield "id", job.id
    yield "status", job.status
    if job.error is not None:
        yield "error", " ".join(filter(None, (str(job.error), f"[{job.error.code}]" if job.error.code else "")))
    yield "model", job.model or ""
    yield "fine-tuned model", job.fine_tuned_model or ""
    yield "created", _when(job.created_at, now)
    yield "finished", _when(job.finished_at, now)
    if not job.finished:
        yield "estimated finish", "" if job.estimated_finish is None else local_time(job.estimated_finish)
    yield "training file", job.training_file or ""
    yield "validation file", job.validation_file or ""
    yield "result files", ", ".join(job.result_files)
    yield "method", _method(job)
    yield "tokens", "" if job.trained_tokens is None else f"{job.trained_tokens:,}"
    yield "seed", "" if job.seed is None else str(job.seed)
    yield "metadata", ", ".join(f"{key}={value}" for key, value in job.metadata.items())


def _method(job: JobView) -> str:
    """`supervised: n_epochs 3, batch_size auto`."""
    kind = job.method.get("type") if job.method else None
    inner = job.method.get(kind) if job.method and isinstance(kind, str) else None
    found = inner.get("hyperparameters") if isinstance(inner, dict) else None
    values: Any = found if isinstance(found, dict) and found else job.hyperparameters
    told = ", ".join(f"{name} {value}" for name, value in values.items() if isinstance(value, str | int | float))
    return ": ".join(filter(None, (kind if isinstance(kind, str) else "", told)))


def event_line(event: EventView) -> str:
    """`[2026-11-21 10:31:00] Step 1/10: training loss=0.12`, as the legacy tool prints it."""
    return f"[{local_time(event.created_at)}] {event.message}"


def checkpoint_table(checkpoints: Sequence[CheckpointView]) -> None:
    """A line for each checkpoint."""
    output.table(
        ["step", "model", "loss", "accuracy", "validation loss", "validation accuracy", "id"],
        [
            [
                "" if each.step is None else str(each.step),
                each.model or "",
                _metric(each, "train_loss"),
                _metric(each, "train_mean_token_accuracy"),
                _metric(each, "full_valid_loss", "valid_loss"),
                _metric(each, "full_valid_mean_token_accuracy", "valid_mean_token_accuracy"),
                each.id,
            ]
            for each in checkpoints
        ],
    )


def _metric(checkpoint: CheckpointView, *names: str) -> str:
    for name in names:
        value = checkpoint.metrics.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value:.4f}"
    return ""


def local_time(seconds: int | None) -> str:
    """`2026-11-21 10:31:00` in the time zone of this machine."""
    try:
        if seconds is None:
            return "time unknown"
        plain = seconds / 1000 if seconds > _MILLISECONDS else seconds
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(plain))
    except (OverflowError, ValueError, OSError):
        return "time unknown"


def age(seconds: int | None, now: float) -> str:
    """How long ago that was: `5s`, `12m`, `3h`, `8d`."""
    if seconds is None:
        return ""
    past = max(0, int(now - (seconds / 1000 if seconds > _MILLISECONDS else seconds)))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if past >= (2 * size if unit == "d" else size):
            return f"{past // size}{unit}"
    return f"{past}s"


def duration(seconds: float) -> str:
    """`8s`, `2m 05s`, `1h 40m`."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def _when(seconds: int | None, now: float) -> str:
    return "" if seconds is None else f"{local_time(seconds)} ({age(seconds, now)} ago)"
