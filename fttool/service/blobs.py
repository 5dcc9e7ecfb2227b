"""The bytes of files, each under its own SHA-256: whole or not there at all."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from fttool.service.ids import new_id
from fttool.service.state import StateDir

#: Seconds that bytes which nothing refers to are left alone by `collect`: they may be on their way in.
GRACE = 3600


class Incoming:
    """Bytes that are just coming: written to a temporary file while they are hashed. `keep` makes them a blob.

    As a context manager it leaves nothing behind unless they were kept.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._path = blobs.state.incoming / new_id("in-")
        self._file = os.fdopen(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o600), "wb")
        self._hash = hashlib.sha256()
        self.bytes = 0

    def write(self, chunk: bytes | memoryview) -> None:
        """Add bytes."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.bytes += len(chunk)

    def seal(self) -> None:
        """Bring the bytes to the disk: slow, so that `keep`, which others wait for, is quick."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def keep(self) -> str:
        """Make the bytes a blob, and return its hash."""
        self.seal()
        sha = self._hash.hexdigest()
        with self._blobs.held():
            self._blobs.adopt(self._path, sha)
        return sha

    def close(self) -> None:
        """Leave nothing behind, unless the bytes were kept."""
        try:
            self._file.close()
        finally:  # closing flushes, which a full disk refuses
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Blobs:
    """The blobs of a state folder. Several threads and processes may use it."""

    def __init__(self, state: StateDir) -> None:
        from filelock import FileLock

        state.make()
        self.state = state
        self._mutex = threading.RLock()
        self._lock = FileLock(state.blobs_lock, mode=0o600)

    def incoming(self) -> Incoming:
        """Begin to take in bytes."""
        return Incoming(self)

    def write(self, stream: Iterable[bytes]) -> tuple[str, int]:
        """Store the bytes of a stream. Returns their hash and how many they are. Nothing is left if it raises."""
        with self.incoming() as incoming:
            for chunk in stream:
                incoming.write(chunk)
            return incoming.keep(), incoming.bytes

    def path(self, sha: str) -> Path:
        """Where the bytes are."""
        if len(sha) != 64 or not set(sha) <= set("0123456789abcdef"):
            raise ValueError(f"not a SHA-256: {sha!r}")
        return self.state.blobs / sha[:2] / sha

    def open(self, sha: str) -> BinaryIO:
        """The bytes, to read. FileNotFoundError if they are not there."""
        return self.path(sha).open("rb")

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this is held nothing is taken away: what refers to bytes that are there can be stored."""
        with self._mutex, self._lock:
            yield

    def adopt(self, path: Path, sha: str) -> None:
        """Give a complete file its place; to be called while held. Bytes that are there already are made anew."""
        target = self.path(sha)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            path.replace(target)
        except PermissionError:  # Windows does not replace a file that someone reads
            if not target.exists():
                raise
            path.unlink()
        os.utime(target)
        for folder in (target.parent, target.parent.parent):
            _sync_folder(folder)

    def discard(self, shas: Iterable[str], used: Callable[[], Collection[str]]) -> None:
        """Take away these bytes, unless they are among the `used` ones."""
        unwanted = set(shas)
        if unwanted:
            with self.held():
                for sha in unwanted.difference(used()):
                    _remove(self.path(sha))

    def collect(self, used: Callable[[], Collection[str]], grace: float = GRACE) -> None:
        """Take away everything that is not among the `used` hashes and has been there for `grace` seconds."""
        old = time.time() - grace
        for path in self.state.incoming.iterdir():
            if _modified(path) < old:
                _remove(path)
        with self.held():
            wanted = used()
            for path in self.state.blobs.glob("??/*"):
                if path.name not in wanted and _modified(path) < old:
                    _remove(path)


_BINARY = getattr(os, "O_BINARY", 0)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:  # someone reads it, on Windows: it goes another time
        return


def _sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, where the system can do that."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
