"""/files: create, list, retrieve, content, delete."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from fttool.service.api import wire
from fttool.service.api.bodies import PURPOSES, FileForm, convert
from fttool.service.api.endpoint import after_of, answer, choice_of, limit_of, service_of
from fttool.service.api.multipart import Form, read_form
from fttool.service.api.service import Service
from fttool.service.blobs import Incoming
from fttool.service.ids import new_id
from fttool.service.records import FileRow
from fttool.service.refusals import SERVER, Refusal, bad, file_missing

#: OpenAI's: files of other purposes stay until they are deleted.
_BATCH_SECONDS = 30 * 24 * 3600


async def create(request: Request) -> Response:
    """POST /files."""
    service = service_of(request)
    with service.blobs.incoming() as incoming:
        form = await read_form(request, "file", incoming, service.limits.upload_bytes)
        return await run_in_threadpool(_create, service, form, incoming)


def _create(service: Service, form: Form, incoming: Incoming) -> Response:
    body = convert(_nested(form.fields), FileForm)
    filename = check_filename(form.filename or "", body.purpose, "file")
    if not incoming.bytes:
        raise bad("The file is empty", "file", "empty_file")
    now = service.store.now()
    lifetime = body.expires_after.seconds if body.expires_after else default_lifetime(body.purpose)
    with service.blobs.held():
        row = FileRow(
            id=new_id("file-"),
            created_at=now,
            bytes=incoming.bytes,
            filename=filename,
            purpose=body.purpose,
            sha=incoming.keep(),
            expires_at=None if lifetime is None else now + lifetime,
        )
        service.store.add_file(row)
    return answer(wire.file(row))


def check_filename(filename: str, purpose: str, param: str) -> str:
    """The name of a file as it is kept, for show only. Raises Refusal (400) for one that cannot be used."""
    if not filename or len(filename) > 1024 or any(ord(letter) < 32 or ord(letter) == 127 for letter in filename):
        raise bad("The file needs a name of 1 to 1024 characters, without control characters", param, "invalid_value")
    if purpose == "fine-tune" and not filename.lower().endswith(".jsonl"):
        raise bad("Invalid file format for Fine-Tuning API. Must be .jsonl", param, "invalid_file_format")
    return filename


def default_lifetime(purpose: str) -> int | None:
    """How many seconds a file lives that was not told."""
    return _BATCH_SECONDS if purpose == "batch" else None


def _nested(fields: dict[str, str]) -> dict[str, object]:
    """`expires_after[anchor]` and `expires_after[seconds]` as one object."""
    nested: dict[str, object] = {}
    for name, value in fields.items():
        outer, bracket, inner = name.partition("[")
        if bracket and inner.endswith("]") and outer == "expires_after":
            expiry = nested.setdefault(outer, {})
            if isinstance(expiry, dict):
                expiry[inner[:-1]] = value
        else:
            nested[name] = value
    return nested


def listed(request: Request) -> Response:
    """GET /files."""
    page = service_of(request).store.files(
        limit_of(request, 10_000, 10_000),
        after_of(request),
        purpose=choice_of(request, "purpose", (*PURPOSES, "assistants_output", "batch_output", "fine-tune-results")),
        order=choice_of(request, "order", ("asc", "desc")) or "desc",
    )
    return answer(wire.page_with_ids(page, wire.file, nothing=""))


def retrieve(request: Request) -> Response:
    """GET /files/{id}."""
    return answer(wire.file(_found(request)))


def content(request: Request) -> Response:
    """GET /files/{id}/content: the bytes as they came."""
    row = _found(request)
    path = service_of(request).blobs.path(row.sha)
    try:
        stat = path.stat()
    except FileNotFoundError:
        message = f"The bytes of {row.id} are missing in the service's state folder"
        raise Refusal(500, message, type=SERVER, code="content_missing") from None
    headers = {"Content-Disposition": _attachment(row.filename), "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, headers=headers, media_type="application/octet-stream", stat_result=stat)


def delete(request: Request) -> Response:
    """DELETE /files/{id}. Bytes that an unfinished job needs stay until it ends."""
    service = service_of(request)
    row = service.store.delete_file(request.path_params["file_id"])
    if row is None:
        raise file_missing(request.path_params["file_id"])
    service.blobs.discard([row.sha], service.store.shas_in_use)
    return answer(wire.deleted(row.id, "file"))


def _found(request: Request) -> FileRow:
    row = service_of(request).store.file(request.path_params["file_id"])
    if row is None:
        raise file_missing(request.path_params["file_id"])
    return row


def _attachment(filename: str) -> str:
    """RFC 6266: a name of plain characters, and the true one encoded if it is another."""
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in filename)
    header = f'attachment; filename="{plain}"'
    return header if plain == filename else f"{header}; filename*=UTF-8''{quote(filename, safe='')}"


routes = [
    Route("/files", create, methods=["POST"]),
    Route("/files", listed, methods=["GET"]),
    Route("/files/{file_id}", retrieve, methods=["GET"]),
    Route("/files/{file_id}", delete, methods=["DELETE"]),
    Route("/files/{file_id}/content", content, methods=["GET"]),
]
