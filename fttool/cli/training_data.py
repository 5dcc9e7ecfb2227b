"""Training files are looked at before they are sent: as prepare_data does it, with its findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import output, views
from fttool.cli.limits import limits_of
from fttool.cli.shell import shell
from fttool.errors import DataError, FttoolError
from fttool.records.dataset import METHODS

if TYPE_CHECKING:
    from fttool.dataset.prepare_options import Options
    from fttool.jobs.services.base import Service
    from fttool.records.dataset import Finding, Report, Shape

_MOST_SHOWN = 8

#: The shape of the examples of a method; supervised training takes two, which their keys tell apart.
SHAPES: Mapping[str, Shape] = {method: shape for shape, method in METHODS.items()}

#: prepare_data mends these without asking; a service refuses the file for one such row.
_UNTRAINABLE = ("missing-prompt", "value-type", "empty-completion", "converted")

#: An option in a hint, if it is not one that `create` has itself.
_OPTION = re.compile(r"`(--(?!(?:no-check|method)\b)[^`]*)`")


def check(
    files: Sequence[tuple[Path, str]],
    method: str,
    model: str | None,
    service: Service,
    *,
    told: bool,
    graded: Sequence[str] = (),
) -> None:
    """Check training (and validation) file, given with the names to call them. `told`: show the findings.
    `graded` are fields that a grader reads of every row.

    Raises DataError for what a service would refuse or what would train on garbage.
    """
    from fttool.dataset.prepare_options import Options

    names = {str(path): name for path, name in files}
    with called(names):
        settings = Options(
            check_only=True,
            tokens="off",
            shape=SHAPES.get(method),
            model=model,
            limits=limits_of(service),
            graded=tuple(graded),
        )
        _check_examples([path for path, _ in files], names, settings, method, told=told)


def _check_examples(
    paths: Sequence[Path], names: Mapping[str, str], settings: Options, method: str, *, told: bool
) -> None:
    from fttool.dataset.formats.base import ReadOptions
    from fttool.dataset.prepare import Preparation

    for path in paths:
        _check_format(path, names[str(path)])
    options = replace(settings, read=ReadOptions(format="jsonl"))
    other = paths[1] if len(paths) > 1 and paths[1] != paths[0] else None
    with views.Bars() as bars, Preparation([paths[0]], options, other, bars.tell) as work:
        report = work.report(work.analyse(work.policy(False)), checked_only=True)
    first = names[str(paths[0])]
    _check_method(report.shape, method, first)
    command = ["fttool", "prepare_data", first, *([] if other is None else ["-v", names[str(other)]])]
    mends = f"`{shell(command)}` mends"
    errors = [finding for finding in report.findings if finding.severity == "error" or finding.id in _UNTRAINABLE]
    if told:
        _tell(report, names)
        if not errors and report.needs_work:
            output.hint(f"{mends} that")
    if errors:
        # what prepare_data cannot mend
        few = [finding.id for finding in errors] in (["few-examples"], ["grader-field"])
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise DataError(
            f"{errors[0].message}{more}; nothing was sent",
            file=names.get(_file_of(errors[0]), first),
            hint="`--no-check` sends it as it is" if few else f"{mends} what it can; `--no-check` sends it as it is",
        )


def _check_method(shape: Shape, method: str, name: str) -> None:
    """Raise DataError for examples of another method than supervised training, where that is what is asked for."""
    other = next((known for known, its in SHAPES.items() if its == shape), None)
    if method == "supervised" and other is not None:
        kind = "preferences" if shape == "preference" else "prompts for reinforcement"
        raise DataError(
            f"the examples are {kind}, which supervised training does not take; nothing was sent",
            file=name,
            hint=f"train with `--method {other}`; `--no-check` sends it as it is",
        )


def _file_of(finding: Finding) -> str:
    """The first file that has rows of a finding; "" for one about the file as a whole."""
    return next((path for path, lines in finding.lines.items() if lines), "")


def _check_format(path: Path, name: str) -> None:
    """Raise DataError for what is no plain JSONL: services take nothing else."""
    from fttool.dataset.formats import open_table

    table = open_table(path)
    kind = table.format.upper()
    encoding = table.details.get("encoding", "utf-8")
    if "compression" in table.details:
        kind = f"compressed {kind}"
    elif table.format == "jsonl":
        if encoding.startswith("utf-8"):
            return
        kind = f"JSONL in {encoding}"
    command = shell(["fttool", "prepare_data", name])
    raise DataError(
        f"this is {kind}; services train on JSONL in UTF-8", file=name, hint=f"`{command}` makes a JSONL file of it"
    )


def _tell(report: Report, names: Mapping[str, str]) -> None:
    """The findings worth a word: errors, what a fix is recommended for, and a model that takes another shape."""
    shown = [finding for finding in report.findings if finding.needs_work or finding.id == "model-shape"]
    where = f"{names[report.inputs[0].path]}: " if len(report.inputs) == 1 else ""
    for finding in shown[:_MOST_SHOWN]:
        kind = "error" if finding.severity == "error" else "warning"
        head = output.paint(kind, "red" if kind == "error" else "yellow", stderr=True)
        output.note(head, f": {where}{finding.message} [{finding.id}]")
        if finding.count:
            output.note(f"  {_renamed(views.places(finding, report.inputs), names)}")
    if len(shown) > _MOST_SHOWN:
        output.note(f"  … and {len(shown) - _MOST_SHOWN} more findings")


@contextmanager
def called(names: Mapping[str, str]) -> Iterator[None]:
    """Errors call the files by the names the user gave them, not by those of temporary files."""
    try:
        yield
    except FttoolError as error:
        error.file = names.get(error.file or "", error.file)
        error.message = _renamed(error.message, names)
        error.hint = error.hint and _with_command(_renamed(error.hint, names), error.file)
        raise


def _with_command(hint: str, name: str | None) -> str:
    """Options that a hint names are those of prepare_data, so it names that command too."""
    command = shell(["fttool", "prepare_data", *([name] if name is not None else [])])
    return _OPTION.sub(lambda found: f"`{command} {found[1]}`", hint)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for path, name in names.items():
        text = text.replace(path, name) if path != name else text
    return text
