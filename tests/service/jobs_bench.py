"""A state folder with jobs in it, for tests of what works on them; the `toy` trainer is known here and in workers."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fttool.service import messages
from fttool.service.blobs import Blobs
from fttool.service.ids import new_id
from fttool.service.jobs.bench import Bench
from fttool.service.jobs.queue import Queue
from fttool.service.records import EventRow, JobRow, StepRow
from fttool.service.state import StateDir
from fttool.service.store import Store

TOY = Path(__file__).parent / "toy"


def lines(rows: Iterable[Any]) -> bytes:
    """JSONL."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def some_rows(count: int = 40, first: str = "p0") -> list[dict[str, str]]:
    """Completion examples; `first` is the first prompt, which may tell the toy trainer what to do."""
    return [{"prompt": first if i == 0 else f"p{i}", "completion": f"w{i % 7}"} for i in range(count)]


class Place(Bench):
    """A state folder, and short ways to put jobs into it and look at them."""

    def __init__(self, root: Path) -> None:
        state = StateDir(root)
        super().__init__(Store(state), state, Blobs(state))

    def add(
        self, rows: list[Any] | bytes | None = None, valid: list[Any] | None = None, step: float = 0.001, **more: Any
    ) -> str:
        """A new job of the toy trainer; `step` is the time a step takes, `more` hyperparameters or columns."""
        data = rows if isinstance(rows, bytes) else lines(some_rows() if rows is None else rows)
        method = {"type": "supervised", "n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": step}
        method |= {name: more.pop(name) for name in ("type", "n_epochs", "batch_size") if name in more}
        job = JobRow(
            id=more.pop("id", None) or new_id("ftjob-"),
            created_at=int(time.time()),
            model="baseline",
            requested_model="baseline",
            trainer=more.pop("trainer", "toy"),
            training_file="file-train",
            training_sha=self.blobs.write([data])[0],
            method=method,
            seed=7,
            validation_file="file-valid" if valid else None,
            validation_sha=self.blobs.write([lines(valid)])[0] if valid else None,
            **more,
        )
        self.store.add_job(job, [messages.created(job.id)])
        return job.id

    def job(self, job_id: str) -> JobRow:
        """The job as it is now."""
        job = self.store.job(job_id)
        assert job is not None
        return job

    def events(self, job_id: str) -> list[EventRow]:
        """All its events, oldest first."""
        found: list[EventRow] = []
        after = None
        while True:
            page = self.store.events(job_id, 100, after)
            found += page.rows
            if not page.has_more:
                return found[::-1]
            after = page.rows[-1].id

    def said(self, job_id: str) -> list[str]:
        """The messages of its events but the steps', oldest first."""
        return [event.message for event in self.events(job_id) if event.type == "message"]

    def wait(self, job_id: str, until: Callable[[JobRow], bool] | str, timeout: float = 20) -> JobRow:
        """Wait for a status, or for something else of the job to be true."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            job = self.job(job_id)
            if job.status == until if isinstance(until, str) else until(job):
                return job
            assert not (isinstance(until, str) and job.finished), (job.status, job.error, self.log(job_id))
            time.sleep(0.005)
        raise AssertionError((self.job(job_id), self.said(job_id), self.log(job_id)))

    def log(self, job_id: str) -> str:
        """What its workers said."""
        log = self.state.job(job_id) / "worker.log"
        return log.read_text() if log.exists() else ""

    def outcome(self, job_id: str) -> dict[str, Any]:
        """All that must not depend on what happened on the way."""
        job = self.job(job_id)
        assert job.status == "succeeded", (job.error, self.log(job_id))
        model = self.store.model(job.fine_tuned_model or "")
        file = self.store.file(job.result_files[0])
        assert model is not None and file is not None
        checkpoints = self.store.checkpoints(job_id, 10).rows
        return {
            "steps": [timeless(step) for step in self.store.steps(job_id)],
            "model": contents(self.state.model(model.folder)),
            "result": self.blobs.path(file.sha).read_bytes(),
            "checkpoints": [(row.step, row.metrics, contents(self.state.model(row.folder))) for row in checkpoints],
            "tokens": job.trained_tokens,
        }

    def assert_clean(self, job_id: str) -> None:
        """No step is missing or told twice; there is one model, one result file, and nothing left over."""
        job = self.job(job_id)
        told = [event.step for event in self.events(job_id) if event.type == "metrics"]
        assert sorted(told) == list(range(1, (job.total_steps or 0) + 1))
        said = [message for message in self.said(job_id) if "unexpectedly" not in message]
        assert len(said) == len(set(said)), said
        assert said[0].startswith("Created") and said[-1] == "The job has successfully completed"
        names = [row.id for row in self.store.models() if row.job_id == job_id and "ckpt" not in row.id]
        assert names == [job.fine_tuned_model]
        files = [row for row in self.store.files(100).rows if row.purpose == "fine-tune-results"]
        assert [row.id for row in files] == list(job.result_files)
        assert {path.name for path in self.state.models.iterdir()} == self.store.folders_in_use()
        assert not [path for path in self.state.job(job_id).iterdir() if path.is_dir()]


def timeless(step: StepRow) -> tuple[Any, ...]:
    """A step without the time it was made at."""
    return tuple(getattr(step, name) for name in StepRow.__slots__ if name != "created_at")


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def environment() -> dict[str, str]:
    """In which processes know the toy trainer."""
    return {**os.environ, "PYTHONPATH": f"{TOY}{os.pathsep}{Path(__file__).parents[2]}"}


@contextmanager
def queue(place: Place, trainings: int = 1) -> Iterator[Queue]:
    """A queue at work."""
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = environment()["PYTHONPATH"]
    working = Queue(place.store, place.state, trainings=trainings)
    working.start()
    try:
        yield working
    finally:
        working.stop()
        os.environ["PYTHONPATH"] = before


def use_toy() -> None:
    """Make this process know the toy trainer."""
    from fttool.service.trainers import TRAINERS

    TRAINERS["toy"] = "toy_trainer:TOY"
    if str(TOY) not in sys.path:
        sys.path.append(str(TOY))
