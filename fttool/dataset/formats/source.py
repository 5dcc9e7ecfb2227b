"""Bytes on disk or on standard input, decompressed as they stream by.

Two passes read every input, so what cannot be read twice (a pipe) is first copied to a temporary file, and what needs
random access (a spreadsheet inside a .gz) is unpacked to one. Temporary files go when the process ends.
"""

from __future__ import annotations

import atexit
import contextlib
import difflib
import gzip
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fttool.dataset.formats import base
from fttool.errors import DataError

#: A packed spreadsheet or Parquet file may not unpack to more than this.
MAX_UNPACKED_BYTES = 4 * 1024**3

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
#: One byte of zstd can stand for 32 KiB, so a bite of 2 KiB never becomes more than 64 MiB.
_ZSTD_BITE = 2048

_OTHER_PACKERS = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"7z\xbc\xaf\x27\x1c": "7-Zip", b"Rar!": "RAR"}


@dataclass(frozen=True, slots=True)
class Source:
    """One input: `path` is where its bytes are, `name` what the user called it, `compression` gzip, zstd or None."""

    path: str
    name: str
    size: int
    compression: str | None = None

    def chunks(self) -> Iterator[tuple[bytes, int]]:
        """The content, decompressed, in pieces of about BLOCK_BYTES, each with the bytes read from disk for it.

        Raises DataError for a truncated or damaged .gz or .zst, and for a file that cannot be read (any more).
        """
        try:
            with Path(self.path).open("rb") as file:
                if os.fstat(file.fileno()).st_size != self.size:
                    raise DataError("changed while it was being read", file=self.name, hint="start again")
                if self.compression == "gzip":
                    yield from _gunzip(file)
                elif self.compression == "zstd":
                    yield from _unzstd(file)
                else:
                    while data := file.read(base.BLOCK_BYTES):
                        yield data, len(data)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(
                f"the {self.compression} data is damaged or cut short ({error})",
                file=self.name,
                hint="copy or download the file again",
            ) from error
        except OSError as error:
            raise cannot_read(self.name, error) from error

    def head(self, size: int) -> bytes:
        """The first `size` bytes of the content, decompressed."""
        data = b""
        with contextlib.closing(self.chunks()) as chunks:  # type: ignore[type-var]
            for piece, _ in chunks:
                data += piece
                if len(data) >= size:
                    break
        return data[:size]

    def unpacked(self) -> Source:
        """The same content in an uncompressed temporary file; DataError when it is too large to unpack."""
        if self.compression is None:
            return self
        written = 0
        with _temporary() as target:
            for data, _ in self.chunks():
                written += len(data)
                if written > MAX_UNPACKED_BYTES:
                    raise DataError(f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes", file=self.name)
                target.write(data)
        return Source(target.name, self.name, written)


def open_source(path: str | os.PathLike[str]) -> Source:
    """Find the input and how it is packed. DataError when there is none, or it cannot be read."""
    name = os.fspath(path)
    if name == "-":
        if sys.stdin is None:
            raise DataError("there is no standard input", file=name)
        return _sized(_spool(sys.stdin.buffer, name), name)
    place = Path(name)
    try:
        if place.is_dir():
            raise _is_folder(place, name)
        if place.exists() and not place.is_file():
            with place.open("rb") as pipe:
                return _sized(_spool(pipe, name), name)
        return _sized(name, name)
    except FileNotFoundError as error:
        raise _not_found(place, name) from error
    except (OSError, ValueError) as error:
        raise cannot_read(name, error) from error


def cannot_read(name: str, error: Exception) -> DataError:
    """The error for a file the operating system does not let us read."""
    if isinstance(error, PermissionError):
        return DataError("cannot be read: permission denied", file=name, hint=f"check its permissions: `ls -l {name}`")
    if isinstance(error, FileNotFoundError):
        return DataError("no such file", file=name)
    reason = getattr(error, "strerror", None) or error
    return DataError(f"cannot be read: {reason}", file=name)


def no_examples(name: str, why: str) -> DataError:
    """The error for an input with nothing in it."""
    return DataError(f"holds no examples ({why})", file=name, hint="check that this is the right file")


def _sized(path: str, name: str) -> Source:
    with Path(path).open("rb") as file:
        magic = file.read(8)
        size = os.fstat(file.fileno()).st_size
    for start, packer in _OTHER_PACKERS.items():
        if magic.startswith(start) and (packer != "bzip2" or magic[3:4].isdigit()):
            hint = "unpack it first; gzip and zstd are read as they are"
            raise DataError(f"is compressed with {packer}, which fttool does not read", file=name, hint=hint)
    compression = "gzip" if magic.startswith(_GZIP) else "zstd" if magic.startswith(_ZSTD) else None
    return Source(path, name, size, compression)


def _gunzip(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    before = 0
    with gzip.GzipFile(fileobj=file) as stream:
        while data := stream.read(base.BLOCK_BYTES):
            after = file.tell()
            yield data, after - before
            before = after


def _unzstd(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    import zstandard

    unpacker = None
    pieces: list[bytes] = []
    held = taken = 0
    while bite := file.read(_ZSTD_BITE):
        taken += len(bite)
        while bite:  # several frames may follow each other
            if unpacker is None:
                unpacker = zstandard.ZstdDecompressor().decompressobj()
            try:
                piece = unpacker.decompress(bite)
            except zstandard.ZstdError as error:
                raise zlib.error(str(error)) from error
            pieces.append(piece)
            held += len(piece)
            bite = unpacker.unused_data if unpacker.eof else b""
            if unpacker.eof:
                unpacker = None
        if held >= base.BLOCK_BYTES:
            yield b"".join(pieces), taken
            pieces, held, taken = [], 0, 0
    if unpacker is not None:
        raise EOFError("the last frame is not complete")
    if held or taken:
        yield b"".join(pieces), taken


def _spool(stream: BinaryIO, name: str) -> str:
    try:
        with _temporary() as target:
            shutil.copyfileobj(stream, target, base.BLOCK_BYTES)
    except OSError as error:
        raise DataError(f"cannot be copied to a temporary file: {error}", file=name) from error
    return target.name


def _temporary() -> tempfile._TemporaryFileWrapper[bytes]:
    target = tempfile.NamedTemporaryFile(prefix="fttool-", delete=False)  # noqa: SIM115
    atexit.register(Path(target.name).unlink, missing_ok=True)
    return target


def _is_folder(place: Path, name: str) -> DataError:
    inside = sorted(child.name for child in place.iterdir() if child.is_file() and not child.name.startswith("."))
    hint = f"name a file in it, such as `{place / inside[0]}`" if inside else "it is empty"
    return DataError("is a folder, not a file", file=name, hint=hint)


def _not_found(place: Path, name: str) -> DataError:
    hint = None
    folder = place.parent
    try:
        names = [child.name for child in folder.iterdir()]
    except FileNotFoundError:
        hint = f"there is no folder `{folder}` either"
    except OSError:
        hint = None
    else:
        near = difflib.get_close_matches(place.name, names, n=1, cutoff=0.75) or _same_stem(place, names)
        hint = f"did you mean `{folder / near[0]}`?" if near else None
    return DataError("no such file", file=name, hint=hint)


def _same_stem(place: Path, names: list[str]) -> list[str]:
    return [name for name in names if Path(name).stem.lower() == place.stem.lower()][:1]
