"""`fttool mlflow`: jobs as runs of MLflow."""

from __future__ import annotations

from typing import Annotated

import typer

from fttool.cli import job_ids, options
from fttool.cli.connection import Connection, connected

_EXAMPLES = """\b
Examples:
  fttool mlflow sync
  fttool mlflow sync ftjob-abc123 --experiment people
  fttool mlflow sync -n 3 --tracking-uri sqlite:///runs.db --local"""

_Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of the jobs; else all.", show_default=False)
]
_Count = Annotated[
    int | None,
    typer.Option("-n", "--n_fine_tunes", "--n-fine-tunes", metavar="N", help="The newest N jobs.", min=1),
]
_Experiment = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Experiment of the runs (MLFLOW_EXPERIMENT_NAME, or `fine-tuning`)."),
]
_Uri = Annotated[str | None, typer.Option(metavar="URI", help="Where MLflow keeps them (MLFLOW_TRACKING_URI).")]
_Force = Annotated[bool, typer.Option("--force", help="Send jobs again that are there already.")]
_NoFiles = Annotated[bool, typer.Option("--no-files", help="Send no training and validation files.")]


@connected
def sync(
    connection: Connection,
    jobs: _Ids = None,
    job_id: job_ids.IdOptions = None,
    n_fine_tunes: _Count = None,
    experiment: _Experiment = None,
    tracking_uri: _Uri = None,
    force: _Force = False,
    no_files: _NoFiles = False,
    json: options.Json = False,
) -> int:
    """Send jobs to MLflow, each once.

    Without ids all jobs of the service: their configuration, metrics by step, result file, training and validation
    file. Jobs that are there complete are skipped; those that had not ended are completed.
    """
    from fttool.cli.tracking import Wish
    from fttool.cli.tracking import sync as sync_jobs
    from fttool.jobs.trackers.base import Target

    ids = job_ids.checked(job_ids.each_once(jobs, job_id))
    wish = Wish(ids, n_fine_tunes, force, not no_files, json)
    return sync_jobs(connection, "mlflow", Target(experiment, uri=tracking_uri), wish)


COMMANDS = {"sync": (sync, _EXAMPLES)}
