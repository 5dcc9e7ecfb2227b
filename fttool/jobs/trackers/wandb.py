"""Weights & Biases, through its own library; with `WANDB_MODE=offline` into a folder, for `wandb sync` to send later.

W&B keeps the metrics that it has: nothing before the last step of a run can be added or changed. (The legacy tool began
a run anew to overwrite it; that has not worked since 2023, see wandb's issue 6216.) So a run that is there is gone on
with; one in a folder, not sent yet, is written anew.

Checked by every test run: offline, and online against a server that answers as wandb 0.31 expects. Not tried live.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.errors import KeyMissingError, UsageError
from fttool.jobs.trackers.base import Found, JobFile, RunKey, Step, Target, TrackerError, speaking
from fttool.jobs.trackers.tables import read_table
from fttool.jobs.trackers.wandb_offline import Mark, found_in
from fttool.records.jobs import FINISHED

if TYPE_CHECKING:
    import wandb

    from fttool.records.jobs import JobView

TITLE = "Weights & Biases"

#: The project of the legacy tool and of W&B's own integration.
PROJECT = "OpenAI-Fine-Tune"

#: Seconds to wait for an answer at the beginning (W&B's own: 90), and for the last byte to arrive (its own: for ever).
_BEGIN, _FINISH = 30.0, 600.0

_OFFLINE = "with `WANDB_MODE=offline` runs are written to a folder, and `wandb sync FOLDER` sends them later"

#: The names that the legacy tool gave to artifacts: prefix, type.
_ARTIFACTS = {"train": ("train", "training_files"), "valid": ("valid", "validation_files")}


class Wandb:
    """W&B as a tracker. Raises KeyMissingError if there is no login and it is not offline."""

    name = "wandb"
    title = TITLE

    def __init__(self, target: Target) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # what goes wrong is told here, not to W&B
        import wandb

        self._wandb: Any = wandb
        self._api: Any = None
        settings = self._setup()
        self.project = target.project or settings.project or PROJECT
        self.entity = target.entity or settings.entity
        self.folder = Path(settings.wandb_dir)
        self.offline = settings.mode in ("offline", "dryrun")
        self.advice = "`wandb sync FOLDER` sends it to Weights & Biases" if self.offline else None
        try:
            self._check(settings.mode)
        except BaseException:
            self.close()
            raise

    def find(self, key: RunKey) -> Found | None:
        """The run of that key: among the folders here if offline, otherwise at W&B."""
        if self.offline:
            return max(
                found_in(self.folder, self._marked(key)), key=lambda run: (run.complete, run.place or ""), default=None
            )
        with speaking(TITLE, f"look for run `{key.id}`", hint=_OFFLINE, temporary=True):
            self._api = self._api or self._reach()
            path = "/".join(part for part in (self.entity, self.project, key.id) if part)
            try:
                run = self._api.run(path)
            except Exception as error:
                if _is_not_found(error):
                    return None
                raise
            return Found(run.id, run.url, run.summary.get("status") in FINISHED)

    def _reach(self) -> Any:
        """W&B's own client for what is there. The first that sends the key."""
        from wandb.errors import AuthenticationError

        try:
            return self._wandb.Api(timeout=int(_BEGIN))
        except AuthenticationError as error:
            raise KeyMissingError(
                f"{TITLE} does not take the API key: {error}", hint="`wandb login --relogin` stores another"
            ) from None

    def start(self, key: RunKey, job: JobView, config: Mapping[str, Any]) -> WandbRun:
        """Begin a run; one of that key that W&B has is gone on with."""
        with speaking(TITLE, f"begin run `{key.id}`"):
            run = self._wandb.init(
                project=self.project,
                entity=self.entity,
                id=key.id,
                name=key.name,
                job_type="fine-tune",
                config=dict(config),
                reinit="create_new",
                resume=None if self.offline else "allow",
                settings=self._settings(),
            )
            if not self.offline:
                return WandbRun(self._wandb, run, key, run.url, last=run.step - 1 if run.resumed else -1)
            folder = Path(run.settings.sync_dir)
        before = [Path(each.place) for each in found_in(self.folder, self._marked(key)) if each.place]
        mark = Mark(folder, self._marked(key), before)
        return WandbRun(self._wandb, run, key, str(folder), last=mark.sent, mark=mark)

    def close(self) -> None:
        """End the process that the library has started; what came of the runs was told already."""
        with suppress(Exception):
            self._wandb.teardown()

    def _setup(self) -> Any:
        """The settings as W&B understands environment and files; not in the current folder, unless WANDB_DIR says so.

        Nothing of its own comes on stdout and stderr: what there is to say, the caller says.
        """
        folder = {}
        if "WANDB_DIR" not in os.environ:
            from platformdirs import user_state_path

            folder["root_dir"] = str(user_state_path("fttool", appauthor=False, ensure_exists=True))
        wanted = self._wandb.Settings(silent=True, quiet=True, **folder)
        with speaking(TITLE, "begin"):
            return self._wandb.setup(settings=wanted).settings

    def _settings(self) -> Any:
        """How a run is written: what this machine does is nothing that the training somewhere else did."""
        limits = {} if "WANDB_INIT_TIMEOUT" in os.environ else {"init_timeout": _BEGIN}
        return self._wandb.Settings(
            allow_val_change=True,  # of a run that is gone on with
            console="off",
            disable_code=True,
            disable_git=True,
            finish_timeout=_FINISH,
            finish_timeout_raises=True,
            program="fttool",
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
            **limits,
        )

    def _check(self, mode: str) -> None:
        if mode == "disabled":
            raise UsageError("WANDB_MODE=disabled switches Weights & Biases off", hint="`online` or `offline` use it")
        if self.offline:
            return
        with speaking(TITLE, "log in"):
            known = self._wandb.login(prompt=False, verify=False)
        if not known:
            raise KeyMissingError(
                "no API key for Weights & Biases",
                hint=f"`wandb login` stores one; or set the environment variable `WANDB_API_KEY`\n{_OFFLINE}",
            )

    def _marked(self, key: RunKey) -> dict[str, Any]:
        return {"run": key.id, "project": self.project, "entity": self.entity}


