"""What a user means by `-t SOMETHING`: a file on this machine, the id of a file on the service, or an address.

A mistyped path must never travel to a service as an id: so only what looks like an id, and is no file here, is one.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Literal, NamedTuple

from fttool.errors import DataError, UsageError

Kind = Literal["path", "id", "url", "stdin"]

#: `file-` and 22 to 24 letters and digits (OpenAI), 32 hex digits (Azure) or a UUID (Nebius); a bare UUID elsewhere.
_FILE_ID = re.compile(r"file[-_][0-9A-Za-z][0-9A-Za-z_-]*")
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_JOB_ID = re.compile(r"(ftjob|ft)-[0-9A-Za-z-]+")


class Source(NamedTuple):
    """What was meant, and how it was written."""

    kind: Kind
    text: str

    @property
    def path(self) -> Path:
        """The file on this machine."""
        return Path(self.text)


def find_source(text: str, option: str = "-t") -> Source:
    """What `text` means.

    Raises DataError for a path where there is no file, UsageError for what can be neither.
    """
    scheme = _URL.match(text)
    if scheme is not None:
        if scheme[1].lower() not in ("http", "https"):
            raise UsageError(f"{option} takes addresses that begin with http:// or https://, not `{scheme[1]}://`")
        return Source("url", text)
    if not text.strip():
        raise UsageError(f"{option} is empty: it takes a file, the id of a file, or an address")
    if text in ("-", "/dev/stdin"):
        return Source("stdin", "-")
    if _exists(text):
        return Source("path", text)
    if _FILE_ID.fullmatch(text) or _UUID.fullmatch(text):
        return Source("id", text)
    raise _no_file(text, option)


def is_file_id(text: str) -> bool:
    """Whether this looks like the id of a file."""
    return bool(_FILE_ID.fullmatch(text) or _UUID.fullmatch(text))


def is_job_id(text: str) -> bool:
    """Whether this looks like the id of a job."""
    return bool(_JOB_ID.fullmatch(text))


def _exists(text: str) -> bool:
    try:
        path = Path(text)
        if path.is_dir():
            raise DataError("this is a folder, not a file", file=text)
        return path.exists()
    except (OSError, ValueError):  # a name too long for a file, a NUL
        return False


def _no_file(text: str, option: str) -> DataError | UsageError:
    if _JOB_ID.fullmatch(text):
        return UsageError(f"`{text}` is a job; {option} takes a file, the id of a file (file-…), or an address")
    near = nearest_file(text)
    hint = f"did you mean `{near}`?" if near else None
    looks_like_path = bool(Path(text).suffix) or "/" in text or "\\" in text
    if hint is None and not looks_like_path:
        hint = "the id of a file on the service looks like file-…"
    return DataError("there is no such file", file=text, hint=hint)


def nearest_file(text: str) -> str | None:
    """The file of the most similar name in the same folder; None if none is similar."""
    wanted = Path(text)
    try:
        names = [path.name for path in wanted.parent.iterdir() if path.is_file()]
    except (OSError, ValueError):
        return None
    if not wanted.suffix:  # `train` for `train.jsonl`
        by_stem = [name for name in names if Path(name).stem == wanted.name]
        if by_stem:
            return str(wanted.parent / sorted(by_stem)[0])
    near = difflib.get_close_matches(wanted.name, names, n=1)
    return str(wanted.parent / near[0]) if near else None
