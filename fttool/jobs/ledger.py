"""The ledger of uploads: which bytes are on which service already, and which uploads in parts are unfinished.

It is a convenience, never a truth: what it says is verified with the service before use, and when it cannot be read or
written, files are sent again. It holds hashes, ids and names, no keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from fttool.errors import FttoolError

#: Files remembered for the same bytes at the same place: keys of several organizations may share an address.
_MOST_COPIES = 4

#: Entries kept in all; the oldest go first.
_MOST_ENTRIES = 2_000


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that was sent. `place` is the account it was sent to; times are unix seconds."""

    place: str
    sha256: str
    purpose: str
    id: str
    filename: str
    bytes: int
    sent_at: int


class Part(msgspec.Struct, frozen=True):
    """A part of an upload that the service has. `number` counts from 0."""

    number: int
    id: str
    sha256: str


class Unfinished(msgspec.Struct, frozen=True, omit_defaults=True):
    """An upload in parts that was begun. `expires_at` is when the service forgets it."""

    place: str
    sha256: str
    purpose: str
    upload_id: str
    filename: str
    bytes: int
    part_size: int
    begun_at: int
    expires_at: int
    expires_after: int | None = None
    parts: tuple[Part, ...] = ()


class _Book(msgspec.Struct):
    version: int = 1
    files: list[Sent] = []
    uploads: list[Unfinished] = []


def ledger_file() -> Path:
    """Where the ledger is kept: the user's state folder."""
    from platformdirs import user_state_path

    return user_state_path("fttool", appauthor=False) / "uploads.json"


def _silent(warning: str) -> None:
    """No one listens."""


class Ledger:
    """The ledger in a file that only its owner can read. Several processes may use it at once."""

    def __init__(self, path: Path | None = None, warn: Callable[[str], None] = _silent) -> None:
        self._path = path or ledger_file()
        self._warn = warn
        self._may_write = True

    def files(self, place: str, sha256: str, purpose: str) -> list[Sent]:
        """Where these bytes may be, the newest first."""
        wanted = (place, sha256, purpose)
        found = [one for one in self._read().files if (one.place, one.sha256, one.purpose) == wanted]
        return sorted(found, key=lambda one: one.sent_at, reverse=True)

    def add_file(self, sent: Sent) -> None:
        """These bytes are on the service."""
        wanted = (sent.place, sent.sha256, sent.purpose)

        def change(book: _Book) -> None:
            same = [one for one in book.files if (one.place, one.sha256, one.purpose) == wanted and one.id != sent.id]
            old = {one.id for one in sorted(same, key=lambda one: one.sent_at)[: -_MOST_COPIES + 1]}
            book.files = [one for one in book.files if one.id != sent.id and one.id not in old][1 - _MOST_ENTRIES :]
            book.files.append(sent)

        self._change(change)

    def forget_file(self, place: str, file_id: str) -> None:
        """The file was deleted."""

        def change(book: _Book) -> None:
            book.files = [one for one in book.files if (one.place, one.id) != (place, file_id)]

        self._change(change)

    def unfinished(self, place: str, sha256: str, purpose: str, filename: str) -> Unfinished | None:
        """The newest upload of these bytes that was begun and can still be gone on with."""
        now = time.time()
        for one in reversed(self._read().uploads):
            same = (one.place, one.sha256, one.purpose, one.filename) == (place, sha256, purpose, filename)
            if same and one.expires_at > now:
                return one
        return None

    def keep_upload(self, upload: Unfinished) -> None:
        """How far an upload is."""
        now = time.time()

        def change(book: _Book) -> None:
            others = (one for one in book.uploads if one.upload_id != upload.upload_id and one.expires_at > now)
            book.uploads = [*others, upload]

        self._change(change)

    def drop_upload(self, upload_id: str) -> None:
        """The upload is complete, or gone."""

        def change(book: _Book) -> None:
            book.uploads = [one for one in book.uploads if one.upload_id != upload_id]

        self._change(change)

    def _read(self) -> _Book:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return _Book()
        except OSError as error:
            self._tell_once(f"{self._path} cannot be read ({(error.strerror or str(error)).lower()})")
            return _Book()
        try:
            return msgspec.json.decode(data, type=_Book)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._set_aside()
            return _Book()

    def _change(self, change: Callable[[_Book], None]) -> None:
        """Read, change and write, while no other process does."""
        if not self._may_write:
            return
        from filelock import FileLock, Timeout

        from fttool.config.files import write_text

        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._path.with_name(f".{self._path.name}.lock"), timeout=10):
                book = self._read()
                change(book)
                write_text(self._path, msgspec.json.encode(book).decode(), private=True)
        except Timeout:
            self._tell_once(f"{self._path} is in use by another fttool")
        except (OSError, FttoolError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._tell_once(f"{self._path} cannot be written ({(reason or str(error)).lower()})")

    def _set_aside(self) -> None:
        """A ledger that cannot be read is kept for who wants to look, and a new one begun."""
        for number in range(1, 100):
            aside = self._path.with_name(f"{self._path.stem}.broken-{number}{self._path.suffix}")
            if not aside.exists():
                try:
                    self._path.replace(aside)
                except OSError:
                    break
                self._warn(
                    f"the list of uploads could not be read: it was moved to {aside}, and files may be sent again"
                )
                return
        self._tell_once(f"{self._path} cannot be read")

    def _tell_once(self, what: str) -> None:
        if self._may_write:
            self._warn(f"{what}: what is sent now will not be remembered")
        self._may_write = False


def parts_in_order(parts: Sequence[Part]) -> list[str]:
    """The ids of all parts, as the service wants them in the end."""
    return [part.id for part in sorted(parts, key=lambda part: part.number)]
