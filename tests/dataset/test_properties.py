"""What always holds of prepare, whatever the data."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fttool import DataError, prepare
from fttool.dataset import parallel
from fttool.dataset.formats import base

from .helpers import Row, dropped_rows, pair, read_jsonl, write_csv, written_pairs
from .strategies import (
    any_text,
    few,
    folder,
    odd_rows,
    odd_text_of_pieces,
    pairs,
    prepared,
    quick,
    text_of_pieces,
    with_repeats,
)


def texts_kept(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row["prompt"], row["completion"]) for row in rows if row["completion"].strip()]


@quick
@given(pairs(any_text))
def test_jsonl_in_and_out_gives_the_same_examples(rows: list[Row]) -> None:
    with folder() as place:
        report = prepared(rows, place, output=place / "out.jsonl")
        assert written_pairs(report) == texts_kept(rows)
        again = prepare(place / "out.jsonl", output=place / "again.jsonl")
        assert written_pairs(again) == texts_kept(rows)


@quick
@given(pairs(st.text(max_size=20) | text_of_pieces))
def test_csv_in_and_out_gives_the_same_examples(rows: list[Row]) -> None:
    # Before 3.11 the csv module cannot write NUL.
    assume(sys.version_info >= (3, 11) or not any("\0" in text for row in rows for text in row.values()))
    kept = texts_kept(rows)
    assume(kept)
    with folder() as place:
        path = write_csv(place / "a.csv", rows)
        report = prepare(path, delimiter=",")
        assert written_pairs(report) == kept


@quick
@given(pairs(any_text), st.none() | any_text)
def test_chats_in_and_out_give_the_same_examples(rows: list[Row], system: str | None) -> None:
    ends = {"prompt-separator", "stop-sequence", "leading-space"}
    with folder() as place:
        chats = prepared(rows, place, to="chat", system=system, output=place / "chats.jsonl")
        assume(not ends & set(chats.applied))
        back = prepare(place / "chats.jsonl", to="completion", system=system, output=place / "back.jsonl")
        assert written_pairs(back) == texts_kept(rows)


def bad_lines(lines: list[str], bad: list[tuple[int, str]]) -> list[str]:
    for at, line in bad:
        lines.insert(1 + at % len(lines), line)
    return lines


@quick
@given(
    odd_rows, st.booleans(), st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["{", "[1]", "nul", "{'a':1}"])))
)
def test_no_row_is_lost_unreported(rows: list[Row], yes: bool, bad: list[tuple[int, str]]) -> None:
    lines = bad_lines([json.dumps(row) for row in rows], bad)
    with folder() as place:
        path = place / "a.jsonl"
        path.write_text("\n".join(lines))
        try:
            report = prepare(path, yes=yes, skip_bad_rows=True, processes=1, output=place / "out.jsonl")
        except DataError as error:
            assume("nothing to learn from" not in error.message)
            raise
        assert report.rejected == len(bad)
        assert report.read == len(rows)
        assert report.examples == report.read - len(dropped_rows(report))
        sizes = {output.role: output.examples for output in report.outputs}
        assert sizes.pop("rejected", 0) == len(bad)
        assert sum(sizes.values()) == report.examples
        assert all(len(read_jsonl(output.path)) == output.examples for output in report.outputs)


def everything(path: Path, **options: Any) -> tuple[dict[str, Any], list[bytes]]:
    """The report and all that was written."""
    report = prepare(path, yes=True, overwrite=True, output=path.parent / "out.jsonl", **options)
    return report.to_dict(), [Path(output.path).read_bytes() for output in report.outputs]


@quick
@given(odd_rows, st.sampled_from([16, 64, 300]))
def test_the_size_of_blocks_changes_nothing(rows: list[Row], size: int) -> None:
    with folder() as place, pytest.MonkeyPatch.context() as patch:
        prepared(rows, place, check=True)
        path = place / "a.jsonl"
        whole = everything(path, processes=1)
        patch.setattr(base, "BLOCK_BYTES", size)
        assert everything(path, processes=1) == whole


@few
@given(odd_rows, st.sampled_from(["jsonl", "csv", "json"]))
@example([pair(f"question {number}", f"reply {number % 7}") for number in range(60)], "jsonl")
@example([pair(f"question {number}", f"reply {number % 7}") for number in range(60)], "csv")
def test_the_number_of_processes_changes_nothing(rows: list[Row], kind: str) -> None:
    with folder() as place, pytest.MonkeyPatch.context() as patch:
        prepared(rows, place, check=True)
        path = place / f"a.{kind}"
        if kind == "json":
            path.write_text(json.dumps(rows))
        elif kind == "csv":
            path = prepared_as_csv(rows, path)
        whole = everything(path, processes=1)
        patch.setattr(base, "BLOCK_BYTES", 100)
        patch.setattr(parallel, "PARALLEL_BYTES", 0)
        patch.setattr(parallel, "_PARALLEL_BYTES", {})
        assert everything(path, processes=2) == whole


def prepared_as_csv(rows: list[Row], path: Path) -> Path:
    """The rows that a CSV file can hold."""
    texts = [row for row in rows if all(isinstance(row.get(name), str) for name in ("prompt", "completion"))]
    texts = [row for row in texts if "".join(row.values()).isprintable() and row["completion"].strip()]
    assume(texts)
    return write_csv(path, texts)


@pytest.mark.parametrize("kind", [odd_text_of_pieces, any_text])
def test_odd_texts_never_end_in_a_bug(kind: st.SearchStrategy[str]) -> None:
    @quick
    @given(with_repeats(pairs(kind)), st.sampled_from(["chat", "completion"]))
    def check(rows: list[Row], to: Any) -> None:
        with folder() as place:
            prepared(rows, place, yes=True, to=to)

    check()
