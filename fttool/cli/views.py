"""From records to lines: what a report looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from fttool.cli import output, token_views
from fttool.cli.shell import shell
from fttool.records.dataset import SEVERITIES, Finding, InputFile, Report, Sample

if TYPE_CHECKING:
    from fttool.cli.progress import Progress

_STYLE = {"error": "red", "warning": "yellow", "hint": "cyan"}
_MOST_LINES = 10
_MOST_PLACES = 4


def overview(report: Report, *, settled: bool, stderr: bool = False) -> None:
    """What the inputs are and what was found. `settled` is False while fixes are still to be asked for."""
    say = output.note if stderr else output.answer
    for source in report.inputs:
        say(input_line(source))
        for note in source.notes:
            output.note("note: ", note)
    say(examples_line(report))
    for line in () if report.tokens is None else token_views.lines(report.tokens):
        say(line)
    for severity in SEVERITIES:
        for finding in report.findings:
            if finding.severity == severity:
                for line in finding_lines(finding, report.inputs, settled=settled, stderr=stderr):
                    say(line)
    if not report.findings:
        say("no findings")


def input_line(source: InputFile) -> str:
    """`people.csv: CSV, delimiter ",", utf-8; columns text, category`."""
    details = [f"{name} {value!r}" if name == "delimiter" else value for name, value in source.details.items()]
    columns = ", ".join(source.columns[:8]) + (", …" if len(source.columns) > 8 else "")
    name = "standard input" if source.path == "-" else source.path
    role = " (validation)" if source.role == "validation" else ""
    return f"{name}{role}: {', '.join([source.format.upper(), *details])}; columns {columns}"


def examples_line(report: Report) -> str:
    """`10,003 rows; classification, 77 classes; about 120,000 tokens`."""
    parts = [
        f"{report.read:,} row{'' if report.read == 1 else 's'}"
        + (f", {report.rejected:,} more could not be read" if report.rejected else "")
    ]
    classes = f", {len(report.classes):,} classes" if report.classes else ""
    parts.append(report.task + classes)
    if report.tokens is not None:
        parts.append(token_views.number(report.tokens))
    return "; ".join(parts)


def finding_lines(
    finding: Finding, inputs: Sequence[InputFile], *, settled: bool, stderr: bool = False
) -> Iterator[str]:
    """A finding with its rows and its fix."""
    head = output.paint(finding.severity, _STYLE[finding.severity], stderr=stderr)
    yield output.Painted(f"{head}: {output.escape(finding.message)} [{finding.id}]")
    if finding.places:
        yield from place_lines(finding, inputs)
    elif finding.count:
        yield f"  {places(finding, inputs)}"
    if finding.fix is None:
        return
    fix = finding.fix
    if fix.applied and settled:
        yield f"  fix: {fix.action}"
    elif fix.level == "required":
        yield f"  fix (always): {fix.action}"
    elif settled:
        how = "`--yes` or " if fix.level == "recommended" else ""
        yield f"  not fixed: {fix.action} ({how}`--fix {finding.id}`)"
    elif fix.level == "recommended":
        yield f"  fix (recommended): {fix.action}"


def place_lines(finding: Finding, inputs: Sequence[InputFile]) -> Iterator[str]:
    """`line 3: messages[1].role is …`, a line each: the first few places, and how many rows there are more."""
    formats = {source.path: source.format for source in inputs}
    told = set()
    for place in finding.places[:_MOST_PLACES]:
        where = f"{place.file}: " if len(inputs) > 1 else ""
        path = f"{place.path} " if place.path else ""
        told.add((place.file, place.line))
        yield f"  {where}{_unit(formats, place.file)} {place.line}: {path}{place.message}"
    if more := finding.count - len(told):
        yield f"  … and {more:,} more"


def places(finding: Finding, inputs: Sequence[InputFile]) -> str:
    """`lines 3, 17, 20, …`: the first few; `rows` in a sheet, `items` in a JSON array."""
    formats = {source.path: source.format for source in inputs}
    parts, left = [], _MOST_LINES
    for name, lines in finding.lines.items():
        if left <= 0:
            break
        word = _unit(formats, name)
        shown = ", ".join(map(str, lines[:left]))
        more = ", …" if len(lines) > left else ""
        where = f"{name}: " if len(inputs) > 1 else ""
        parts.append(f"{where}{word}{'s' if len(lines) > 1 else ''} {shown}{more}")
        left -= len(lines)
    return "; ".join(parts)


def _unit(formats: Mapping[str, str], name: str) -> str:
    """What a file of a format is counted in."""
    return {"xlsx": "row", "parquet": "row", "json": "item"}.get(formats.get(name, ""), "line")


def sample_lines(sample: Sample) -> list[str]:
    """Before and after, one below the other."""
    return [f"  before  {sample.before}", f"  after   {sample.after}"]


def verdict(report: Report) -> None:
    """The last line of `--check`."""
    if not report.needs_work:
        output.answer(output.paint("nothing to fix", "green"))
        return
    needing = [finding for finding in report.findings if finding.needs_work]
    output.answer(output.paint(f"{len(needing) or 1} to fix", "red"))
    if any(finding.open_fix or (finding.fix and finding.fix.level == "required") for finding in needing):
        output.hint("fix them with the same command and `--yes` in place of `--check`")
    _errors(report)


def closing(report: Report, cost: Sequence[str], *, counted: bool) -> None:
    """What was written, what to type next, what to mind when the model is used, and what training costs.

    `counted`: the tokens are told, too, for they were not known before.
    """
    if not report.outputs:
        name = report.inputs[0].path
        output.answer(f"{name} is as it was" if report.errors else f"nothing to change: use {name} as it is")
    for written in report.outputs:
        unit = "row" if written.role == "rejected" else "example"
        count = f"{written.examples:,} {unit}{'' if written.examples == 1 else 's'}"
        output.answer(output.paint("wrote", "green"), f" {written.path} ({count}, {_size(written.bytes)})")
    if report.errors:
        _errors(report)
        return
    if any(finding.severity == "error" for finding in report.findings if finding.fix is None):
        output.hint("few-examples: `create` refuses it so; add examples first")
    output.answer("")
    output.answer("next:")
    output.answer(f"  {shell(report.next_command)}")
    if report.shape != "reinforcement":
        output.hint("no key? Add `--local`, and it trains on this machine")
    for line in inference_lines(report):
        output.answer(line)
    if counted and report.tokens is not None:
        output.answer(token_views.number(report.tokens))
        for line in token_views.lines(report.tokens):
            output.answer(line)
    for line in cost:
        output.answer(line)
    output.answer("training time: unknown (it depends on the service)")


def _errors(report: Report) -> None:
    """What is left to the user."""
    for finding in report.errors:
        if finding.open_fix:
            output.hint(f"{finding.id}: mend them with `--yes` or `--fix {finding.id}`")
            continue
        action = f"`--fix {finding.id}` ({finding.fix.action}), or correct" if finding.fix else "correct"
        output.hint(f"{finding.id}: {action} the data by hand")


def inference_lines(report: Report) -> Iterator[str]:
    """The separator and the stop sequence, as one would write them in code."""
    separator = f"end every prompt with {_literal(report.separator)}" if report.separator else ""
    stop = f"pass stop=[{_literal(report.stop)}]" if report.stop else ""
    if separator or stop:
        yield f"when you use the model: {' and '.join(part for part in (separator, stop) if part)}"
    if report.task == "classification" and report.shape == "completion":
        if any(finding.id == "first-token" for finding in report.findings):
            yield "to get a label: pass max_tokens large enough for the longest one, for some begin alike"
        else:
            yield "to get only the label: pass max_tokens=1 and logprobs"


def _literal(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


class Bars(AbstractContextManager["Bars"]):
    """A progress bar for each pass over the inputs, one after the other."""

    def __init__(self) -> None:
        self._phase = ""
        self._bar: Progress | None = None
        self._read = self._rows = 0

    @property
    def tell(self) -> Callable[[str, int, int, int], None]:
        """What `prepare` calls with phase, bytes read, bytes in all, rows read."""
        return self._tell

    def _tell(self, phase: str, read: int, total: int, rows: int) -> None:
        if self._bar is None or phase != self._phase or read < self._read:
            self.close()
            self._phase, self._read, self._rows = phase, 0, 0
            self._bar = output.progress(total, "bytes", label=phase)
        self._bar.advance(read - self._read, rows=rows - self._rows)
        self._read, self._rows = read, rows
        if read >= total:
            self.close()

    def close(self) -> None:
        """Take the bar away, so that others can write."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
