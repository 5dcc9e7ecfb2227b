from __future__ import annotations

import pytest

from fttool.errors import DataError, UsageError


def test_plain(files):
    table = files.table("a.csv", "prompt,completion\na,b\nc,d\n")
    assert (table.format, table.columns) == ("csv", ["prompt", "completion"])
    assert table.details == {"encoding": "utf-8", "delimiter": ","}
    assert table.notes == [] and table.spans() is None
    assert files.columns("a.csv") == {"prompt": ["a", "c"], "completion": ["b", "d"]}
    assert sum(block.size for block in table.blocks()) == table.size


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":"])
def test_delimiter_is_found(files, delimiter):
    table = files.table("a.csv", f"prompt{delimiter}completion\na b{delimiter}x\nc{delimiter}d\n")
    assert table.details["delimiter"] == delimiter
    assert table.columns == ["prompt", "completion"]


def test_commas_in_the_text_of_another_delimiter(files):
    assert files.columns("a.csv", "text;label\nyes, sir;1\nno;2\nwell, well, well;3\n")["label"] == ["1", "2", "3"]
    table = files.table("b.tsv", "text\tlabel\nyes, sir\t1\n")
    assert (table.format, table.details["delimiter"]) == ("tsv", "\t")


def test_tabs_in_a_csv_and_commas_in_a_tsv_are_noted(files):
    assert "holds TSV" in files.table("a.csv", "prompt\tcompletion\na\tb\n").notes[0]
    assert "holds CSV" in files.table("a.tsv", "prompt,completion\na,b\n").notes[0]


def test_delimiter_by_option(files):
    assert files.columns("a.csv", "a~b\n1,2~3\n", delimiter="~") == {"a": ["1,2"], "b": ["3"]}
    assert files.columns("a.csv", "a;b\n1;2\n", delimiter="semicolon") == {"a": ["1"], "b": ["2"]}
    error = files.error("a.csv", "a,b\n1,2\n", delimiter="ab")
    assert isinstance(error, UsageError) and error.hint


def test_single_column(files):
    assert files.columns("a.csv", "prompt\nhello\n\nworld\n") == {"prompt": ["hello", "world"]}
    assert files.columns("a.csv", 'prompt\n"hello, you"\n') == {"prompt": ["hello, you"]}


def test_words_stay_words(files):
    data = "a,b\nNA,007\nnull,1.0\nTrue,\n"
    assert files.columns("a.csv", data) == {"a": ["NA", "null", "True"], "b": ["007", "1.0", ""]}


def test_quotes_newlines_and_lines(files):
    data = 'a,b\r\n"x\r\ny",1\r\n\r\n   \r\n"say ""hi""",2\r\n'
    assert files.columns("a.csv", data) == {"a": ["x\r\ny", 'say "hi"'], "b": ["1", "2"]}
    assert files.lines("a.csv") == [2, 6]


def test_old_mac_line_ends(files):
    assert files.columns("a.csv", "a,b\r1,2\r3,4\r") == {"a": ["1", "3"], "b": ["2", "4"]}


def test_lines_within_a_quote_that_look_like_rows(files, small_blocks):
    small_blocks(7)
    data = 'p,c\n"ä\nb,c\n\n€uro",x\n' * 1 + '"🙂","""\n"\n' * 20
    columns = files.columns("a.csv", data)
    assert columns == {"p": ["ä\nb,c\n\n€uro"] + ["🙂"] * 20, "c": ["x"] + ['"\n'] * 20}
    assert files.lines("a.csv") == [2, *range(6, 46, 2)]


def test_nul(files):
    assert files.columns("a.csv", "a,b\nx\0y,z\n") == {"a": ["x\0y"], "b": ["z"]}


@pytest.mark.parametrize(("row", "words"), [("c", "1 column where"), ("c,d,e", "3 columns where the header has 2")])
def test_ragged(files, row, words):
    error = files.error("a.csv", f"p,c\na,b\n\n{row}\nx,y\n")
    assert isinstance(error, DataError)
    assert words in str(error) and error.line == 4 and error.file.endswith("a.csv") and error.hint
    assert files.columns("a.csv", skip_bad=True) == {"p": ["a", "x"], "c": ["b", "y"]}
    assert files.bad("a.csv")[0][0] == 4


def test_trailing_delimiter_is_ragged_not_padded(files):
    assert files.error("a.csv", "p,c\na,b,\n").line == 2


def test_unclosed_quote_names_where_it_opened(files):
    error = files.error("a.csv", 'p,c\na,"b\nb"\n"x\ny","z\nand\nso on\n')
    assert (error.line, error.message) == (5, "a quote opened here is never closed")
    assert files.error("a.csv", skip_bad=True).line == 5


def test_text_after_a_quote(files):
    error = files.error("a.csv", 'p,c\n"a" b,c\nd,e\n')
    assert error.line == 2 and "twice" in error.hint
    assert files.bad("a.csv") == [(2, "text follows a closing quote")]
    assert files.columns("a.csv", skip_bad=True) == {"p": ["d"], "c": ["e"]}


def test_header(files):
    error = files.error("a.csv", "p,c,p\n1,2,3\n")
    assert "`p`" in str(error) and error.line == 1
    table = files.table("a.csv", "\n p ,,c\n1,2,3\n")
    assert table.columns == ["p", "column_2", "c"]
    assert table.notes == ["column 2 has no name in the header, called `column_2`"]
    assert files.error("a.csv", '"p,c\n1,2\n').line == 1


@pytest.mark.parametrize("data", ["p,c\n", "p,c", "p,c\n\n\n", "p,c\n,\n ,\n", "\n\n", "", "\ufeff", '""\n'])
def test_nothing_in_it(files, data):
    assert "holds no examples" in str(files.error("a.csv", data))


def test_too_wide(files, monkeypatch):
    monkeypatch.setattr("fttool.dataset.formats.base.MAX_COLUMNS", 100)
    assert "101 columns" in str(files.error("a.csv", ",".join(map(str, range(101))) + "\n" + "," * 100 + "\n"))


def test_endless_line_and_field(files, monkeypatch, small_blocks):
    monkeypatch.setattr("fttool.dataset.formats.base.MAX_LINE_BYTES", 1000)
    small_blocks(100)
    assert "line longer than" in str(files.error("a.csv", "p,c\n" + "x" * 5000))
    error = files.error("a.csv", 'p,c\na,b\n"' + "xxxxxxxxx\n" * 500)
    assert error.line == 3 and "never closed" in error.message
