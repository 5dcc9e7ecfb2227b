"""Every error fttool raises on purpose, with the exit code it ends the command line with.

FttoolError            a message, and optionally where it is and a hint what to do
├── UsageError         2   wrong options, or an answer was needed and no one is there
│   └── ConfigError    2   a setting that cannot be read or does not exist
├── DataError          3   the data cannot be read or used
│   ├── BadRowError        a row that cannot be read, among others that may be
│   ├── MissingColumnError   the column for the prompts or completions is not there
│   ├── ConversionError    a row that cannot become another shape without loss
│   └── OutputError    3   the result cannot be written
├── KeyMissingError    4   no API key, or one that was refused
└── ServiceError       5   the service refused, is unreachable, or the thing does not exist
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

EXIT_OK = 0
EXIT_BAD_RESULT = 1
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class FttoolError(Exception):
    """An expected failure: `message` says what is wrong, `hint` what to do about it.

    `file`, `line` (1-based: a line of a text file, a row of a sheet, an item of a JSON array), `column` (1-based
    character) and `offset` (0-based byte) say where, as far as is known.
    """

    exit_code = EXIT_BUG
    kind = "error"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
        self.column = column
        self.offset = offset

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{where}: {self.message}" if where else self.message

    def to_dict(self) -> dict[str, object]:
        """The error as `--json` shows it: only what is known."""
        places = {name: getattr(self, name) for name in ("file", "line", "column", "offset", "hint")}
        known = {name: value for name, value in places.items() if value is not None}
        return {"type": self.kind, "message": self.message, **known, "exit_code": self.exit_code}


class UsageError(FttoolError):
    """The command was called in a way that cannot work."""

    exit_code = 2
    kind = "usage"


class ConfigError(UsageError):
    """A settings or credentials file, or a value in it, cannot be used."""

    kind = "config"


class DataError(FttoolError):
    """The data cannot be read or used."""

    exit_code = 3
    kind = "data"


class BadRowError(DataError):
    """One row cannot be read; the others may be fine."""

    kind = "bad-row"

    def __init__(self, message: str, *, hint: str | None = None, **where: Any) -> None:
        aside = "`--skip-bad-rows` sets such rows aside, in a file with the reason for each"
        super().__init__(message, hint=f"{hint}\n{aside}" if hint else aside, **where)


class MissingColumnError(DataError):
    """The column that should hold a field (`prompt` or `completion`) is not among `columns`."""

    kind = "missing-column"

    def __init__(self, message: str, *, field: str, columns: Sequence[str], file: str, hint: str) -> None:
        super().__init__(message, file=file, hint=hint)
        self.field = field
        self.columns = list(columns)


class ConversionError(DataError):
    """A row cannot become the shape wanted without losing or guessing something.

    `where` is the place inside the row (`conversations[2].from`); `message` begins with it, `what` is the rest.
    """

    kind = "conversion"

    def __init__(self, what: str, where: str = "", **more: Any) -> None:
        super().__init__(f"{where} {what}" if where else what, **more)
        self.what, self.where = what, where


class OutputError(DataError):
    """The result cannot be written (disk full, read-only folder, a file in the way)."""

    kind = "output"


class KeyMissingError(FttoolError):
    """There is no API key, or the service refused the one there is."""

    exit_code = 4
    kind = "key"


class ServiceError(FttoolError):
    """The service refused, cannot be reached, or does not know the thing asked for.

    `status` is that of its HTTP answer (None if there was none), `code` and `param` are its own words for it.
    `retry_after` are the seconds it asks to wait. `temporary`: the same request may well succeed later.
    """

    exit_code = 5
    kind = "service"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        temporary: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id
        self.retry_after = retry_after
        self.temporary = temporary

    def to_dict(self) -> dict[str, object]:
        """The error as `--json` shows it, with what the service said of it."""
        said = {name: getattr(self, name) for name in ("status", "code", "param", "request_id")}
        return {**super().to_dict(), **{name: value for name, value in said.items() if value is not None}}
