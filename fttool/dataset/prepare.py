"""prepare: a file of examples in, a checked, repaired and split JSONL file out.

Two passes over the inputs, in blocks: the first makes a profile for the checks to judge, the second changes, splits
and writes. Nothing here prints or asks; `decide` stands for the user.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from fttool.dataset.analysis import Analysis, Analyst, Decide
from fttool.dataset.blocks import VALID
from fttool.dataset.checks import Check
from fttool.dataset.checks.base import Spec, Verdict
from fttool.dataset.conversions.choice import choose
from fttool.dataset.counting import Counting, Mode, Tokens
from fttool.dataset.examples import read_rows
from fttool.dataset.formats import open_table
from fttool.dataset.formats.base import ReadOptions, Table
from fttool.dataset.output import check_folder, check_target, stem_of
from fttool.dataset.parallel import Runner
from fttool.dataset.passes import Progress
from fttool.dataset.prepare_options import ERRORS, SPLIT_ID, Options
from fttool.dataset.shapes import Layout, Mapping, find_layout
from fttool.dataset.split import SplitOptions
from fttool.dataset.summary import make_report, token_counts
from fttool.dataset.tokens import TokenLimit, choose_counter
from fttool.dataset.write import count_files, write_files
from fttool.errors import UsageError
from fttool.records.dataset import InputFile, OutputFile, Report, Shape
from fttool.rules.limits import DEFAULT, Limits
from fttool.rules.reinforcement import FIRST_ROWS


class Preparation:
    """Inputs that were opened, ready to be analysed and written. A context manager: it may hold processes."""

    def __init__(
        self,
        files: Sequence[str | os.PathLike[str]],
        options: Options,
        valid_file: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Open and understand the inputs.

        Raises:
            DataError: an input cannot be read, or a column is missing.
            UsageError: options that make no sense.
        """
        options.check()
        if not files:
            raise UsageError("no input file was given", hint="example: `fttool prepare_data people.csv`")
        self.options = options
        self.progress = progress
        self.files = ["-" if os.fspath(file) == "/dev/stdin" else os.fspath(file) for file in files]
        self.tables: list[Table] = [open_table(name, options.read) for name in self.files]
        self.first_validation: int | None = None
        if valid_file is not None:
            if options.split.asked:
                raise UsageError("a validation file was given: there is nothing to split off")
            self.first_validation = len(self.tables)
            self.tables.append(open_table(valid_file, options.read))
        if options.output is None and not options.check_only:
            check_folder(Path(stem_of(self.files[0])))
        elif options.output is not None and str(options.output) != "-":
            check_target(options.output, self.tables, overwrite=options.overwrite)
        self.runner = Runner(self.tables, options.processes)
        self.layout = self._layout()
        self.inputs = [
            InputFile(
                table.name,
                table.format,
                tuple(table.columns),
                table.details,
                tuple(table.notes),
                "validation" if at == self.first_validation else "training",
            )
            for at, table in enumerate(self.tables)
        ]
        self.spec = Spec(
            self.layout,
            TokenLimit.of(options.model, self.layout.to, options.limits.service),
            options.model,
            compare=self.first_validation is not None,
            graded=options.graded,
            limits=options.limits,
        )
        self.analyst = Analyst(self.runner, self.spec, self.inputs, self.first_validation, progress)

    def __enter__(self) -> Preparation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.runner.__exit__(kind, error, trace)

    def _layout(self) -> Layout:
        """The layout of the first input; the others must have the same columns."""
        options = self.options
        layouts = [
            find_layout(
                table.columns,
                options.mapping,
                to=options.to,
                system=options.system,
                file=table.name,
                shape=options.shape or ("reinforcement" if options.graded else None),
                rows=self._first_rows(at) if "messages" in table.columns else (),
                conversion=self._conversion(at),
            )
            for at, table in enumerate(self.tables)
        ]
        first = layouts[0]
        for table, layout in zip(self.tables, layouts, strict=True):
            ours, theirs = ((one.shape, one.conversion, one.prompt, one.completion) for one in (first, layout))
            if ours != theirs:
                raise UsageError(
                    f"`{table.name}` has other columns than `{self.tables[0].name}`",
                    hint="prepare them one by one, and what was written together; or name the columns alike",
                )
        return first

    def _conversion(self, at: int) -> str | None:
        """How the rows of an input become one of our shapes; None where they have one."""
        options, table = self.options, self.tables[at]
        settled = "--grader" if options.graded else None if options.shape is None else "--shape"
        if options.mapping != Mapping():
            settled = "the options on prompt and completion"
        rows = partial(self._first_rows, at)
        return choose(options.from_, table.columns, rows, file=table.name, settled=settled)

    def _first_rows(self, at: int) -> list[dict[str, Any]]:
        """The first rows of an input, to tell its shape by."""
        block = self.runner.spools[at].first()
        return [] if block is None else read_rows(block)[:FIRST_ROWS]

    def policy(self, yes: bool) -> Decide:
        """Decide without asking: `--fix` and `--no-fix` by name, else recommended fixes if `yes`."""

        def decide(check: Check, verdict: Verdict) -> bool:
            return self.named(check.id, self.asked_for(verdict) or (verdict.level == "recommended" and yes))

        return decide

    def asked_for(self, verdict: Verdict) -> bool:
        """Whether `--fix errors` means a fix."""
        return verdict.severity == "error" and ERRORS in self.options.fix

    def named(self, one: str, otherwise: bool) -> bool:
        """What `--fix` and `--no-fix` say of a fix."""
        if one in self.options.fix:
            return True
        return False if one in self.options.no_fix else otherwise

    def analyse(self, decide: Decide) -> Analysis:
        """Judge the data; see Analyst.analyse. UsageError for `--fix` or `--no-fix` of what nobody can choose."""
        if self.options.tokens in ("auto", "exact"):
            # before there are other processes: so they share the vocabulary
            choose_counter(self.options.model, self.layout.to).function()
        analysis = self.analyst.analyse(decide)
        for one, verdict in analysis.verdicts.items():
            if verdict.level is None and one in self.options.fix:
                raise UsageError(f"`{one}` has no fix", hint=f"correct the data by hand, or leave out `--fix {one}`")
            if verdict.level == "required" and one in self.options.no_fix:
                raise UsageError(
                    f"the fix of `{one}` is always applied: {verdict.action}",
                    hint=f"correct the data by hand, or leave out `--no-fix {one}`",
                )
        return analysis

    def counting(self, analysis: Analysis) -> Counting | None:
        """How tokens are counted; None if they are not."""
        options, profile = self.options, analysis.profile
        service = options.limits.service
        return Counting.of(options.tokens, options.model, self.layout.to, profile.size, self.spec.limit, service)

    def checked(self, analysis: Analysis) -> Report:
        """What is known without writing, tokens counted."""
        if analysis.undecided:
            return self.report(analysis, checked_only=True)
        return self.report(analysis, checked_only=True, tokens=self._count(analysis, self._fates(analysis)))

    def report(
        self,
        analysis: Analysis,
        *,
        checked_only: bool = False,
        outputs: Sequence[OutputFile] = (),
        tokens: Tokens | None = None,
    ) -> Report:
        """What is known so far, as a record; tokens that were not counted are estimated, unless they are off."""
        counting = self.counting(analysis)
        counts = (None, None) if counting is None else token_counts(counting, tokens, analysis.profile.size)
        return make_report(
            analysis, self.inputs, self.options.model, checked_only=checked_only, outputs=outputs, tokens=counts
        )

    def _count(self, analysis: Analysis, fates: bytearray) -> Tokens | None:
        counting = self.counting(analysis)
        return None if counting is None else count_files(self, analysis, fates, counting)

    def _fates(self, analysis: Analysis) -> bytearray:
        """What becomes of each row, before a split."""
        fates = bytearray(analysis.gone)
        if self.first_validation is not None:
            start = analysis.places.first_of(self.first_validation)
            fates[start:] = bytes(fate or VALID for fate in fates[start:])
        return fates

    def split_recommended(self, analysis: Analysis) -> bool:
        """Whether holding out a validation set is worth asking for: as in the legacy tool, for classification."""
        return (
            analysis.task == "classification"
            and self.first_validation is None
            and self.options.split.split is None
            and not self.options.split.asked
            and not stem_of(self.files[0]).endswith(("_prepared_train", "_prepared_valid"))
        )

    def split_wanted(self, analysis: Analysis, yes: bool) -> bool:
        """Whether to split without asking: because the user said so, or it is recommended and accepted."""
        return self.options.split.asked or (self.split_recommended(analysis) and self.named(SPLIT_ID, yes))

    def changes_nothing(self, analysis: Analysis, *, split: bool) -> bool:
        """Whether the output would be the input: a plain JSONL file with nothing to mend, and no name asked for."""
        table = self.tables[0]
        return (
            len(self.tables) == 1
            and table.format == "jsonl"
            and table.details.get("encoding", "utf-8") == "utf-8"
            and "compression" not in table.details
            and table.name != "-"
            and self.options.output is None
            and not split
            and not analysis.rejected
            and not any(verdict.accepted for verdict in analysis.verdicts.values())
            and self.layout.to == self.layout.shape
            and (self.layout.keeps_rows or (self.layout.prompt, self.layout.completion) == ("prompt", "completion"))
        )

    def write(self, analysis: Analysis, *, split: bool) -> Report:
        """Write the files; raises OutputError. A file that needs no change is not written again, and nothing is while
        rows are left that cannot be converted."""
        if analysis.undecided:
            return self.report(analysis)
        fates = self._fates(analysis)
        if self.changes_nothing(analysis, split=split):
            return self.report(analysis, tokens=self._count(analysis, fates))
        outputs, tokens = write_files(self, analysis, fates, split=split)
        return self.report(analysis, outputs=outputs, tokens=tokens)


