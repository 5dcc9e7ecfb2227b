"""What a tracker is: a place that keeps a run for each job, with its metrics by step and its files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from fttool.errors import FttoolError, ServiceError
from fttool.records.jobs import JobView

#: Characters of a library's own words that are shown.
_LONGEST = 600

#: Name and password in an address.
_LOGIN = re.compile(r"//[^/@\s]*@")


class TrackerError(ServiceError):
    """The tracker refused, or cannot be reached (then `temporary`)."""

    kind = "tracker"


class Target(NamedTuple):
    """Where the runs go, as far as it was said. `project` is MLflow's experiment; `uri` its tracking URI."""

    project: str | None = None
    entity: str | None = None
    uri: str | None = None


class RunKey(NamedTuple):
    """What makes a run that of a job: the same job has the same `id` each time. `name` is what people see."""

    id: str
    name: str


class Found(NamedTuple):
    """A run that is there; `complete` if nothing about its job can change any more, and all of it was sent."""

    run: str
    place: str | None
    complete: bool


class Step(NamedTuple):
    """The metrics of one training step, under the names of `ResultRow`; `at` in unix seconds if it is known."""

    step: int
    metrics: Mapping[str, float]
    at: int | None = None


class JobFile(NamedTuple):
    """A file of a job, on this machine. `rows` are its examples, None for a result file."""

    role: Literal["train", "valid", "results"]
    id: str
    name: str
    path: Path
    rows: int | None = None


class Run(Protocol):
    """A run that is being written. It must be ended with `finish` or `leave`."""

    id: str
    place: str | None

    def log(self, step: Step) -> None:
        """Add the metrics of a step. Steps come in order, none twice."""

    def flush(self) -> None:
        """Send what was held back: nothing more comes for a while."""

    def file(self, file: JobFile) -> None:
        """Add a file. It may be gone afterwards."""

    def finish(self, job: JobView, summary: Mapping[str, Any]) -> None:
        """All is said: close it with the job's status. It is complete if the job has ended."""

    def leave(self) -> None:
        """Close it unfinished: it will be written again."""


class Tracker(Protocol):
    """A place for runs. Every method raises TrackerError."""

    name: str
    title: str
    #: What to do with the runs when they are written, if there is anything.
    advice: str | None

    def find(self, key: RunKey) -> Found | None:
        """The run of that key, if it is there."""

    def start(self, key: RunKey, job: JobView, config: Mapping[str, Any]) -> Run:
        """Begin to write the run: a new one, or the one that is there anew. `config` is what is known of the job."""

    def close(self) -> None:
        """Nothing more will be written."""


@contextmanager
def speaking(title: str, what: str, *, hint: str | None = None, temporary: bool = False) -> Iterator[None]:
    """Turns what the library of a tracker raises into TrackerError: these libraries promise no kinds of errors."""
    try:
        yield
    except FttoolError:
        raise
    except Exception as error:
        text = _LOGIN.sub("//…@", " ".join(str(error).split())) or type(error).__name__
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise TrackerError(f"{title}: could not {what}: {text}", hint=hint, temporary=temporary) from error
