"""The content of a file of the service: to a file of its own, whole or not at all, or to standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.records.jobs import FileView

_CHUNK = 1 << 20


def run(
    connection: Connection, file_id: str, given: Path | None, *, to_stdout: bool, force: bool
) -> tuple[FileView, Path | None]:
    """Download it; what the service says of the file, and where it is now (None: on standard output).

    Raises OutputError, before anything is sent where that can be known, if the target is there or cannot be written.
    """
    from fttool.jobs.download import download
    from fttool.jobs.files import get_file

    if given is not None and not to_stdout:
        _check_target(given, force)
    client = connection.open()
    view = get_file(client, file_id)
    target = None if to_stdout else _target(given, view)
    if target is not None:
        _check_target(target, force)
    with output.progress(view.bytes, "bytes", label=f"downloading {view.filename or view.id}") as bar:

        def tell(done: int, total: int | None) -> None:
            bar.total = total
            bar.advance(done - bar.done)

        data = download(client, view.id, size=view.bytes, tell=tell)
    with data:
        if target is None:
            _print(data)
        else:
            _write(data, target, force)
    return view, target


def _target(given: Path | None, view: FileView) -> Path:
    """Where the content goes: what -o says, or the name the service has for it, which cannot lead elsewhere."""
    if given is not None and not given.is_dir():
        return given
    name = "".join(char for char in (view.filename or view.id) if char.isprintable() and char not in '/\\:*?"<>|')
    return (given or Path()) / (name.strip(". ") or view.id)


def _check_target(path: Path, force: bool) -> None:
    from fttool.dataset.output import check_target

    if not path.is_dir():
        check_target(path, [], overwrite=force)


def _write(data: IO[bytes], target: Path, force: bool) -> None:
    from fttool.dataset.output import Draft

    with Draft(target.parent) as draft:
        while chunk := data.read(_CHUNK):
            draft.write(chunk, 0)
        draft.finish()
        draft.publish(target, overwrite=force)


def _print(data: IO[bytes]) -> None:
    """Byte for byte in a pipe, made harmless on a terminal."""
    if output.is_terminal(sys.stdout):
        output.answer_piece(data.read().decode("utf-8", "backslashreplace"))
        return
    stdout = output.stdout_bytes()
    while chunk := data.read(_CHUNK):
        stdout.write(chunk)
    stdout.flush()
