"""Rows of any JSON: no traceback, fixes that are done once, and no error that writing brings about."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttool import DataError, Report, prepare
from fttool.cli import main
from fttool.dataset.checks import BY_ID
from fttool.errors import EXIT_BAD_RESULT, EXIT_OK
from fttool.rules import RULES, faults

from .helpers import Row, chat, write_jsonl
from .rows import SHAPES, VALID, changed_rows, json_values, random_rows, rows_of
from .strategies import folder

some = settings(max_examples=30, deadline=None)
many = settings(max_examples=120, deadline=None)

shapes = pytest.mark.parametrize("shape", SHAPES)


def run(*args: str) -> tuple[int, str, str]:
    """The command line, with standard streams that hold UTF-8 only."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(args)
    said = []
    for stream in (out, err):
        stream.flush()
        said.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return code, said[0], said[1]


@shapes
@many
@given(data=st.data())
def test_rules_never_raise(shape: str, data: st.DataObject) -> None:
    row = data.draw(changed_rows(shape) | random_rows)
    for fault in faults(row, shape):
        assert fault.rule in RULES
        assert shape in RULES[fault.rule].shapes
        assert fault.message


@some
@given(row=st.dictionaries(st.text(max_size=3), json_values), shape=st.sampled_from(SHAPES))
def test_rows_of_other_shapes_have_faults(row: Row, shape: str) -> None:
    assert list(faults(row, shape))


@shapes
@some
@given(data=st.data())
def test_the_command_line_never_ends_in_a_traceback(shape: str, data: st.DataObject) -> None:
    rows = data.draw(rows_of(shape))
    with folder() as place:
        path = str(write_jsonl(place / "a.jsonl", rows))
        options = data.draw(st.sampled_from([(), ("--shape", shape), ("--shape", shape, "--json")]))
        code, out, err = run("prepare_data", path, "-y", *options, "-o", str(place / "b.jsonl"))
        assert code in (EXIT_OK, EXIT_BAD_RESULT, DataError.exit_code), err
        assert "Traceback" not in out + err
        if "--json" in options and code != DataError.exit_code:
            assert json.loads(out)["shape"] == shape


def prepared(rows: list[Any], place: Path, name: str, **options: Any) -> Report | None:
    """A file prepared; None if nothing in it can be used."""
    try:
        return prepare(
            write_jsonl(place / f"{name}.jsonl", rows), split=False, output=place / f"{name}_out.jsonl", **options
        )
    except DataError:
        return None


def again(place: Path, name: str, shape: Any) -> Report:
    return prepare(place / f"{name}_out.jsonl", split=False, yes=True, shape=shape, check=True)


@pytest.mark.parametrize("shape", SHAPES[1:])
@some
@given(data=st.data())
def test_fixes_are_done_once(shape: Any, data: st.DataObject) -> None:
    rows = data.draw(rows_of(shape))
    with folder() as place:
        first = prepared(rows, place, "a", yes=True, shape=shape)
        if first is None:
            return
        second = again(place, "a", shape)
        assert [one.id for one in second.findings if one.fix and one.fix.applied] == []
        assert {one.id for one in second.errors} <= {one.id for one in first.errors}


@pytest.mark.parametrize("shape", SHAPES[1:])
@some
@given(data=st.data())
def test_all_fixes_leave_nothing_to_mend(shape: Any, data: st.DataObject) -> None:
    rows = data.draw(rows_of(shape))
    with folder() as place:
        told = prepared(rows, place, "a", shape=shape)
        if told is None:
            return
        fixes = [one.id for one in told.findings if one.fix and BY_ID[one.id].shapes]
        first = prepared(rows, place, "b", shape=shape, fix=fixes)
        if first is None:
            return
        second = again(place, "b", shape)
        assert [one.id for one in second.findings if one.fix and one.id in fixes] == []
        assert second.errors == []


@shapes
def test_valid_rows_are_silent(shape: str) -> None:
    for row in VALID[shape]:
        assert list(faults(row, shape)) == []


@pytest.mark.parametrize("depth", [10, 100, 400, 2_000, 100_000])
@pytest.mark.parametrize("hole", ["content", "arguments", "parameters", "key", "text"])
def test_deep_nesting(hole: str, depth: int, place: Path) -> None:
    row = json.dumps(VALID["chat"][2])
    deep = "[" * depth + "]" * depth
    filled = {
        "content": row.replace('"Be brief."', deep),
        "arguments": row.replace('"{\\"city\\": \\"Oslo\\"}"', deep),
        "parameters": row.replace('{"type": "string"}', f'{{"enum": {deep}}}'),
        "key": row[:-1] + f', "more": {deep}}}',
        "text": row.replace("Oslo", f'Oslo\\", \\"days\\": {deep}, \\"x\\": \\"'),
    }[hole]
    assert filled != row
    good = json.dumps(chat(("user", "Hi"), ("assistant", "Hello!")))
    (place / "a.jsonl").write_text(f"{good}\n{filled}\n")
    code, out, err = run("prepare_data", "a.jsonl", "-y")
    assert code in (EXIT_OK, EXIT_BAD_RESULT, DataError.exit_code), err
    assert "Traceback" not in out + err
    assert "line 2" in out or "a.jsonl:2" in err or code == EXIT_OK
