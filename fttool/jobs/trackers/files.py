"""The files of a job, fetched for a tracker: at most so large, and those that cannot be had are named."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple

from fttool.errors import FttoolError, KeyMissingError, ServiceError
from fttool.jobs import fetch, result_table
from fttool.jobs.download import download
from fttool.jobs.files import get_file
from fttool.jobs.results import fetch as fetch_results
from fttool.jobs.trackers.base import JobFile
from fttool.records.tracking import LeftOut

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.records.jobs import JobView
    from fttool.records.results import ResultRow

#: Training and validation files that are larger, in bytes, are not sent to a tracker.
MOST_BYTES = 100_000_000

#: Files kept for the next job: jobs that are synced together often share them.
_KEPT = 4


class Gathered(NamedTuple):
    """What a job has: its files, the rows of its result file, and what could not be had."""

    files: list[JobFile]
    rows: list[ResultRow]
    left_out: list[LeftOut]


class _TooLargeError(Exception):
    """The file has more bytes than are taken."""


class Shelf(AbstractContextManager["Shelf"]):
    """A folder for files of jobs while they are sent on. Training files stay in it for the next job that has them."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._folder = tempfile.TemporaryDirectory(prefix="fttool-", ignore_cleanup_errors=True)
        self._inputs: dict[str, JobFile] = {}
        self._count = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def gather(self, client: Client, job: JobView, *, inputs: bool = True) -> Gathered:
        """The files of a job. Without `inputs` the result file alone.

        Raises ServiceError only where trying again may help: then the job is not to be sent without its files.
        """
        found = Gathered([], [], [])
        for role, file_id in (("train", job.training_file), ("valid", job.validation_file)):
            if not inputs or file_id is None:
                continue
            try:
                found.files.append(self._input(client, role, file_id))  # type: ignore[arg-type]
            except _TooLargeError:
                found.left_out.append(LeftOut(file_id, f"has more than {self._most / 1e6:,.0f} MB"))
            except FttoolError as error:
                found.left_out.append(LeftOut(file_id, _reason(error)))
        if job.finished and job.result_files:
            self._results(client, job, found)
        return found

    def _input(self, client: Client, role: Literal["train", "valid"], file_id: str) -> JobFile:
        if (kept := self._inputs.get(file_id)) is not None:
            return kept._replace(role=role)
        about = get_file(client, file_id)
        if about.bytes is not None and about.bytes > self._most:
            raise _TooLargeError
        path = self._place(about.filename or f"{file_id}.jsonl")
        with download(client, file_id, size=about.bytes, tell=self._bounded) as content, path.open("wb") as file:
            result_table.copy(content, file)
        made = JobFile(role, file_id, path.name, path, count_rows(path))
        while len(self._inputs) >= _KEPT:
            self._inputs.pop(next(iter(self._inputs))).path.unlink(missing_ok=True)
        self._inputs[file_id] = made
        return made

    def _results(self, client: Client, job: JobView, found: Gathered) -> None:
        try:
            with fetch_results(client, job, tell=self._bounded) as results:
                path = self._place(results.name if "." in results.name else f"{results.name}.csv")
                with path.open("wb") as file:
                    result_table.copy(results.csv, file)
                found.files.append(JobFile("results", results.file.id, path.name, path))
                found.rows.extend(results.rows)
        except _TooLargeError:
            found.left_out.append(LeftOut(job.result_files[0], f"has more than {self._most / 1e6:,.0f} MB"))
        except FttoolError as error:
            found.left_out.append(LeftOut(job.result_files[0], _reason(error)))

    def _bounded(self, done: int, total: int | None) -> None:
        if done > self._most:
            raise _TooLargeError

    def _place(self, name: str) -> Path:
        """Where a file of that name goes: in a folder of its own, as two may be called alike."""
        self._count += 1
        folder = Path(self._folder.name) / str(self._count)
        folder.mkdir()
        return folder / fetch.plain_name(name)


def count_rows(path: Path) -> int:
    """Lines with something in them."""
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())


def lines(path: Path, most: int) -> Iterator[bytes]:
    """The first `most` lines of a file that are not empty."""
    with path.open("rb") as file:
        for line in file:
            if most <= 0:
                return
            if line.strip():
                most -= 1
                yield line


def _reason(error: FttoolError) -> str:
    """Why a file is not there for good. Raises the error itself if it may be there the next time."""
    if isinstance(error, KeyMissingError):  # the key that the job itself was had with may not have the file
        return error.message
    if not isinstance(error, ServiceError) or error.temporary:
        raise error
    return error.message
