"""The user's own metric: a function in a Python file.

def short(expected, answer):      # for each row: a number, a bool, or None to leave the row out
    return len(answer) <= len(expected)

def spread(rows):                 # of all rows: (expected, answer) pairs
    return len({answer for _, answer in rows}) / len(rows)
"""

from __future__ import annotations

import contextlib
import inspect
import math
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fttool.errors import UsageError

#: What a metric is called before its own name.
PREFIX = "custom/"


@dataclass(frozen=True)
class CustomMetric:
    """A metric of the user's: the function, whether it takes all rows at once, and the file that it is from."""

    name: str
    function: Callable[..., Any]
    whole: bool
    file: str

    def score(self, expected: str, answer: str, line: int) -> float | None:
        """The number of one row; None leaves the row out. Raises UsageError for whatever goes wrong in it."""
        with self._guarded(f"at the example of line {line}"):
            value = self.function(expected, answer)
        return self._number(value, f"at the example of line {line}")

    def score_all(self, rows: Sequence[tuple[str, str]]) -> float | None:
        """The number of all rows."""
        with self._guarded("of all rows"):
            value = self.function(rows)
        return self._number(value, "of all rows")

    @contextlib.contextmanager
    def _guarded(self, where: str) -> Iterator[None]:
        try:
            with contextlib.redirect_stdout(sys.stderr):  # standard output is for our answer
                yield
        except Exception as error:
            line = _line_in(error, self.file)
            raise UsageError(
                f"`{self._shown}` failed {where}: {type(error).__name__}: {error}", file=self.file, line=line
            ) from error

    def _number(self, value: object, where: str) -> float | None:
        if value is None:
            return None
        try:
            number = float(value)  # type: ignore[arg-type]  # numpy's numbers too
        except (TypeError, ValueError, OverflowError):
            raise UsageError(
                f"`{self._shown}` gave {_short(value)} {where}, which is no number",
                file=self.file,
                hint="a metric returns a number, True or False, or None to leave the row out",
            ) from None
        if not math.isfinite(number):
            raise UsageError(f"`{self._shown}` gave {number} {where}: only finite numbers have a mean", file=self.file)
        return number

    @property
    def _shown(self) -> str:
        return self.name.removeprefix(PREFIX)


def load(spec: str) -> CustomMetric:
    """The function that `FILE.py:NAME` means. Raises UsageError if it cannot be had."""
    file, colon, name = spec.rpartition(":")
    if not colon or not name.isidentifier() or not file:
        raise UsageError(f"`{spec}` is no metric", hint="say where the function is: `--metric FILE.py:NAME`")
    found = _module(Path(file), file)
    function = found.get(name)
    if function is None:
        own = [key for key, value in found.items() if inspect.isfunction(value) and not key.startswith("_")]
        hint = f"it has {', '.join(f'`{each}`' for each in own)}" if own else "it has no functions"
        raise UsageError(f"there is no `{name}` in it", file=file, hint=hint)
    if not callable(function):
        raise UsageError(f"`{name}` is no function, but {_short(function)}", file=file)
    return CustomMetric(PREFIX + name, function, _takes_all(function, name, file), file)


def _takes_all(function: Callable[..., Any], name: str, file: str) -> bool:
    """Whether it takes one argument (all rows) or two (a row)."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    for count in (2, 1):
        try:
            signature.bind(*[None] * count)
        except TypeError:
            continue
        return count == 1
    raise UsageError(
        f"`{name}{signature}` takes neither (expected, answer) nor (rows)",
        file=file,
        hint="a metric is a function of (expected, answer), called for each row, or of (rows), called once",
    )


def _module(path: Path, name: str) -> dict[str, Any]:
    """What the file defines. Modules beside it can be imported; nothing is written there."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read it: {(error.strerror or str(error)).lower()}", file=name) from None
    found: dict[str, Any] = {"__name__": f"fttool_metric_{path.stem}", "__file__": str(path)}
    folder, kept = str(path.resolve().parent), sys.dont_write_bytecode
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(source, name, "exec"), found)
    except SyntaxError as error:
        raise UsageError(f"this is not Python: {error.msg}", file=name, line=error.lineno) from None
    except Exception as error:
        line = _line_in(error, name)
        raise UsageError(f"it cannot be loaded: {type(error).__name__}: {error}", file=name, line=line) from error
    finally:
        sys.dont_write_bytecode = kept
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)
    return found


def _line_in(error: BaseException, file: str) -> int | None:
    """The last line of the user's file that the error passed through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
