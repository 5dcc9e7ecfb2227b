"""Which models an evaluation asks, and which examples: what was named, or what a job has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fttool.cli import evaluate_asking, output
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.config import Config
    from fttool.jobs.client import Client
    from fttool.jobs.evaluate.examples import Survey
    from fttool.records.jobs import JobView


class Target(NamedTuple):
    """A model to ask, and the step of its training where it is a checkpoint."""

    model: str
    step: int | None = None


def targets(
    client: Client, config: Config, job: JobView | None, model: str | None, *, checkpoints: bool, tell: bool
) -> list[Target]:
    """The models to ask: of the job, else the one that is named, else the newest (`tell`: say which)."""
    if job is not None:
        return of_job(client, job, checkpoints=checkpoints)
    if model is not None:
        return [Target(model)]
    from fttool.jobs.models import default_model

    found, why = default_model(client, config.setting("model"))
    if tell:
        output.note(f"model {found} ({why})")
    return [Target(found)]


def of_job(client: Client, job: JobView, *, checkpoints: bool) -> list[Target]:
    """The model of a job; with `checkpoints`, these by step, and the model as the last of them.

    A checkpoint of the last step is the model under another name, and is not asked too.
    """
    if not checkpoints:
        if job.fine_tuned_model is None:
            raise UsageError(
                f"job {job.id} has no model (it is {job.status})", hint="`--checkpoints` evaluates what it has saved"
            )
        return [Target(job.fine_tuned_model)]
    from fttool.jobs.listing import list_checkpoints

    saved = [Target(each.model, each.step) for each in list_checkpoints(client, job.id) if each.model is not None]
    found = saved[::-1]
    if job.fine_tuned_model is not None:
        last = _last_step(client, job)
        found = [each for each in found if each.model != job.fine_tuned_model and (last is None or each.step != last)]
        found.append(Target(job.fine_tuned_model, last))
    if not found:
        raise UsageError(f"job {job.id} has neither checkpoints nor a model (it is {job.status})")
    return found


def _last_step(client: Client, job: JobView) -> int | None:
    """The step a training ended with, from its events; None if they do not say."""
    from fttool.jobs.listing import list_events
    from fttool.jobs.training import Training

    training = Training()
    for event in list_events(client, job.id):
        training.see(event)
    return training.step or None


@contextmanager
def examples(client: Client, given: Survey | None, file: str | None, job: JobView | None) -> Iterator[Survey]:
    """The examples: those given, else a file of the service, fetched for as long as it is needed."""
    if given is not None:
        yield given
        return
    file_id = file or (job.validation_file if job is not None else None)
    if file_id is None:
        assert job is not None
        raise UsageError(f"job {job.id} has no validation file", hint="`-f FILE` names the examples to ask")
    from fttool.jobs.download import download
    from fttool.jobs.files import get_file

    view = get_file(client, file_id)
    with tempfile.TemporaryDirectory(prefix="fttool-") as folder:
        path = Path(folder) / "examples.jsonl"
        with download(client, file_id, size=view.bytes) as content, path.open("wb") as target:
            while chunk := content.read(1 << 20):
                target.write(chunk)
        yield evaluate_asking.survey_file(path, view.filename or file_id)


def is_id(text: str) -> bool:
    """Whether this is the id of a file of the service."""
    from fttool.jobs.sources import is_file_id

    return is_file_id(text) and not Path(text).exists()
