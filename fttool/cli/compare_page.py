"""A comparison as one HTML page that needs nothing else: no scripts, no pictures, no fonts from elsewhere.

All text of models and files is escaped, and the page forbids itself to load or run anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import compare_views, compare_words, output, page_charts
from fttool.cli.evaluate_metrics import in_hundreds, number

if TYPE_CHECKING:
    from fttool.records.comparison import Comparison, Contestant, Disagreement
    from fttool.records.metrics import Measures, Task

#: A confusion matrix of more classes would not fit; the table of classes has them all.
_MOST_IN_MATRIX = 40

#: What is shown of a text: characters.
_LONGEST = 1000

_STYLE = """
:root { color-scheme: light dark; --line: #d5d8dd; --soft: #6b7280; --good: #15803d; --bad: #b91c1c; --mark: #2563eb }
@media (prefers-color-scheme: dark) {
  :root { --line: #3b4048; --soft: #9aa3af; --good: #4ade80; --bad: #f87171; --mark: #60a5fa }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { font-weight: 600 } td.n, th.n { text-align: right }
.soft { color: var(--soft) } .better, .right { color: var(--good) } .worse, .wrong { color: var(--bad) }
.verdict { border-left: 4px solid var(--mark); padding: .3rem .9rem; margin: .6rem 0 }
.text { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 32rem }
.models { display: flex; flex-wrap: wrap; gap: 2rem }
.matrix td { text-align: center; border: 1px solid var(--line); padding: .15rem .4rem; min-width: 1.6rem }
.matrix .down { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: .4rem .15rem }
svg text { fill: currentColor; font: 12px system-ui, sans-serif }
summary { cursor: pointer }
"""


def write(found: Comparison, path: Path, *, overwrite: bool) -> None:
    """Write the page, whole or not at all. Raises OutputError."""
    from fttool.dataset.output import Draft

    with Draft(path.parent) as draft:
        draft.write(page(found).encode("utf-8", "replace"), 0)
        draft.finish()
        draft.publish(path, overwrite=overwrite)


def page(found: Comparison) -> str:
    """The whole page."""
    title = f"{len(found.models)} models on {found.file}"
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>\n"
    )
    return head + "\n".join(_parts(found, title)) + "\n</body></html>\n"


def _parts(found: Comparison, title: str) -> Iterator[str]:
    from fttool import __version__

    when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    yield f"<h1>{_text(title)}</h1>"
    yield (
        f'<p class="soft">{found.examples:,} examples ({_text(found.task)}); made by fttool {__version__} on {when}; '
        f"SHA-256 of the file {found.sha256}</p>"
    )
    yield _models(found)
    for sentence in compare_words.sentences(found):
        yield f'<p class="verdict">{_text(sentence)}</p>'
    yield "<h2>Metrics</h2>" + _metrics(found)
    yield (
        '<p class="soft">In brackets: the interval that probably (95%) holds the value on all such examples. '
        "<em>better</em> and <em>worse</em>: the difference from A is real, at a risk of error of 5%.</p>"
    )
    yield _intervals(found)
    if any(model.measures.classes for model in found.models):
        yield "<h2>Classes</h2>" + _classes(found)
        yield from _matrices(found)
    yield from _calibrations(found)
    yield from _odd_answers(found)
    yield from _disagreements(found)


def _models(found: Comparison) -> str:
    rows = [
        [f"<b>{model.letter}</b>", f"<code>{_text(model.shown)}</code>", _text(model.service)] for model in found.models
    ]
    return _table(["", "model", "service"], rows)


def _metrics(found: Comparison) -> str:
    rows = []
    for name in compare_views.names(found):
        rows.append([f"<code>{_text(name)}</code>", *(_metric(model, name) for model in found.models)])
    rows += [[_text(cells[0]), *map(_text, cells[1:])] for cells in compare_views.usage_rows(found)]
    return _table(["", *(model.letter for model in found.models)], rows)


def _metric(model: Contestant, name: str) -> str:
    metric = compare_views.metric(model, name)
    if metric is None:
        return "-"
    text = _text(number(name, metric.value))
    if metric.interval is not None:
        low, high = (_text(number(name, each)) for each in metric.interval)
        text += f' <span class="soft">({low} to {high})</span>'
    told = model.difference(name)
    if told is not None and told.verdict in ("better", "worse"):
        signed = compare_words.signed(name, told.difference)
        text += f' <span class="{told.verdict}">{told.verdict} ({_text(signed)})</span>'
    return text


def _intervals(found: Comparison) -> str:
    """The main metric of all models with their intervals, drawn."""
    whole = 100.0 if in_hundreds(found.main) else 1.0
    bars = []
    for model in found.models:
        metric = compare_views.metric(model, found.main)
        if metric is not None and metric.value is not None:
            low, high = metric.interval or (metric.value, metric.value)
            bars.append((model.letter, metric.value / whole, low / whole, high / whole))
    if not bars or found.main.startswith("custom/"):
        return ""
    return page_charts.intervals(bars, found.main)


def _classes(found: Comparison) -> str:
    """F1 of each class by model, with precision and recall."""
    labels = found.models[0].measures.classes
    rows = []
    for at, each in enumerate(labels):
        cells = [f"<code>{_text(each.label)}</code>", f"{each.support:,}"]
        for model in found.models:
            of = model.measures.classes[at] if model.measures.classes else None
            if of is None:
                cells.append("-")
            else:
                detail = f'<span class="soft">({of.precision:.0%} precision, {of.recall:.0%} recall)</span>'
                cells.append(f"{of.f1:.1%} {detail}")
        rows.append(cells)
    table = _table(["class", "examples", *(f"F1 of {model.letter}" for model in found.models)], rows)
    return (
        table if len(rows) <= _MOST_IN_MATRIX else f"<details><summary>{len(rows)} classes</summary>{table}</details>"
    )


def _matrices(found: Comparison) -> Iterator[str]:
    several = [
        model for model in found.models if model.measures.confusion and len(model.measures.classes) <= _MOST_IN_MATRIX
    ]
    if not several:
        return
    yield "<h2>What is taken for what</h2><p class='soft'>Rows: what is expected. Columns: what was answered.</p>"
    yield '<div class="models">'
    for model in several:
        yield f'<div class="wide"><b>{model.letter}</b>{_matrix(model.measures)}</div>'
    yield "</div>"


def _matrix(measures: Measures) -> str:
    labels = [each.label for each in measures.classes]
    columns = [*labels, "(no label)"] if measures.unknown else labels
    head = "".join(f'<th class="down">{_text(label)}</th>' for label in columns)
    lines = [f"<tr><th></th>{head}</tr>"]
    for at, (label, counts) in enumerate(zip(labels, measures.confusion, strict=True)):
        total = max(sum(counts), 1)
        cells = ""
        for column, count in enumerate(counts[: len(columns)]):
            colour = "37, 99, 235" if column == at else "220, 38, 38"
            shade = f' style="background: rgba({colour}, {0.6 * count / total:.2f})"' if count else ""
            cells += f"<td{shade}>{count or ''}</td>"
        lines.append(f"<tr><th>{_text(label)}</th>{cells}</tr>")
    return f'<table class="matrix">{"".join(lines)}</table>'


def _calibrations(found: Comparison) -> Iterator[str]:
    told = [(model, model.measures.calibration) for model in found.models if model.measures.calibration is not None]
    if not told:
        return
    yield "<h2>Is it right as often as it is sure?</h2>"
    yield '<div class="models">'
    for model, calibration in told:
        assert calibration is not None
        text = f"{model.letter}: expected calibration error {calibration.error:.1%} ({calibration.examples:,} answers)"
        yield f"<figure>{page_charts.reliability(calibration)}<figcaption>{_text(text)}</figcaption></figure>"
    yield "</div>"


def _odd_answers(found: Comparison) -> Iterator[str]:
    rows = []
    for model in found.models:
        for each in model.measures.unknown_answers:
            close = f"<code>{_text(each.close_to)}</code>" if each.close_to else ""
            shown = f'<span class="text">{_text(_cut(each.text))}</span>'
            rows.append([model.letter, f"{each.count:,}", shown, f"{each.line:,}", close])
    if rows:
        yield "<h2>Answers that are no label</h2>"
        yield _table(["", "times", "answer", "first at line", "but for case and marks"], rows)


def _disagreements(found: Comparison) -> Iterator[str]:
    yield "<h2>Answered differently</h2>"
    shown = len(found.disagreements)
    text = f"{found.disagreeing:,} of {found.examples:,} examples"
    yield f"<p>{text}{f'; the first {shown:,} are here' if shown < found.disagreeing else ''}.</p>"
    if shown:
        heads = ["line", "question", "expected", *(model.letter for model in found.models)]
        yield _table(heads, [_disagreement(each, found.task) for each in found.disagreements])


def _disagreement(row: Disagreement, task: Task) -> list[str]:
    answers = []
    for text, right in zip(row.answers, row.right, strict=True):
        mark = compare_words.mark(task, right)
        style = "right" if right else "wrong" if mark == "wrong" else "soft"
        said = f'<span class="text">{_text(_cut(text))}</span>' if text is not None else "(no answer)"
        answers.append(f'{said} <span class="{style}">{mark}</span>')
    texts = [f'<div class="text">{_text(_cut(each))}</div>' for each in (row.question, row.expected)]
    return [f"{row.line:,}", *texts, *answers]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already; the heads are text."""
    head = "".join(f"<th>{_text(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _text(text: str) -> str:
    """Text as HTML, with control characters and marks that reorder text made visible."""
    return escape(output.escape(text))
