"""The results of a job: which file they are in, and what is in it.

with fetch(client, find_job(client)) as results:
    results.rows; results.summary; results.file; results.csv
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import IO, TYPE_CHECKING

from fttool.errors import EXIT_BAD_RESULT, FttoolError, ServiceError, UsageError
from fttool.jobs import result_summary, result_table
from fttool.jobs.download import Tell, download
from fttool.jobs.files import get_file
from fttool.jobs.listing import PAGE_SIZE, get_job, list_checkpoints, list_jobs
from fttool.records.jobs import CheckpointView, FileView, JobView
from fttool.records.results import ResultRow, ResultSummary

if TYPE_CHECKING:
    from fttool.jobs.client import Client


class NoResultsError(FttoolError):
    """The job failed or was cancelled before there were results."""

    exit_code = EXIT_BAD_RESULT
    kind = "job"


@dataclass(frozen=True)
class Results(AbstractContextManager["Results"]):
    """A job's result file: what it is, its bytes as CSV, and what they say. Closing it lets the bytes go.

    Reading `rows` or `summary` raises ServiceError for a file that fttool cannot read; `csv` is the file as it came,
    but for base64.
    """

    job: JobView
    file: FileView
    csv: IO[bytes]

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.file.filename or self.file.id

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.csv.close()

    @cached_property
    def rows(self) -> list[ResultRow]:
        """One row for each step, by step."""
        self.csv.seek(0)
        return result_table.read_rows(self.csv, self.name)

    @cached_property
    def summary(self) -> ResultSummary:
        """What is to be seen in the rows."""
        return result_summary.summarize(self.rows)


def find_job(client: Client, job_id: str | None = None) -> JobView:
    """The job of that id; without one, the newest finished among the newest hundred. Raises ServiceError if none is."""
    if job_id is not None:
        return get_job(client, job_id)
    found = next((job for job in islice(list_jobs(client), PAGE_SIZE) if job.finished), None)
    if found is None:
        raise ServiceError("there is no finished job", hint=f"`fttool list{client.way}` shows the jobs there are")
    return found


def fetch(client: Client, job: JobView, wanted: str | None = None, *, tell: Tell | None = None) -> Results:
    """The results of a job, downloaded; they are a context manager.

    `wanted` is the id or name of one of several result files; without it, it is the first table among them. Raises
    NoResultsError for a job that ended without, ServiceError for one that has none, or if they do not come whole.
    """
    file = choose_file(client, job, wanted)
    with ExitStack() as stack:
        content = stack.enter_context(download(client, file.id, size=file.bytes, tell=tell))
        result_table.check(content, file.filename or file.id)
        csv = result_table.decoded(content)
        if csv is content:
            stack.pop_all()
        return Results(job, file, csv)


def choose_file(client: Client, job: JobView, wanted: str | None = None) -> FileView:
    """The result file of a job, see `fetch`."""
    if not job.result_files:
        raise _none(client, job)
    if wanted is not None and wanted not in job.result_files:
        files = [_file(client, each) for each in job.result_files]
        named = [file for file in files if file.filename == wanted]
        if not named:
            names = ", ".join(f"{file.id} ({file.filename})" for file in files)
            raise UsageError(f"job `{job.id}` has no result file `{wanted}`", hint=f"it has {names}")
        return named[0]
    if wanted is not None or len(job.result_files) == 1:
        return _file(client, wanted or job.result_files[0])
    files = [_file(client, each) for each in job.result_files]
    return next((file for file in files if (file.filename or "").lower().endswith(".csv")), files[0])


def better_checkpoint(client: Client, results: Results) -> CheckpointView | None:
    """The checkpoint to prefer to the final model, see `best_checkpoint`; None too where there are none to ask for."""
    if results.summary.best_validation is None:
        return None
    try:
        found = list_checkpoints(client, results.job.id)
    except ServiceError:  # it is advice only: a service without checkpoints has none to give
        return None
    return result_summary.best_checkpoint(found, results.summary)


def _file(client: Client, file_id: str) -> FileView:
    """What the service says of a file; no more than its id where it says nothing, for its content may still come."""
    try:
        return get_file(client, file_id)
    except ServiceError:
        return FileView(file_id)


def _none(client: Client, job: JobView) -> FttoolError:
    """Why a job has no result file, and what to do."""
    option = client.way
    if not job.finished:
        hint = f"`fttool follow {job.id}{option}` shows how it goes, and waits for its end"
        if job.status == "paused":
            hint = f"`fttool resume {job.id}{option}` goes on with it"
        return ServiceError(f"job `{job.id}` is not finished ({job.status}); results come at its end", hint=hint)
    events = f"`fttool events {job.id}{option}` shows what happened"
    if job.status == "failed":
        return NoResultsError(
            f"job `{job.id}` failed and has no results: {job.error or 'no reason given'}", hint=events
        )
    if job.status == "cancelled":
        return NoResultsError(f"job `{job.id}` was cancelled and has no results", hint=events)
    return ServiceError(
        f"job `{job.id}` has no result file: {client.service.title} keeps none of it",
        hint=f"`fttool events {job.id} --json{option}` has the metrics of each step, where the service sends them",
    )
