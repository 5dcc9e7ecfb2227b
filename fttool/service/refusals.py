"""What the service refuses, in OpenAI's words and envelope.

`{"error": {"message", "type", "param", "code"}}`, all four always there; statuses, codes and messages are those that
OpenAI's service was seen to answer, where it has such a case.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

INVALID = "invalid_request_error"
SERVER = "server_error"

#: What a client sent is quoted in messages, but not megabytes of it: so many characters of a message and a param.
MOST_MESSAGE, MOST_PARAM = 1_000, 200

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class Refusal(Exception):
    """An answer that is an error: HTTP status, message, OpenAI's type, code and param, extra headers."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = INVALID,  # noqa: A002
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = _shortened(message, MOST_MESSAGE)
        self.type = type
        self.code = code
        self.param = None if param is None else _shortened(param, MOST_PARAM)
        self.headers = dict(headers or {})

    def envelope(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


def bad(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """400: the request is wrong, or not possible in this state."""
    return Refusal(400, message, param=param, code=code)


def unknown_parameter(name: str, known: Iterable[str], inside: str = "") -> Refusal:
    """400 for a field that does not exist, with the nearest that does. `inside` is the object it stands in."""
    near = get_close_matches(name[:MOST_PARAM], list(known), n=1)
    param = f"{inside}.{name}" if inside else name
    hint = f" Did you mean '{f'{inside}.' if inside else ''}{near[0]}'?" if near else ""
    return bad(f"Unknown parameter: '{param}'.{hint}", param, "unknown_parameter")


def file_missing(file_id: str) -> Refusal:
    """404 for a file that is not there (any more)."""
    return Refusal(404, f"No such File object: {file_id}", param="id")


def upload_missing(upload_id: str) -> Refusal:
    """404 for an upload that is not there."""
    return Refusal(404, f"No such Upload object: {upload_id}", param="upload_id")


def job_missing(job_id: str) -> Refusal:
    """404 for a job that is not there."""
    return Refusal(404, f"Could not find fine tune: {job_id}", code="fine_tune_not_found", param="fine_tune_id")


def model_missing(model: str) -> Refusal:
    """404 for a model that is not there."""
    return Refusal(404, f"The model '{model}' does not exist", code="model_not_found", param="model")


def conflict(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """409: something else stands in the way."""
    return Refusal(409, message, param=param, code=code)


def too_large(message: str, param: str | None = None) -> Refusal:
    """413."""
    return Refusal(413, message, code="request_too_large", param=param)


def too_many(message: str, wait: int) -> Refusal:
    """429, with the seconds after which another try may help."""
    return Refusal(429, message, code="rate_limit_exceeded", headers={"Retry-After": str(wait)})


def unsupported(what: str, param: str | None = None) -> Refusal:
    """400 for a part of OpenAI's API that this service does not have."""
    return bad(f"{what} is not supported by this service", param, "not_supported")


def as_refusal(error: Exception) -> Refusal | None:
    """What an error of the machine is to the client: a full disk, a busy database. None if it is a bug."""
    text = str(error)
    if isinstance(error, OSError) and error.errno in _FULL:
        return disk_full()
    if isinstance(error, sqlite3.OperationalError):
        if "disk is full" in text:
            return disk_full()
        if "locked" in text or "busy" in text:
            headers = {"Retry-After": "1"}
            return Refusal(503, "The service is busy; try again", type=SERVER, code="busy", headers=headers)
    return None


def disk_full() -> Refusal:
    """500: there is no room for it."""
    message = "The disk of the service's state folder is full: nothing was stored"
    return Refusal(500, message, type=SERVER, code="disk_full")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
