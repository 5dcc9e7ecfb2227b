"""MLflow, through `mlflow-skinny`: on a server, or in a file (SQLite) on this machine.

Its runs have ids of its own: a job's run is found by its tag. What is there of a run stays, and what is missing is
added, so a run keeps its id however often it is written.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.jobs.fetch import plain_name
from fttool.jobs.trackers import facts
from fttool.jobs.trackers.base import Found, JobFile, RunKey, Step, Target, TrackerError, speaking

if TYPE_CHECKING:
    from fttool.records.jobs import JobView

TITLE = "MLflow"

EXPERIMENT = "fine-tuning"

#: The tags that a run is found by.
_RUN, _COMPLETE = "fttool.run", "fttool.complete"

#: What it says itself goes nowhere, and a server that does not answer is given up within minutes, not hours.
_ENVIRONMENT = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

#: Metrics that are sent together. MLflow takes 1,000.
_BATCH = 500

#: MLflow takes no longer texts as the value of a parameter, and of a tag. Source: `mlflow.utils.validation`.
_LONGEST_PARAM, _LONGEST_TAG = 6_000, 8_000

_STATUSES = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}

_FOLDERS = {"train": "training_file", "valid": "validation_file", "results": "results"}


class Mlflow:
    """MLflow as a tracker."""

    name = "mlflow"
    title = TITLE
    advice = None

    def __init__(self, target: Target) -> None:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow.tracking import MlflowClient

        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        self.experiment = target.project or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
        with speaking(TITLE, "open the tracking store"):
            self._client = MlflowClient(target.uri)
        self._uri: str = self._client.tracking_uri
        self._experiment_id: str | None = None

    def find(self, key: RunKey) -> Found | None:
        """The run with that tag."""
        run = self._run(key)
        if run is None:
            return None
        return Found(run.info.run_id, self._place(run.info), run.data.tags.get(_COMPLETE) == "true")

    def start(self, key: RunKey, job: JobView, config: Mapping[str, Any]) -> MlflowRun:
        """Begin a run; one with that tag that is there is gone on with."""
        tags = {_RUN: key.id, _COMPLETE: "false", **_tags(config)}
        run = self._run(key)
        with speaking(TITLE, f"begin run `{key.name}`"):
            if run is None:
                began = None if job.created_at is None else job.created_at * 1000
                run = self._client.create_run(self._experiment(), start_time=began, tags=tags, run_name=key.name)
            else:
                self._client.update_run(run.info.run_id, status="RUNNING")
                for name, value in tags.items():
                    self._client.set_tag(run.info.run_id, name, value)
        return MlflowRun(self._client, run, self._place(run.info), config)

    def close(self) -> None:
        """Nothing is open between calls."""

    def _run(self, key: RunKey) -> Any:
        hint = f"the tracking store is {self._shown}: MLFLOW_TRACKING_URI names another"
        with speaking(TITLE, f"look for run `{key.name}`", hint=hint, temporary=True):
            where = f"tags.`{_RUN}` = '{key.id}'"
            found = self._client.search_runs([self._experiment()], filter_string=where, max_results=1)
            return found[0] if found else None

    def _experiment(self) -> str:
        """The id of the experiment; it is made if it is not there."""
        if self._experiment_id is None:
            found = self._client.get_experiment_by_name(self.experiment)
            if found is not None and found.lifecycle_stage != "active":
                raise TrackerError(
                    f"{TITLE}: the experiment `{self.experiment}` is deleted there",
                    hint=f"`mlflow experiments restore --experiment-id {found.experiment_id}` brings it back; "
                    "`--experiment NAME` takes another",
                    temporary=True,  # the next job would fare no better
                )
            self._experiment_id = found.experiment_id if found else self._make_experiment()
        return self._experiment_id

    def _make_experiment(self) -> str:
        """Files of runs that are kept in a file here lie beside it, not wherever the command was called."""
        folder = None
        if (path := _database(self._uri)) is not None:
            folder = (path.parent / "mlruns" / plain_name(self.experiment)).as_uri()
        made: str = self._client.create_experiment(self.experiment, artifact_location=folder)
        return made

    def _place(self, info: Any) -> str:
        """Where people see it: its page on a server; otherwise the store."""
        if self._uri.startswith(("http://", "https://")):
            return f"{self._shown.rstrip('/')}/#/experiments/{info.experiment_id}/runs/{info.run_id}"
        return self._shown

    @property
    def _shown(self) -> str:
        """The tracking URI as it may be shown: without a password, wherever that stands."""
        uri = self._uri if self._uri.startswith("sqlite:") else self._uri.partition("?")[0]
        return re.sub(r"//[^/@]*@", "//…@", uri)


def _database(uri: str) -> Path | None:
    """The file of an SQLite URI, which has three slashes before a relative path."""
    prefix, _, path = uri.partition(":///")
    return Path(path.partition("?")[0]).absolute() if prefix == "sqlite" and path.partition("?")[0] else None


class MlflowRun:
    """A run that is being written."""

    def __init__(self, client: Any, run: Any, place: str, config: Mapping[str, Any]) -> None:
        self.id: str = run.info.run_id
        self.place: str | None = place
        self._client = client
        self._config = config
        self._params = dict(run.data.params)
        self._latest = dict(run.data.metrics)
        self._there: dict[str, set[int]] = {}
        self._waiting: list[Any] = []
        self._open = True

    def log(self, step: Step) -> None:
        """Add the metrics of a step, but for those that are there."""
        from mlflow.entities import Metric

        at = int((time.time() if step.at is None else step.at) * 1000)
        for title, value in step.metrics.items():
            name = _name(title)
            if step.step not in (there := self._steps(name)):
                there.add(step.step)
                self._waiting.append(Metric(name, float(value), at, step.step))
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Send the metrics that wait."""
        waiting, self._waiting = self._waiting, []
        with speaking(TITLE, "send metrics"):
            for at in range(0, len(waiting), _BATCH):
                self._client.log_batch(self.id, metrics=waiting[at : at + _BATCH])

    def file(self, file: JobFile) -> None:
        """A file as an artifact, in a folder that says what it is."""
        with speaking(TITLE, f"send file `{file.name}`"):
            self._client.log_artifact(self.id, str(file.path), _FOLDERS[file.role])

    def finish(self, job: JobView, summary: Mapping[str, Any]) -> None:
        """Close it with the job's status; of a job that goes on it stays open."""
        self.flush()
        with speaking(TITLE, f"complete run `{self.id}`"):
            self._tell(job, summary)
            self._open = False
            if not job.finished:
                return
            ended = None if job.finished_at is None else job.finished_at * 1000
            self._client.set_terminated(self.id, status=_STATUSES.get(job.status, "FINISHED"), end_time=ended)
            self._client.set_tag(self.id, _COMPLETE, "true")  # last: it says that all is there

    def leave(self) -> None:
        """It stays open, as its job is."""
        if self._open:
            self._open = False
            self.flush()

    def _tell(self, job: JobView, summary: Mapping[str, Any]) -> None:
        values = {"model": job.model, "seed": job.seed, **facts.hyperparameters(job)}
        for title, value in values.items():
            name = _name(title)
            settled = job.finished or value not in ("auto", -1)  # a parameter is never changed again
            if value is not None and settled and name not in self._params:
                self._client.log_param(self.id, name, str(value)[:_LONGEST_PARAM])
        for title, value in {"status": job.status, **summary}.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                name = _name(title)
                if self._latest.get(name) != value:
                    self._client.log_metric(self.id, name, float(value))
            else:
                self._client.set_tag(self.id, title, str(value)[:_LONGEST_TAG])
        with tempfile.TemporaryDirectory(prefix="fttool-") as folder:
            path = Path(folder) / "job.json"
            path.write_text(json.dumps(self._config, indent=2), encoding="utf-8")
            self._client.log_artifact(self.id, str(path))

    def _steps(self, name: str) -> set[int]:
        """The steps that this metric is there for: asked once, and kept up to date."""
        found = self._there.get(name)
        if found is None:
            found = set()
            if name in self._latest:
                with speaking(TITLE, "read the metrics that are there"):
                    found = {each.step for each in self._client.get_metric_history(self.id, name)}
            self._there[name] = found
        return found


def _tags(config: Mapping[str, Any]) -> dict[str, str]:
    """What a job is, as tags: they may change as it goes on."""
    wanted = ("id", "status", "training_file", "validation_file", "n_train", "n_valid")
    tags = {name if name != "id" else "job": config[name] for name in wanted if config.get(name) is not None}
    tags["service"] = config["service"]["name"]
    metadata = config.get("metadata")
    if isinstance(metadata, Mapping):
        tags.update({f"metadata.{name}": value for name, value in metadata.items()})
    return {name: str(value)[:_LONGEST_TAG] for name, value in tags.items()}


def _name(text: str) -> str:
    """`text` as MLflow takes it for the name of a metric or a parameter."""
    return re.sub(r"[^\w\-. :/]", "_", text)[:250]
