"""The questions of `prepare_data`: which columns, which fixes, whether to split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fttool.cli import output, prompts, views
from fttool.dataset.analysis import Analysis
from fttool.dataset.checks import Check
from fttool.dataset.checks.base import Verdict
from fttool.dataset.prepare import Preparation
from fttool.dataset.prepare_options import SPLIT_ID, Options
from fttool.dataset.samples import make_sample
from fttool.errors import MissingColumnError

#: The optional fix without which nothing is written: rows that cannot be converted are left out.
STOPPING = "cannot-convert"


class Quit(Exception):
    """The user wants to stop here."""


def open_inputs(
    files: list[str],
    settings: Options,
    valid_file: Path | None,
    progress: Callable[[str, int, int, int], None],
    *,
    asking: bool,
) -> Preparation:
    """Open the inputs; where a column is missing and someone is there, ask which one it is."""
    while True:
        try:
            return Preparation(files, settings, valid_file, progress)
        except MissingColumnError as error:
            if not asking or not error.columns:
                raise
            output.note(f"There is no column `{error.field}` in {error.file}.")
            taken = (settings.mapping.prompt_column, settings.mapping.completion_column)
            columns = [column for column in error.columns if column not in taken] or error.columns
            default = columns[0] if error.field == "prompt" else columns[-1]
            if len(columns) > 1:
                chosen = prompts.choose(f"Which column holds the {error.field}s?", columns, default)
            else:
                chosen = columns[0]
                output.note(f"The {error.field}s are taken from `{chosen}`, the only one left.")
            column = {f"{error.field}_column": chosen}
            settings = replace(settings, mapping=replace(settings.mapping, **column))


def ask(work: Preparation, suggested: Analysis, bars: views.Bars) -> tuple[Analysis, bool] | None:
    """Ask for each recommended fix, then for the split. None when the user stops.

    `suggested` is the analysis with every recommended fix accepted, whose rows the samples show.
    """
    everything = False

    def answered(one: str, question: str) -> bool:
        nonlocal everything
        if everything:
            return True
        bars.close()
        answer = prompts.ask_fix(question)
        if answer == "quit":
            raise Quit
        everything = answer == "all"
        return answer in ("yes", "all")

    def decide(check: Check, verdict: Verdict) -> bool:
        asked_for = verdict.level == "recommended" or check.id == STOPPING  # else nothing would be written
        wanted = work.asked_for(verdict)
        if check.id in (*work.options.fix, *work.options.no_fix) or wanted or not asked_for:
            return work.named(check.id, wanted)
        if not everything:
            bars.close()
            output.note("")
            output.note(f"{check.id}: {verdict.message}")
            sample = make_sample(work, suggested, verdict)
            for line in views.sample_lines(sample) if sample else ():
                output.note(line)
        return answered(check.id, f"{verdict.action[0].upper()}{verdict.action[1:]}?")

    try:
        analysis = work.analyse(decide)
        split = work.options.split.asked
        if work.split_recommended(analysis) and SPLIT_ID not in work.options.no_fix:
            split = SPLIT_ID in work.options.fix or answered(
                SPLIT_ID, "Hold out a fifth of the examples (at most 1,000) for validation?"
            )
    except Quit:
        output.note("stopped; nothing was written")
        return None
    return analysis, split
