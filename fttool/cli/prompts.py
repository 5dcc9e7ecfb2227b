"""Questions: asked on stderr, answered on stdin, and only if someone is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Literal

from fttool.cli import output
from fttool.errors import UsageError

FixAnswer = Literal["yes", "no", "all", "quit"]


def can_ask(no_input: bool = False) -> bool:
    """Whether a person is there to answer: stdin and stderr are terminals, and no one said not to ask."""
    if no_input or os.environ.get("FTTOOL_NO_INPUT"):
        return False
    return output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)


def confirm(question: str, default: bool | None = None) -> bool:
    """Ask for yes or no; an empty answer is `default`, anything else is asked again."""
    shown = {None: "y/n", True: "Y/n", False: "y/N"}[default]
    answers = {"y": True, "yes": True, "n": False, "no": False}
    while True:
        given = _read(f"{question} [{shown}] ").lower()
        if given in answers:
            return answers[given]
        if not given and default is not None:
            return default
        output.note("Please answer y or n.")


def choose(question: str, options: Sequence[str], default: str | None = None) -> str:
    """Ask for one of `options`, by its number or its name; an empty answer is `default`."""
    lines = [f"  {number}. {option}" for number, option in enumerate(options, 1)]
    output.note("\n".join([question, *lines]))
    by_answer = {str(number): option for number, option in enumerate(options, 1)}
    by_answer.update({option.lower(): option for option in options})
    while True:
        given = _read(f"1-{len(options)}{f' [{default}]' if default else ''}: ").lower()
        if given in by_answer:
            return by_answer[given]
        if not given and default is not None:
            return default
        output.note(f"Please answer with a number from 1 to {len(options)}.")


_FIX_ANSWERS: Mapping[str, FixAnswer] = {
    **{"y": "yes", "yes": "yes", "n": "no", "no": "no"},
    **{"a": "all", "all": "all", "q": "quit", "quit": "quit"},
}


def ask_fix(question: str, default: FixAnswer | None = "yes") -> FixAnswer:
    """Ask whether to apply a fix: this one, not this one, all that follow, or stop here."""
    shown = "/".join(word[0].upper() if word == default else word[0] for word in ("yes", "no", "all", "quit"))
    while True:
        given = _read(f"{question} [{shown}] ").lower()
        if given in _FIX_ANSWERS:
            return _FIX_ANSWERS[given]
        if not given and default is not None:
            return default
        output.note("Please answer y (yes), n (no), a (yes to this and all that follow) or q (quit, write nothing).")


def secret(prompt: str) -> str:
    """Ask for something that must not be seen on the screen."""
    import getpass
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt, stream=sys.stderr).strip()
        except getpass.GetPassWarning:
            raise UsageError("this terminal cannot hide what is typed", hint="pipe the key in instead") from None
        except EOFError:
            raise _no_one() from None


def _read(prompt: str) -> str:
    output.question(prompt)
    try:
        line = sys.stdin.readline() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        return "?"  # no valid answer: asked again
    if not line:
        output.note("")
        raise _no_one()
    return line.strip()


def _no_one() -> UsageError:
    return UsageError("an answer was needed and no one is there", hint="`--yes` answers yes to every question")
