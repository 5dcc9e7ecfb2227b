"""From an analysis to the report: findings with their places, the next command, what to use at inference."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from fttool.dataset.analysis import Analysis
from fttool.dataset.checks import CHECKS
from fttool.dataset.checks.base import Verdict
from fttool.dataset.checks.classes import class_counts
from fttool.dataset.counting import Counting, Tokens
from fttool.dataset.ends import existing_separator, existing_stop
from fttool.dataset.steps import AddSuffix, RemoveSuffix, apply_steps
from fttool.dataset.token_stats import error_bounds, merged
from fttool.dataset.tokens import BYTES_PER_TOKEN
from fttool.records.dataset import METHODS, Finding, Fix, InputFile, OutputFile, Place, Report
from fttool.records.tokens import TokenCount


def make_report(
    analysis: Analysis,
    inputs: Sequence[InputFile],
    model: str | None,
    *,
    checked_only: bool,
    outputs: Sequence[OutputFile],
    tokens: tuple[TokenCount | None, TokenCount | None],
) -> Report:
    """All that was found out and done. `tokens` are those of all examples and of the training examples."""
    separator, stop = inference_ends(analysis)
    counts = named_classes(analysis)
    layout = analysis.spec.layout
    return Report(
        inputs=tuple(inputs),
        shape=layout.to,
        conversion=layout.conversion,
        task=analysis.task,
        read=analysis.places.rows,
        examples=analysis.examples,
        rejected=len(analysis.rejected),
        findings=tuple(make_findings(analysis, inputs)),
        outputs=tuple(outputs),
        separator=separator,
        stop=stop,
        classes=counts,
        tokens=tokens[0],
        training_tokens=tokens[1],
        next_command=tuple(next_command(analysis, inputs, outputs, counts, model))
        if not (checked_only or analysis.undecided)
        else (),
        checked_only=checked_only,
    )


def token_counts(counting: Counting, tokens: Tokens | None, size: int) -> tuple[TokenCount, TokenCount | None]:
    """The tokens of all examples, and of the training examples. What was not counted is estimated by its bytes, and
    nothing is said of training examples."""
    if tokens is None:
        low, high = error_bounds()
        return TokenCount(round(size / BYTES_PER_TOKEN), False, "estimate", low=low, high=high), None
    training = counting.result(tokens.train)
    return counting.result(merged([tokens.train, tokens.valid], counting.limit)), training


def make_findings(analysis: Analysis, inputs: Sequence[InputFile]) -> list[Finding]:
    """The findings in the order of the checks."""
    return [
        make_finding(check.id, analysis.verdicts[check.id], analysis, inputs)
        for check in CHECKS
        if check.id in analysis.verdicts
    ]


def make_finding(one: str, verdict: Verdict, analysis: Analysis, inputs: Sequence[InputFile]) -> Finding:
    """A verdict with its rows as files and lines."""
    lines: dict[str, array[int]] = {}
    for position in verdict.rows:
        source, line = analysis.places.find(position)
        lines.setdefault(inputs[source].path, array("I")).append(line)
    fix = None if verdict.level is None else Fix(verdict.level, verdict.action, verdict.accepted)
    return Finding(
        *(one, verdict.severity, verdict.message, len(verdict.rows), lines, verdict.details, fix),
        places=make_places(verdict, analysis, inputs),
    )


def make_places(verdict: Verdict, analysis: Analysis, inputs: Sequence[InputFile]) -> tuple[Place, ...]:
    """The first places inside rows that a check has noted, as files and lines."""
    places = []
    for hit in verdict.notes:
        at = bisect_left(verdict.rows, hit.at)
        if at < len(verdict.rows) and verdict.rows[at] == hit.at:
            source, line = analysis.places.find(hit.at)
            places.append(Place(inputs[source].path, line, hit.path, hit.message))
    return tuple(places)


def inference_ends(analysis: Analysis) -> tuple[str | None, str | None]:
    """The separator to end prompts with and the stop sequence to pass, once the accepted fixes are applied."""
    if analysis.spec.layout.to != "completion":
        return None, None
    profile = analysis.profile
    separator, stop = existing_separator(profile.prompt), existing_stop(profile.completion)
    for step in analysis.late_steps:
        if isinstance(step, AddSuffix | RemoveSuffix):
            text = step.text if isinstance(step, AddSuffix) else ""
            separator, stop = (text, stop) if step.field == "prompt" else (separator, text)
    cuts = analysis.verdicts.get("stop-sequence")
    if analysis.task == "classification" or (cuts is not None and cuts.rows and not cuts.accepted):
        stop = ""  # what labels share, or what stands inside completions, would cut them
    if analysis.task == "open-ended generation":
        separator = ""
    return separator or None, stop or None


def named_classes(analysis: Analysis) -> dict[str, int] | None:
    """Examples of each class as written, most frequent first; None where there are no classes or too many."""
    labels = analysis.profile.labels
    if analysis.task != "classification" or labels is None:
        return None
    counts = class_counts(analysis.profile.answers, analysis.gone)
    known = [one for one in counts if one in labels]
    _, texts = apply_steps(analysis.late_steps, [], [labels[one] for one in known])
    named: Counter[str] = Counter()
    for one, text in zip(known, texts, strict=True):
        named[text] += counts[one]
    return dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))


def next_command(
    analysis: Analysis,
    inputs: Sequence[InputFile],
    outputs: Sequence[OutputFile],
    counts: dict[str, int] | None,
    model: str | None,
) -> list[str]:
    """The `fttool create` command that trains on the result, as argv."""
    paths = {output.role: output.path for output in outputs}
    argv = ["fttool", "create", "-t", paths.get("training", inputs[0].path)]
    if "validation" in paths:
        argv += ["-v", paths["validation"]]
    if model is not None:
        argv += ["-m", model]
    shape = analysis.spec.layout.to
    if shape in METHODS:
        argv += ["--method", METHODS[shape]]
    if shape == "reinforcement":
        argv += ["--method-json", "GRADER.json"]
    if analysis.task == "classification" and "validation" in paths:
        argv.append("--compute_classification_metrics")
        if analysis.classes == 2 and counts:
            argv += ["--classification_positive_class", next(iter(counts))]
        else:
            argv += ["--classification_n_classes", str(len(counts) if counts else analysis.classes)]
    return argv
