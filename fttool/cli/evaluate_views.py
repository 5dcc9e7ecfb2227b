"""What an evaluation looks like: what is asked, the metrics of a model, those of its checkpoints, CSV and JSON."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.cli import evaluate_metrics, output
from fttool.cli.evaluate_asking import separator_in

if TYPE_CHECKING:
    from fttool.cli.evaluating import Outcome
    from fttool.jobs.evaluate.examples import Survey
    from fttool.jobs.evaluate.plan import Plan
    from fttool.records.jobs import JobView


def tell_plan(found: Survey, plan: Plan) -> None:
    """What will be asked: so that a wrong guess is seen before money is spent."""
    rows = f"{found.rows:,} example{'' if found.rows == 1 else 's'}"
    labels = "free text"
    if plan.task == "classification":
        labels = f"{len(plan.labels):,} label{'' if len(plan.labels) == 1 else 's'}"
    parts = [f"{found.name}: {rows}, {labels}"]
    separator = plan.separator or (separator_in(found) if found.kind == "completion" else None)
    if separator is not None:
        parts.append(f"prompts end with {_quoted(separator)}")
    if plan.stop is not None:
        parts.append(f"completions end with {_quoted(plan.stop)}")
    output.note("; ".join(parts))
    if found.kind == "completion" and separator is None and found.prompts.longest:
        output.hint("the prompts have no separator; if the model was trained with one: `--separator TEXT`")


def show(outcome: Outcome) -> None:
    """The metrics of one model."""
    output.answer(output.paint(outcome.target.model, "bold"))
    evaluate_metrics.show(outcome.measures)
    output.note(f"answers: {outcome.evaluated.path}")


def show_steps(outcomes: Sequence[Outcome]) -> None:
    """The metrics of checkpoints: a row for each step, and which is best."""
    names = _names(outcomes)
    rows = []
    for each in outcomes:
        step = "end" if each.target.step is None else f"{each.target.step:,}"
        values = [each.measures.value(name) for name in names]
        shown = map(evaluate_metrics.number, names, values) if output.is_terminal(sys.stdout) else map(_whole, values)
        rows.append([step, *shown, each.target.model])
    output.table(["step", *(name.rpartition("/")[2] for name in names), "model"], rows)
    winner = best(outcomes)
    if winner is not None:
        name = winner.measures.metrics[0].name
        value = evaluate_metrics.number(name, winner.measures.value(name))
        output.note(f"best by {name}: {winner.target.model} ({value})")


def tell(outcomes: Sequence[Outcome]) -> None:
    """The metrics on stderr, where something else is the answer."""
    winner = best(outcomes)
    for each in outcomes:
        chosen = " (best)" if each is winner and len(outcomes) > 1 else ""
        output.note(output.paint(f"{each.target.model}{chosen}", "bold", stderr=True))
        for name, value, between in evaluate_metrics.metric_rows(each.measures.metrics):
            output.note(f"  {name}  {value}{f' ({between})' if between else ''}")
    evaluate_metrics.tell_more((winner or outcomes[-1]).measures)


def best(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The model whose first metric is highest; of equals the last."""
    measured = [each for each in outcomes if each.measures.metrics and each.measures.metrics[0].value is not None]
    return max(reversed(measured), key=lambda each: each.measures.metrics[0].value or 0.0, default=None)


def document(
    found: Survey, plan: Plan, outcomes: Sequence[Outcome], job: JobView | None, *, many: bool
) -> dict[str, Any]:
    """An evaluation as one JSON document; of checkpoints (`many`), all of them and the best."""
    head: dict[str, Any] = {"object": "fttool.evaluation", "file": found.name, "sha256": found.sha256}
    if job is not None:
        head["job"] = job.id
    if not many:
        return {**head, **_one(outcomes[0], plan)}
    winner = best(outcomes)
    named = None if winner is None else {"model": winner.target.model, "step": winner.target.step}
    return {**head, "checkpoints": [_one(each, plan) for each in outcomes], "best": named}


def _one(outcome: Outcome, plan: Plan) -> dict[str, Any]:
    tally = outcome.evaluated.tally
    return {
        "model": outcome.target.model,
        "step": outcome.target.step,
        "answers": str(outcome.evaluated.path),
        "settings": plan.settings,
        "asked": tally.answered + tally.failed,
        "kept": tally.kept,
        "usage": {"prompt_tokens": tally.prompt_tokens, "completion_tokens": tally.completion_tokens},
        "cost": tally.cost,
        "seconds": round(tally.seconds, 3),
        **outcome.measures.to_dict(),
    }


def write_csv(found: Survey, outcomes: Sequence[Outcome], path: Path, *, overwrite: bool) -> None:
    """A row for each model: the names of the legacy results file, numbers in full."""
    from fttool.dataset.output import Draft

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = _names(outcomes)
    writer.writerow(["model", "step", "file", "examples", "failed", *names])
    for each in outcomes:
        values = [each.measures.value(name) for name in names]
        measures = each.measures
        writer.writerow([*each.target, found.name, measures.examples, measures.failed, *values])
    with Draft(path.parent) as draft:
        draft.write(text.getvalue().encode("utf-8", "backslashreplace"), len(outcomes))
        draft.finish()
        draft.publish(path, overwrite=overwrite)


def _names(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(metric.name for each in outcomes for metric in each.measures.metrics))


def _whole(value: float | None) -> str:
    return "" if value is None else repr(value)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
