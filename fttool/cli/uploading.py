"""Files on their way to a service, as a person sees it: bars, what is there already, questions."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import output, prompts

if TYPE_CHECKING:
    from fttool.cli.progress import Progress
    from fttool.jobs.client import Client
    from fttool.jobs.contents import Contents
    from fttool.jobs.sending import Choose, Listener, Uploaded, Wish
    from fttool.jobs.sources import Source
    from fttool.records.jobs import FileView

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))

_SEND_ANYWAY = "none of these: send it"


def listener(*, quiet: bool = False) -> Listener:
    """Tells on stderr what happens; warnings always, the rest unless `quiet`."""
    from fttool.jobs.sending import Listener

    return Listener(bar=_bar, say=_silent if quiet else _say, warn=output.warn)


def chooser(*, no_input: bool, json: bool) -> Choose | None:
    """Offers files of the same name and size, if someone is there to choose."""
    return _choose if prompts.can_ask(no_input) and not json else None


def send(client: Client, path: Path, wish: Wish, tell: Listener, *, filename: str | None = None) -> Uploaded:
    """Have a file on the service, and say where it is. Raises as `fttool.jobs.upload.upload` does."""
    from fttool.jobs.upload import upload

    try:
        done = upload(client, path, wish=wish, filename=filename, listener=tell)
    except KeyboardInterrupt:
        if wish.part_size or path.stat().st_size > client.service.file_limit:
            output.hint("the same command goes on where it stopped")
        raise
    name = filename or path.name
    if done.sent_at is None:
        tell.say(f"uploaded {name}: {done.file.id}")
    else:
        tell.say(f"{name} is already there: {done.file.id} (uploaded {ago(done.sent_at)}); not sent again")
    return done


def ago(when: int) -> str:
    """`2 days ago`, of a time in unix seconds."""
    passed = time.time() - when
    for seconds, unit in _UNITS:
        count = int(passed // seconds)
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


@contextmanager
def on_disk(source: Source, most: int) -> Iterator[Path]:
    """The file that is meant, on this machine: as it is, or fetched into a folder that goes with the context."""
    if source.kind == "path":
        yield source.path
        return
    with tempfile.TemporaryDirectory(prefix="fttool-") as folder:
        yield _from_stdin(Path(folder)) if source.kind == "stdin" else _from_address(source.text, Path(folder), most)


def _from_stdin(folder: Path) -> Path:
    target = folder / "stdin.jsonl"
    with target.open("wb") as file:
        if sys.stdin is not None:
            shutil.copyfileobj(sys.stdin.buffer, file)
    return target


def _from_address(url: str, folder: Path, most: int) -> Path:
    from fttool.jobs.fetch import fetch, name_of

    bars: list[Progress] = []

    def started(size: int | None) -> Callable[[int], None]:
        bars.append(output.progress(size, "bytes", label=f"downloading {name_of(url)}"))
        return bars[0].advance

    try:
        return fetch(url, folder, most=most, started=started)
    finally:
        for bar in bars:
            bar.__exit__(None, None, None)


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    with output.progress(total, "bytes", label=what) as bar:
        yield bar.advance


def _say(text: str) -> None:
    output.note(text)


def _silent(text: str) -> None:
    """`-q`."""


def _choose(contents: Contents, files: Sequence[FileView]) -> FileView | None:
    """Which of the files of the same name and size is this one; None to send it anyway."""
    shown = {f"{file.id} (uploaded {ago(file.created_at or 0)})": file for file in files}
    question = f"The service has a file {contents.filename} of the same size. Use it?"
    if len(files) > 1:
        question = f"The service has {len(files)} files {contents.filename} of the same size. Use one?"
    answer = prompts.choose(question, [*shown, _SEND_ANYWAY], default=_SEND_ANYWAY)
    return shown.get(answer)
