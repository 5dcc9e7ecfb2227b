from __future__ import annotations

import json

import pytest

from fttool.dataset.formats.base import JsonNumber

ROWS = [{"p": f"ä {n} }}, {{", "c": [{"x": n}, {"x": '"p"'}], "n": n} for n in range(40)]
LAYOUTS = {
    "one line": json.dumps(ROWS),
    "tight": json.dumps(ROWS, separators=(",", ":"), ensure_ascii=False),
    "indented": json.dumps(ROWS, indent=2),
    "tabs": json.dumps(ROWS, indent="\t\t\t", ensure_ascii=False),
    "a line each": "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n",
    "crlf": "[\r\n" + ",\r\n".join(map(json.dumps, ROWS)) + "\r\n]\r\n",
    "data": json.dumps({"data": ROWS}),
    "data and more": json.dumps({"data": ROWS, "more": [{"p": 1}, {"p": 2}]}, indent=1),
    "more and data": json.dumps({"version": 1, "data": ROWS}),
    "columns": json.dumps({key: [row[key] for row in ROWS] for key in ("p", "c", "n")}),
    "pandas columns": json.dumps({key: {str(at): row[key] for at, row in enumerate(ROWS)} for key in ("p", "c", "n")}),
    "pandas index": json.dumps({str(at): row for at, row in enumerate(ROWS)}),
    "pandas split": json.dumps(
        {"columns": ["p", "c", "n"], "index": list(range(40)), "data": [list(row.values()) for row in ROWS]}
    ),
}


@pytest.mark.parametrize("size", [5, 64, 300, 512 * 1024])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(files, small_blocks, layout, size):
    small_blocks(size)
    table = files.table("a.json", LAYOUTS[layout])
    assert table.format == "json" and table.columns == ["p", "c", "n"]
    assert files.columns("a.json") == {key: [row[key] for row in ROWS] for key in ("p", "c", "n")}
    assert files.lines("a.json") == list(range(1, 41))


def test_one_example(files):
    assert files.columns("a.json", '{\n"prompt": "a",\n"completion": "b"}') == {"prompt": ["a"], "completion": ["b"]}
    chat = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}
    assert files.columns("a.json", json.dumps(chat)) == {"messages": [chat["messages"]]}


def test_numbers(files):
    columns = files.columns("a.json", '[{"a": 9007199254740993, "b": 0.10}]')
    assert columns["a"] == [2**53 + 1] and str(columns["b"][0]) == "0.10" and type(columns["b"][0]) is JsonNumber


def test_lone_surrogates(files):
    assert files.columns("a.json", '[{"p": "a"}, {"p": "\\ud800"}]')["p"] == ["a", "\ud800"]


def test_json_called_jsonl_and_the_other_way_round(files):
    table = files.table("a.jsonl", '[{"p": 1}]')
    assert table.format == "json" and "holds JSON" in table.notes[0]
    table = files.table("a.json", '{"p": 1}\n{"p": 2}\n')
    assert table.format == "jsonl" and "holds JSONL" in table.notes[0]


@pytest.mark.parametrize(
    ("data", "words", "line"),
    [
        ('[{"p": 1},\n{"p": x}]', "line 2 of the file", 2),
        ('[{"p": 1},\n{"p": 2}', "never closed", 2),
        ('[{"p": 1},\n{"p": "a', "Unterminated string", 2),
        ('[{"p": 1},\n', "cut short", 2),
        ('[{"p": 1} {"p": 2}]', "`,` or `]` is missing", 1),
        ('[{"p": 1}, 7]', "a number, not a JSON object", 2),
        ('[{"p": 1}] x', "text follows the end", None),
        ('[{"p": NaN}]', "NaN is not", 1),
        ("[" * 100_000, "too deeply", 1),
        ('{"p":\n' + "[" * 100_000, "too deeply", 1),
        ('{"a": [1], "b": [1, 2]}', "not equally long", None),
        ('{"a": 1,\n "b": }', "not valid JSON", 2),
        ('"text"', "text, not a JSON object", None),
        ("[]", "holds no examples", None),
        ("[ ]\n", "holds no examples", None),
        ("{}", "holds no examples", None),
        ('{"prompt": []}', "holds no examples", None),
    ],
)
@pytest.mark.parametrize("size", [4, 512 * 1024])
def test_errors(files, small_blocks, data, words, line, size):
    small_blocks(size)
    error = files.error("a.json", data)
    assert words in str(error) and error.line == line and error.exit_code == 3


def test_bad_items_are_set_aside(files):
    assert files.bad("a.json", '[{"p": 1}, 7, [2], {"p": 3}]') == [
        (2, "a number, not a JSON object"),
        (3, "a list, not a JSON object"),
    ]
    assert files.columns("a.json", skip_bad=True) == {"p": [1, 3]}
    assert files.lines("a.json", skip_bad=True) == [1, 4]


def test_bad_bytes(files):
    error = files.error("a.json", b'[{"p": "a"},\n{"p": "\xe4"}]')
    assert (error.line, error.offset) == (2, 20)


def test_endless_item(files, monkeypatch, small_blocks):
    monkeypatch.setattr("fttool.dataset.formats.base.MAX_LINE_BYTES", 1000)
    small_blocks(100)
    assert "item 2 is longer" in str(files.error("a.json", '[{"p":1},{"p":"' + "x" * 5000 + '"}]'))


def test_too_large_for_its_layout(files, monkeypatch):
    monkeypatch.setattr("fttool.dataset.formats.json_document.MAX_WHOLE_BYTES", 100)
    error = files.error("a.json", json.dumps({"p": ["x" * 200]}))
    assert "layout" in error.message and "JSONL" in error.hint
