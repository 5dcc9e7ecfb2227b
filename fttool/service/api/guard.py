"""The outermost layer of the application: who may speak, how much, and the shape of every answer.

Nothing gets past it but OpenAI's envelope: no traceback, no 422, no HTML.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import re
import time
import traceback
from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fttool.service.api.endpoint import answer
from fttool.service.ids import new_id
from fttool.service.refusals import SERVER, Refusal, as_refusal, too_large

if TYPE_CHECKING:
    from fttool.service.api.service import Service

log = logging.getLogger("fttool.service")

#: Answered without a key.
OPEN = ("/health", "/v1/health")

#: Where files come in; their own limits hold there.
_FORMS = re.compile(r"(/v1)?/(files|uploads/[^/]+/parts)\Z")

#: What a form may have around its file.
_AROUND = 1024 * 1024

#: How long, and how much of, a refused body is read to its end, so that the client comes to read the answer.
_DRAIN_SECONDS = 10.0
_DRAIN_BYTES = 1024 * 1024 * 1024


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self._service = service
        self._key = service.key.encode()
        self._names = {name.lower().rstrip(".") for name in service.allow_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._most_bytes(scope))
        try:
            self._check(scope)
            exchange.check_length()
            await self.app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an envelope
            await exchange.refuse(self._refusal(error, scope, exchange.request_id))

    def _check(self, scope: Scope) -> None:
        headers = {name: value for name, value in scope["headers"] if name in (b"host", b"authorization")}
        if not _is_ours(headers.get(b"host", b"").decode("latin-1"), self._service.host, self._names):
            # A page of the web whose name was made to lead here would give its own name.
            raise Refusal(403, "The request's Host is not an address of this service", code="host_not_allowed")
        if scope["path"] in OPEN:
            return
        kind, _, key = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not key.strip():
            message = (
                "You didn't provide an API key. You need to provide it in an Authorization header using Bearer auth "
                "(i.e. Authorization: Bearer YOUR_KEY)."
            )
        elif not hmac.compare_digest(key.strip(), self._key):
            message = "Incorrect API key provided. `fttool serve --status` names the file that holds the key."
        else:
            return
        raise Refusal(401, message, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})

    def _most_bytes(self, scope: Scope) -> int:
        limits = self._service.limits
        if scope["method"] == "POST" and _FORMS.match(scope["path"]):
            return max(limits.upload_bytes, limits.part_bytes) + _AROUND
        return limits.body_bytes

    def _refusal(self, error: Exception, scope: Scope, request_id: str) -> Refusal:
        if isinstance(error, Refusal):
            return error
        known = as_refusal(error)
        if known is not None:
            log.warning("%s %s (%s): %s", scope["method"], scope["path"], request_id, known.message)
            return known
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
        # Not its message, which may quote what the client sent.
        kind = type(error).__name__
        log.error("%s %s (%s) failed: %s at %s", scope["method"], scope["path"], request_id, kind, where)
        message = f"The service failed; its log says more of request {request_id}."
        return Refusal(500, message, type=SERVER, code="internal_error")


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most_bytes: int) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._most_bytes = most_bytes
        self._began = time.perf_counter()
        self._bytes = 0
        # Whether there is nothing to read any more. A client that asks before it sends a body need not send it.
        self._read = any(name == b"expect" for name, _ in scope["headers"])
        self._ended = False
        self._started = False
        self.request_id = new_id("req_", 32)

    def check_length(self) -> None:
        """Refuse a body that says itself that it is too large."""
        for name, value in self._scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._most_bytes:
                raise self._too_large()

    async def receive(self) -> Message:
        """The next piece of the body, as long as it is not too much."""
        self._read = self._ended  # who asks for a body that ended waits for the client to go, not for more of it
        message = await self._receive()
        if message["type"] == "http.request":
            self._read = self._ended = not message.get("more_body", False)
            self._bytes += len(message.get("body", b""))
            if self._bytes > self._most_bytes:
                raise self._too_large()
        elif message["type"] == "http.disconnect":
            self._read = self._ended = True
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, with the headers that every answer of OpenAI has."""
        if message["type"] == "http.response.start":
            self._started = True
            milliseconds = round((time.perf_counter() - self._began) * 1000)
            own = {
                "x-request-id": self.request_id,
                "openai-version": "2020-10-01",
                "openai-processing-ms": str(milliseconds),
            }
            headers = [*message.get("headers", ()), *((name.encode(), value.encode()) for name, value in own.items())]
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with an error; if an answer has begun, it stays cut off, which the client notices."""
        if self._started:
            return
        await self._drain()
        response = answer(refusal.envelope(), refusal.status, refusal.headers)
        await response(self._scope, self.receive, self.send)

    async def _drain(self) -> None:
        """Read the rest of the body and forget it: a client that still sends would not see the answer."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        drained = 0
        while not self._read and drained < _DRAIN_BYTES and time.monotonic() < deadline:
            try:
                message = await asyncio.wait_for(self._receive(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                return
            drained += len(message.get("body", b""))
            self._read = message["type"] == "http.disconnect" or not message.get("more_body", False)

    def _too_large(self) -> Refusal:
        return too_large(f"The body of the request is larger than {self._most_bytes:,} bytes")


def _is_ours(host: str, bound: str, names: Collection[str] = ()) -> bool:
    """Whether a Host header names this machine's loopback, the address the service was bound to, or one of `names`."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    name = name.rstrip(".")
    if name in names or name == "localhost" or name.endswith(".localhost") or name == bound.lower().strip("[]"):
        return bool(name)
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        # A service that listens everywhere has names that it cannot know; it was given a key of its own.
        return bool(name) and _is_everywhere(bound)
    return address.is_loopback or _is_everywhere(bound)


def _is_everywhere(bound: str) -> bool:
    try:
        return ipaddress.ip_address(bound.strip("[]")).is_unspecified
    except ValueError:
        return bound == ""
