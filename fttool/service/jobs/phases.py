"""The two phases of a job's life in a worker process: its files are validated, then it trains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fttool.service.atomic import remove
from fttool.service.examples.read import Inspection
from fttool.service.jobs.bench import Bench
from fttool.service.jobs.checkpoints import sweep
from fttool.service.jobs.data import files, inspect_files
from fttool.service.jobs.fault import JobFault
from fttool.service.jobs.finishing import finish
from fttool.service.jobs.training import Training, start_point
from fttool.service.jobs.watch import Ended, Watch
from fttool.service.records import JobRow, NewEvent
from fttool.service.store import Store
from fttool.service.trainers import DamagedModel, Hyperparameters, Run, Task, get_trainer

#: A job that is being validated has fewer events than this.
_SOME = 100


def validate(bench: Bench, job: JobRow) -> None:
    """Look at the job's files; it is `queued` then.

    Raises:
        JobFault: a file cannot be trained on.
    """
    _once(bench.store, job, f"Validating training file: {job.training_file}" + _and_validation(job))
    found = inspect_files(bench.state, bench.blobs, job)
    events = [*_warnings(job, found), NewEvent("Files validated, moving job to queued state")]
    bench.store.change(job.id, ("validating_files",), "queued", attempt=job.attempt, events=events, crashes=0)


def train(bench: Bench, job: JobRow) -> None:
    """Train a queued job, from the start or from where it stopped, until it has succeeded.

    Raises:
        Ended: it was cancelled or paused, or the worker is to stop.
        JobFault: it cannot go on.
    """
    claimed = _claim(bench.store, job)
    watch = Watch(bench.store, bench.state, job.id, claimed.attempt)
    watch.listen()
    scratch = bench.state.job(job.id) / "scratch"
    remove(scratch)
    scratch.mkdir(mode=0o700)
    try:
        _train(bench, claimed, watch, scratch)
    except Ended:
        if watch.asked_to_stop:  # the next service is to go on with it
            bench.store.change(job.id, ("running",), "queued", attempt=claimed.attempt)
        raise
    finally:
        remove(scratch)


def _claim(store: Store, job: JobRow) -> JobRow:
    """Make the queued job this worker's. Raises Ended if it is not queued any more."""
    events = [NewEvent("Fine-tuning job started")] if job.attempt == 0 else []
    if not store.change(job.id, ("queued",), "running", attempt=job.attempt, events=events):
        raise Ended
    claimed = store.job(job.id)
    if claimed is None:
        raise Ended
    return claimed


def _train(bench: Bench, job: JobRow, watch: Watch, scratch: Path) -> None:
    sweep(bench.store, bench.state, job.id)
    run, validates = _begin(bench, job, watch, scratch)
    resolved = {
        "n_epochs": run.plan.n_epochs,
        "batch_size": run.plan.batch_size,
        "learning_rate_multiplier": run.plan.learning_rate_multiplier,
    }
    trainer = get_trainer(job.trainer)
    said = NewEvent(f"Trainer '{trainer.name}': {trainer.description}. {run.note}")
    bench.store.update(
        job.id,
        frm=("running",),
        attempt=job.attempt,
        events=[said] if job.resolved is None else [],
        resolved=resolved,
        total_steps=run.plan.total_steps,
    )
    training = Training(bench.store, bench.state, job, run, watch, validates=validates)
    training.to_the_end()
    finish(bench, job, run)


def _begin(bench: Bench, job: JobRow, watch: Watch, scratch: Path) -> tuple[Run, bool]:
    """The trainer's run, where it left off; and whether there is a validation file."""
    train_on, valid = files(bench.state, bench.blobs, job)
    parent = bench.state.model(job.parent) if job.parent is not None else None
    if parent is not None and not parent.is_dir():
        raise JobFault("model_not_found", f"The model '{job.model}', which the job continues, is gone", "model")
    saved = start_point(bench.store, bench.state, job)
    task = Task(
        train=train_on,
        valid=valid,
        hyperparameters=_hyperparameters(job.method),
        seed=job.seed,
        scratch=scratch,
        parent=parent,
        resume=saved.folder if saved else None,
        alive=watch.alive,
    )
    try:
        run = get_trainer(job.trainer).begin(task)
    except DamagedModel as error:
        raise JobFault("model_damaged", f"What the job goes on from is damaged: {error}", "model") from error
    if run.step != (saved.step if saved else 0):
        raise RuntimeError(f"the trainer is at step {run.step} after resuming from {saved}")
    return run, valid is not None


def _hyperparameters(method: Mapping[str, Any]) -> Hyperparameters:
    asked = {name: method.get(name, "auto") for name in ("n_epochs", "batch_size", "learning_rate_multiplier")}
    return Hyperparameters(**{name: None if value == "auto" else value for name, value in asked.items()})


def _and_validation(job: JobRow) -> str:
    return f" and validation file: {job.validation_file}" if job.validation_file else ""


def _once(store: Store, job: JobRow, message: str) -> None:
    """Say it, unless a worker that died has said it."""
    if all(event.message != message for event in store.events(job.id, _SOME).rows):
        store.update(job.id, frm=("validating_files",), attempt=job.attempt, events=[NewEvent(message)])


def _warnings(job: JobRow, found: Mapping[str, Inspection]) -> list[NewEvent]:
    """What a user would not expect of their files."""
    said = []
    if job.method["type"] == "dpo":
        said.append(
            "This service trains on the preferred outputs alone, as in supervised fine-tuning: the outputs that are "
            "not preferred, and beta, are not used"
        )
    for role, inspection in found.items():
        if inspection.skipped:
            said.append(
                f"{inspection.skipped:,} of {inspection.lines:,} examples of the {role} file are left out: they have "
                "no text to learn, only sound, files, empty texts or messages of weight 0"
            )
        if inspection.called:
            said.append(
                f"{inspection.called:,} of {inspection.lines:,} examples of the {role} file have calls of tools among "
                "the answers: the trainer learns them as text, name(arguments)"
            )
        if inspection.unseen:
            said.append(
                f"{inspection.unseen:,} of {inspection.lines:,} examples of the {role} file have images, sound or "
                "files: the trainer sees the text alone"
            )
    return [NewEvent(message, level="warn") for message in said]