def prepare(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    valid_file: str | os.PathLike[str] | None = None,
    shape: Shape | None = None,
    from_: str | None = None,
    to: Shape | None = None,
    system: str | None = None,
    prompt_column: str | None = None,
    completion_column: str | None = None,
    prompt_template: str | None = None,
    completion_template: str | None = None,
    format: str | None = None,  # noqa: A002 - the word the user knows
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    skip_bad_rows: bool = False,
    model: str | None = None,
    graded: Sequence[str] = (),
    limits: Limits = DEFAULT,
    yes: bool = False,
    fix: Sequence[str] = (),
    no_fix: Sequence[str] = (),
    split: bool | None = None,
    valid_fraction: float | None = None,
    valid_size: int | None = None,
    seed: int = 42,
    check: bool = False,
    processes: int | None = None,
    tokens: Mode = "auto",
    progress: Progress | None = None,
) -> Report:
    """Check a file of examples, mend it, split it and write it as JSONL; the options are those of `prepare_data`.

    Never prints, asks or exits. Required fixes are always applied, recommended ones with `yes`, single ones with
    `fix` and `no_fix`. With `check` nothing is written. The inputs are never changed, and no file is overwritten
    unless `overwrite` says so. Tokens are counted where their vocabulary is on this machine; nothing is fetched.

    Raises:
        DataError: the data cannot be read or used.
        OutputError: the result cannot be written.
        UsageError: options that make no sense.
    """
    if check and output is not None:
        raise UsageError("a check writes nothing: leave `output` out")
    if output is not None and os.fspath(output) == "-":
        raise UsageError("standard output belongs to the caller: name a file")
    options = Options(
        output=None if output is None else Path(output),
        overwrite=overwrite,
        check_only=check,
        shape=shape,
        from_=from_,
        to=to,
        system=system,
        graded=tuple(graded),
        limits=limits,
        mapping=Mapping(prompt_column, completion_column, prompt_template, completion_template),
        read=ReadOptions(format, encoding, delimiter, sheet, skip_bad_rows),
        model=model,
        fix=tuple(fix),
        no_fix=tuple(no_fix),
        split=SplitOptions(split, valid_fraction, valid_size, seed),
        processes=processes,
        tokens=tokens,
    )
    listed = [files] if isinstance(files, str | os.PathLike) else list(files)
    with Preparation(listed, options, valid_file, progress) as work:
        analysis = work.analyse(work.policy(yes))
        if check:
            return work.checked(analysis)
        return work.write(analysis, split=work.split_wanted(analysis, yes))


#: What `prepare` takes for writing, which says nothing to a check.
_OF_WRITING = ("output", "overwrite", "yes", "fix", "no_fix", "split", "valid_fraction", "valid_size", "seed", "check")


def check(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    **options: Any,
) -> Report:
    """What `prepare` finds in a file of examples; nothing is written. The options are its own, less those of writing.

    `report.needs_work` says whether there is anything to mend. Raises DataError and UsageError as `prepare` does,
    TypeError for an option that is not there.
    """
    for name in options:
        if name in _OF_WRITING:
            raise TypeError(f"check() writes nothing, and takes no `{name}`")
    return prepare(files, check=True, **options)
