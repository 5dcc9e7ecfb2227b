"""`create --compute_classification_metrics`: the legacy service measured during training; here it is done after it.

The model is asked the examples of the validation file, on whatever service. What comes of it is kept with the job, so
that `fttool results` shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import job_ids, output
from fttool.errors import FttoolError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.cli.evaluate_asking import Asking
    from fttool.jobs.client import Client
    from fttool.jobs.metrics.measure import Wanted
    from fttool.records.jobs import JobView

_OPTION = "--compute_classification_metrics"


@dataclass(frozen=True, slots=True)
class AfterTraining:
    """What is to be measured when the job has succeeded. `classes` is how many there should be."""

    wanted: Wanted
    classes: int | None
    checkpoints: bool

    @property
    def asking(self) -> Asking:
        """How to ask."""
        from fttool.cli.evaluate_asking import Asking

        return Asking(task="classification")


def after_training(
    compute: bool,
    *,
    classes: int | None,
    positive: str | None,
    betas: Sequence[float] | None,
    validation: str | None,
    checkpoints: bool = False,
) -> AfterTraining | None:
    """The options, checked; None if nothing is to be measured. Raises UsageError for what cannot work together."""
    if not compute:
        if checkpoints:
            raise UsageError(f"`--checkpoints` goes with `{_OPTION}`")
        given = {"n_classes": classes, "positive_class": positive, "betas": betas or None}
        for name in (name for name, value in given.items() if value is not None):
            output.warn(f"--classification_{name} says nothing without `{_OPTION}`")
        return None
    from fttool.cli import evaluating

    if validation is None:
        raise UsageError(
            f"`{_OPTION}` needs a validation file",
            hint="`-v FILE` names it; `fttool prepare_data FILE --split` makes one",
        )
    if classes is not None and classes < 2:
        raise UsageError(f"--classification_n_classes must be at least 2, not {classes}")
    return AfterTraining(evaluating.wanted(positive, betas, None), classes, checkpoints)


def check(wish: AfterTraining, path: Path | None, name: str) -> None:
    """Look at the validation file before money is spent. Raises DataError or UsageError if it has no labels."""
    if path is None:
        return
    from fttool.cli import evaluate_asking, evaluating

    found = evaluate_asking.survey_file(path, name)
    plan = evaluate_asking.plan_for(found, wish.asking)
    evaluating.check_positive(plan, wish.wanted.positive, name)
    count = len({label.strip() for label in plan.labels})
    if wish.classes is not None and wish.classes != count:
        output.warn(f"{name} has {count:,} classes, not {wish.classes:,} as --classification_n_classes says")


def measure(
    connection: Connection, client: Client, job_id: str, wish: AfterTraining, path: Path | None, *, quiet: bool
) -> None:
    """Evaluate the model of a job that has succeeded, keep the metrics, and show them on stderr.

    Raises what asking raises, with the command that does it again.
    """
    from fttool.cli import evaluate_views, evaluating
    from fttool.jobs.listing import get_job

    again = later(connection, job_id, wish, path)
    if client.service.deploy is not None:
        output.hint(f"when the model is deployed, `{again}` measures it")
        return
    try:
        client = connection.open() if client.local else client  # it may have another address since
        job: JobView = get_job(client, job_id)
        _, _, outcomes = evaluating.evaluate_job(
            client,
            job,
            path,
            wish.asking,
            wish.wanted,
            checkpoints=wish.checkpoints,
            quiet=quiet,
            again=f"`{again}`",
            retries=connection.retries,
            prices=connection.config().prices,
        )
    except FttoolError as error:
        more = f"the job has succeeded, but its metrics are missing: `{again}` measures them"
        error.hint = more if not error.hint or again in error.hint else f"{error.hint}\n{more}"
        raise
    if not quiet:
        evaluate_views.tell(outcomes)


def later(connection: Connection, job_id: str, wish: AfterTraining, path: Path | None) -> str:
    """The command that measures a job afterwards."""
    words = ["evaluate", "--job", job_id, "--task", "classification"]
    words += ["-f", str(path)] if path is not None else []
    words += ["--checkpoints"] if wish.checkpoints else []
    words += ["--positive-class", wish.wanted.positive] if wish.wanted.positive is not None else []
    for beta in wish.wanted.betas[1:]:
        words += ["--beta", f"{beta:g}"]
    return job_ids.command_for(connection, *words)


def local_path(validation: str | None) -> Path | None:
    """Where the validation file lies, if it is a file on this machine."""
    if validation is None:
        return None
    from fttool.jobs.sources import find_source

    source = find_source(validation, "-v")
    return source.path if source.kind == "path" else None
