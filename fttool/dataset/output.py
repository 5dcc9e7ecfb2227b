"""Files that appear whole or not at all, and never in the place of another one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from fttool.dataset.formats.base import Table
from fttool.errors import OutputError

_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd")


class Draft:
    """A file being written beside its final place. A context manager: what was not published is removed.

    Raises:
        OutputError: from any method, with what the system said and what to do.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.examples = 0
        self.bytes = 0
        self._published = False
        self.path = folder / f".fttool-{secrets.token_hex(8)}.part"
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Draft:
        return self  # the file is made later: an interrupt in between would leave it behind

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            self._file = os.fdopen(handle, "wb")
        return self._file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # closing flushes: on a full disk that fails again
            if self._file is not None:
                self._file.close()
        if not self._published:
            self.path.unlink(missing_ok=True)

    def write(self, data: bytes, examples: int) -> None:
        """Append lines that hold so many examples."""
        try:
            self._opened().write(data)
        except OSError as error:
            raise _failed(self.folder, error) from error
        self.examples += examples
        self.bytes += len(data)

    def finish(self) -> None:
        """Make sure that every byte is on the disk: the disk may be full only now."""
        try:
            file = self._opened()
            file.flush()
            os.fsync(file.fileno())
            file.close()
        except OSError as error:
            raise _failed(self.folder, error) from error

    def publish(self, target: Path, *, overwrite: bool = False) -> None:
        """Give the finished file its name; a file that stands there is only replaced with `overwrite`."""
        try:
            self.path.chmod(0o666 & ~_umask())
            if overwrite:
                self.path.replace(target)
            else:
                _rename_new(self.path, target)
        except FileExistsError:
            raise OutputError(f"`{target}` exists", hint="give another name, or `--force` to replace it") from None
        except OSError as error:
            raise _failed(target, error) from error
        self._published = True


def _rename_new(source: Path, target: Path) -> None:
    """Rename without ever replacing: a hard link fails where a name is taken, a rename on POSIX would not."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError from None
        source.rename(target)
    else:
        source.unlink()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _failed(where: Path, error: OSError) -> OutputError:
    reasons = {
        errno.ENOSPC: ("the disk is full", "free some space, or write elsewhere with `-o FILE`; nothing was written"),
        errno.EDQUOT if hasattr(errno, "EDQUOT") else -1: (
            "the disk quota is used up",
            "write elsewhere with `-o FILE`",
        ),
        errno.EACCES: ("no permission to write there", "write elsewhere with `-o FILE`"),
        errno.EROFS: ("the file system is read-only", "write elsewhere with `-o FILE`"),
        errno.ENOENT: ("there is no such folder", "create it first, or write elsewhere with `-o FILE`"),
        errno.ENOTDIR: ("that is no folder", "write elsewhere with `-o FILE`"),
    }
    reason, hint = reasons.get(error.errno or 0, (error.strerror or str(error), "write elsewhere with `-o FILE`"))
    return OutputError(f"cannot write `{where}`: {reason}", hint=hint)


def check_target(path: Path, tables: Sequence[Table], *, overwrite: bool) -> None:
    """Raise OutputError if a file cannot be written there: said before the work, not after it."""
    with _name_that_works(path):
        if path.is_dir():
            raise OutputError(f"`{path}` is a folder", hint=f"name a file: `-o {path / 'prepared.jsonl'}`")
        if path.resolve() in {Path(table.name).resolve() for table in tables if table.name != "-"}:
            raise OutputError(f"`{path}` is an input; inputs are never changed", hint="write to another name")
        if path.exists() and not path.is_file():
            raise OutputError(f"`{path}` is a device or a pipe", hint="name a file; `-o -` is standard output")
        if not overwrite and (path.exists() or path.is_symlink()):
            raise OutputError(f"`{path}` exists", hint="give another name, or `--force` to replace it")
        check_folder(path)


@contextlib.contextmanager
def _name_that_works(path: Path) -> Iterator[None]:
    """What the system says of a name that is too long, goes round in circles or cannot be a name, in our words."""
    try:
        yield
    except OSError as error:
        raise _failed(path, error) from error
    except (RuntimeError, ValueError) as error:
        raise OutputError(f"{str(path)!a} cannot be a file name: {error}", hint="give another name") from error


def check_folder(path: Path) -> None:
    """Raise OutputError if no file can be made beside `path`."""
    if not path.parent.is_dir():
        raise _failed(path, OSError(errno.ENOENT, ""))
    if not os.access(path.parent, os.W_OK):
        raise _failed(path, OSError(errno.EACCES, ""))


def stem_of(name: str) -> str:
    """The path of an input without what its name ends in: `a/people.csv.gz` -> `a/people`, `-` -> `stdin`."""
    if name == "-":
        return "stdin"
    path = Path(name)
    if path.suffix.lower() in _COMPRESSED:
        path = path.with_suffix("")
    return str(path.with_suffix("")) if path.suffix else str(path)


def free_names(stem: str, endings: list[str]) -> list[Path]:
    """`<stem>_<ending>.jsonl` for each ending, with ` (1)`, ` (2)`, … for all when any is taken, as legacy names go."""
    number = 0
    while True:
        mark = f" ({number})" if number else ""
        paths = [Path(f"{stem}_{ending}{mark}.jsonl") for ending in endings]
        with _name_that_works(paths[0]):
            if not any(path.exists() or path.is_symlink() for path in paths):
                return paths
        number += 1


def named(output: Path, endings: list[str]) -> list[Path]:
    """The path asked for; with several files `_train`, `_valid` stand before what its name ends in."""
    if len(endings) == 1:
        return [output]
    return [output.with_name(f"{output.stem}_{ending.rpartition('_')[2]}{output.suffix}") for ending in endings]
