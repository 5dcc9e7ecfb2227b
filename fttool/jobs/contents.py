"""What is in a file that is to be sent: its size and hashes; and a reader that counts and hashes what it hands out.

The SDK reads a path or bytes whole into memory, and streams an open file. So it is given a `Reader`: an open file that
moves a progress bar, and that covers a part of the file only where a part is sent.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from fttool.errors import DataError

if TYPE_CHECKING:
    from hashlib import _Hash

#: What a file in UTF-8 may begin with, and must for some services.
BOM = b"\xef\xbb\xbf"

_CHUNK = 1024 * 1024

#: Told of bytes that were read; less than 0 when a request is sent again from its start.
Advance = Callable[[int], None]


def _ignore(amount: int) -> None:
    """No one looks."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A file as it will be sent: `lead` (a BOM or nothing) and then its bytes. Sizes in bytes, hashes in hex."""

    path: Path
    filename: str
    size: int
    sha256: str
    md5: str
    mtime_ns: int
    lead: bytes = b""

    def has_changed(self) -> bool:
        """Whether someone has written to the file since it was examined."""
        try:
            status = self.path.stat()
        except OSError:
            return True
        return (status.st_size + len(self.lead), status.st_mtime_ns) != (self.size, self.mtime_ns)


def examine(path: Path, filename: str | None = None, *, bom: bool = False, advance: Advance = _ignore) -> Contents:
    """Read `path` once for its size and hashes. `bom`: the service wants the text to begin with a BOM.

    `filename` is the name it gets on the service, that of the path if not given.
    Raises DataError for what is no readable file, or empty.
    """
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    try:
        with path.open("rb") as file:
            lead = BOM if bom and file.read(len(BOM)) != BOM else b""
            file.seek(0)
            mtime_ns = os.fstat(file.fileno()).st_mtime_ns
            for each in (sha256, md5):
                each.update(lead)
            while chunk := file.read(_CHUNK):
                sha256.update(chunk)
                md5.update(chunk)
                size += len(chunk)
                advance(len(chunk))
    except IsADirectoryError:
        raise DataError("this is a folder, not a file", file=str(path)) from None
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=str(path)) from None
    if not size:
        raise DataError("it is empty", file=str(path))
    hashes = sha256.hexdigest(), md5.hexdigest()
    return Contents(path, filename or path.name, len(lead) + size, *hashes, mtime_ns, lead)


class Reader(io.RawIOBase):
    """The bytes `start` to `start + size` of the contents, as a file that a request can be made of, and made again.

    `sha256` is the hash of what was handed out since the last rewind: what was really sent.
    """

    def __init__(self, contents: Contents, start: int = 0, size: int | None = None, advance: Advance = _ignore) -> None:
        super().__init__()
        self._contents = contents
        self._start = start
        self._size = contents.size - start if size is None else size
        self._at = 0
        self._told = 0
        self._advance = advance
        self._hash: _Hash = hashlib.sha256()
        self._file: BinaryIO = contents.path.open("rb")

    @property
    def stream(self) -> IO[bytes]:
        """This, as the SDK's types want it."""
        return cast("IO[bytes]", self)

    @property
    def sha256(self) -> str:
        """The hash of what was read, in hex."""
        return self._hash.hexdigest()

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """A request that is sent again is read again."""
        return True

    def tell(self) -> int:
        """Bytes from the beginning of this part."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte of this part."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        if self._at == 0:
            self._hash = hashlib.sha256()
            self._advance(-self._told)
            self._told = 0
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, at most `size` of them."""
        left = self._size - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted <= 0:
            return b""
        position = self._start + self._at
        lead = self._contents.lead
        data = lead[position : position + wanted]
        if len(data) < wanted:
            self._file.seek(max(0, position - len(lead)))
            data += self._file.read(wanted - len(data))
        self._at += len(data)
        self._told += len(data)
        self._hash.update(data)
        self._advance(len(data))
        return data

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """The same, into a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()
