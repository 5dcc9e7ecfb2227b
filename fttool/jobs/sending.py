"""What the ways to send a file have in common: what is wished for, who is told, and what a service takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fttool.errors import DataError, FttoolError, UsageError
from fttool.jobs.contents import Advance, Contents
from fttool.jobs.files import delete_file
from fttool.records.jobs import FileView

if TYPE_CHECKING:
    from fttool.jobs.client import Client

#: Statuses of a file that the service is still looking at. `uploaded` is none: some services never say more.
NOT_READY = ("pending", "running")

#: Where a service demands an end: the latest that OpenAI's contract allows, in seconds.
_LATEST_EXPIRY = 30 * 24 * 3600


@contextmanager
def _no_bar(what: str, total: int | None) -> Iterator[Advance]:
    yield lambda amount: None


def _say_nothing(text: str) -> None:
    """No one listens."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told of an upload. `bar` makes a progress bar (label, bytes in all), `warn` takes what may go wrong."""

    bar: Callable[[str, int | None], AbstractContextManager[Advance]] = _no_bar
    say: Callable[[str], None] = _say_nothing
    warn: Callable[[str], None] = _say_nothing


#: No one is told.
NO_LISTENER = Listener()


class Uploaded(NamedTuple):
    """A file on the service; `sent_at` is when it was sent (unix seconds) if that was before, None if just now."""

    file: FileView
    sent_at: int | None


#: Shown the contents and the files of the same name and size: which of them to use, None to send it anyway.
Choose = Callable[[Contents, Sequence[FileView]], FileView | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is to be sent. `part_size` in bytes: send it in parts that big, however small it is; `expires_after`
    in seconds; `reuse`: look whether it is there already; `choose`: offer what may be the same file."""

    purpose: str = "fine-tune"
    part_size: int | None = None
    expires_after: int | None = None
    reuse: bool = True
    choose: Choose | None = None


#: A file for training, taken from where it is already if it is.
FOR_TRAINING = Wish()


def place_of(client: Client) -> str:
    """Whose files these are, for the ledger; no password is in it.

    fttool's own service may have another port each time, and has one set of files.
    """
    if client.local:
        return "local"
    return " ".join((client.address.rstrip("/"), client.organization or "", client.project or "")).rstrip()


def check_size(client: Client, name: str, size: int, *, in_parts: bool = False) -> None:
    """Raise UsageError for a file that is bigger than the service takes, or for parts where there are none."""
    service = client.service
    if in_parts and not service.parts:
        raise UsageError(f"{service.title} takes no uploads in parts", hint="leave --part-size out")
    most = service.largest_file
    if size > most:
        raise UsageError(
            f"`{name}` has {size:,} bytes; {service.title} takes at most {most:,}",
            hint="train on a part of the examples: `fttool prepare_data` splits files",
        )


def expiry(client: Client, wish: Wish) -> dict[str, Any]:
    """The `expires_after` of a request, as far as there is one. Raises UsageError where the service has none."""
    seconds = wish.expires_after
    if seconds is None and client.service.expires_after_required:
        seconds = _LATEST_EXPIRY
    if seconds is None:
        return {}
    if not client.service.expires_after:
        raise UsageError(f"{client.service.title} keeps files until they are deleted: leave --expires-after out")
    return {"expires_after": {"anchor": "created_at", "seconds": seconds}}


def changed(client: Client, file: FileView | None, contents: Contents) -> DataError:
    """The error for a file that was written to while it was sent; what came to the service is deleted again."""
    hint = "send it again when nothing writes to it"
    if file is not None:
        try:
            delete_file(client, file.id)
        except FttoolError:
            hint += f", and delete what was sent: `fttool files delete {file.id}{client.way}`"
    return DataError("it changed while it was sent", file=str(contents.path), hint=hint)
