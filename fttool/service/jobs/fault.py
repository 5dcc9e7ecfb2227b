"""Why a job fails: what its `error` says. And which errors mean that the disk is full."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import time
from pathlib import Path

from fttool.service.records import NewEvent
from fttool.service.store import Store

#: ENOSPC: full; EDQUOT: the user's share is used up; EFBIG: a file may not grow any more.
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)

#: With less than this free (bytes), an error without a number is taken for a full disk's: numpy's have none.
_LITTLE = 4 * 1024 * 1024


class JobFault(Exception):
    """The job cannot go on: the `code`, `message` and `param` of its error."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param

    def to_error(self) -> dict[str, str | None]:
        """The job's `error`."""
        return {"code": self.code, "message": self.message, "param": self.param}


def disk_full(folder: Path) -> JobFault:
    """The fault of a disk without space; `folder` is where there should be some."""
    return JobFault("disk_full", f"The disk is full: there is no space left for the job in {folder}")


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """Whether an error means that the disk of `folder` is full."""
    if isinstance(error, sqlite3.OperationalError):
        return "disk is full" in str(error) or ("disk I/O error" in str(error) and _nearly_full(folder))
    if not isinstance(error, OSError):
        return False
    return error.errno in _FULL or (error.errno is None and _nearly_full(folder))


def fail(store: Store, job_id: str, statuses: tuple[str, ...], fault: JobFault, *, attempt: int | None = None) -> bool:
    """Make the job `failed`, with an event that says why; False if its status or attempt is another by now.

    A job that fails while its files are validated has no `finished_at`: so it is with OpenAI's.
    """
    began = "validating_files" not in statuses
    return store.change(
        job_id,
        statuses,
        "failed",
        attempt=attempt,
        events=[NewEvent(fault.message, level="error")],
        error=fault.to_error(),
        finished_at=int(time.time()) if began else None,
    )


def _nearly_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LITTLE
    except OSError:
        return False
