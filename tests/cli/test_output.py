"""stdout is for the answer, stderr for the rest; terminals are safe from what the data holds."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import sys

import pytest

from fttool.cli import output
from fttool.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    """Let stdout and stderr be terminals from now on (pytest puts its own in place before each test); returns them."""

    def become() -> tuple[Terminal, Terminal]:
        monkeypatch.setenv("NO_COLOR", "1")
        out, err = Terminal(), Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        return out, err

    return become


NASTY = "a\x1b[31mred\x07\r\x9b0m\x7f\u202eevil\tb\nc"


def test_control_characters_do_not_reach_a_terminal(screen):
    out, err = screen()
    output.answer(NASTY)
    output.note(NASTY)
    shown = "a\\x1b[31mred\\x07\\x0d\\x9b0m\\x7f\\u202eevil\tb\nc\n"
    assert (out.getvalue(), err.getvalue()) == (shown, shown)


def test_in_a_pipe_nothing_is_changed(capsys):
    output.answer(NASTY)
    output.note(NASTY)
    said = capsys.readouterr()
    assert (said.out, said.err) == (NASTY + "\n", NASTY + "\n")


def test_json_holds_no_raw_control_characters(screen):
    out, _ = screen()
    output.answer_json({"text": NASTY})
    text = out.getvalue()
    assert not set(text) & set(map(chr, [*range(10), *range(11, 32), 0x7F, 0x9B, 0x202E]))
    assert json.loads(text) == {"text": NASTY}


def test_errors_are_escaped_too(screen):
    from fttool.errors import DataError

    _, err = screen()
    output.error(DataError("bad \x1b]0;title\x07", file="a\x1b.csv"))
    assert err.getvalue() == "error: a\\x1b.csv: bad \\x1b]0;title\\x07\n"


def test_json_is_indented_on_a_terminal_and_compact_in_a_pipe(screen):
    out, _ = screen()
    output.answer_json({"a": [1, 2]})
    assert out.getvalue() == '{\n  "a": [\n    1,\n    2\n  ]\n}\n'
    assert output.json_text({"a": [1, 2]}) == '{"a":[1,2]}'


def test_json_of_what_records_hold():
    @dataclasses.dataclass
    class Record:
        day: datetime.date
        share: float

    assert output.json_text(Record(datetime.date(2024, 2, 29), float("nan"))) == '{"day":"2024-02-29","share":null}'
    assert output.json_text({"big": 2**53 + 1, "text": "ü"}) == '{"big":9007199254740993,"text":"ü"}'
    assert output.json_text({"text": "ü😀"}, ascii_only=True) == '{"text": "\\u00fc\\ud83d\\ude00"}'
    assert json.loads(output.json_text({"lone": "\ud800"})) == {"lone": "\ud800"}
    assert json.loads(output.json_text({"lone": "\ud800"}, indent=True)) == {"lone": "\ud800"}


ROWS = [["a", "1"], ["日本", "two\twords\n"]]


def test_a_table_on_a_terminal_is_aligned(screen):
    out, _ = screen()
    output.table(["name", "value"], iter(ROWS))
    assert out.getvalue() == "name  value\na     1\n日本  two\\twords\\n\n"


def test_a_table_in_a_pipe_is_tab_separated(capsys):
    output.table(["name", "value"], iter(ROWS))
    assert capsys.readouterr().out == "a\t1\n日本\ttwo\\twords\\n\n"


def test_an_empty_table(screen):
    out, _ = screen()
    output.table(["name", "value"], [])
    assert out.getvalue() == "name  value\n"


def test_prefixes(capsys):
    output.warn("w")
    output.hint("h")
    assert capsys.readouterr() == ("", "warning: w\nhint: h\n")


@pytest.mark.parametrize(
    ("env", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ],
)
def test_colour(monkeypatch, env, terminal, coloured):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    output.answer(output.paint("x\x1b", "red"))
    escaped = stream.getvalue()
    assert escaped == ("\x1b[1;31mx\\x1b\x1b[0m\n" if coloured else "x\\x1b\n")


def test_colour_in_the_real_program(terminal):
    assert "\x1b[1;31merror\x1b[0m: no such command" in terminal("nothing").err
    assert "\x1b" not in terminal("nothing", env={"NO_COLOR": "1"}).err
    assert "\x1b" not in terminal("nothing", env={"TERM": "dumb"}).err


def test_a_closed_stream_is_no_terminal():
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None, io.StringIO()):
        assert not output.is_terminal(stream)


def test_stdout_for_bytes(capfdbinary):
    output.answer("text")
    output.stdout_bytes().write(b"\xff")
    output.flush()
    assert capfdbinary.readouterr().out == b"text\n\xff"


def test_progress_is_silent_without_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("fttool.cli.progress.DELAY", 0)
    with output.progress(10, "bytes") as bar:
        bar.advance(10, rows=2)
    assert (bar.done, bar.rows) == (10, 2)
    assert capsys.readouterr() == ("", "")


def test_progress_does_not_show_itself_for_short_work(screen):
    _, err = screen()
    with output.progress(10) as bar:
        bar.advance(3)
    assert bar.rows == 3
    assert err.getvalue() == ""


SHOW_PROGRESS = """
import fcntl, sys, termios, time
from fttool.cli import output, progress
progress.DELAY = 0.05
with output.progress(1000000, "bytes", label="reading") as bar:
    for _ in range(10):
        time.sleep(0.05)
        bar.advance(100000, rows=1000)
    output.warn("in between")
output.answer("done")
"""


def test_progress_on_a_terminal(terminal):
    result = terminal(code=SHOW_PROGRESS, pipe_stdout=True)
    assert (result.code, result.out) == (0, "done\n")
    for part in ("reading", "%", "rows", "MB/s", "in between"):
        assert part in result.err
    assert terminal(code=SHOW_PROGRESS, pipe_stdout=True, env={"TERM": "dumb"}).err == "warning: in between\n"


def test_progress_stops_when_the_work_fails(terminal):
    code = SHOW_PROGRESS.replace('output.warn("in between")', "raise SystemExit(9)")
    result = terminal(code=code)
    assert result.code == 9
    assert result.err.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in result.err  # the cursor is back


def test_progress_without_a_total(monkeypatch):
    monkeypatch.setattr("fttool.cli.progress.DELAY", 0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Progress(None, "rows", "counting", shown=True) as bar:
        bar.advance(5)
        assert "rich" in sys.modules
    assert bar.done == 5
