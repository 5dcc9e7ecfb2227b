from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from fttool.dataset.formats import FORMATS, open_table
from fttool.errors import DataError, UsageError

CSV = b"prompt,completion\na,b\nc,d\n"


def test_formats_are_all_there():
    assert set(FORMATS) == {"csv", "tsv", "xlsx", "json", "jsonl", "txt", "parquet"}


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", '{"prompt":"a"}\n{"prompt":"b"}\n', "jsonl"),
        ("a.txt", '{"prompt":"a"}\n', "json"),
        ("a.txt", "not json\n{}\n", "txt"),
        ("a.txt", '{"prompt":"a"}\n{bad}\n{"prompt":"b"}\n', "jsonl"),
        ("a.txt", '{bad}\n{"prompt":"a"}\n{"prompt":"b"}\n', "jsonl"),
        ("a.txt", "{curly} text\nof any kind\n", "txt"),
        ("a.txt", "[INST] hello\n", "txt"),
        ("a.txt", "Prompt\tCompletion\na\tb\n", "tsv"),
        ("a.txt", "one, two\nthree, four\n", "txt"),
        ("a.csv", '[\n  {"prompt": "a"}\n]', "json"),
        ("a.csv", '{"prompt":"a"}\n{"prompt":"b"}\n', "jsonl"),
        ("a.jsonl", "prompt,completion\na,b\n", "csv"),
        ("a.jsonl", '{\n  "prompt": "a"\n}', "json"),
        ("a.json", '{"prompt":"a"}\n\n{"prompt":"b"}', "jsonl"),
        ("a.xlsx", "prompt;completion\na;b\n", "csv"),
        ("data", "prompt,completion\na,b\n", "csv"),
        ("data", "hello\nworld\n", "txt"),
        ("data", '{"p":1}\n{"p":2}\n', "jsonl"),
        ("data.ndjson", '{"p":1}\n', "jsonl"),
    ],
)
def test_content_decides(files, name, data, kind):
    try:
        table = files.table(name, data)
    except DataError as error:
        assert "{bad}" in data and error.line is not None
        return
    assert table.format == kind
    named = {".txt": "txt", ".csv": "csv", ".jsonl": "jsonl", ".json": "json", ".xlsx": "xlsx"}.get(Path(name).suffix)
    assert any("holds" in note for note in table.notes) == (named not in (None, kind))


def test_format_by_option(files):
    assert files.table("a.csv", CSV, format="txt").format == "txt"
    assert files.table("a.csv", CSV, format="tsv").format == "csv"  # what separates the columns still decides
    error = files.error("a.csv", CSV, format="jsn")
    assert isinstance(error, UsageError) and "`json`" in error.hint
    assert "damaged" in str(files.error("a.csv", CSV, format="xlsx"))


def test_text(files):
    table = files.table("a.txt", "\ufeffhello, world\r\n\r\n  \n ünd \n")
    assert table.columns == ["prompt", "completion"] and table.format == "txt"
    assert files.columns("a.txt") == {"prompt": ["", ""], "completion": ["hello, world", " ünd "]}
    assert files.lines("a.txt") == [1, 4]
    error = files.error("a.txt", b"good\nb\xe4d\n")
    assert (error.line, error.offset) == (2, 6)


def test_text_with_an_endless_line(files, monkeypatch, small_blocks):
    monkeypatch.setattr("fttool.dataset.formats.base.MAX_LINE_BYTES", 1000)
    small_blocks(100)
    assert files.error("a.txt", "x\n" + "y" * 5000).line == 2


