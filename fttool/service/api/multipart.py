"""multipart/form-data, read as it comes: fields stay small, the one file goes straight to where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from fttool.service.refusals import Refusal, bad, too_large

if TYPE_CHECKING:
    from fttool.service.blobs import Incoming

#: A form has few fields, and short ones.
MOST_FIELDS = 16
MOST_FIELD_BYTES = 4096

#: What one handing over to a worker thread is worth.
_CHUNK = 1024 * 1024


class Form:
    """What a form has held: its fields as text, the name of its file."""

    def __init__(self, file_field: str, incoming: Incoming, most_bytes: int) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.has_file = False
        self.complete = False
        self._file_field = file_field
        self._incoming = incoming
        self._most_bytes = most_bytes
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._name = ""
        self._text: bytearray | None = None  # of the field under way; None: the file is

    def callbacks(self) -> dict[str, object]:
        """For the parser."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._disposition = b""
        if len(self.fields) >= MOST_FIELDS:
            raise bad(f"A form may have at most {MOST_FIELDS} fields")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = _text(options.get(b"name", b""), "a field's name")
        if self._name == self._file_field:
            if self.has_file:
                raise bad(f"There is more than one '{self._name}'", self._name)
            self.has_file = True
            named = options.get(b"filename")
            self.filename = None if named is None else _text(named, "the file's name")
            self._text = None
        elif self._name in self.fields:
            raise bad(f"There is more than one '{self._name}'", self._name)
        else:
            self._text = bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._text is not None:
            self._text += data[start:end]
            if len(self._text) > MOST_FIELD_BYTES:
                raise too_large(f"'{self._name}' is too long", self._name)
            return
        if self._incoming.bytes + end - start > self._most_bytes:
            raise too_large(f"'{self._name}' is larger than {self._most_bytes:,} bytes", self._name)
        self._incoming.write(memoryview(data)[start:end])

    def _end(self) -> None:
        if self._text is not None:
            self.fields[self._name] = _text(bytes(self._text), f"'{self._name}'")

    def _finish(self) -> None:
        self.complete = True


async def read_form(request: Request, file_field: str, incoming: Incoming, most_bytes: int) -> Form:
    """Read a form, its file (the field `file_field`) into `incoming`, on the disk at the end.

    Raises:
        Refusal: 400, it is no form, is cut off or lacks the file; 413, the file or a field is too large.
    """
    boundary = _boundary(request)
    form = Form(file_field, incoming, most_bytes)
    try:
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _CHUNK:
                await run_in_threadpool(parser.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(parser.write, bytes(waiting))
    except FormParserError as error:
        raise bad(f"The body of the request is not a valid form: {error}") from None
    if not form.complete:
        raise bad("The body of the request ends in the middle of the form")
    if not form.has_file:
        raise bad(f"Missing required parameter: '{file_field}'.", file_field, "missing_required_parameter")
    await run_in_threadpool(incoming.seal)
    return form


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise Refusal(400, "The body of the request must be multipart/form-data", code="invalid_content_type")
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise bad("The form's boundary is missing in the content type", code="invalid_content_type")
    return boundary


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise bad(f"{what[0].upper()}{what[1:]} is not UTF-8") from None
