"""From the options of `fttool evaluate` to metrics: find file and models, ask, measure, show, keep."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fttool.cli import evaluate_asking, evaluate_views, job_ids, output
from fttool.cli.evaluate_asking import Asking, asking
from fttool.errors import DataError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.config import Config
    from fttool.jobs.client import Client
    from fttool.jobs.evaluate.examples import Survey
    from fttool.jobs.evaluate.plan import Plan
    from fttool.jobs.evaluate.run import Evaluated
    from fttool.jobs.metrics.measure import Wanted
    from fttool.records.evaluation import JobEvaluation
    from fttool.records.jobs import JobView
    from fttool.records.metrics import Measures

__all__ = ["Outcome", "Target", "Wish", "asking", "evaluate_job", "run", "wanted"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done."""

    asking: Asking
    wanted: Wanted
    model: str | None
    file: str | None
    job: str | None
    checkpoints: bool
    output: Path | None
    anew: bool
    csv: Path | None
    plot_file: Path | None
    force: bool
    json: bool


class Target(NamedTuple):
    """A model to ask, and the step of its training where it is a checkpoint."""

    model: str
    step: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What one model answered, and how good that is."""

    target: Target
    evaluated: Evaluated
    measures: Measures


def wanted(positive: str | None, betas: Sequence[float] | None, metrics: Sequence[str] | None) -> Wanted:
    """What is to be measured. F1 is always there. Raises UsageError for a beta or a function that cannot be used."""
    from fttool.jobs.metrics import custom
    from fttool.jobs.metrics.measure import Wanted

    for beta in betas or ():
        if not 0 < beta < 1000:  # also what is no number
            raise UsageError(f"a beta is a number above 0, not {beta:g}")
    return Wanted(
        positive=positive,
        betas=tuple(dict.fromkeys([1.0, *(betas or ())])),
        custom=tuple(custom.load(each) for each in metrics or ()),
    )


def run(connection: Connection, wish: Wish) -> None:
    """Do it, and show what comes of it."""
    _check(wish)
    given = None if wish.file is None or _is_id(wish.file) else evaluate_asking.survey_file(Path(wish.file))
    config = connection.config()
    client = connection.open_with(config)
    job = _job(client, wish)
    targets = _targets(client, config, job, wish)
    with _examples(client, given, wish.file, job) as found:
        plan = evaluate_asking.plan_for(found, wish.asking)
        _check_plan(plan, wish)
        if not wish.json:
            evaluate_views.tell_plan(found, plan)
        outcomes = [_outcome(client, each, found, plan, wish, connection.retries) for each in targets]
        kept = _keep(client, job, found, outcomes) if job is not None and wish.asking.limit is None else []
        _write(found, outcomes, wish)
        if wish.json:
            output.answer_json(evaluate_views.document(found, plan, outcomes, job))
        elif wish.checkpoints:
            evaluate_views.show_steps(outcomes)
        else:
            evaluate_views.show(outcomes[0])
    if kept and job is not None and not wish.json:
        output.hint(f"`{job_ids.command_for(connection, 'results', job.id)}` shows it beside the training")


def evaluate_job(
    client: Client,
    job: JobView,
    path: Path | None,
    ask: Asking,
    want: Wanted,
    *,
    checkpoints: bool,
    quiet: bool,
    again: str,
    retries: int | None = None,
) -> tuple[Survey, Plan, list[Outcome]]:
    """Evaluate the model of a job (with `checkpoints`, each of them too), and keep answers and metrics with the job.

    The examples are those of `path`, else of the job's validation file.
    """
    from fttool.jobs.evaluate.kept import folder_of

    given = None if path is None else evaluate_asking.survey_file(path)
    targets = checkpoint_targets(client, job) if checkpoints else [_final(job)]
    folder = folder_of(job.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _examples(client, given, None, job) as found:
        plan = evaluate_asking.plan_for(found, ask)
        outcomes = []
        for target in targets:
            file = evaluate_asking.answers_file(found, target.model, folder)
            done = evaluate_asking.ask(
                client, target.model, found, plan, file, ask, retries=retries, quiet=quiet, again=again
            )
            outcomes.append(Outcome(target, done, measure(done, plan, want)))
        _keep(client, job, found, outcomes)
        return found, plan, outcomes


def measure(done: Evaluated, plan: Plan, want: Wanted) -> Measures:
    """The metrics of the answers."""
    from dataclasses import replace

    from fttool.jobs.metrics.measure import measure as measured

    return measured(done, replace(want, task=plan.task, labels=plan.labels or None))


def _check(wish: Wish) -> None:
    """Raise for what can be known to be wrong before anything is read or asked."""
    if wish.job is not None and wish.model is not None:
        raise UsageError("`--job` says which model is meant: leave the other out")
    if wish.checkpoints and wish.job is None:
        raise UsageError("whose checkpoints?", hint="`--job ID` names the job; `fttool list` shows them")
    if wish.checkpoints and wish.output is not None:
        raise UsageError("each checkpoint has a file of answers of its own: leave `-o` out")
    if wish.checkpoints and wish.plot_file is not None:
        raise UsageError("a confusion matrix is of one model: leave `--checkpoints` or `--plot-file` out")
    if wish.file is None and wish.job is None:
        raise UsageError("on which examples?", hint="`-f FILE` names a JSONL file, best one that it was not trained on")
    if wish.file is not None and str(wish.file) in ("-", "/dev/stdin"):
        raise UsageError("`-f` takes a file: it is read twice")
    if wish.job is not None:
        job_ids.checked([wish.job])
    from fttool.dataset.output import check_target

    for path in (wish.csv, wish.plot_file):
        if path is not None:
            check_target(path, [], overwrite=wish.force)
    if wish.plot_file is not None:
        from fttool.cli.plot_files import check_plot_file

        check_plot_file(wish.plot_file)


def _check_plan(plan: Plan, wish: Wish) -> None:
    """Raise UsageError for what is only for labels, where there are none."""
    if plan.task == "classification":
        return
    for option, value in (("--positive-class", wish.wanted.positive), ("--plot-file", wish.plot_file)):
        if value is not None:
            raise UsageError(
                f"`{option}` is for labels, and these completions are texts",
                hint="if they are labels all the same: `--task classification`",
            )


def _is_id(text: str) -> bool:
    from fttool.jobs.sources import is_file_id

    return is_file_id(text) and not Path(text).exists()


def _job(client: Client, wish: Wish) -> JobView | None:
    if wish.job is None:
        return None
    from fttool.jobs.listing import get_job

    return get_job(client, wish.job)


def _targets(client: Client, config: Config, job: JobView | None, wish: Wish) -> list[Target]:
    if job is not None:
        return checkpoint_targets(client, job) if wish.checkpoints else [_final(job)]
    if wish.model is not None:
        return [Target(wish.model)]
    from fttool.jobs.models import default_model

    found, why = default_model(client, config.setting("model"))
    if not wish.json:
        output.note(f"model {found} ({why})")
    return [Target(found)]


def _final(job: JobView) -> Target:
    if job.fine_tuned_model is None:
        raise UsageError(
            f"job {job.id} has no model (it is {job.status})", hint="`--checkpoints` evaluates what it has saved"
        )
    return Target(job.fine_tuned_model)


def checkpoint_targets(client: Client, job: JobView) -> list[Target]:
    """The checkpoints of a job by step, and its final model unless the last checkpoint is that."""
    from fttool.jobs.listing import list_checkpoints

    found = [Target(each.model, each.step) for each in list_checkpoints(client, job.id) if each.model is not None]
    found.reverse()
    steps = job.raw.get("total_steps")
    ends = bool(found) and found[-1].step is not None and found[-1].step == steps
    if job.fine_tuned_model is not None and not ends and job.fine_tuned_model not in {each.model for each in found}:
        found.append(Target(job.fine_tuned_model))
    if not found:
        raise UsageError(f"job {job.id} has neither checkpoints nor a model (it is {job.status})")
    return found


@contextmanager
def _examples(client: Client, given: Survey | None, file: str | None, job: JobView | None) -> Iterator[Survey]:
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


def _outcome(client: Client, target: Target, found: Survey, plan: Plan, wish: Wish, retries: int | None) -> Outcome:
    file = wish.output or evaluate_asking.answers_file(found, target.model)
    if file.is_dir():
        file = evaluate_asking.answers_file(found, target.model, file)
    if wish.checkpoints and not wish.json:
        output.note(f"step {target.step:,}" if target.step is not None else "the final model", f": {target.model}")
    done = evaluate_asking.ask(
        client, target.model, found, plan, file, wish.asking, anew=wish.anew, retries=retries, quiet=wish.json
    )
    return Outcome(target, done, measure(done, plan, wish.wanted))


def _keep(client: Client, job: JobView, found: Survey, outcomes: Sequence[Outcome]) -> list[JobEvaluation]:
    from fttool.jobs.evaluate import kept
    from fttool.jobs.evaluate.run import account_of
    from fttool.records.evaluation import JobEvaluation

    now = int(time.time())
    new = [
        JobEvaluation(
            model=each.target.model,
            step=each.target.step,
            file=found.name,
            sha256=found.sha256,
            examples=each.measures.examples,
            failed=each.measures.failed,
            values=each.measures.values,
            measured_at=now,
        )
        for each in outcomes
    ]
    kept.keep(account_of(client), job.id, new)
    return new


def _write(found: Survey, outcomes: Sequence[Outcome], wish: Wish) -> None:
    """The files that were asked for."""
    if wish.csv is not None:
        evaluate_views.write_csv(found, outcomes, wish.csv, overwrite=wish.force)
    if wish.plot_file is not None:
        if not outcomes[0].measures.confusion:
            raise DataError("there is no confusion matrix: nothing was answered", file=found.name)
        from fttool.cli.confusion_plot import draw

        draw(outcomes[0].measures, outcomes[0].target.model, wish.plot_file, overwrite=wish.force)
    for path in (wish.csv, wish.plot_file):
        if path is not None and not wish.json:
            output.note(output.paint("wrote", "green", stderr=True), f" {path}")
