"""A job's training, from where it stands to its last step. It can be killed anywhere and goes on from what was saved.

The same steps give the same metrics and the same model, whether in one go or in many: so the events of steps that are
made once more, after a crash, are those that are there already.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

from fttool.service.jobs import recovery
from fttool.service.jobs.checkpoints import save_checkpoint
from fttool.service.jobs.fault import JobFault
from fttool.service.jobs.recorder import Recorder
from fttool.service.jobs.watch import Ended, Watch
from fttool.service.records import JobRow, StepRow
from fttool.service.state import StateDir
from fttool.service.store import Store
from fttool.service.trainers import Run, StepMetrics, Validation

#: Seconds between two states saved for recovery, if no checkpoint comes first; saving takes at most a twentieth.
RECOVERY_EVERY = 10.0
_SAVING_SHARE = 20

#: In each epoch, so many times a batch of the validation file is measured.
SAMPLES_PER_EPOCH = 10


class Training:
    """Drives a trainer's run, which stands at a step whose metrics, and those before it, are in the store."""

    def __init__(self, store: Store, state: StateDir, job: JobRow, run: Run, watch: Watch, *, validates: bool) -> None:
        self._store = store
        self._state = state
        self._job = job
        self._run = run
        self._watch = watch
        self._validates = validates
        self._recorder = Recorder(store, job, run.step)
        self._last = _row_at(store, job.id, run.step)
        self._save_after = time.monotonic() + RECOVERY_EVERY
        self._crashes = job.crashes

    def to_the_end(self) -> None:
        """Make all steps that are left, with a checkpoint after each epoch.

        Raises:
            Ended: the job was cancelled, or paused, or the worker is to stop; what can be saved is saved.
            JobFault: the training came to nothing.
            OSError: there is no space.
        """
        plan = self._run.plan
        self._watch.stepping = True
        self._watch.meanwhile = self._recorder.flush_if_due
        self._save_if_epoch_ends()
        while self._run.step < plan.total_steps:
            self._obey()
            self._step()
            self._save_if_epoch_ends()
            if time.monotonic() >= self._save_after:
                self._save_for_recovery()
        self._obey()
        self._recorder.flush()

    def _step(self) -> None:
        measured = self._run.advance()
        row = self._row(measured)
        self._last = row
        self._recorder.add(row)

    def _row(self, measured: StepMetrics) -> StepRow:
        plan, step = self._run.plan, self._run.step
        if not math.isfinite(measured.loss):
            said = f"The training diverged: the loss of step {step} is not a number. Try a smaller learning rate"
            raise JobFault("training_diverged", said, "learning_rate_multiplier")
        sample = full = None
        if self._validates:
            ends = self._epoch_ends()
            if ends or step % max(1, plan.steps_per_epoch // SAMPLES_PER_EPOCH) == 0:
                sample = self._run.validate(full=False)
            if ends:
                full = self._run.validate(full=True)
        before = self._last
        return StepRow(
            step=step,
            total_steps=plan.total_steps,
            train_loss=measured.loss,
            train_accuracy=measured.token_accuracy,
            train_sequence_accuracy=measured.sequence_accuracy,
            valid_loss=_loss(sample),
            valid_accuracy=sample.token_accuracy if sample else None,
            valid_sequence_accuracy=sample.sequence_accuracy if sample else None,
            full_valid_loss=_loss(full),
            full_valid_accuracy=full.token_accuracy if full else None,
            elapsed_tokens=measured.tokens + (before.elapsed_tokens or 0 if before else 0),
            elapsed_examples=measured.examples + (before.elapsed_examples or 0 if before else 0),
            created_at=int(time.time()),
        )

    def _epoch_ends(self) -> bool:
        plan, step = self._run.plan, self._run.step
        return step > 0 and (step % plan.steps_per_epoch == 0 or step == plan.total_steps)

    def _save_if_epoch_ends(self) -> None:
        """The checkpoint after an epoch, unless it is there: a job may go on from the very end of an epoch."""
        if not self._epoch_ends() or self._last is None:
            return
        last = self._store.last_checkpoint(self._job.id)
        if last is not None and last.step >= self._run.step:
            return
        self._recorder.flush()
        began = time.monotonic()
        if not save_checkpoint(self._store, self._state, self._job, self._last, self._run.save):
            raise Ended
        self._was_saved(began)

    def _save_for_recovery(self) -> None:
        self._recorder.flush()
        began = time.monotonic()
        recovery.save(self._state.job(self._job.id), self._run.step, self._run.save)
        self._was_saved(began)

    def _was_saved(self, began: float) -> None:
        """What was saved is not lost: the crashes before do not count any more."""
        now = time.monotonic()
        self._save_after = now + max(RECOVERY_EVERY, _SAVING_SHARE * (now - began))
        if self._crashes:
            self._store.update(self._job.id, frm=("running",), attempt=self._job.attempt, crashes=0)
            self._crashes = 0

    def _obey(self) -> None:
        """Go on only if the job does."""
        verdict = self._watch.look()
        if verdict == "go on":
            return
        if verdict == "save":
            self._save_for_recovery()
        raise Ended


def start_point(store: Store, state: StateDir, job: JobRow) -> recovery.Saved | None:
    """What the job goes on from: its latest checkpoint, or a later state saved for recovery. None: from the start.

    What the store has of later steps is forgotten; they come again.
    """
    best = recovery.latest(state.job(job.id))
    checkpoint = store.last_checkpoint(job.id)
    if checkpoint is not None and (best is None or checkpoint.step >= best.step):
        folder: Path = state.model(checkpoint.folder)
        if folder.is_dir():
            best = recovery.Saved(checkpoint.step, folder)
    store.drop_steps_after(job.id, best.step if best else 0)
    return best


def _row_at(store: Store, job_id: str, step: int) -> StepRow | None:
    row = None
    for row in store.steps(job_id):
        if row.step == step:
            return row
    return None


def _loss(measured: Validation | None) -> float | None:
    """The loss, unless it is infinite: a training file may make impossible what stands in the validation file."""
    return measured.loss if measured and math.isfinite(measured.loss) else None
