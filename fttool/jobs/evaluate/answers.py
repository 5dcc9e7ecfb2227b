"""The file of answers: JSONL, a header and then one answer a line, in the order in which they came.

It only ever grows: each answer is written as one line at once, so whatever is killed loses that line at most, and the
next run asks for what is not there. The header says what was asked of whom; a file of anything else is refused.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import msgspec

from fttool.errors import DataError, OutputError, UsageError
from fttool.records.evaluation import Answer

if TYPE_CHECKING:
    from filelock import FileLock

_VERSION = 1
_CHUNK = 1 << 16

#: What the file knows of a row.
_NOTHING, _FAILED, _ANSWERED, _GIVEN = range(4)

_FIELDS = tuple(Answer.__dataclass_fields__)


class Header(NamedTuple):
    """What the answers are answers to."""

    model: str
    service: str
    file: str
    sha256: str
    rows: int
    settings: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The header as it stands in the file."""
        return {"object": "fttool.answers", "version": _VERSION, **self._asdict()}


class AnswerFile:
    """A file of answers, open for more: `with AnswerFile(path, header) as kept: kept.add(answer)`.

    Raises UsageError if it holds answers to something else, or another process writes to it, DataError if it is no
    such file, OutputError if it cannot be written.
    """

    def __init__(self, path: Path, header: Header, *, anew: bool = False) -> None:
        self.path = path
        self.header = header
        self._anew = anew
        self._rows = bytearray(header.rows)
        self._file: IO[bytes] | None = None
        self._lock: FileLock | None = None

    def __enter__(self) -> AnswerFile:
        self._lock = _locked(self.path)
        try:
            self._open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._lock is not None:
            self._lock.release()

    def __contains__(self, index: int) -> bool:
        """Whether this row was answered."""
        return self._rows[index] == _ANSWERED

    @property
    def answered(self) -> int:
        """How many rows were answered."""
        return self._rows.count(_ANSWERED)

    def add(self, answer: Answer) -> None:
        """Keep an answer, or that there was none."""
        assert self._file is not None
        found = {name: getattr(answer, name) for name in _FIELDS}
        self._write({name: value for name, value in found.items() if value is not None or name == "text"})
        if self._rows[answer.index] != _ANSWERED:
            self._rows[answer.index] = _FAILED if answer.text is None else _ANSWERED

    def read(self) -> Iterator[Answer]:
        """One answer for each row that was asked, in the order of the file. Memory does not grow with it."""
        given = bytearray(self._rows)
        for answer in _answers(self.path, len(given)):
            kind = _FAILED if answer.text is None else _ANSWERED
            if given[answer.index] == kind:
                given[answer.index] = _GIVEN
                yield answer

    def _open(self) -> None:
        try:
            new = not self.path.exists() or not _mended(self.path)
            if self._anew and not new:
                self.path.unlink()
                new = True
            if not new:
                self._check()
                self._look()
            self._file = self.path.open("ab", buffering=0)
            if new:
                self._write(self.header.to_dict())
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def _check(self) -> None:
        """Raise if the file holds answers to something else."""
        told = read_header(self.path)
        if told.model != self.header.model:
            raise _other(self.path, f"answers of `{told.model}`, not of `{self.header.model}`")
        if told.service != self.header.service:
            raise _other(self.path, f"answers from {told.service}, not from {self.header.service}")
        if told.sha256 != self.header.sha256:
            same = told.file == self.header.file
            raise _other(self.path, f"answers to {'an older' if same else 'another'} file, `{told.file}`")
        if dict(told.settings) != dict(self.header.settings):
            raise _other(self.path, f"answers asked for with other settings ({_difference(told, self.header)})")

    def _look(self) -> None:
        for answer in _answers(self.path, len(self._rows)):
            if self._rows[answer.index] != _ANSWERED:
                self._rows[answer.index] = _FAILED if answer.text is None else _ANSWERED

    def _write(self, content: Mapping[str, Any]) -> None:
        assert self._file is not None
        data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        try:
            line = data.encode() + b"\n"
        except UnicodeEncodeError:  # half a character: as an escape
            line = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        try:
            self._file.write(line)
        except OSError as error:
            raise _unwritable(self.path, error) from None


def read_header(path: Path) -> Header:
    """What a file of answers says of itself. Raises DataError if it is none."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.readline())
        if found["object"] != "fttool.answers" or found["version"] != _VERSION:
            raise ValueError
        return msgspec.convert([found[name] for name in Header._fields], Header)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _not_ours(path) from None
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=str(path)) from None


def holds_answers(path: Path) -> bool:
    """Whether anything was answered in a file of answers; False if there is none."""
    with suppress(OSError):
        return any(answer.text is not None for answer in _answers(path, sys.maxsize))
    return False


def _answers(path: Path, rows: int) -> Iterator[Answer]:
    """The answers in the file; lines that are damaged are as good as not there."""
    with path.open("rb") as file:
        file.readline()
        for line in file:
            with suppress(ValueError, TypeError, LookupError, RecursionError):
                found = json.loads(line)
                answer = msgspec.convert({"text": None, **found}, Answer)
                if 0 <= answer.index < rows:
                    yield answer


def _mended(path: Path) -> bool:
    """Take off a last line that was cut; whether anything is left. Raises DataError, and changes nothing, if the file
    does not begin as ours do."""
    begin = b'{"object":"fttool.answers"'
    with path.open("r+b") as file:
        there = file.read(len(begin))
        if not begin.startswith(there):
            raise _not_ours(path)
        at = end = file.seek(0, os.SEEK_END)
        while at > 0:
            start = max(0, at - _CHUNK)
            file.seek(start)
            found = file.read(at - start).rfind(b"\n")
            if found >= 0:
                at = start + found + 1
                break
            at = start
        if at < end:
            file.truncate(at)
        return at > 0


def _locked(path: Path) -> FileLock:
    """The lock that keeps a second process from writing to it."""
    import hashlib

    from filelock import FileLock, Timeout
    from platformdirs import user_state_path

    try:
        real = path.resolve()
    except (OSError, RuntimeError) as error:  # links that go round in circles
        raise OutputError(f"cannot write `{path}`: {error}", hint="name another file with `-o`") from None
    name = hashlib.sha256(str(real).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    folder = user_state_path("fttool", appauthor=False) / "locks"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(folder / f"{name}.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"`{path}` is being written by another fttool", hint="wait for it, or name another file with `-o`"
        ) from None
    except OSError as error:
        raise _unwritable(folder, error) from None
    return lock


def _difference(told: Header, wanted: Header) -> str:
    names = sorted({*told.settings, *wanted.settings})
    changed = [name for name in names if told.settings.get(name) != wanted.settings.get(name)]
    return ", ".join(
        f"{name} {_shown(told.settings.get(name))}, now {_shown(wanted.settings.get(name))}" for name in changed
    )


def _shown(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _other(path: Path, what: str) -> UsageError:
    return UsageError(
        f"`{path}` holds {what}", hint="`-o FILE` keeps these answers elsewhere; `--anew` throws the old ones away"
    )


def _not_ours(path: Path) -> DataError:
    return DataError("this is not a file of answers", file=str(path), hint="`-o FILE` names another")


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}")
