"""What a comparison looks like on a terminal, in a pipe, and as rows in a file."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.cli import compare_words, evaluate_metrics, output

if TYPE_CHECKING:
    from fttool.jobs.evaluate.examples import Survey
    from fttool.jobs.evaluate.plan import Plan
    from fttool.records.comparison import Comparison, Contestant, Disagreement, Usage
    from fttool.records.metrics import Metric

#: Sentences are broken at the width of the terminal, but no wider than this.
_WIDEST = 110

#: What is shown of a question or an answer on a terminal: characters.
_LONGEST = 70


def show(found: Comparison, *, rows: bool) -> None:
    """Print the comparison. In a pipe the metrics alone, unless `rows` asks for those answered differently too."""
    if not output.is_terminal(sys.stdout):
        for cells in long_rows(found):
            output.answer("\t".join(cells))
        if rows:
            for row in found.disagreements:
                answers = [_none(each) for each in row.answers]
                cells = [str(row.line), row.question, row.expected, *answers]
                output.answer("\t".join(output.one_line(cell) for cell in cells))
    else:
        for model in found.models:
            output.answer(output.paint(model.letter, "bold"), f"  {model.shown}", _where(model, found))
        output.answer("")
        output.table(["", *(model.letter for model in found.models)], [*metric_rows(found), *usage_rows(found)])
        output.answer("")
        _say(found)
        if found.disagreements:
            _rows(found)
    for model in found.models:
        if model.measures.unknown or model.measures.failed:
            output.note(f"{model.letter}: {_odd(model)}")
    notes = dict.fromkeys(note for model in found.models for note in model.measures.notes)
    for note in notes:
        output.note(note)


def metric_rows(found: Comparison) -> Iterator[list[str]]:
    """A row for each metric: its value and interval by model, and how that compares with the first."""
    for name in names(found):
        yield [name, *(_cell(model, name) for model in found.models)]


def usage_rows(found: Comparison) -> Iterator[list[str]]:
    """Tokens, time and money."""
    every = [model.usage for model in found.models]
    yield ["tokens asked", *(_count(each.prompt_tokens) for each in every)]
    yield ["tokens answered", *(_count(each.completion_tokens) for each in every)]
    yield ["seconds an answer (95% below)", *(latency(each) for each in every)]
    if any(each.cost is not None for each in every):
        yield ["dollars", *(dollars(each) for each in every)]


def long_rows(found: Comparison) -> Iterator[list[str]]:
    """For programs: model, metric, value, interval, difference from the first model, its p-value and verdict."""
    for model in found.models:
        for metric in model.measures.metrics:
            low, high = metric.interval or (None, None)
            told = model.difference(metric.name)
            compared = (None, None, None) if told is None else (told.difference, told.p_value, told.verdict)
            cells: list[Any] = [model.name, metric.name, metric.value, low, high, *compared]
            yield ["" if each is None else str(each) for each in cells]
        usage = model.usage
        for name in ("prompt_tokens", "completion_tokens", "latency_median", "latency_p95", "cost"):
            value = getattr(usage, name)
            yield [model.name, f"usage/{name}", "" if value is None else str(value), "", "", "", "", ""]


def names(found: Comparison) -> list[str]:
    """All metrics that a model has, in their order."""
    return list(dict.fromkeys(metric.name for model in found.models for metric in model.measures.metrics))


def metric(model: Contestant, name: str) -> Metric | None:
    """The metric of that name."""
    return next((each for each in model.measures.metrics if each.name == name), None)


def latency(used: Usage) -> str:
    """The median, and what 95% are below: `0.21 (0.54)`."""
    if used.latency_median is None or used.latency_p95 is None:
        return "-"
    return f"{used.latency_median:.2g} ({used.latency_p95:.2g})"


def dollars(used: Usage) -> str:
    """`$0.0123`."""
    return "-" if used.cost is None else f"${used.cost:.4f}"


def disagreements(
    found: Survey,
    plan: Plan,
    chosen: Mapping[int, int],
    texts: Sequence[Sequence[str | None]],
    right: Sequence[Sequence[bool]],
) -> list[Disagreement]:
    """The chosen rows (index -> place) with their questions; `texts` and `right` are by model, then place."""
    from fttool.jobs.evaluate.examples import questions
    from fttool.records.comparison import Disagreement

    made: dict[int, Disagreement] = {}
    for question in questions(found.path, found.name, stop=plan.stop):
        place = chosen.get(question.index)
        if place is not None:
            asked = question.prompt if question.prompt is not None else _last_message(question.messages or ())
            answers = tuple(each[place] for each in texts)
            made[place] = Disagreement(
                question.line, asked, question.expected, answers, tuple(each[place] for each in right)
            )
    return [made[place] for place in sorted(made)]


def write_disagreements(found: Comparison, rows: Sequence[Disagreement], path: Path, *, overwrite: bool) -> None:
    """All rows as JSONL, whole or not at all. Raises OutputError."""
    from fttool.dataset.output import Draft

    with Draft(path.parent) as draft:
        for row in rows:
            answers = [
                {"model": model.name, "text": text, "right": right}
                for model, text, right in zip(found.models, row.answers, row.right, strict=True)
            ]
            line = {"line": row.line, "question": row.question, "expected": row.expected, "answers": answers}
            draft.write(output.json_text(line).encode() + b"\n", 1)
        draft.finish()
        draft.publish(path, overwrite=overwrite)


def _cell(model: Contestant, name: str) -> str:
    found = metric(model, name)
    if found is None:
        return "-"
    text = evaluate_metrics.number(name, found.value)
    if found.interval is not None:
        low, high = (evaluate_metrics.number(name, each).removesuffix("%") for each in found.interval)
        text += f" ({low} to {high})"
    compared = model.difference(name)
    if compared is not None and compared.verdict in ("better", "worse"):
        text += f" {compared.verdict}"
    return text


def _say(found: Comparison) -> None:
    width = min(shutil.get_terminal_size().columns - 1, _WIDEST)
    for sentence in compare_words.sentences(found):
        for line in textwrap.wrap(sentence, max(width, 40)):
            output.answer(line)


def _rows(found: Comparison) -> None:
    """Rows that were answered differently, one below the other."""
    shown = len(found.disagreements)
    more = f"; the first {shown:,}" if shown < found.disagreeing else ""
    output.answer("")
    output.answer(output.paint(f"{_rows_word(found.disagreeing)} answered differently{more}", "bold"))
    for row in found.disagreements:
        output.answer(f"line {row.line}: {_quoted(row.question, tail=True)}")
        output.answer(f"  expected  {_quoted(row.expected)}")
        for model, text, right in zip(found.models, row.answers, row.right, strict=True):
            mark = compare_words.mark(found.task, right)
            colour = "green" if right else "red" if mark == "wrong" else "dim"
            output.answer(f"  {model.letter} ", output.paint(mark, colour), f"   {_quoted(text)}")


def _rows_word(count: int) -> str:
    return "1 example is" if count == 1 else f"{count:,} examples are"


def _where(model: Contestant, found: Comparison) -> str:
    """The service, if they are not all on one."""
    services = {each.service for each in found.models}
    return "" if len(services) == 1 else f"  ({model.service})"


def _odd(model: Contestant) -> str:
    measures = model.measures
    parts = []
    if measures.unknown:
        first = measures.unknown_answers[0]
        parts.append(
            f"{measures.unknown:,} of {measures.examples:,} answers are no label, and count as wrong "
            f"({first.count:,} x {_quoted(first.text)})"
        )
    if measures.failed:
        parts.append(f"{measures.failed:,} got no answer, and are in no metric")
    return "; ".join(parts)


def _last_message(messages: Sequence[Mapping[str, Any]]) -> str:
    from fttool.jobs.evaluate.examples import said

    return said(messages[-1]) if messages else ""


def _count(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _none(text: str | None) -> str:
    return "" if text is None else text


def _quoted(text: str | None, *, tail: bool = False) -> str:
    """In quotes, with what is too long cut off; of a question the end says more."""
    if text is None:
        return "(no answer)"
    if len(text) > _LONGEST:
        text = f"…{text[-_LONGEST + 1 :]}" if tail else f"{text[: _LONGEST - 1]}…"
    return json.dumps(text, ensure_ascii=False)
