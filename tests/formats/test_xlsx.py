from __future__ import annotations

import datetime
import gzip
import io
import pickle
import zipfile

import openpyxl
import pytest

from fttool.dataset.formats import open_table


def book(*sheets: list[list[object]], edit=None) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = workbook.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
    if edit:
        edit(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def test_values(files):
    day = datetime.date(2020, 1, 2)
    data = book(
        [
            ["text", "number", "other"],
            ["007", 7, True],
            ["NA", 2.5, day],
            [" x\ny ", 2**53, datetime.datetime(2020, 1, 2, 3, 4, 5)],
            [None, None, None],
            ["€🙂", None, False],
        ]
    )
    table = files.table("a.xlsx", data)
    assert (table.format, table.columns) == ("xlsx", ["text", "number", "other"])
    assert table.details == {"sheet": "Sheet1"} and table.notes == []
    columns = files.columns("a.xlsx")
    assert columns == {
        "text": ["007", "NA", " x\ny ", "€🙂"],
        "number": [7, 2.5, 2**53, None],
        "other": [True, day, datetime.datetime(2020, 1, 2, 3, 4, 5), False],
    }
    assert [type(value) for value in columns["number"][:3]] == [int, float, int]
    assert type(columns["other"][1]) is datetime.date and columns["other"][0] is True
    assert files.lines("a.xlsx") == [2, 3, 4, 6]
    assert sum(block.size for block in table.blocks()) == table.size


def test_pickled_table_reads_the_same(files):
    table = files.table("a.xlsx", book([["p", "c"], ["a", "b"]]))
    before = list(table.blocks())
    assert list(pickle.loads(pickle.dumps(table)).blocks()) == before


def test_table_away_from_the_corner(files):
    def edit(workbook):
        sheet = workbook["Sheet1"]
        for cell, value in {"C5": "p", "D5": "c", "C6": "x", "D7": 7, "D6": 7, "G2": None}.items():
            sheet[cell] = value
        sheet["D7"].number_format = "000"
        sheet["D9"] = "=1+1"

    data = book([], edit=edit)
    assert files.bad("a.xlsx", data) == [(9, "cell D9 holds a formula without a stored value")]
    assert files.columns("a.xlsx", skip_bad=True) == {"p": ["x", None], "c": [7, "007"]}
    assert files.lines("a.xlsx", skip_bad=True) == [6, 7]


def test_sheets(files):
    data = book([["p"], ["one"]], [["p"], ["two"]])
    assert "`Sheet2`" in files.table("a.xlsx", data).notes[0]
    assert files.columns("a.xlsx") == {"p": ["one"]}
    assert files.columns("a.xlsx", sheet="Sheet2") == files.columns("a.xlsx", sheet="2") == {"p": ["two"]}
    assert files.table("a.xlsx", sheet="2").notes == []
    error = files.error("a.xlsx", sheet="Sheet3")
    assert "no sheet `Sheet3`" in str(error) and "`Sheet1`, `Sheet2`" in error.hint


def test_hidden_sheet_is_not_the_first_choice(files):
    def edit(workbook):
        workbook["Sheet1"].sheet_state = "hidden"

    assert files.columns("a.xlsx", book([["p"], ["one"]], [["p"], ["two"]], edit=edit)) == {"p": ["two"]}


def test_errors_and_formulas(files):
    def edit(workbook):
        sheet = workbook["Sheet1"]
        sheet["A3"], sheet["A3"].data_type = "#N/A", "e"
        sheet["B5"] = "=A1&A2"

    rows = [["p", "c"], ["a", "b"], [None, "c"], ["#N/A as text", "d"], ["e", None]]
    error = files.error("a.xlsx", book(rows, edit=edit))
    assert "cell A3 holds the error #N/A" in str(error) and error.line == 3 and error.hint
    assert files.bad("a.xlsx")[1] == (5, "cell B5 holds a formula without a stored value")
    assert files.columns("a.xlsx", skip_bad=True) == {"p": ["a", "#N/A as text"], "c": ["b", "d"]}


def test_nothing_but_formulas_without_values(files):
    error = files.error("a.xlsx", book([["=A2"], ["=A1"]]))
    assert "cell A1 holds a formula without a stored value" in str(error) and error.hint


def test_formula_with_a_stored_value(files):
    data = replace_part(book([["p"], ["=1+1"], ["x"]]), "xl/worksheets/sheet1.xml", b"<v />", b"<v>2</v>", b"<v></v>")
    assert files.columns("a.xlsx", data) == {"p": [2, "x"]}


def test_header(files):
    assert files.columns("a.xlsx", book([["p", None, "c", None], ["a", "b", "c", None]])) == {
        "p": ["a"],
        "column_2": ["b"],
        "c": ["c"],
    }
    assert files.columns("a.xlsx", book([[], [2020, "c"], ["a", "b"]])) == {"2020": ["a"], "c": ["b"]}
    assert "more than once" in str(files.error("a.xlsx", book([["p", "p"], ["a", "b"]])))


@pytest.mark.parametrize("rows", [[], [["p", "c"]], [["p", "c"], [None, " "]]])
def test_nothing_in_it(files, rows):
    assert "holds no examples" in str(files.error("a.xlsx", book(rows)))


def test_many_rows(files):
    rows = [["p", "c"], *([f"text {n}", n] for n in range(2500))]
    columns = files.columns("a.xlsx", book(rows))
    assert columns == {"p": [f"text {n}" for n in range(2500)], "c": list(range(2500))}
    assert files.lines("a.xlsx") == list(range(2, 2502))


def test_lone_cell_in_the_last_corner(files):
    def edit(workbook):
        workbook["Sheet1"]["XFD1048576"] = 1

    error = files.error("a.xlsx", book([["p"], ["a"]], edit=edit))
    assert "XFD1048576" in str(error) and error.hint


@pytest.mark.parametrize("place", [b"XFDX9999", b"xfd1048576", b"A9999999", b"A99999999999"])
def test_made_up_places(files, place):
    data = replace_part(book([["p"], ["a"]]), "xl/worksheets/sheet1.xml", b'r="A2"', b'r="' + place + b'"')
    assert "reaches to cell" in str(files.error("a.xlsx", data))


def test_bombs(files, monkeypatch):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 1_000_000)
    monkeypatch.setattr("fttool.dataset.formats.workbook.RATIO_FROM_BYTES", 10_000)
    assert "no honest spreadsheet" in str(files.error("a.xlsx", out.getvalue()))


