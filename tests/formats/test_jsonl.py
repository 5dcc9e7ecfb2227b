from __future__ import annotations

import json
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.dataset.formats import Span, open_table
from fttool.dataset.formats.base import MISSING


def test_plain(files):
    table = files.table("a.jsonl", '{"prompt":"a","completion":"b"}\r\n{"prompt":"c","completion":"d"}')
    assert (table.format, table.columns, table.notes) == ("jsonl", ["prompt", "completion"], [])
    assert files.columns("a.jsonl") == {"prompt": ["a", "c"], "completion": ["b", "d"]}
    assert sum(block.size for block in table.blocks()) == table.size


def test_values_stay_what_they_are(files):
    columns = files.columns("a.jsonl", '{"a":9007199254740993,"b":1.10,"c":123456789012345678901,"d":true,"e":null}\n')
    assert columns == {"a": [2**53 + 1], "b": [Decimal("1.10")], "c": [123456789012345678901], "d": [True], "e": [None]}
    assert str(columns["b"][0]) == "1.10"


def test_missing_and_new_keys(files):
    data = '{"p":1}\n\n{"p":2,"x":null}\n{"y":[1,{"z":2}]}\n'
    assert files.columns("a.jsonl", data) == {
        "p": [1, 2, MISSING],
        "x": [MISSING, None, MISSING],
        "y": [MISSING, MISSING, [1, {"z": 2}]],
    }
    assert files.lines("a.jsonl") == [1, 3, 4]


def test_odd_column_names(files):
    assert files.columns("a.jsonl", '{"":1,"class":2,"a b":3}\n' * 2) == {"": [1, 1], "class": [2, 2], "a b": [3, 3]}


def test_lone_surrogates_are_handed_on(files):
    assert files.columns("a.jsonl", '{"p":"a"}\n{"p":"\\ud800 x"}\n')["p"] == ["a", "\ud800 x"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"p":', "not valid JSON"),
        ("{'p': 1}", "double quotes"),
        ("[1]", "a list, not a JSON object"),
        ('"x"', "text, not"),
        ("3", "a number, not"),
        ("null", "null, not"),
        ('{"p":NaN}', "NaN is not a JSON value"),
        ('{"p":-Infinity}', "-Infinity is not"),
        ('{"p":1} {"p":2}', "Extra data"),
        ('{"p":1e99999999999999999999}', "too large"),
        ('{"p":' + "9" * 6000 + "}", "too large"),
        ('{"p":' + "[" * 100_000, "too deeply"),
        ('{"p":"a\tb"}', "control character"),
    ],
)
def test_bad_lines(files, line, words):
    data = '{"p":"a"}\n\n' + line + '\n{"p":"b"}\n'
    error = files.error("a.jsonl", data)
    assert words in f"{error} {error.hint}" and error.line == 3 and error.file.endswith("a.jsonl")
    assert files.columns("a.jsonl", skip_bad=True) == {"p": ["a", "b"]}
    assert [line for line, _ in files.bad("a.jsonl")] == [3]


def test_error_shows_the_text_around_it(files):
    error = files.error("a.jsonl", '{"prompt": "a"}\n{"prompt": "b" "completion": "c"}\n')
    assert error.column == 16 and '"b" "completion"' in error.message


def test_bad_bytes(files):
    error = files.error("a.jsonl", b'{"p":"\xc3\xa4"}\n{"p":"\xe4"}\n')
    assert (error.line, error.offset) == (2, 17) and "--encoding" in error.hint
    assert files.columns("a.jsonl", b'{"p":"\xe4"}\n', encoding="cp1252") == {"p": ["ä"]}


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(files, codec):
    table = files.table("a.jsonl", '{"p":"ä"}\n{"p":"🙂"}\n'.encode(codec))
    assert "BOM" in table.details["encoding"]
    assert files.columns("a.jsonl") == {"p": ["ä", "🙂"]}


def test_no_examples(files):
    for data in ("", "\n \n", "{}\n{}\n"):
        assert "holds no examples" in str(files.error("a.jsonl", data))


def test_too_many_keys(files, monkeypatch):
    wide = json.dumps({str(number): 1 for number in range(100_000)})
    assert "100,000 columns" in str(files.error("a.jsonl", wide + "\n"))
    monkeypatch.setattr("fttool.dataset.formats.objects._MAX_CELLS", 1000)
    assert "share hardly any" in str(files.error("b.jsonl", "".join(f'{{"{n}":1}}\n' for n in range(50))))


def test_endless_line(files, monkeypatch, small_blocks):
    monkeypatch.setattr("fttool.dataset.formats.base.MAX_LINE_BYTES", 1000)
    small_blocks(100)
    error = files.error("a.jsonl", '{"p":1}\n{"p":"' + "x" * 5000 + '"}\n')
    assert error.line == 2 and "line longer than" in error.message


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 64, 1000])
def test_spans_cover_every_line_once(files, small_blocks, start, size):
    small_blocks(size)
    lines = [json.dumps({"p": "ä🙂" * (n % 9), "n": n}, ensure_ascii=False) for n in range(30)]
    lines[5] = lines[6] = lines[20] = ""
    path = files.write("a.jsonl", start + "\n".join(lines).encode())
    table = pickle.loads(pickle.dumps(open_table(path)))
    spans = table.spans()
    assert (spans[0].start, spans[-1].stop) == (len(start), table.size)
    found, base = [], 0
    for span in spans:
        block = table.read(span)
        found += [(base + line, n) for line, n in zip(block.lines, block.columns["n"], strict=True)]
        base += block.line_count
    expected = [(n + 1, n) for n in range(30) if n not in (5, 6, 20)]
    assert found == expected
    assert [line for block in table.blocks() for line in block.lines] == [line for line, _ in expected]


def test_span_errors_count_from_the_span(files):
    table = files.table("a.jsonl", '{"p":1}\n{"p":2}\n{"p":\n', skip_bad=True)
    block = table.read(Span(9, table.size))
    assert [bad.line for bad in block.bad] == [1] and block.line_count == 1


def test_no_spans_when_packed_or_recoded(files):
    assert files.table("a.jsonl", '{"p":1}\n'.encode("utf-16")).spans() is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.text(max_size=3), values, min_size=1, max_size=4), min_size=1), st.booleans())
def test_any_rows_come_back(tmp_path_factory, rows, ascii_only):
    path = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    text = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)
    path.write_bytes(text.encode("utf-8"))
    (block,) = open_table(path).blocks()
    got = [
        {name: values[at] for name, values in block.columns.items() if values[at] is not MISSING}
        for at in range(len(rows))
    ]
    assert got == rows
