"""The service's log: what happened, never what was in it. No keys, no prompts, no lines of users' files.

The message of an exception may quote what it stumbled over. So only the machine's own errors keep theirs (disk full, no
rights); of the others the log has the kind and the place, unless it is asked for everything (level debug).
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from fttool.config.secrets import redact
from fttool.errors import FttoolError

logger = logging.getLogger("fttool.service")

LEVELS = ("debug", "info", "warning", "error")

#: A log that has grown beyond this (bytes) loses its older part; this much stays.
LARGEST, KEPT = 1_000_000, 250_000

_Failure: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """Time, level, message; exceptions without what they quote; keys blotted out."""

    def __init__(self, *, messages: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
        self.messages = messages

    def format(self, record: logging.LogRecord) -> str:
        """The line, and what follows it."""
        return redact(super().format(record))

    def formatException(self, ei: _Failure) -> str:
        """The places an exception came through, and its kind."""
        if self.messages or ei[1] is None:
            return super().formatException(ei)
        shown: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None and len(shown) < 5:
            said = f": {error}" if isinstance(error, OSError | FttoolError) else ""
            shown.insert(0, "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + said)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(shown)


def to_stderr(level: str) -> None:
    """Log to stderr from `level` (one of LEVELS) up. Uvicorn's chatter of coming and going is for debug only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet(messages=level == "debug"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn").setLevel(level.upper() if level in ("debug", "error") else "WARNING")
    logging.getLogger("asyncio").setLevel("WARNING")


def keep_small(path: Path) -> None:
    """Cut the older part off a log that has grown too large, in place: whoever appends to it goes on doing so."""
    if not path.exists() or path.stat().st_size <= LARGEST:
        return
    with path.open("r+b") as stream:
        stream.seek(-KEPT, os.SEEK_END)
        stream.readline()
        rest = stream.read()
        stream.seek(0)
        stream.write(rest)
        stream.truncate()
