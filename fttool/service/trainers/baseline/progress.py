"""How far a run has come: what a checkpoint holds besides the model."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fttool.service.trainers import DamagedModel, Plan
from fttool.service.trainers.baseline.storage import check, read_document, write_document

_NAME = "progress"


class Progress(msgspec.Struct):
    """The steps done, and of which plan."""

    step: int
    batch_size: int
    total_steps: int


def write_step(folder: Path, step: int, plan: Plan) -> None:
    """Note the steps done."""
    write_document(folder, _NAME, Progress(step, plan.batch_size, plan.total_steps))


def read_step(folder: Path, plan: Plan) -> int:
    """The steps done. Raises DamagedModel if the checkpoint is of another plan."""
    progress = read_document(folder, _NAME, Progress)
    if (progress.batch_size, progress.total_steps) != (plan.batch_size, plan.total_steps):
        raise DamagedModel(f"the checkpoint {folder} is of a training with other hyperparameters")
    check(0 <= progress.step <= plan.total_steps, "its step")
    return progress.step