class WandbRun:
    """A run that is being written."""

    def __init__(
        self, module: Any, run: wandb.Run, key: RunKey, place: str | None, *, last: int, mark: Mark | None = None
    ) -> None:
        self.id = key.id
        self.place = place
        self._wandb = module
        self._run: Any = run
        self._key = key
        self._mark = mark
        self._last = last
        self._open = True

    def log(self, step: Step) -> None:
        """Add the metrics of a step, unless W&B is beyond it."""
        if step.step <= self._last:
            return
        self._last = step.step
        with speaking(TITLE, "send metrics"):
            self._run.log(dict(step.metrics), step=step.step)

    def flush(self) -> None:
        """W&B's own process sends what there is."""

    def file(self, file: JobFile) -> None:
        """A file as an artifact; one with examples has a table beside it."""
        prefix, kind = _ARTIFACTS.get(file.role, ("results", "result_files"))
        label = file.name if file.rows is not None else self.id
        with speaking(TITLE, f"send file `{file.name}`"):
            artifact = self._wandb.Artifact(_artifact_name(f"{prefix}-{label}"), type=kind, metadata=_about(file))
            artifact.add_file(str(file.path), name=file.name)
            table = read_table(file.path) if file.rows is not None else None
            if table is not None:
                # texts that are missing would be of no type
                rows = [["" if cell is None else cell for cell in row] for row in table.rows]
                artifact.add(self._wandb.Table(columns=table.columns, data=rows, allow_mixed_types=True), "examples")
            self._send(artifact, file.id)

    def finish(self, job: JobView, summary: Mapping[str, Any]) -> None:
        """Close it: as finished if the job succeeded, as failed if it failed or was cancelled."""
        with speaking(TITLE, f"complete run `{self.id}`"):
            self._details(job)
            self._run.summary.update({**summary, "status": job.status})  # the status last: it says that all is there
            self._end(exit_code=int(job.status in ("failed", "cancelled")))
            if self._mark is not None:
                self._mark.write(self._last, complete=job.finished)
                self._mark.replace_waiting()

    def leave(self) -> None:
        """Close it as it is."""
        if self._open:
            with speaking(TITLE, f"close run `{self.id}`"):
                self._end(exit_code=0)
            if self._mark is not None:
                self._mark.write(self._last, complete=False)

    def _end(self, exit_code: int) -> None:
        self._open = False
        try:
            self._run.finish(exit_code=exit_code)
        except TimeoutError:
            raise TrackerError(
                f"{TITLE}: not all of run `{self.id}` had arrived after {_FINISH:.0f} seconds",
                hint="the same command sends it again",
                temporary=True,
            ) from None

    def _details(self, job: JobView) -> None:
        """The job as its service has it, under the name of the legacy tool."""
        from fttool.jobs.trackers.facts import without_secrets

        with tempfile.TemporaryDirectory(prefix="fttool-") as folder:
            path = Path(folder) / "fine_tune_details.json"
            path.write_text(json.dumps(without_secrets(job.raw), indent=2), encoding="utf-8")
            artifact = self._wandb.Artifact("fine_tune_details", type="fine_tune_details")
            artifact.add_file(str(path), name=path.name)
            self._send(artifact, self._key.name)

    def _send(self, artifact: Any, alias: str) -> None:
        self._run.log_artifact(artifact, aliases=["latest", _artifact_name(alias)])


def _is_not_found(error: BaseException) -> bool:
    """Whether W&B has no such run. It says so with an error within an error."""
    from wandb.apis.public.runs import RunNotFoundError

    return any(isinstance(each, RunNotFoundError) for each in (error, error.__cause__, error.__context__))


def _about(file: JobFile) -> dict[str, Any]:
    about = {"id": file.id, "filename": file.name, "items": file.rows}
    return {name: value for name, value in about.items() if value is not None}


def _artifact_name(text: str) -> str:
    """`text` as W&B takes it in the name of an artifact: as the legacy tool made it, and not longer than 128."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text)[:128]
