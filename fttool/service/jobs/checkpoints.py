"""Checkpoints and the final model: folders that appear whole, and their rows in the store.

The names come from the job's id. So whatever is done once more after a crash is not there twice.
"""

from __future__ import annotations

import hashlib
import string
import time
from collections.abc import Callable
from pathlib import Path

from fttool.service.atomic import UNFINISHED, link_folder, remove, write_folder
from fttool.service.ids import ORGANIZATION, checkpoint_name, model_name, new_id
from fttool.service.records import CheckpointRow, JobRow, ModelRow, NewEvent, StepRow
from fttool.service.state import StateDir
from fttool.service.store import Store

_ALPHABET = string.ascii_letters + string.digits

#: OpenAI keeps the checkpoints of the last three epochs.
KEPT = 3


def derived_id(job_id: str, what: str, length: int) -> str:
    """Letters and digits that are always the same for a job, and no other's."""
    number = int.from_bytes(hashlib.sha256(f"{what} {job_id}".encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, at = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[at])
    return "".join(letters)


def final_name(job: JobRow) -> str:
    """The name of the model that the job makes."""
    return model_name(job.model, job.suffix).rpartition(":")[0] + ":" + derived_id(job.id, "model", 8)


def save_checkpoint(store: Store, state: StateDir, job: JobRow, row: StepRow, write: Callable[[Path], None]) -> bool:
    """Save the checkpoint after a step, and remove the folders that are too many now.

    Returns False if the job is not the worker's any more. Raises OSError if there is no space.
    """
    folder = f"{job.id}-step-{row.step}"
    write_folder(state.model(folder), write)
    now = int(time.time())
    name = checkpoint_name(final_name(job), row.step)
    checkpoint = CheckpointRow(new_id("ftckpt_"), now, job.id, name, row.step, _metrics(row), folder)
    event = NewEvent(f"Checkpoint created at step {row.step}")
    gone = store.add_checkpoint(checkpoint, job.attempt, model_row(job, name, folder), KEPT, [event])
    if gone is None:
        remove(state.model(folder))
        return False
    for unneeded in gone:
        remove(state.model(unneeded))
    return True


def save_final(store: Store, state: StateDir, job: JobRow, step: int, write: Callable[[Path], None]) -> ModelRow:
    """The final model, after so many steps, made unless it is there. It shares its files with the last checkpoint."""
    known = store.model(final_name(job))
    if known is not None:
        return known
    row = model_row(job, final_name(job), f"{job.id}-final")
    last = store.last_checkpoint(job.id)
    if last is not None and last.step == step and state.model(last.folder).is_dir():
        link_folder(state.model(last.folder), state.model(row.folder))
    else:
        write_folder(state.model(row.folder), write)
    store.add_model(row)
    return row


def sweep(store: Store, state: StateDir, job_id: str) -> None:
    """Remove the job's folders among the models that nothing refers to: a worker died before it could."""
    folders = [path for path in state.models.iterdir() if path.name.removeprefix(UNFINISHED).startswith(f"{job_id}-")]
    used = store.folders_in_use()
    for path in folders:
        if path.name not in used:
            remove(path)


def model_row(job: JobRow, name: str, folder: str) -> ModelRow:
    """A model of the job."""
    base = job.model.split(":")[1] if job.model.startswith("ft:") else job.model
    return ModelRow(name, int(time.time()), ORGANIZATION, job.id, job.trainer, base, folder)


def _metrics(row: StepRow) -> dict[str, float]:
    """What the step has measured, under OpenAI's names."""
    measured = {
        "step": row.step,
        "train_loss": row.train_loss,
        "train_mean_token_accuracy": row.train_accuracy,
        "valid_loss": row.valid_loss,
        "valid_mean_token_accuracy": row.valid_accuracy,
        "full_valid_loss": row.full_valid_loss,
        "full_valid_mean_token_accuracy": row.full_valid_accuracy,
    }
    return {name: value for name, value in measured.items() if value is not None}
