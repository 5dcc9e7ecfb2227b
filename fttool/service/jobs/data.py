"""The files of a job: looked at in its first phase, streamed in its second."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from fttool.service.atomic import write_file
from fttool.service.blobs import Blobs
from fttool.service.examples.read import FileExamples, Inspection, inspect
from fttool.service.jobs.fault import JobFault
from fttool.service.records import JobRow
from fttool.service.state import StateDir

_NAME = "inspection.json"


def inspect_files(state: StateDir, blobs: Blobs, job: JobRow) -> dict[str, Inspection]:
    """Look at the whole of the job's files; what was found is kept in its folder for `files`.

    Raises:
        JobFault: a file cannot be trained on.
        OSError: what was found cannot be kept.
    """
    found = {role: _inspect(path, role, job) for role, path in _paths(blobs, job).items()}
    write_file(state.job(job.id) / _NAME, msgspec.json.encode(found))
    return found


def files(state: StateDir, blobs: Blobs, job: JobRow) -> tuple[FileExamples, FileExamples | None]:
    """The examples of the training and the validation file. Raises JobFault if they are not what they were."""
    paths = _paths(blobs, job)
    known = _known(state, job)
    if known.keys() != paths.keys():
        known = inspect_files(state, blobs, job)
    streams = {role: FileExamples(path, known[role].shape, known[role].examples) for role, path in paths.items()}
    return streams["training"], streams.get("validation")


def forget_inspection(state: StateDir, job_id: str) -> None:
    """The job is finished."""
    (state.job(job_id) / _NAME).unlink(missing_ok=True)


def _paths(blobs: Blobs, job: JobRow) -> dict[str, Path]:
    paths = {"training": blobs.path(job.training_sha)}
    if job.validation_sha is not None:
        paths["validation"] = blobs.path(job.validation_sha)
    return paths


def _inspect(path: Path, role: str, job: JobRow) -> Inspection:
    try:
        return inspect(path, role=role, method=job.method["type"])
    except FileNotFoundError:
        raise JobFault(f"invalid_{role}_file", f"The bytes of the {role} file are gone", f"{role}_file") from None


def _known(state: StateDir, job: JobRow) -> Mapping[str, Inspection]:
    try:
        return msgspec.json.decode((state.job(job.id) / _NAME).read_bytes(), type=dict[str, Inspection])
    except (OSError, msgspec.DecodeError):
        return {}
