"""One row before and after a fix, to show what the fix does."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from fttool.dataset.analysis import Analysis
from fttool.dataset.checks.base import Verdict
from fttool.dataset.examples import Failures, read_pairs, read_rows
from fttool.dataset.formats.base import Block
from fttool.dataset.steps import apply_steps, change_rows
from fttool.dataset.texts import show
from fttool.dataset.values import encode_object
from fttool.records.dataset import Sample

if TYPE_CHECKING:
    from fttool.dataset.prepare import Preparation

_WIDTH = 100

#: Rows looked at for one that a fix changes.
_LOOK_AT = 200


def make_sample(work: Preparation, analysis: Analysis, verdict: Verdict) -> Sample | None:
    """A real row that the fix changes or removes, cut to a readable width; None where there is none to show."""
    first = verdict.rows[0] if verdict.rows else 0
    found = _find(work, first)
    if found is None:
        return None
    block, at = found
    layout = analysis.spec.layout
    failed: Failures = {}
    row = read_rows(block, layout, failed)[at]
    if at in failed:
        return _row_sample(read_rows(block)[at], verdict)
    if layout.keeps_rows:
        return _row_sample(row, verdict)
    pairs = read_pairs(block, layout)
    stop = at + 1 if verdict.rows else at + _LOOK_AT
    steps = () if set(verdict.steps) & set(analysis.spec.steps) else analysis.spec.steps
    before = apply_steps(steps, list(pairs.prompts[at:stop]), list(pairs.completions[at:stop]))
    if verdict.drops:
        return Sample(_shown(before[0][0], before[1][0]), "(removed)")
    return _changed(before, verdict)


def _row_sample(row: dict[str, Any], verdict: Verdict) -> Sample:
    """The part of a row that the fix changes; of one that goes, the beginning."""
    before = encode_object(row).decode()
    if verdict.drops:
        return Sample(show(before, _WIDTH), "(removed)")
    after = encode_object(change_rows(verdict.steps, [row])[0]).decode()
    shared = len(os.path.commonprefix([before, after]))  # noqa: RUF071 - characters are meant
    start = max(0, shared - _WIDTH // 3)
    lead = "…" if start else ""
    return Sample(
        lead + show(before[start : start + _WIDTH], _WIDTH), lead + show(after[start : start + _WIDTH], _WIDTH)
    )


def _changed(before: tuple[list[str], list[str]], verdict: Verdict) -> Sample | None:
    """The first of some rows that the fix changes."""
    after = apply_steps(verdict.steps, *before)
    for old, new in zip(zip(*before, strict=True), zip(*after, strict=True), strict=True):
        if old != new:
            return Sample(_shown(*old), _shown(*new))
    return None


def _find(work: Preparation, position: int) -> tuple[Block, int] | None:
    """The block that holds a row, read again, and the place of the row in it."""
    passed = 0
    for spool in work.runner.spools:
        for block in spool.blocks():
            if position < passed + len(block.lines):
                return block, position - passed
            passed += len(block.lines)
    return None


def _shown(prompt: str, completion: str) -> str:
    half = _WIDTH // 2
    return f"`{show(prompt, half)}` → `{show(completion, half)}`"
