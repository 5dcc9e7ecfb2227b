"""From the options of `fttool evaluate` to metrics: find file and models, ask, measure, show, keep."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import evaluate_asking, evaluate_views, job_ids, metric_tables, output
from fttool.cli.evaluate_asking import Asking, asking, priced
from fttool.cli.evaluate_targets import Target, examples, is_id, of_job, targets
from fttool.errors import DataError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.config import Setting
    from fttool.jobs.client import Client
    from fttool.jobs.evaluate.examples import Survey
    from fttool.jobs.evaluate.plan import Plan
    from fttool.jobs.evaluate.run import Evaluated
    from fttool.jobs.metrics.measure import Wanted
    from fttool.records.evaluation import JobEvaluation
    from fttool.records.jobs import JobView
    from fttool.records.metrics import Measures

__all__ = ["Outcome", "Wish", "asking", "evaluate_job", "run", "wanted"]


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
    show: str | None
    force: bool
    json: bool


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
    from fttool.jobs.listing import get_job

    _check(wish)
    given = None if wish.file is None or is_id(wish.file) else evaluate_asking.survey_file(Path(wish.file))
    config = connection.config()
    client, own, tries = connection.open_with(config), config.prices, connection.retries
    job = None if wish.job is None else get_job(client, wish.job)
    found_targets = targets(client, config, job, wish.model, checkpoints=wish.checkpoints, tell=not wish.json)
    with examples(client, given, wish.file, job) as found:
        plan = evaluate_asking.plan_for(found, wish.asking)
        _check_plan(found, plan, wish)
        if not wish.json:
            evaluate_views.tell_plan(found, plan)
        outcomes = [
            _outcome(
                client, each, found, plan, replace(wish, asking=priced(wish.asking, client, each.model, own)), tries
            )
            for each in found_targets
        ]
        kept = _keep(client, job, found, outcomes) if job is not None and wish.asking.limit is None else []
        _write(found, outcomes, wish)
        if wish.json:
            output.answer_json(evaluate_views.document(found, plan, outcomes, job, many=wish.checkpoints))
        elif wish.checkpoints:
            evaluate_views.show_steps(outcomes)
        elif wish.show is not None:
            metric_tables.show(outcomes[0].measures, wish.show)
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
    prices: Mapping[str, Setting] | None = None,
) -> tuple[Survey, Plan, list[Outcome]]:
    """Evaluate the model of a job (with `checkpoints`, each of them too), and keep answers and metrics with the job.

    The examples are those of `path`, else of the job's validation file. `prices` are the user's own.
    """
    from fttool.jobs.evaluate.kept import folder_of

    given = None if path is None else evaluate_asking.survey_file(path)
    folder = folder_of(job.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with examples(client, given, None, job) as found:
        plan = evaluate_asking.plan_for(found, ask)
        outcomes = []
        for target in of_job(client, job, checkpoints=checkpoints):
            file = evaluate_asking.answers_file(found, target.model, folder)
            told = priced(ask, client, target.model, prices or {})
            done = evaluate_asking.ask(
                client, target.model, found, plan, file, told, retries=retries, quiet=quiet, again=again
            )
            outcomes.append(Outcome(target, done, measure(done, plan, want)))
        _keep(client, job, found, outcomes)
        return found, plan, outcomes


def measure(done: Evaluated, plan: Plan, want: Wanted) -> Measures:
    """The metrics of the answers."""
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
    metric_tables.check(wish.show)
    if wish.show is not None and (wish.json or wish.checkpoints):
        raise UsageError("`--show` prints one table of one model: leave it or the other option out")
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


def _check_plan(found: Survey, plan: Plan, wish: Wish) -> None:
    """Raise UsageError for what does not go with these completions, before they are asked."""
    if plan.task == "classification":
        check_positive(plan, wish.wanted.positive, found.name)
        return
    for option, value in (("--positive-class", wish.wanted.positive), ("--plot-file", wish.plot_file)):
        if value is not None:
            raise UsageError(
                f"`{option}` is for labels, and these completions are texts",
                hint="if they are labels all the same: `--task classification`",
            )


def check_positive(plan: Plan, positive: str | None, name: str) -> None:
    """Raise UsageError for a positive class that is none of the labels; warn if it says nothing."""
    from fttool.jobs.metrics.labels import UNKNOWN, Labels

    if positive is None:
        return
    labels = Labels(plan.labels)
    if labels.number(positive) == UNKNOWN:
        raise UsageError(
            f"the positive class `{positive}` is none of the labels in {name}",
            hint=f"there are {', '.join(f'`{each}`' for each in labels.names[:20])}",
        )
    if len(labels) != 2:
        output.warn(f"{name} has {len(labels):,} classes: a positive class is for two, and says nothing here")


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
