"""What format an input is in, by its content first and its name second."""

from __future__ import annotations

import itertools

import msgspec

from fttool.dataset.formats.delimiters import find_delimiter, whole_lines
from fttool.dataset.formats.objects import BROKEN, ROWS
from fttool.dataset.formats.opened import Opened
from fttool.errors import DataError

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "txt",
    ".text": "txt",
    ".parquet": "parquet",
    ".pq": "parquet",
}

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"\x7fELF": "a program",
}
_SAVE_AS = "save it as XLSX or CSV"
#: Delimiters are sought in so much text.
_SAMPLE_CHARS = 64 * 1024
#: Lines looked at to tell whether a text is JSONL with mistakes.
_VOTERS = 20


def find_format(opened: Opened) -> str:
    """The name of the input's format. DataError for what is recognised and not supported."""
    return _by_magic(opened) or _by_text(opened)


def _by_magic(opened: Opened) -> str | None:
    head = opened.head
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_OLE):
        raise _ole(opened)
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"is {what}, not a table of examples", file=opened.name)
    if head[:1024].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        hint = "was an error or login page downloaded instead of the data?"
        raise DataError("is a web page (HTML), not a table of examples", file=opened.name, hint=hint)
    return None


def _ole(opened: Opened) -> DataError:
    with_marker = opened.head + opened.source.head(4 * len(opened.head))
    if "EncryptedPackage".encode("utf-16-le") in with_marker or "EncryptionInfo".encode("utf-16-le") in with_marker:
        hint = "open it in a spreadsheet program, remove the password and save it again"
        return DataError("is a spreadsheet protected by a password", file=opened.name, hint=hint)
    if "WordDocument".encode("utf-16-le") in with_marker:
        return DataError("is an old Word document", file=opened.name, hint=_SAVE_AS)
    return DataError("is an old Excel workbook (.xls)", file=opened.name, hint=f"open it and {_SAVE_AS}")


def _by_text(opened: Opened) -> str:
    named = SUFFIXES.get(opened.suffix)
    start = opened.sample.lstrip()
    if start.startswith("{"):
        return _object(start, opened.complete, named)
    if start.startswith("["):
        after = start[1:].lstrip()[:1]
        if named == "json" or (after and after in "{]"):
            return "json"
    return _table_or_text(opened, named)


def _object(start: str, complete: bool, named: str | None) -> str:
    """JSONL or JSON, for what begins with a brace; or a text that merely does."""
    first, newline, rest = start.partition("\n")
    try:
        ROWS.decode(first)
    except BROKEN as error:
        if isinstance(error, msgspec.DecodeError) and "truncated" in str(error) and _goes_on(first, newline):
            return "json" if newline or named != "jsonl" else "jsonl"
        return _vote(start, complete, named)
    alone = complete and not rest.strip()
    return "json" if alone and named != "jsonl" else "jsonl"


def _goes_on(first: str, newline: str) -> bool:
    """Whether a first line that is not a whole object looks like the first line of one."""
    return not newline or first.rstrip().endswith(("{", "[", ",", ":"))


def _vote(start: str, complete: bool, named: str | None) -> str:
    """For a first line that is broken: JSONL if the name says so or most lines are objects."""
    if named in ("json", "jsonl"):
        return named
    lines = [line for line in whole_lines(start, complete).split("\n") if line.strip()]
    objects = sum(map(_is_object, itertools.islice(lines, _VOTERS)))
    return "jsonl" if objects * 2 > min(len(lines), _VOTERS) or named is None else named


def _is_object(line: str) -> bool:
    try:
        ROWS.decode(line)
    except BROKEN:
        return False
    return True


def _table_or_text(opened: Opened, named: str | None) -> str:
    if named in ("csv", "tsv"):
        return named
    sample = delimiter_sample(opened)
    delimiter, agreed = find_delimiter(sample, ",")
    table = "tsv" if delimiter == "\t" else "csv"
    lines = [line for line in sample.splitlines() if line.strip()]
    if named == "txt":
        header = {cell.strip(' "').lower() for cell in lines[0].split(delimiter)} if lines and delimiter else set()
        return table if header >= {"prompt", "completion"} else "txt"
    if delimiter is not None and agreed and len(lines) > 1 and not lines[0].startswith(("[", "{")):
        return table
    header = (
        {cell.strip(' "').lower() for cell in lines[0].split(delimiter)} if len(lines) == 1 and delimiter else set()
    )
    if named is None and header >= {"prompt", "completion"}:
        return table  # a header and nothing else
    return named if named in ("json", "jsonl") else "txt"


def delimiter_sample(opened: Opened) -> str:
    """Whole lines from the start of the text, enough to find the delimiter in."""
    sample = opened.sample[:_SAMPLE_CHARS]
    return whole_lines(sample, opened.complete and len(opened.sample) <= _SAMPLE_CHARS)
