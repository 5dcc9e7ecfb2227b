"""The layer around the application that does the faults. It never touches `/health`."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from random import Random
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from fttool.service.faults.bodies import Alterations
from fttool.service.faults.kinds import Faults
from fttool.service.ids import new_id
from fttool.service.refusals import SERVER, Refusal, too_many

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: How others learn that the service is up. It never fails on purpose.
_HEALTH = ("/health", "/v1/health")
_IN_TURN = re.compile(r"(/v1)?/fine_tuning/jobs/[^/]+/(events|checkpoints)\Z")
_CONTENT = re.compile(r"(/v1)?/files/[^/]+/content\Z")

_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"


class _Answer(NamedTuple):
    """An answer, complete."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def send(self, send: Send) -> None:
        headers = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class FaultyApp:
    """An ASGI application around another one, which misbehaves as `faults` says.

    It must stand outside of everything that wraps `send`: to cut a connection it needs the server's own.
    """

    def __init__(self, app: App, faults: Faults) -> None:
        self.app = app
        self.faults = faults
        self._random = Random(faults.seed)
        self._alterations = Alterations(faults, self._random)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or do not."""
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self.app(scope, receive, send)
            return
        if self.faults.slow:
            await asyncio.sleep(self._random.uniform(*self.faults.slow))
        if self._hit("hang"):
            await _until_gone(receive)
        elif self._hit("drop"):
            await _cut(receive, send)
        elif (instead := self._instead()) is not None:
            await instead.send(send)
        elif self._hit("cut"):
            await self._answer(scope, receive, cutting := _Cutting(send))
            if cutting.done:
                await _until_gone(receive)
        else:
            await self._answer(scope, receive, send)

    def _hit(self, name: str) -> bool:
        rate = self.faults.rates.get(name, 0.0)
        return rate > 0 and self._random.random() < rate

    def _instead(self) -> _Answer | None:
        """What to answer without asking the application."""
        headers = [(b"content-type", b"application/json"), (b"x-request-id", new_id("req_").encode())]
        for refusal in (
            too_many("Rate limit reached (on purpose: --fault 429)", 1),
            Refusal(500, "The server had an error (on purpose: --fault 500)", type=SERVER),
            Refusal(503, "The service is overloaded (on purpose: --fault 503)", type=SERVER),
        ):
            if self._hit(str(refusal.status)):
                more = [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
                return _Answer(refusal.status, headers + more, json.dumps(refusal.envelope()).encode())
        if self._hit("html"):
            return _Answer(200, [(b"content-type", b"text/html; charset=utf-8"), *headers[1:]], _PAGE)
        if self._hit("empty"):
            return _Answer(200, headers, b"{}")
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's answer, altered if need be. Only what is small is held to be altered."""
        path = scope["path"]
        if not self._alterations.any or not _may_change(scope):
            await self.app(scope, receive, send)
            return
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        if "oldest-first" in self.faults.flags and _IN_TURN.match(path):
            answer = await _oldest_first(self.app, scope, query)
        else:
            answer = await _ask(self.app, scope, receive)
        if answer.status == 200 and _CONTENT.match(path):
            answer = answer._replace(body=self._alterations.encode(answer.body))
        elif answer.status == 200:
            document = self._alterations.change(path, query.get("after"), json.loads(answer.body))
            answer = answer._replace(body=json.dumps(document).encode())
        await answer.send(send)


class _Cutting:
    """Sends half of the first part of a body, then cuts the connection."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.done = False

    async def __call__(self, message: Message) -> None:
        if self.done:
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body = message.get("body", b"")
        if body:
            await self._send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        if body or not message.get("more_body"):
            self.done = True
            _transport(self._send).close()


def _may_change(scope: Scope) -> bool:
    """Answers of jobs, files and models are; completions (which may be streams) and uploads are left alone."""
    path = str(scope["path"]).removeprefix("/v1")
    if scope["method"] == "GET":
        return path.startswith(("/fine_tuning/", "/files", "/models"))
    return scope["method"] == "POST" and path.startswith("/fine_tuning/jobs")


async def _ask(app: App, scope: Scope, receive: Receive) -> _Answer:
    """The application's whole answer."""
    status, headers, body = 500, [], bytearray()

    async def collect(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", []))
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, collect)
    return _Answer(status, headers, bytes(body))


async def _oldest_first(app: App, scope: Scope, query: dict[str, str]) -> _Answer:
    """A page of a list that the application has newest first, counted from the other end."""

    async def ask(**wanted: str) -> _Answer:
        inner = copy.copy(scope)
        inner["query_string"] = urlencode(wanted).encode()
        return await _ask(app, inner, _no_body)

    asked = await ask(**query)  # says what is wrong with the query, if anything is
    if asked.status != 200:
        return asked
    items: list[dict[str, Any]] = []
    document: dict[str, Any] = {"has_more": True}
    while document["has_more"]:
        page = await ask(limit="100", **({"after": items[-1]["id"]} if items else {}))
        document = json.loads(page.body)
        items += document["data"]
    items.reverse()
    first = next((at + 1 for at, item in enumerate(items) if item["id"] == query.get("after")), 0)
    size = int(query["limit"]) if "limit" in query else 10 if scope["path"].endswith("/checkpoints") else 20
    document = json.loads(asked.body) | {"data": items[first : first + size], "has_more": len(items) > first + size}
    for name, at in (("first_id", 0), ("last_id", -1)):
        if name in document:
            document[name] = document["data"][at]["id"] if document["data"] else None
    return asked._replace(body=json.dumps(document).encode())


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _until_gone(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cut(receive: Receive, send: Send) -> None:
    """Cut the connection without a byte."""
    _transport(send).abort()
    await _until_gone(receive)


def _transport(send: Send) -> asyncio.Transport:
    """The connection itself. ASGI has no word for cutting it; uvicorn's `send` belongs to an object that has it.

    Raises:
        ConnectionAbortedError: another server, or something wraps `send`. The server then ends the connection in its
            own way, which may be an error 500.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionAbortedError("cut on purpose")
    return transport  # type: ignore[no-any-return]
