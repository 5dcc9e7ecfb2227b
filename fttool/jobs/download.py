"""The content of a file that a service keeps: streamed, and whole or not at all."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from fttool.errors import ServiceError

if TYPE_CHECKING:
    from fttool.jobs.client import Client

#: Files that are larger than this wait on the disk.
IN_MEMORY = 8 << 20

#: Seconds to wait after the first cut; twice as long after each further one.
_PAUSE = 0.5

Tell = Callable[[int, int | None], None]


def spool() -> IO[bytes]:
    """An empty temporary file, in memory while it is small. It has no name, so nothing is left of it."""
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def download(client: Client, file_id: str, *, size: int | None = None, tell: Tell | None = None) -> IO[bytes]:
    """The content of a file, from its beginning, as a temporary file for the caller to close.

    A download that is cut is begun anew, as often as the client retries. `size` is what the service says the file
    has; it is asked only where the answer itself does not tell its length. `tell` is called with the bytes that came
    and how many they will be. Raises ServiceError if it does not come whole.
    """
    with ExitStack() as stack:
        file = stack.enter_context(spool())
        _fetch(client, file_id, file, size, tell)
        file.seek(0)
        stack.pop_all()
        return file


def _fetch(client: Client, file_id: str, file: IO[bytes], size: int | None, tell: Tell | None) -> None:
    for attempt in range(client.retries + 1):
        file.seek(0)
        file.truncate()
        try:
            with client.speaking(f"download file `{file_id}`"):
                return _receive(client, file_id, file, size, tell)
        except _CutError as error:
            if attempt == client.retries:
                raise ServiceError(f"the download of file `{file_id}` was cut: {error}", temporary=True) from error
        time.sleep(_PAUSE * 2**attempt)


class _CutError(Exception):
    """The connection ended before the file did."""


def _receive(client: Client, file_id: str, file: IO[bytes], size: int | None, tell: Tell | None) -> None:
    with client.sdk.files.with_streaming_response.content(file_id) as answer:
        total = _length(answer.headers)
        chunks = answer.iter_bytes()
        while chunk := _next(chunks):
            file.write(chunk)
            if tell is not None:
                tell(file.tell(), total or size)
        # HTTP tells the end of an answer by its length or by a last chunk; without both, any end looks like the end
        framed = "content-length" in answer.headers or "transfer-encoding" in answer.headers
        if not framed and size is not None and file.tell() < size:
            raise _CutError(f"{file.tell():,} of {size:,} bytes came")


def _next(chunks: Iterator[bytes]) -> bytes:
    try:
        return next(chunks, b"")
    except Exception as error:  # the SDK lets the errors of its HTTP library through here, and that may change
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "httpcore", "httpcore2"):
            raise
        raise _CutError(str(error) or type(error).__name__) from error


def _length(headers: Any) -> int | None:
    told = headers.get("content-length", "")
    return int(told) if told.isdigit() and "content-encoding" not in headers else None
