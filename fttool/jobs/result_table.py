"""A result file's bytes become rows: base64 or not, under whatever names its service has for the columns."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
import shutil
from collections.abc import Iterator
from math import isfinite
from typing import IO, Any

from fttool.errors import ServiceError
from fttool.jobs.download import spool
from fttool.records.results import METRICS, ResultRow

#: What services call a column -> what it is called here. Where each was seen:
#:   OpenAI   step_metrics.csv of today, its guide
#:   events   OpenAI's metrics events (and Azure's training column)
#:   Azure    results.csv, its guide
#:   legacy   the fine-tunes API of 2021, its guide
#:   local    step_metrics.csv of fttool's own service
NAMES = {
    "step": "step",  # all of them
    "train_loss": "train_loss",  # OpenAI, Azure, local
    "training_loss": "train_loss",  # legacy
    "train_accuracy": "train_accuracy",  # OpenAI, local
    "train_mean_token_accuracy": "train_accuracy",  # Azure, events
    "training_token_accuracy": "train_accuracy",  # legacy
    "train_sequence_accuracy": "train_sequence_accuracy",  # local
    "training_sequence_accuracy": "train_sequence_accuracy",  # legacy
    "valid_loss": "valid_loss",  # OpenAI, Azure, local
    "validation_loss": "valid_loss",  # legacy
    "valid_accuracy": "valid_accuracy",  # none so far; what one would expect beside train_accuracy
    "valid_mean_token_accuracy": "valid_accuracy",  # OpenAI, events, local
    "validation_mean_token_accuracy": "valid_accuracy",  # Azure
    "validation_token_accuracy": "valid_accuracy",  # legacy
    "valid_sequence_accuracy": "valid_sequence_accuracy",  # local
    "validation_sequence_accuracy": "valid_sequence_accuracy",  # legacy
    "full_valid_loss": "full_valid_loss",  # Azure, events, local
    "full_valid_accuracy": "full_valid_accuracy",  # none so far
    "full_valid_mean_token_accuracy": "full_valid_accuracy",  # Azure, events, local
    "elapsed_tokens": "elapsed_tokens",  # legacy, local
    "elapsed_examples": "elapsed_examples",  # legacy, local
}

_COUNTS = ("elapsed_tokens", "elapsed_examples")

_CHUNK = 1 << 20
_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]+={0,2}\s*\Z")
_BOM = b"\xef\xbb\xbf"


def decoded(file: IO[bytes]) -> IO[bytes]:
    """`file`, or what it holds in base64 if that is a CSV file with steps; at its beginning.

    OpenAI has answered with base64 and without, and documents neither. A text is taken for base64 only if all of it
    is, and what comes out begins as a result file does.
    """
    file.seek(0)
    head = file.read(_CHUNK)
    file.seek(0)
    if not _BASE64.match(head[:-4] + b"\n" if len(head) == _CHUNK else head):
        return file
    beginning = re.sub(rb"\s", b"", head)
    try:
        if not _looks_like_results(base64.b64decode(beginning[: min(len(beginning) // 4 * 4, 4096)])):
            return file
    except binascii.Error:
        return file
    out = spool()
    try:
        _decode(file, out)
    except (binascii.Error, ValueError):
        out.close()
        file.seek(0)
        return file
    out.seek(0)
    return out


def _decode(file: IO[bytes], out: IO[bytes]) -> None:
    """Decode chunk by chunk, strictly. Raises binascii.Error for what is no base64."""
    left = b""
    while chunk := file.read(_CHUNK):
        left += re.sub(rb"\s", b"", chunk)
        whole = len(left) // 4 * 4
        out.write(base64.b64decode(left[:whole], validate=True))
        left = left[whole:]
    out.write(base64.b64decode(left, validate=True))


def _looks_like_results(text: bytes) -> bool:
    first = text.removeprefix(_BOM).lstrip().split(b"\n", 1)[0].lower()
    return "step" in [name.strip(' "\r') for name in first.decode("latin-1").split(",")]


def check(file: IO[bytes], name: str) -> None:
    """Raise ServiceError if `file` is no table at all: empty, a web page, a JSON document."""
    file.seek(0)
    head = file.read(4096).removeprefix(_BOM).lstrip()
    file.seek(0)
    if not head:
        raise ServiceError(f"the result file `{name}` is empty")
    if head[:1] in (b"<", b"{", b"["):
        kind = "a web page" if head[:1] == b"<" else "a JSON document"
        raise ServiceError(
            f"instead of the result file `{name}` the service sent {kind}",
            hint="is the base URL right, and nothing in between that answers in its place?",
        )


def read_rows(file: IO[bytes], name: str) -> list[ResultRow]:
    """The rows of a result file, by step. Raises ServiceError for a file that is none."""
    check(file, name)
    text = io.TextIOWrapper(io.BufferedReader(_Kept(file)), encoding="utf-8-sig", newline="")
    try:
        rows = sorted(_rows(csv.reader(text, strict=True), name), key=lambda row: row.step)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ServiceError(f"the result file `{name}` cannot be read: {error}", hint=_RAW) from None
    if not rows:
        raise ServiceError(f"the result file `{name}` has no steps", hint=_RAW)
    return rows


_RAW = "`fttool results ID -o FILE` keeps the file as it is"


class _Kept(io.RawIOBase):
    """Reads from a file that stays open when the reader of its text is done."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _rows(table: Iterator[list[str]], name: str) -> Iterator[ResultRow]:
    header = next(table, [])
    columns = [(title.strip(), NAMES.get(title.strip().lower())) for title in header]
    if not any(ours == "step" for _, ours in columns):
        shown = ", ".join(title for title, _ in columns[:8])
        raise ServiceError(f"the result file `{name}` has no column `step`: it has {shown}", hint=_RAW)
    for number, cells in enumerate(table, 2):
        if not any(cell.strip() for cell in cells):
            continue
        row = _row(columns, cells)
        if row is None or len(cells) > len(columns):
            raise ServiceError(f"the result file `{name}` is damaged in row {number}", hint=_RAW)
        yield row


def _row(columns: list[tuple[str, str | None]], cells: list[str]) -> ResultRow | None:
    """One row; None if its step is no number."""
    known: dict[str, Any] = {}
    other: dict[str, float | str | None] = {}
    for (title, ours), cell in zip(columns, cells, strict=False):
        if ours is None:
            other[title] = _cell(cell)
        elif known.get(ours) is None:
            known[ours] = _measured(cell)
    step = known.pop("step", None)
    if step is None or not step.is_integer():
        return None
    values = {name: known.get(name) for name in METRICS}
    counts = {name: int(value) for name in _COUNTS if (value := values.pop(name)) is not None and isfinite(value)}
    return ResultRow(int(step), **values, **counts, other=other)


def _measured(cell: str) -> float | None:
    """The number in a cell. The service of 2021 wrote -1 where nothing was measured; nothing here is below 0."""
    value = _cell(cell)
    return float(value) if isinstance(value, float) and value != -1 else None


def _cell(cell: str) -> float | str | None:
    text = cell.strip()
    if not text or text.lower() in ("null", "none"):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def copy(file: IO[bytes], target: IO[bytes]) -> None:
    """Write all of `file` to `target`."""
    file.seek(0)
    shutil.copyfileobj(file, target, _CHUNK)