def test_size_that_lies(files):
    data = bytearray(book([["p"], ["a" * 5000]]))
    for info in zipfile.ZipFile(io.BytesIO(bytes(data))).infolist():
        if info.filename == "xl/worksheets/sheet1.xml":
            at = data.rfind(info.file_size.to_bytes(4, "little"))
            data[at : at + 4] = (100).to_bytes(4, "little")
    assert "damaged" in str(files.error("a.xlsx", bytes(data)))


def test_entities_are_refused(files):
    dtd = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet'
    data = replace_part(book([["p"], ["=1"]]), "xl/worksheets/sheet1.xml", b"<worksheet", dtd)
    assert "XML entities" in str(files.error("a.xlsx", data))
    data = replace_part(book([["p"], ["a"]]), "xl/workbook.xml", b"<workbook ", dtd[:-10] + b"<workbook ")
    assert "DTD" in str(files.error("a.xlsx", data))


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("content.xml", "OpenDocument"),
        ("word/document.xml", "Word"),
        ("xl/workbook.bin", ".xlsb"),
        ("data.csv", "with `data.csv` in it"),
    ],
)
def test_other_archives(files, part, words):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(part, "x")
    error = files.error("a.xlsx", out.getvalue())
    assert words in str(error) and error.hint


def test_damaged(files):
    data = book([["p"], ["a"]])
    assert "damaged" in str(files.error("a.xlsx", data[:-100]))
    assert "damaged" in str(files.error("a.xlsx", b"PK\x03\x04 and nothing"))
    broken = replace_part(data, "xl/worksheets/sheet1.xml", b"</worksheet>", b"")
    assert "breaks off" in str(files.error("a.xlsx", broken))


def test_password_and_old_format(files):
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert "password" in str(files.error("a.xlsx", ole + "EncryptedPackage".encode("utf-16-le")))
    assert ".xls" in str(files.error("a.xlsx", ole + "Workbook".encode("utf-16-le")))


def test_called_csv_and_packed(files):
    data = book([["p"], ["a"]])
    assert "holds XLSX" in files.table("a.csv", data).notes[0]
    assert files.columns("a.xlsx.gz", gzip.compress(data)) == {"p": ["a"]}
    assert open_table(files.folder / "a.xlsx.gz").name.endswith("a.xlsx.gz")


def replace_part(data: bytes, part: str, old: bytes, new: bytes, with_lxml: bytes | None = None) -> bytes:
    """`with_lxml` is what openpyxl writes for `old` where lxml is installed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                old = old if with_lxml is None or old in content else with_lxml
                assert old in content
                content = content.replace(old, new)
            target.writestr(name, content)
    return out.getvalue()
