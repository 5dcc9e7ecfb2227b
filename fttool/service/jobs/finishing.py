"""The end of a job that went well: its model, its result file, and the status `succeeded`."""

from __future__ import annotations

import time

from fttool.service.atomic import remove
from fttool.service.jobs.bench import Bench
from fttool.service.jobs.checkpoints import derived_id, save_final
from fttool.service.jobs.result_file import RESULT_FILE_NAME, result_file
from fttool.service.jobs.watch import Ended
from fttool.service.records import FileRow, JobRow, ModelRow, NewEvent
from fttool.service.trainers import Run


def finish(bench: Bench, job: JobRow, run: Run) -> None:
    """Make the job `succeeded`.

    Killed in between, the job is still running, and what is there already is not made again. Raises Ended if the job
    was cancelled or paused at the last moment, and OSError if there is no space.
    """
    model = save_final(bench.store, bench.state, job, run.plan.total_steps, run.save)
    result = _result_file(bench, job)
    done = bench.store.change(
        job.id,
        ("running",),
        "succeeded",
        attempt=job.attempt,
        events=[
            NewEvent(f"New fine-tuned model created: {model.id}"),
            NewEvent("The job has successfully completed"),
        ],
        fine_tuned_model=model.id,
        result_files=[result.id],
        trained_tokens=run.plan.trained_tokens,
    )
    if not done:
        _undo_if_finished(bench, job, model, result)
        raise Ended


def _result_file(bench: Bench, job: JobRow) -> FileRow:
    file_id = "file-" + derived_id(job.id, "results", 24)
    known = bench.store.file(file_id)
    if known is not None:
        return known
    blobs = bench.blobs
    with blobs.incoming() as incoming:
        for block in result_file(bench.store.steps(job.id)):
            incoming.write(block)
        incoming.seal()
        with blobs.held():
            sha = incoming.keep()
            row = FileRow(file_id, int(time.time()), incoming.bytes, RESULT_FILE_NAME, "fine-tune-results", sha)
            bench.store.add_file(row)
    return row


def _undo_if_finished(bench: Bench, job: JobRow, model: ModelRow, result: FileRow) -> None:
    """A cancelled job leaves no final model. One that is paused keeps it until it goes on."""
    now = bench.store.job(job.id)
    if now is None or now.finished:
        bench.store.delete_model(model.id)
        remove(bench.state.model(model.folder))
        bench.store.delete_file(result.id)
