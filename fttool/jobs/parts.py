"""Uploads in parts: for files that are too big for one request. A cut upload goes on where it stopped.

Every part that the service has taken is in the ledger, so that another process can go on. An upload lives for an hour
(OpenAI's contract, 21 Aug 2026); one that is gone is begun anew, once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from fttool.errors import ServiceError, UsageError
from fttool.jobs import checked
from fttool.jobs.client import Client
from fttool.jobs.contents import Advance, Contents, Reader
from fttool.jobs.files import all_files
from fttool.jobs.ledger import Ledger, Part, Unfinished, parts_in_order
from fttool.jobs.sending import Listener, Wish, changed, expiry, place_of
from fttool.records.jobs import FileView

#: How long an upload lives if the service does not say, in seconds.
_LIFE = 3600

#: More parts than this are of no use to anyone.
_MOST_PARTS = 10_000

#: What a service answers to more of an upload that is expired, cancelled, completed or unknown.
_REFUSED = (400, 404, 409, 410, 422)

_MIME_TYPE = "text/jsonl"


class _Gone(Exception):
    """The upload that was begun cannot be gone on with."""


def send_in_parts(client: Client, contents: Contents, wish: Wish, ledger: Ledger, listener: Listener) -> FileView:
    """Send the contents part by part, from where a cut upload of them stopped. Raises as `upload.upload` does."""
    begun = ledger.unfinished(place_of(client), contents.sha256, wish.purpose, contents.filename)
    if begun is not None and begun.bytes == contents.size and begun.expires_after == wish.expires_after:
        done = sum(_size(begun, part.number) for part in begun.parts)
        listener.say(f"going on with the upload of {contents.filename}: {100 * done // contents.size} % are there")
        try:
            return _go_on(client, begun, contents, ledger, listener, resumed=True)
        except _Gone:
            ledger.drop_upload(begun.upload_id)
            listener.say("the service does not have that upload any more: it is begun anew")
    return _go_on(client, _begin(client, contents, wish, ledger), contents, ledger, listener, resumed=False)


def _begin(client: Client, contents: Contents, wish: Wish, ledger: Ledger) -> Unfinished:
    size = min(wish.part_size or client.service.part_size, client.service.part_size)
    if size * _MOST_PARTS < contents.size:
        raise UsageError(f"parts of {size:,} bytes are too small for a file of {contents.size:,}")
    with client.speaking("begin the upload"):
        answer = client.sdk.uploads.with_raw_response.create(
            bytes=contents.size,
            filename=contents.filename,
            mime_type=_MIME_TYPE,
            purpose=wish.purpose,  # type: ignore[arg-type]
            **expiry(client, wish),
        )
        upload = checked.upload(answer)
    now = int(time.time())
    begun = Unfinished(
        place=place_of(client),
        sha256=contents.sha256,
        purpose=wish.purpose,
        upload_id=upload.id,
        filename=contents.filename,
        bytes=contents.size,
        part_size=size,
        begun_at=now,
        expires_at=upload.expires_at or now + _LIFE,
        expires_after=wish.expires_after,
    )
    ledger.keep_upload(begun)
    return begun


def _go_on(
    client: Client, begun: Unfinished, contents: Contents, ledger: Ledger, listener: Listener, *, resumed: bool
) -> FileView:
    """Send the parts that are missing, and put them together."""
    with listener.bar(f"sending {contents.filename}", contents.size) as advance:
        begun = msgspec.structs.replace(begun, parts=tuple(_still_right(begun, contents)))
        have = {part.number for part in begun.parts}
        advance(sum(_size(begun, number) for number in have))
        for number in range(-(-begun.bytes // begun.part_size)):
            if number in have:
                continue
            with _way_on(begun, resumed=resumed):
                part = _send_part(client, begun, number, contents, advance)
            begun = msgspec.structs.replace(begun, parts=(*begun.parts, part))
            ledger.keep_upload(begun)
    with _way_on(begun, resumed=resumed):
        file = _complete(client, begun, contents)
    ledger.drop_upload(begun.upload_id)
    if contents.has_changed():
        raise changed(client, file, contents)
    return file


def _still_right(begun: Unfinished, contents: Contents) -> Iterator[Part]:
    """The parts sent before, without any whose bytes are others now."""
    for part in begun.parts:
        with Reader(contents, part.number * begun.part_size, _size(begun, part.number)) as reader:
            while reader.read(1024 * 1024):
                pass
            if reader.sha256 == part.sha256:
                yield part


def _send_part(client: Client, begun: Unfinished, number: int, contents: Contents, advance: Advance) -> Part:
    start, size = number * begun.part_size, _size(begun, number)
    with Reader(contents, start, size, advance) as reader, client.speaking("upload a part of the file"):
        answer = client.sdk.uploads.parts.with_raw_response.create(
            begun.upload_id, data=(f"part-{number}", reader.stream)
        )
        return Part(number, checked.part(answer), reader.sha256)


def _complete(client: Client, begun: Unfinished, contents: Contents) -> FileView:
    """Have the parts put together; whether the service did so is looked for where its answer does not say."""
    try:
        with client.speaking("complete the upload"):
            answer = client.sdk.uploads.with_raw_response.complete(
                begun.upload_id, part_ids=parts_in_order(begun.parts), md5=contents.md5
            )
            upload = checked.upload(answer)
    except ServiceError as error:
        # the answer to an earlier attempt may have been lost, and this one be refused as the second
        if not error.temporary and error.status not in _REFUSED:
            raise
        file = _look_for(client, begun)
        if file is None:
            raise
        return file
    found = upload.file or _look_for(client, begun)
    if found is None:
        raise ServiceError(f"the upload is {upload.status}, but the service does not say which file it became")
    return found


def _look_for(client: Client, begun: Unfinished) -> FileView | None:
    """The file that the upload became."""
    for file in all_files(client, purpose=begun.purpose):
        if file.filename == begun.filename and file.bytes == begun.bytes:
            return file if (file.created_at or 0) >= begun.begun_at - 60 else None
    return None


@contextmanager
def _way_on(begun: Unfinished, *, resumed: bool) -> Iterator[None]:
    """Says how to go on when an upload is cut; `_Gone` if one that was resumed is not there any more."""
    try:
        yield
    except ServiceError as error:
        gone = error.status in _REFUSED
        if gone and resumed:
            raise _Gone from error
        if not gone:
            total = -(-begun.bytes // begun.part_size)
            way = f"{len(begun.parts)} of {total} parts are there: the same command goes on where it stopped"
            error.hint = f"{error.hint}\n{way}" if error.hint else way
        raise


def _size(begun: Unfinished, number: int) -> int:
    """Bytes of a part: the last one holds what is left."""
    return min(begun.part_size, begun.bytes - number * begun.part_size)
