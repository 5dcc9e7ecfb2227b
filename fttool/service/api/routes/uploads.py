"""/uploads: files that come in parts, up to 8 GB."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fttool.service.api import wire
from fttool.service.api.bodies import CompleteBody, UploadBody
from fttool.service.api.endpoint import answer, service_of, with_body
from fttool.service.api.multipart import Form, read_form
from fttool.service.api.routes.files import check_filename, default_lifetime
from fttool.service.api.service import Service
from fttool.service.blobs import Incoming
from fttool.service.ids import new_id
from fttool.service.records import FileRow, PartRow, UploadRow
from fttool.service.refusals import Refusal, bad, too_large, unknown_parameter, upload_missing

_CHUNK = 1024 * 1024


@with_body(UploadBody)
def create(request: Request, body: UploadBody) -> Response:
    """POST /uploads."""
    service = service_of(request)
    if body.bytes > service.limits.whole_bytes:
        raise too_large(f"An upload may have at most {service.limits.whole_bytes:,} bytes", "bytes")
    now = service.store.now()
    row = UploadRow(
        id=new_id("upload_"),
        created_at=now,
        expires_at=now + service.limits.upload_seconds,
        filename=check_filename(body.filename, body.purpose, "filename"),
        purpose=body.purpose,
        bytes=body.bytes,
        mime_type=body.mime_type,
        lifetime=body.expires_after.seconds if body.expires_after else default_lifetime(body.purpose),
    )
    service.store.add_upload(row)
    return answer(wire.upload(row))


async def add_part(request: Request) -> Response:
    """POST /uploads/{id}/parts. Parts may come at once; their order is told at the end."""
    service = service_of(request)
    upload = await run_in_threadpool(_found, request)
    _check_pending(upload)
    with service.blobs.incoming() as incoming:
        form = await read_form(request, "data", incoming, service.limits.part_bytes)
        return await run_in_threadpool(_add_part, service, upload, form, incoming)


def _add_part(service: Service, upload: UploadRow, form: Form, incoming: Incoming) -> Response:
    for name in form.fields:
        raise unknown_parameter(name, ["data"])
    if not incoming.bytes:
        raise bad("The part is empty", "data", "empty_file")
    there = sum(part.bytes for part in service.store.parts(upload.id))
    if there + incoming.bytes > 2 * upload.bytes + service.limits.part_bytes:  # some may have been sent again
        raise bad(f"The parts have more bytes than the {upload.bytes:,} of the upload", "data", "invalid_value")
    with service.blobs.held():
        row = PartRow(
            id=new_id("part_"),
            upload_id=upload.id,
            created_at=service.store.now(),
            bytes=incoming.bytes,
            sha=incoming.keep(),
        )
        added = service.store.add_part(row)
    if not added:
        service.blobs.discard([row.sha], service.store.shas_in_use)
        raise _not_pending(upload.id, service)
    return answer(wire.part(row))


@with_body(CompleteBody)
def complete(request: Request, body: CompleteBody) -> Response:
    """POST /uploads/{id}/complete: the parts, in the order given, become a file."""
    service = service_of(request)
    upload = _found(request)
    if upload.status == "completed" and list(upload.part_ids or ()) == body.part_ids:
        return _completed(service, upload.id)  # asked again: the first answer was lost on its way
    _check_pending(upload)
    stored = service.store.parts(upload.id)
    parts = _chosen(stored, upload, body.part_ids)
    with service.blobs.incoming() as incoming:
        try:
            digest = _join(service, parts, incoming)
        except FileNotFoundError:  # it was cancelled meanwhile
            raise _not_pending(upload.id, service) from None
        if body.md5 is not None and digest != body.md5.lower():
            raise bad(f"The MD5 of the parts is {digest}, not {body.md5.lower()}", "md5", "checksum_mismatch")
        incoming.seal()
        now = service.store.now()
        with service.blobs.held():
            file = FileRow(
                id=new_id("file-"),
                created_at=now,
                bytes=incoming.bytes,
                filename=upload.filename,
                purpose=upload.purpose,
                sha=incoming.keep(),
                expires_at=None if upload.lifetime is None else now + upload.lifetime,
            )
            done = service.store.complete_upload(upload.id, body.part_ids, file)
    service.blobs.discard([file.sha, *(part.sha for part in stored)], service.store.shas_in_use)
    if not done:
        raise _not_pending(upload.id, service)
    return _completed(service, upload.id)


def cancel(request: Request) -> Response:
    """POST /uploads/{id}/cancel."""
    service = service_of(request)
    upload = _found(request)
    shas = [part.sha for part in service.store.parts(upload.id)]
    if not service.store.cancel_upload(upload.id):
        raise _not_pending(upload.id, service)
    service.blobs.discard(shas, service.store.shas_in_use)
    return answer(wire.upload(_found(request)))


def _chosen(stored: Sequence[PartRow], upload: UploadRow, part_ids: Sequence[str]) -> list[PartRow]:
    """The parts named, in that order. Raises Refusal (400) if one is not there, or twice, or sizes do not add up."""
    by_id = {part.id: part for part in stored}
    if len(set(part_ids)) < len(part_ids):
        raise bad("A part is named more than once", "part_ids", "invalid_value")
    for part_id in part_ids:
        if part_id not in by_id:
            raise bad(f"The upload has no part '{part_id}'", "part_ids", "invalid_value")
    parts = [by_id[part_id] for part_id in part_ids]
    total = sum(part.bytes for part in parts)
    if total != upload.bytes:
        message = f"The parts have {total:,} bytes together, but the upload was announced with {upload.bytes:,}"
        raise bad(message, "part_ids", "invalid_value")
    return parts


def _join(service: Service, parts: Sequence[PartRow], incoming: Incoming) -> str:
    """Write the parts one after the other. Returns their MD5 in hex."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        with service.blobs.open(part.sha) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                incoming.write(chunk)
    return digest.hexdigest()


def _completed(service: Service, upload_id: str) -> Response:
    upload = service.store.upload(upload_id)
    if upload is None or upload.file is None:
        raise upload_missing(upload_id)
    return answer(wire.upload(upload, service.store.file(upload.file)))


def _found(request: Request) -> UploadRow:
    upload_id = request.path_params["upload_id"]
    row = service_of(request).store.upload(upload_id)
    if row is None:
        raise upload_missing(upload_id)
    return row


def _check_pending(upload: UploadRow) -> None:
    if upload.status != "pending":
        raise bad(f"The upload {upload.id} is {upload.status}", "upload_id", "invalid_upload_status")


def _not_pending(upload_id: str, service: Service) -> Refusal:
    upload = service.store.upload(upload_id)
    status = "gone" if upload is None else upload.status
    return bad(f"The upload {upload_id} is {status}", "upload_id", "invalid_upload_status")


routes = [
    Route("/uploads", create, methods=["POST"]),
    Route("/uploads/{upload_id}/parts", add_part, methods=["POST"]),
    Route("/uploads/{upload_id}/complete", complete, methods=["POST"]),
    Route("/uploads/{upload_id}/cancel", cancel, methods=["POST"]),
]
