"""Files to the service: streamed, and the same bytes not twice.

What was sent is in the ledger, by its SHA-256. Before a file is taken from there the service is asked whether it really
is there, and as big as it should be.
"""

from __future__ import annotations

import time
from pathlib import Path

from fttool.errors import ServiceError
from fttool.jobs import checked
from fttool.jobs.client import Client
from fttool.jobs.contents import Contents, Reader, examine
from fttool.jobs.files import all_files, get_file
from fttool.jobs.ledger import Ledger, Sent
from fttool.jobs.parts import send_in_parts
from fttool.jobs.sending import (
    FOR_TRAINING,
    NO_LISTENER,
    Listener,
    Uploaded,
    Wish,
    changed,
    check_size,
    expiry,
    place_of,
)
from fttool.records.jobs import FileView

#: Statuses of a file that can never be used.
_BAD = ("error", "deleting", "deleted")

#: What a service answers for a file that is not there, or not for this key to see. Azure: 400 for other ids.
_NOT_THERE = (400, 404, 410, 422)

#: A file that is found again must live on for so many seconds, to be of use to a job.
_LIVES_ON = 3600

#: How many files of the same name and size are offered.
_MOST_OFFERED = 8


def upload(
    client: Client,
    path: Path,
    *,
    wish: Wish = FOR_TRAINING,
    filename: str | None = None,
    ledger: Ledger | None = None,
    listener: Listener = NO_LISTENER,
) -> Uploaded:
    """Have the file at `path` on the service, sent now or before.

    Raises:
        DataError: the file cannot be read, is empty, or changed while it was sent.
        UsageError: it is bigger than the service takes.
        ServiceError: the service does not take it.
    """
    ledger = ledger or Ledger(warn=listener.warn)
    size = path.stat().st_size if path.is_file() else 0
    check_size(client, path.name, size, in_parts=wish.part_size is not None)
    bom = client.service.byte_order_mark and wish.purpose == "fine-tune"
    with listener.bar(f"reading {path.name}", size) as advance:
        contents = examine(path, filename, bom=bom, advance=advance)
    if wish.reuse and wish.expires_after is None:
        found = _find(client, contents, wish, ledger)
        if found is not None:
            return found
    file = _send(client, contents, wish, ledger, listener)
    place = place_of(client)
    ledger.add_file(
        Sent(place, contents.sha256, wish.purpose, file.id, contents.filename, contents.size, int(time.time()))
    )
    return Uploaded(file, None)


def usable(file: FileView, contents: Contents, purpose: str) -> bool:
    """Whether a file of the service is these contents, for this purpose, and will be there for a while."""
    return (
        file.bytes in (contents.size, None)
        and file.purpose in (purpose, None)
        and file.status not in _BAD
        and (file.expires_at is None or file.expires_at > time.time() + _LIVES_ON)
    )


def _find(client: Client, contents: Contents, wish: Wish, ledger: Ledger) -> Uploaded | None:
    """The file on the service that the ledger knows, or that the user chooses."""
    for sent in ledger.files(place_of(client), contents.sha256, wish.purpose):
        try:
            file = get_file(client, sent.id)
        except ServiceError as error:
            if error.status not in _NOT_THERE:
                raise
            continue  # deleted, or another account's at the same address
        if file.id == sent.id and usable(file, contents, wish.purpose):
            return Uploaded(file, file.created_at or sent.sent_at)
    if wish.choose is None:
        return None
    same = _same_name(client, contents, wish.purpose)
    chosen = wish.choose(contents, same) if same else None
    return None if chosen is None else Uploaded(chosen, chosen.created_at or 0)


def _same_name(client: Client, contents: Contents, purpose: str) -> list[FileView]:
    """Files of the same name, size and purpose: the legacy tool's way to know a file."""
    same = []
    for file in all_files(client, purpose=purpose):
        if file.filename == contents.filename and file.bytes == contents.size and usable(file, contents, purpose):
            same.append(file)
            if len(same) >= _MOST_OFFERED:
                break
    return same


def _send(client: Client, contents: Contents, wish: Wish, ledger: Ledger, listener: Listener) -> FileView:
    begun = ledger.unfinished(place_of(client), contents.sha256, wish.purpose, contents.filename)
    if wish.part_size or contents.size > client.service.file_limit or (begun and client.service.parts):
        return send_in_parts(client, contents, wish, ledger, listener)
    with listener.bar(f"sending {contents.filename}", contents.size) as advance:
        reader = Reader(contents, advance=advance)
        with reader, client.speaking("upload the file"):
            answer = client.sdk.files.with_raw_response.create(
                file=(contents.filename, reader.stream, "application/jsonl"),
                purpose=wish.purpose,  # type: ignore[arg-type]
                **expiry(client, wish),
            )
            file = checked.file(answer)
        sent = reader.sha256
    if sent != contents.sha256:
        raise changed(client, file, contents)
    if file.bytes not in (contents.size, None):
        raise ServiceError(
            f"the service has {file.bytes:,} bytes of `{contents.filename}`, and it has {contents.size:,}",
            hint=f"`fttool files delete {file.id}{client.way}`, and try again",
        )
    return file
