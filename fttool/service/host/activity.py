"""The outermost layer of the application: it counts requests, for the idle exit.

To whoever has the key `/health` says more than to others: that is how commands recognise their service.
"""

from __future__ import annotations

import hmac
import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from fttool import __version__
from fttool.service.host.running import HEALTH


class Activity:
    """An ASGI application around another one. `unfinished` says how many jobs are under way."""

    def __init__(self, app: Any, key: str, unfinished: Callable[[], int]) -> None:
        self.app = app
        self.authorization = f"Bearer {key}".encode()
        self.unfinished = unfinished
        self.under_way = 0
        self.last = time.monotonic()

    def idle_for(self) -> float:
        """Seconds since the last request ended; 0 while one is under way."""
        return 0.0 if self.under_way else time.monotonic() - self.last

    def touch(self) -> None:
        """Something was done just now."""
        self.last = time.monotonic()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.under_way += 1
        try:
            if scope["path"] == HEALTH and self._has_key(scope["headers"]):
                await self._answer_health(send)
            else:
                await self.app(scope, receive, send)
        finally:
            self.under_way -= 1
            self.touch()

    def _has_key(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        given = next((value for name, value in headers if name == b"authorization"), b"")
        return hmac.compare_digest(given, self.authorization)

    async def _answer_health(self, send: Any) -> None:
        """Which process this is, of which version, and how many jobs it has to do: for its owner's commands."""
        health = {"service": "fttool", "version": __version__, "pid": os.getpid(), "unfinished": self.unfinished()}
        body = json.dumps(health).encode()
        fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": body})
