"""What is written comes back, whatever it is and wherever the blocks end; and memory stays flat."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fttool.dataset.formats import base, open_table

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(',;\t"\n\r x', max_size=6)
tables = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=12).filter(
    lambda rows: any("".join(row).strip() for row in rows)
)
sizes = st.sampled_from([1, 2, 3, 5, 11, 100, 512 * 1024])
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
HEADER = ("prompt", "completion", "note")


def read(path, size):
    before, base.BLOCK_BYTES = base.BLOCK_BYTES, size
    try:
        rows = []
        for block in open_table(path).blocks():
            rows += zip(*(block.columns[name] for name in HEADER), strict=True)
        return rows
    finally:
        base.BLOCK_BYTES = before


@quick
@given(rows=tables, size=sizes, delimiter=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n"]))
def test_csv(tmp_path, rows, size, delimiter, end):
    # Before Python 3.11 the csv module cannot write NUL.
    assume(sys.version_info >= (3, 11) or "\0" not in "".join(map("".join, rows)))
    out = io.StringIO()
    # Before Python 3.13 the writer leaves a lone carriage return without the quotes it needs.
    quoting = csv.QUOTE_ALL if any("\r" in value for row in rows for value in row) else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([HEADER, *rows])
    (tmp_path / "a.csv").write_bytes(out.getvalue().encode("utf-8"))
    assert read(tmp_path / "a.csv", size) == rows


@quick
@given(rows=tables, size=sizes, indent=st.none() | st.integers(0, 3), plain=st.booleans())
def test_json(tmp_path, rows, size, indent, plain):
    items = [dict(zip(HEADER, row, strict=True)) for row in rows]
    (tmp_path / "a.json").write_text(json.dumps(items, indent=indent, ensure_ascii=plain), encoding="utf-8")
    assert read(tmp_path / "a.json", size) == rows
    lines = "\n".join(json.dumps(item, ensure_ascii=plain) for item in items)
    (tmp_path / "a.jsonl").write_bytes(lines.encode("utf-16"))
    assert read(tmp_path / "a.jsonl", size) == rows


cell = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff_="))
cells = st.none() | st.booleans() | st.integers(-(10**14), 10**14) | cell.filter(bool)


@settings(quick, max_examples=15)
@given(rows=st.lists(st.tuples(cell.filter(str.strip), cells, cells), min_size=1, max_size=8))
def test_xlsx(tmp_path, rows):
    book = openpyxl.Workbook()
    for row in [HEADER, *rows]:
        book.active.append(row)
        for value in book.active[book.active.max_row]:
            if isinstance(value.value, str):
                value.data_type = "s"
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", 512 * 1024) == rows


@given(data=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.json", "a.jsonl", "a.txt", "a.xlsx", "a"]))
@settings(quick, max_examples=200)
def test_any_bytes_are_read_or_refused(tmp_path, data, name):
    from fttool.errors import FttoolError

    (tmp_path / name).write_bytes(data)
    for encoding in (None, "cp437"):
        try:
            for block in open_table(tmp_path / name, base.ReadOptions(encoding=encoding)).blocks():
                assert len(block.lines) == len(next(iter(block.columns.values())))
        except FttoolError as error:
            assert error.file is not None and error.exit_code == 3


MEMORY = """
import resource, sys
from fttool.dataset.formats import open_table
for block in open_table(sys.argv[1]).blocks(): pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for block in open_table(sys.argv[2]).blocks(): pass
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) // (1024 if sys.platform != "darwin" else 1024 * 1024))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "txt"])
def test_memory_is_flat(tmp_path, kind):
    row = {"prompt": "some text, " * 20, "completion": "more text " * 20}
    line = {"csv": f'"{row["prompt"]}",x\n', "txt": row["prompt"] + "\n"}.get(kind, json.dumps(row) + "\n")
    for name, count in (("small", 5_000), ("large", 60_000)):
        with (tmp_path / f"{name}.{kind}").open("w") as file:
            file.write({"csv": "prompt,completion\n", "json": "["}.get(kind, ""))
            file.write((line + ("," if kind == "json" else "")) * (count - 1) + line)
            file.write("]" if kind == "json" else "")
    command = [sys.executable, "-c", MEMORY, str(tmp_path / f"small.{kind}"), str(tmp_path / f"large.{kind}")]
    grown = int(subprocess.run(command, capture_output=True, check=True).stdout)
    assert grown < 8, f"{grown} MB more for a file of 25 MB than for one of 2 MB"
