"""The second pass: change, split and encode every block, and publish the files when all is well."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fttool.dataset.blocks import GONE, VALID, Encoded, count_block, encode_block, encode_lines
from fttool.dataset.counting import Counting, Tokens
from fttool.dataset.output import Draft, check_target, free_names, named, stem_of
from fttool.dataset.parallel import Done
from fttool.dataset.split import assign
from fttool.errors import DataError, OutputError
from fttool.records.dataset import OutputFile

if TYPE_CHECKING:
    from fttool.dataset.analysis import Analysis
    from fttool.dataset.prepare import Preparation


class RejectedRow(msgspec.Struct):
    """A line of the file of rejected rows."""

    file: str
    line: int
    reason: str
    text: str


def write_files(
    work: Preparation, analysis: Analysis, fates: bytearray, *, split: bool
) -> tuple[list[OutputFile], Tokens | None]:
    """Write what `fates` says of each row; returns the files in the order training, validation, rejected; and tokens.

    Raises:
        OutputError: a file cannot be written, or its name is taken; then none appears.
        DataError: the input changed since it was profiled.
    """
    if split:
        _split(work, analysis, fates)
    has_valid = VALID in fates
    roles = ["training", "validation"] if has_valid else ["training"]
    endings = ["prepared_train", "prepared_valid"] if has_valid else ["prepared"]
    stem = stem_of(work.files[0])
    output = work.options.output
    paths = free_names(stem, endings) if output is None else named(output, endings)
    for path in paths if output is not None else ():
        check_target(path, work.tables, overwrite=work.options.overwrite)
    with contextlib.ExitStack() as stack:
        drafts = [stack.enter_context(Draft(path.parent)) for path in paths]
        tokens = _write_rows(work, analysis, fates, drafts)
        if analysis.rejected:
            drafts.append(stack.enter_context(Draft(paths[0].parent)))
            _write_rejected(work, analysis, drafts[-1])
            base = stem if output is None else str(paths[0].with_suffix(""))
            paths, roles = [*paths, *free_names(base, ["rejected"])], [*roles, "rejected"]
        for draft in drafts:
            draft.finish()
        _publish(drafts, paths, overwrite=work.options.overwrite)
    files = [
        OutputFile(str(path), role, draft.examples, draft.bytes)  # type: ignore[arg-type]
        for path, role, draft in zip(paths, roles, drafts, strict=True)
    ]
    return files, tokens


def _split(work: Preparation, analysis: Analysis, fates: bytearray) -> None:
    profile = analysis.profile
    stratify = analysis.task == "classification"
    shared = {profile.keys[at] for at in analysis.repeats.conflicts} if stratify else set()
    assign(fates, profile.keys, profile.answers, work.options.split, stratify=stratify, shared=shared)


def count_files(work: Preparation, analysis: Analysis, fates: bytearray, counting: Counting) -> Tokens:
    """The tokens of what `write_files` would write, without a split."""
    tokens = Tokens.none(counting)
    total, read = sum(table.size for table in work.tables), 0
    done: Done[Tokens]
    fixed = (analysis.spec, analysis.late_steps, counting)
    for done in work.runner.run(count_block, fixed, _parts(analysis, fates)):
        tokens.merge(done.result)
        read += done.size
        if work.progress is not None:
            work.progress("counting", read, total, tokens.train.rows + tokens.valid.rows)
    return tokens


def _parts(analysis: Analysis, fates: bytearray) -> Callable[[int], bytes]:
    starts = analysis.places.starts

    def part(number: int) -> bytes:
        if number >= len(starts):
            raise _changed()
        stop = starts[number + 1] if number + 1 < len(starts) else None
        return bytes(fates[starts[number] : stop])

    return part


def _write_rows(work: Preparation, analysis: Analysis, fates: bytearray, drafts: list[Draft]) -> Tokens | None:
    counting = work.counting(analysis)
    tokens = None if counting is None else Tokens.none(counting)
    total, read, rows = sum(table.size for table in work.tables), 0, 0
    done: Done[Encoded]
    fixed = (analysis.spec, analysis.late_steps, counting)
    for done in work.runner.run(encode_block, fixed, _parts(analysis, fates)):
        if tokens is not None and done.result.tokens is not None:
            tokens.merge(done.result.tokens)
        drafts[0].write(done.result.train, done.result.n_train)
        if done.result.n_valid:
            drafts[1].write(done.result.valid, done.result.n_valid)
        read += done.size
        rows += len(done.lines)
        if work.progress is not None:
            work.progress("writing", read, total, rows)
    if rows != len(fates) or sum(draft.examples for draft in drafts) != len(fates) - fates.count(GONE):
        raise _changed()
    return tokens


def _write_rejected(work: Preparation, analysis: Analysis, draft: Draft) -> None:
    rows = [RejectedRow(work.tables[source].name, row.line, row.reason, row.text) for source, row in analysis.rejected]
    draft.write(encode_lines(rows), len(rows))


def _publish(drafts: list[Draft], paths: list[Path], *, overwrite: bool) -> None:
    """Give all files their names; when one fails, those before it go away again."""
    published: list[Path] = []
    try:
        for draft, path in zip(drafts, paths, strict=True):
            draft.publish(path, overwrite=overwrite)
            published.append(path)
    except OutputError:
        if not overwrite:
            for path in published:
                path.unlink(missing_ok=True)
        raise


def _changed() -> DataError:
    return DataError("the input changed while it was being read; nothing was written", hint="run the command again")
