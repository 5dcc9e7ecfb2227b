"""The events of a job, in OpenAI's words."""

from __future__ import annotations

from typing import Any

from fttool.service.records import NewEvent, StepRow


def created(job_id: str) -> NewEvent:
    """The first event of every job."""
    return NewEvent(f"Created fine-tuning job: {job_id}")


def alias(requested: str, model: str) -> NewEvent:
    """Said when the model asked for lives elsewhere: what is trained in its place."""
    return NewEvent(f"The model '{requested}' is not on this service: '{model}' is trained in its place")


def metrics(step: StepRow) -> NewEvent:
    """What a step has measured. The keys of `data` are OpenAI's, as seen in recorded answers."""
    losses = (
        ("training loss", step.train_loss),
        ("validation loss", step.valid_loss),
        ("full validation loss", step.full_valid_loss),
    )
    said = ", ".join(f"{name}={loss:.4f}" for name, loss in losses if loss is not None)
    data: dict[str, Any] = {
        "step": step.step,
        "total_steps": step.total_steps,
        "train_loss": step.train_loss,
        "train_mean_token_accuracy": step.train_accuracy,
        "train_sequence_accuracy": step.train_sequence_accuracy,
        "valid_loss": step.valid_loss,
        "valid_mean_token_accuracy": step.valid_accuracy,
        "full_valid_loss": step.full_valid_loss,
        "full_valid_mean_token_accuracy": step.full_valid_accuracy,
    }
    known = {name: value for name, value in data.items() if value is not None}
    return NewEvent(f"Step {step.step}/{step.total_steps}: {said}", type="metrics", data=known, step=step.step)


PAUSED = NewEvent("Fine-tuning job paused")
RESUMED = NewEvent("Fine-tuning job resumed")
CANCELLED = NewEvent("Fine-tuning job cancelled")
