"""What a result file looks like: a summary with charts, or one JSON document."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.cli import output
from fttool.cli.charts import Series, chart
from fttool.cli.shell import shell
from fttool.records.results import METRICS, ResultRow, ResultSummary

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.results import Results
    from fttool.records.evaluation import JobEvaluation
    from fttool.records.jobs import CheckpointView, JobView

_WIDEST = 100
_NARROWEST = 40

#: What is drawn: title, and for each curve its name, its metrics (the first that was measured), its mark.
CHARTS = (
    ("loss", (("training", ("train_loss",), None), ("validation", ("full_valid_loss", "valid_loss"), "o"))),
    (
        "accuracy",
        (("training", ("train_accuracy",), None), ("validation", ("full_valid_accuracy", "valid_accuracy"), "o")),
    ),
)

_TITLES = {
    "train_loss": "training loss",
    "train_accuracy": "training accuracy",
    "train_sequence_accuracy": "training accuracy, whole completions",
    "valid_loss": "validation loss",
    "valid_accuracy": "validation accuracy",
    "valid_sequence_accuracy": "validation accuracy, whole completions",
    "full_valid_loss": "full validation loss",
    "full_valid_accuracy": "full validation accuracy",
    "elapsed_tokens": "tokens seen",
    "elapsed_examples": "examples seen",
}


def evaluations(client: Client, job: JobView) -> list[JobEvaluation]:
    """What was measured of the job on this machine, by step."""
    from fttool.jobs.evaluate.kept import load
    from fttool.jobs.evaluate.run import account_of

    return load(account_of(client), job.id)


def summary(
    client: Client, found: Results, words: Sequence[str], measured: Sequence[JobEvaluation], *, charts: bool
) -> None:
    """Print what there is to see in the results. `words` are the options that lead to the same service."""
    from fttool.jobs.results import better_checkpoint

    told = found.summary
    model = f": {found.job.fine_tuned_model}" if found.job.fine_tuned_model else ""
    output.answer(output.paint(found.job.id, "bold"), model)
    output.answer(f"{found.name}: {told.steps:,} step{'' if told.steps == 1 else 's'}")
    output.answer("")
    for line in step_lines(told):
        output.answer(line)
    if measured:
        _show_evaluations(measured)
    if charts:
        for line in chart_lines(found.rows):
            output.answer(line)
    if told.not_a_number:
        count = f"{told.not_a_number:,} step{'' if told.not_a_number == 1 else 's'}"
        output.warn(f"the training loss of {count} is not a finite number: the training diverged")
        output.hint("a smaller --learning_rate_multiplier may help")
    better = better_checkpoint(client, found)
    if told.overfitting is not None:
        output.warn(told.overfitting.message)
        if better is None:
            output.hint("fewer epochs (--n_epochs) or more examples may help")
    if better is not None:
        output.hint(_advice(better, words))


def _show_evaluations(measured: Sequence[JobEvaluation]) -> None:
    """The metrics of the model's answers, by step."""
    from fttool.cli.evaluate_metrics import number
    from fttool.jobs.evaluate.kept import best

    names = list(dict.fromkeys(name for each in measured for name in each.values))
    rows = [["step", *(name.rpartition("/")[2] for name in names)]]
    for each in measured:
        step = "end" if each.step is None else f"{each.step:,}"
        rows.append([step, *(number(name, each.values.get(name)) for name in names)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    output.answer("")
    output.answer(f"answers to {measured[-1].file} ({measured[-1].examples:,} examples):")
    for row in rows:
        output.answer("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    winner = best(measured)
    if winner is not None and winner.main is not None and len(measured) > 1:
        output.answer(f"best by {winner.main[0]}: {winner.model}")


def step_lines(told: ResultSummary) -> Iterator[str]:
    """The last and the best steps beside each other, a line for each metric that any of them has."""
    columns = [("last", told.last), ("best", told.best), ("best validation", told.best_validation)]
    shown = [(title, row) for title, row in columns if row is not None]
    names = [name for name in METRICS if any(row.value(name) is not None for _, row in shown)]
    names += [name for name in told.last.other if any(row.value(name) is not None for _, row in shown)]
    table = [["", *(title for title, _ in shown)], ["step", *(f"{row.step:,}" for _, row in shown)]]
    table += [[_TITLES.get(name, name), *(_number(name, row.value(name)) for _, row in shown)] for name in names]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *rest in table:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def chart_lines(rows: Sequence[ResultRow]) -> Iterator[str]:
    """The charts of loss and accuracy, as wide as the terminal allows."""
    from fttool.jobs.result_summary import points

    width = min(max(shutil.get_terminal_size().columns - 1, _NARROWEST), _WIDEST)
    for title, curves in CHARTS:
        drawn = []
        for name, names, mark in curves:
            measured = next((found for metric in names if (found := points(rows, metric))), [])
            drawn.append(Series(name, measured, mark))
        lines = chart(title, drawn, width=width, plain=not _can_draw())
        yield from ["", *lines] if lines else []


def document(client: Client, found: Results, measured: Sequence[JobEvaluation], *, path: Path | None) -> dict[str, Any]:
    """The results as one JSON document: the job and the file as the service has them, the summary and the rows, and
    what was measured of the model's answers."""
    from fttool.jobs.results import better_checkpoint

    file = dict(found.file.raw) or {"id": found.file.id}
    if path is not None:
        file["path"] = str(path)
    better = better_checkpoint(client, found)
    return {
        "job": found.job.raw,
        "file": file,
        "summary": {**found.summary.to_dict(), "better_checkpoint": better.model if better else None},
        "rows": [row.to_dict() for row in found.rows],
        "evaluations": list(measured),
    }


def _advice(better: CheckpointView, words: Sequence[str]) -> str:
    command = shell(["fttool", "complete", "-m", str(better.model), *words])
    return f"the checkpoint of step {better.step:,} did better on the validation file: {command}"


def _number(metric: str, value: float | None) -> str:
    if value is None:
        return "-"
    if not math.isfinite(value):
        return "not a number"
    if "accuracy" in metric and 0 <= value <= 1:
        return f"{value:.1%}"
    return f"{int(value):,}" if float(value).is_integer() and metric.startswith("elapsed") else f"{value:.4g}"


def _can_draw() -> bool:
    """Whether braille can be written, and is likely to be in the font."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    return encoding.startswith("utf") and os.environ.get("TERM") not in ("dumb", "linux")
