"""Files and folders that appear whole or not at all: written aside, forced to the disk, renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

#: What a folder that is not finished begins with, so that it can be told from the others and swept away.
UNFINISHED = ".new-"


def write_folder(target: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill an empty folder, and make it `target`. What was there before is replaced.

    Raises what `write` raises, and OSError; `target` is then as it was.
    """
    aside = target.with_name(UNFINISHED + target.name)
    remove(aside)
    aside.mkdir(mode=0o700)
    try:
        write(aside)
        for folder, _, names in os.walk(aside):
            for name in names:
                _sync(Path(folder, name))
            _sync(Path(folder))
        remove(target)
        aside.rename(target)
    except BaseException:
        remove(aside)
        raise
    _sync(target.parent)


def link_folder(source: Path, target: Path) -> None:
    """A second folder with the same files. They share the disk's space where it can do that; no one changes them."""

    def link(folder: Path) -> None:
        shutil.copytree(source, folder, dirs_exist_ok=True, copy_function=_link)

    write_folder(target, link)


def write_file(target: Path, data: bytes) -> None:
    """Make `target` a file with these bytes, readable for the user only; what was there before is replaced."""
    aside = target.with_name(UNFINISHED + target.name)
    with open(aside, "wb", opener=_private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(target)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def remove(folder: Path) -> None:
    """Remove a folder, if it is there, with all that is in it; a file that cannot be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # no hard links on this disk
        shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    """Force to the disk. Windows cannot do that with folders, nor with files opened for reading."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
