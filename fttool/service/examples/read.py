"""A training file as a stream of examples, and the look at the whole of it before a job may start.

Files are read line by line, as often as asked, and never held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from fttool.service.examples.faults import LONGEST_LINE, line_fault
from fttool.service.examples.rows import METHOD_SHAPES, Row, decoder, shape_of
from fttool.service.jobs.fault import JobFault
from fttool.service.trainers import Example

#: OpenAI's least number of lines of a training file; it asks nothing of a validation file but that it is not empty.
LEAST_EXAMPLES = 10

#: So many faults are named; the rest are counted.
NAMED_FAULTS = 3

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Inspection:
    """What a valid file holds. `examples`: for the trainer; `skipped`: lines with nothing that it could learn;
    `unseen`: lines with images, sound or files."""

    shape: str
    lines: int
    examples: int
    skipped: int = 0
    unseen: int = 0

    def to_dict(self) -> dict[str, object]:
        """As JSON keeps it."""
        return asdict(self)


class FileExamples:
    """The examples of a valid file of one shape; `count` if it is known, else they are counted when asked for."""

    def __init__(self, path: Path, shape: str, count: int | None = None) -> None:
        self._path = path
        self._shape = shape
        self._count = count

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(row.count() for row in self._rows())
        return self._count

    def __iter__(self) -> Iterator[Example]:
        for row in self._rows():
            yield from row.examples()

    def _rows(self) -> Iterator[Row]:
        decode = decoder(self._shape).decode
        for _, line in _lines(self._path):
            yield decode(line)


def inspect(path: Path, *, role: str = "training", method: str = "supervised") -> Inspection:
    """Look at every line of a file; `role` is "training" or "validation".

    Raises:
        JobFault: with OpenAI's code, and the first faults' line numbers.
        OSError: the file cannot be read.
    """
    code, param = f"invalid_{role}_file", f"{role}_file"
    found, faults, more = _look(path, method)
    if faults:
        others = f" (and {more:,} more)" if more else ""
        reasons = "; ".join(f"Line {number}: {reason}" for number, reason in faults)
        raise JobFault(
            code,
            f"The job failed due to a file format error in the {role} file. Invalid file format. {reasons}{others}",
            param,
        )
    if role == "training" and found.lines < LEAST_EXAMPLES:
        said = f"Training file has {found.lines} example(s), but must have at least {LEAST_EXAMPLES} examples"
        raise JobFault("invalid_n_examples", said, param)
    if not found.lines:
        raise JobFault("invalid_n_examples", "Validation file has 0 example(s), but must have at least 1", param)
    if not found.examples:
        raise JobFault(code, f"No example of the {role} file has a text of the assistant to learn", param)
    return found


def _look(path: Path, method: str) -> tuple[Inspection, list[tuple[int, str]], int]:
    """All counts, the first faults, and how many more there are."""
    shape: str | None = None
    decode = None
    lines = examples = skipped = unseen = more = 0
    faults: list[tuple[int, str]] = []
    for number, line in _lines(path):
        lines += 1
        if decode is None and (shape := _shape(line, method)):
            decode = decoder(shape).decode
        row = _decoded(line, decode)
        if row is None:
            if len(faults) < NAMED_FAULTS:
                faults.append((number, line_fault(line, shape, method)))
            else:
                more += 1
            continue
        count = row.count()
        examples += count
        skipped += not count
        unseen += row.unseen
    return Inspection(shape or "", lines, examples, skipped, unseen), faults, more


def _shape(line: bytes, method: str) -> str | None:
    """The shape of a line that the method can train on; None if the line is of none."""
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    shape = shape_of(row) if isinstance(row, dict) else None
    return shape if shape in METHOD_SHAPES[method] else None


def _decoded(line: bytes, decode: Callable[[bytes], Row] | None) -> Row | None:
    """The row, if it is one without fault."""
    if decode is None or len(line) > LONGEST_LINE:
        return None
    try:
        row = decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if row.fault() else row


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbers (from 1) and bytes of the lines that are not blank; of a line too long, a byte more than is allowed."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if number == 1:
                line = line.removeprefix(_BOM)
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                _skip_line(file)
            if line.strip():
                yield number, line


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
