"""The only module that prints. stdout is for the answer, stderr for everything else.

Text that comes from users is escaped before it reaches a terminal, colour is only for terminals, and nothing here
fails because of an encoding.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, BinaryIO

from fttool.errors import EXIT_BUG, EXIT_INTERRUPTED, FttoolError, OutputError

if TYPE_CHECKING:
    from fttool.cli.progress import Progress

REPORT = "https://github.com/fttool/fttool/issues"

_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "1;33", "cyan": "1;36"}

#: What `paint` puts around text.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

#: Control characters (C0 but tab and newline, DEL, C1) and the marks that reorder text, as visible escapes.
_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"} | {
    code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_VISIBLE_IN_JSON = {code: f"\\u{code:04x}" for code in _VISIBLE if code >= 0x7F}


class Painted(str):
    """Text that was escaped and coloured already."""

    __slots__ = ()


def setup() -> None:
    """Make stdout and stderr take any text: what their encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether a person sits at the other end."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def has_colour(stream: IO[str] | None) -> bool:
    """Whether to colour: NO_COLOR says no, FORCE_COLOR says yes, otherwise terminals that can."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    if os.environ.get("TERM") == "dumb" or not is_terminal(stream):
        return False
    return os.name != "nt" or bool(os.environ.get("WT_SESSION") or os.environ.get("TERM"))


def escape(text: str) -> str:
    """`text` with its control characters made visible (Painted text is left alone)."""
    return text if isinstance(text, Painted) else text.translate(_VISIBLE)


def paint(text: str, style: str, *, stderr: bool = False) -> Painted:
    """`text` escaped, and in bold, dim, red, green, yellow or cyan where the stream has colour."""
    safe = escape(text)
    stream = sys.stderr if stderr else sys.stdout
    return Painted(f"\x1b[{_STYLES[style]}m{safe}\x1b[0m" if has_colour(stream) else safe)


def answer(*parts: str) -> None:
    """Print one line (or more) of the answer to stdout. In a pipe the text goes out as it is."""
    shown = [escape(part) for part in parts] if is_terminal(sys.stdout) else parts
    _write_stdout("".join(shown) + "\n")


def answer_piece(text: str) -> None:
    """Print a piece of an answer that is still coming: at once, and without a line end."""
    _write_stdout(escape(text) if is_terminal(sys.stdout) else text)


def answer_path(path: str) -> None:
    """Print the path of a file, byte for byte as the system has it in a pipe."""
    if is_terminal(sys.stdout):
        answer(path)
    else:
        stdout_bytes().write(os.fsencode(path) + b"\n")
        stdout_bytes().flush()


def answer_json(value: object) -> None:
    """Print the answer as one JSON document: indented on a terminal, compact in a pipe."""
    _write_stdout(json_text(value, indent=is_terminal(sys.stdout), ascii_only=not _has_unicode(sys.stdout)) + "\n")


def answer_json_line(value: object) -> None:
    """Print one JSON document on one line, as one of several: also on a terminal."""
    _write_stdout(json_text(value, ascii_only=not _has_unicode(sys.stdout)) + "\n")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows: aligned under headers on a terminal, tab-separated, whole and without headers in a pipe."""
    if not is_terminal(sys.stdout):
        for row in rows:
            answer("\t".join(one_line(cell) for cell in row))
        return
    cells = [[escape(one_line(cell)) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(headers, *cells, strict=True)]
    answer(paint(_aligned(headers, widths), "bold"))
    for row in cells:
        answer(Painted(_aligned(row, widths)))


def note(*parts: str) -> None:
    """Tell something on stderr."""
    _write_stderr(*parts, "\n")


def warn(text: str) -> None:
    """`warning: …` on stderr."""
    note(paint("warning", "yellow", stderr=True), ": ", text)


def hint(text: str) -> None:
    """`hint: …` on stderr: what to do next."""
    note(paint("hint", "cyan", stderr=True), ": ", text)


def question(text: str) -> None:
    """A question on stderr, without a line end, for the answer to follow."""
    flush()
    _write_stderr(text)


def error(failure: FttoolError, *, as_json: bool = False, hide: Sequence[str] = ()) -> None:
    """`error: file:line: message` and its hints on stderr, or one JSON object. Keys are blotted out."""
    if as_json:
        note(_hidden(json_text({"error": failure.to_dict()}), hide))
        return
    note(paint("error", "red", stderr=True), ": ", _hidden(str(failure), hide))
    for line in (failure.hint or "").splitlines():
        hint(_hidden(line, hide))


def interrupted(*, as_json: bool = False) -> None:
    """Say that Ctrl-C was understood."""
    details = {"type": "interrupted", "message": "interrupted", "exit_code": EXIT_INTERRUPTED}
    note(json_text({"error": details}) if as_json else "interrupted")


def bug(failure: BaseException, *, as_json: bool = False, hide: Sequence[str] = ()) -> int:
    """Show the traceback of a bug in fttool and where to report it. Returns the exit code."""
    import traceback

    trace = _hidden("".join(traceback.format_exception(failure)), hide)
    message = _hidden(f"{type(failure).__name__}: {failure}", hide)
    if as_json:
        details = {"type": "bug", "message": message, "hint": f"report it: {REPORT}", "exit_code": EXIT_BUG}
        note(json_text({"error": {**details, "traceback": trace}}))
        return EXIT_BUG
    note(trace.rstrip())
    note(paint("error", "red", stderr=True), ": this is a bug in fttool: ", message)
    hint(f"please report it, with the lines above: {REPORT}")
    return EXIT_BUG


def progress(total: int | None, unit: str = "rows", *, label: str = "") -> Progress:
    """A progress bar as a context manager: `with progress(size, "bytes") as bar: bar.advance(n, rows=…)`.

    It shows itself on a terminal, after a second of work; otherwise it does nothing.
    """
    from fttool.cli.progress import Progress

    return Progress(total, unit, label, shown=is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb")


def stdout_bytes() -> BinaryIO:
    """stdout for `-o -`: bytes, after all text before them."""
    flush()
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    return sys.stdout.buffer


def flush() -> None:
    """Write out what is waiting, so that an error shows up now and here."""
    _write_stdout("")


def abandon_stdout() -> None:
    """The reader is gone: let Python's own last flush go nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        sys.stdout = None


def json_text(value: object, *, indent: bool = False, ascii_only: bool = False) -> str:
    """`value` as JSON: dataclasses as objects, times as ISO 8601, NaN as null, no raw control characters."""
    import json

    import msgspec

    try:
        text = msgspec.json.encode(value, enc_hook=str).decode()
        if indent:
            text = msgspec.json.format(text, indent=2)
    except UnicodeEncodeError:  # a lone surrogate: only the standard library writes it, as an escape
        plain = msgspec.to_builtins(value, enc_hook=str)
        text = json.dumps(plain, indent=2 if indent else None, separators=None if indent else (",", ":"))
    if ascii_only:
        text = json.dumps(json.loads(text), indent=2 if indent else None)
    return text.translate(_VISIBLE_IN_JSON)


def _write_stdout(text: str) -> None:
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as failure:
        if os.name == "nt" and failure.errno == errno.EINVAL:  # Windows' word for a broken pipe
            raise BrokenPipeError from None
        abandon_stdout()
        raise OutputError(f"cannot write to standard output: {(failure.strerror or str(failure)).lower()}") from None


def _write_stderr(*parts: str) -> None:
    """Write what is not the answer. If no one listens, the work goes on."""
    if sys.stderr is None:
        return
    shown = [escape(part) for part in parts] if is_terminal(sys.stderr) else parts
    try:
        sys.stderr.write("".join(shown))
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.stderr = None


def _hidden(text: str, secrets: Sequence[str]) -> str:
    from fttool.config.secrets import redact

    return redact(text, secrets)


def _has_unicode(stream: IO[str] | None) -> bool:
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") in ("utf8", "utf16", "utf32")


def one_line(cell: str) -> str:
    """`cell` on one line: if it holds line ends or tabs, they and backslashes are escaped."""
    return cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") if set(cell) & set("\t\n") else cell


def _width(text: str) -> int:
    """The columns that it takes on a terminal: colours take none, wide characters two."""
    import unicodedata

    shown = _COLOURS.sub("", text) if isinstance(text, Painted) else text
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in shown)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()