@pytest.mark.parametrize("size", [3, 512 * 1024])
def test_packed(files, small_blocks, size):
    small_blocks(size)
    expected = {"prompt": ["a", "c"], "completion": ["b", "d"]}
    assert files.columns("a.csv.gz", gzip.compress(CSV)) == expected
    assert files.columns("a.csv.gz", gzip.compress(CSV[:10]) + gzip.compress(CSV[10:])) == expected
    packed = zstandard.compress(CSV[:10]) + zstandard.compress(CSV[10:])
    table = files.table("a.csv.zst", packed)
    assert files.columns("a.csv.zst") == expected and table.details["compression"] == "zstd"
    assert sum(block.size for block in table.blocks()) == table.size == len(packed)
    assert files.table("a.jsonl.gz", gzip.compress(b'{"p":1}\n')).spans() is None
    assert files.columns("a.csv.gz", gzip.compress(CSV.decode().encode("utf-16"))) == expected


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_and_cut(files, pack):
    data = pack(b"prompt,completion\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(5000)))
    error = files.error("a.csv.x", data[:-20])
    assert "cut short" in str(error) and error.hint
    assert files.error("a.csv.x", data[:40] + b"xxxxxxxxxxxxxxxx" + data[56:]).exit_code == 3


def test_bomb_of_one_line_stays_small(files, monkeypatch):
    monkeypatch.setattr("fttool.dataset.formats.base.MAX_LINE_BYTES", 1024 * 1024)
    for pack in (gzip.compress, zstandard.compress):
        for name in ("a.txt.x", "a.jsonl.x", "a.csv.x"):
            assert "line longer than" in str(files.error(name, pack(b"x" * 20_000_000), format=name[2:-2]))


def test_unpacking_is_bounded(files, monkeypatch):
    monkeypatch.setattr("fttool.dataset.formats.source.MAX_UNPACKED_BYTES", 1000)
    assert "unpacks to more" in str(files.error("a.xlsx.gz", gzip.compress(b"PK\x03\x04" + bytes(5000))))


def test_missing_and_folders(files, tmp_path):
    files.write("people.csv", CSV)
    error = files.error("peple.csv")
    assert "no such file" in str(error) and "people.csv" in error.hint and error.exit_code == 3
    assert "people.csv" in files.error("people.jsonl").hint
    assert "no folder" in files.error("nowhere/people.csv").hint
    with pytest.raises(DataError, match="is a folder") as caught:
        open_table(tmp_path)
    assert "people.csv" in caught.value.hint
    with pytest.raises(DataError):
        open_table("a\0b")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_permission(files):
    Path(files.write("a.csv", CSV)).chmod(0)
    assert "permission denied" in str(files.error("a.csv"))


def test_standard_input(monkeypatch):
    class Stdin:
        buffer = io.BytesIO(CSV)

    monkeypatch.setattr(sys, "stdin", Stdin)
    table = open_table("-")
    assert (table.name, table.format, table.size) == ("-", "csv", len(CSV))
    assert len(list(table.blocks())) == len(list(table.blocks())) == 1
    temporary = table.text.source.path  # type: ignore[attr-defined]
    assert Path(temporary).exists()


def test_standard_input_is_cleaned_up(tmp_path):
    code = "from fttool.dataset.formats import open_table as o; t=o('-'); print(t.text.source.path, t.columns)"
    done = subprocess.run([sys.executable, "-c", code], input=CSV, capture_output=True, check=True)
    path = done.stdout.decode().split()[0]
    assert "fttool-" in path and not Path(path).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = subprocess.Popen([sys.executable, "-c", f"open({str(pipe)!r}, 'wb').write({CSV!r})"])
    assert open_table(pipe).columns == ["prompt", "completion"]
    assert writer.wait() == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"SQLite format 3\x00", "SQLite"),
        ("prompt,completion\nä,b\n".encode("utf-16-be"), "UTF-16"),
        ("prompt,completion\nä,b\n".encode("utf-32"), "UTF-32"),
        (bytes(range(128, 256)), "not valid UTF-8"),
    ],
)
def test_foreign(files, data, words):
    error = files.error("a.csv", data)
    assert words in str(error) and error.exit_code == 3


def test_changed_between_two_passes(files):
    table = files.table("a.csv", CSV)
    files.write("a.csv", CSV + b"e,f\n")
    with pytest.raises(DataError, match="changed"):
        list(table.blocks())


def test_encodings(files):
    data = "prompt;completion\n„Grüße“;日本\n"
    for codec in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"):
        options = {} if codec in ("utf-8-sig", "utf-16") else {"encoding": codec}
        assert files.columns("a.csv", data.encode(codec), **options) == {"prompt": ["„Grüße“"], "completion": ["日本"]}
    error = files.error("a.csv", data.encode("utf-16") + b"\x00", encoding=None)
    assert error.offset == len(data.encode("utf-16")) and error.line == 3
    assert "shift_jis" in str(files.error("a.csv", data.encode(), encoding="shift_jis"))
    for name in ("no-such", "hex", "rot13", "idna", "raw_unicode_escape", "\0"):
        assert isinstance(files.error("a.csv", CSV, encoding=name), UsageError)


def test_parquet(files):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(
        {
            "p": ["a", None, "ü"],
            "n": pandas.array([2**53 + 1, None, 3], dtype="Int64"),
            "m": [[{"role": "user"}], None, []],
        }
    )
    frame.to_parquet(files.folder / "a.parquet")
    table = files.table("a.parquet")
    expected = {"p": ["a", None, "ü"], "n": [2**53 + 1, None, 3], "m": [[{"role": "user"}], None, []]}
    assert table.format == "parquet" and files.columns("a.parquet") == expected
    data = (files.folder / "a.parquet").read_bytes()
    assert files.columns("a.parquet.gz", gzip.compress(data)) == expected
    assert "not a whole Parquet" in str(files.error("b.parquet", data[:-30]))
    frame[:0].to_parquet(files.folder / "c.parquet")
    assert "holds no examples" in str(files.error("c.parquet"))


def test_parquet_without_pyarrow(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    error = files.error("a.parquet", b"PAR1" + bytes(20))
    assert isinstance(error, UsageError) and "pip install pyarrow" in str(error.hint)


def test_nothing_heavy_is_imported():
    heavy = "pandas pyarrow openpyxl python_calamine ijson zstandard numpy"
    code = f"import sys, fttool.dataset.formats; print([m for m in {heavy.split()!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"
