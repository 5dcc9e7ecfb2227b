"""Questions: strict, on stderr, and only where someone can answer."""

from __future__ import annotations

import io
import sys

import pytest

from fttool.cli import prompts
from fttool.errors import UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch):
    """Let someone type these lines."""

    def type_in(*lines: str) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in lines)))

    return type_in


def test_someone_is_there_only_with_two_terminals(monkeypatch):
    for stdin in (Terminal(), io.StringIO(), None):
        for stderr in (Terminal(), io.StringIO(), None):
            monkeypatch.setattr(sys, "stdin", stdin)
            monkeypatch.setattr(sys, "stderr", stderr)
            both = isinstance(stdin, Terminal) and isinstance(stderr, Terminal)
            assert prompts.can_ask() is both
            assert not prompts.can_ask(no_input=True)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("FTTOOL_NO_INPUT", "1")
    assert not prompts.can_ask()
    monkeypatch.setenv("FTTOOL_NO_INPUT", "")
    assert prompts.can_ask()


@pytest.mark.parametrize(
    ("line", "default", "answer"),
    [
        ("y", None, True),
        (" YES ", None, True),
        ("n", True, False),
        ("No", True, False),
        ("", True, True),
        ("", False, False),
    ],
)
def test_confirm(typed, capsys, line, default, answer):
    typed(line)
    assert prompts.confirm("Go on?", default) is answer
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"Go on? [{ {None: 'y/n', True: 'Y/n', False: 'y/N'}[default] }] "


def test_confirm_asks_again_until_it_understands(typed, capsys):
    typed("maybe", "nope", "yess", "", "no")
    assert prompts.confirm("Go on?", None) is False
    assert capsys.readouterr().err.count("Please answer y or n.\n") == 4


def test_the_end_of_input_is_an_error_that_names_yes(typed):
    typed()
    for ask in (
        lambda: prompts.confirm("Go on?", True),
        lambda: prompts.ask_fix("Fix?"),
        lambda: prompts.choose("Which?", ["a", "b"]),
    ):
        with pytest.raises(UsageError) as caught:
            ask()
        assert "--yes" in (caught.value.hint or "")


def test_without_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError):
        prompts.confirm("Go on?", True)


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["y"], "yes"),
        (["YES"], "yes"),
        (["n"], "no"),
        (["a"], "all"),
        (["all"], "all"),
        (["q"], "quit"),
        ([""], "yes"),
        (["x", "nein", "no"], "no"),
    ],
)
def test_ask_fix(typed, capsys, lines, answer):
    typed(*lines)
    assert prompts.ask_fix("Fix it?") == answer
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Fix it? [Y/n/a/q] ")


def test_ask_fix_without_a_default_asks_again(typed):
    typed("", "q")
    assert prompts.ask_fix("Fix it?", None) == "quit"


@pytest.mark.parametrize(
    ("lines", "answer"),
    [(["2"], "chat"), (["Chat"], "chat"), ([""], "completion"), (["3", "0", "x", "1"], "completion")],
)
def test_choose(typed, capsys, lines, answer):
    typed(*lines)
    assert prompts.choose("Which shape?", ["completion", "chat"], "completion") == answer
    assert "Which shape?\n  1. completion\n  2. chat\n" in capsys.readouterr().err


def test_what_is_not_text_is_asked_again(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(UsageError):  # asked again, and then the input ends
        prompts.confirm("Go on?", None)


ASK = """
import sys
from fttool.cli import prompts, output
output.answer("before")
print(prompts.can_ask(), prompts.confirm("Sure?", None))
"""


def test_on_a_real_terminal(terminal):
    result = terminal(code=ASK, answers=[("Sure?", "perhaps"), ("Sure?", "y")], pipe_stdout=True)
    assert (result.code, result.out) == (0, "before\nTrue True\n")
    assert "Please answer y or n." in result.err


def test_ctrl_c_on_a_real_terminal(terminal):
    code = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from fttool.cli import login, main, prompts
def logout() -> None:
    prompts.confirm("Sure?", None)
login.logout = logout
sys.exit(main())
"""
    result = terminal("logout", code=code, answers=[("Sure?", "\x03")])
    assert result.code == 130
    assert result.err.rstrip().endswith("interrupted")
    assert "Traceback" not in result.err
