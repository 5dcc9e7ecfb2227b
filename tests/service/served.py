"""A real service over real HTTP, and OpenAI's document, which every answer of it must agree with."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import uvicorn
from openai import OpenAI

from fttool.service.api.app import create_app
from fttool.service.api.service import Service
from fttool.service.records import JobRow

KEY = "sk-test-key-of-the-service"
DOCUMENT = Path(__file__).parents[3] / "shared" / "api" / "openapi.fine-tuning.json"

#: Where answers may differ from the document, because OpenAI's own do: a status that it documents elsewhere, a purpose
#: that it accepts but forgets in the list of answers.
DEVIATIONS = ("'paused' is not one of", "'evals' is not one of")


@dataclass
class Answer:
    """What came back: `body` is the JSON, or the bytes if it is none."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.body["error"])


@dataclass
class Served:
    """A running service."""

    service: Service
    port: int
    client: OpenAI
    complaints: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, key: str = KEY
    ) -> Answer:
        """One plain request; `body` is bytes, or goes as JSON."""
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Authorization": f"Bearer {key}", **(headers or {})}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, sent, fields)
            response = connection.getresponse()
            data = response.read()
            answered = {name.lower(): value for name, value in response.getheaders()}
        is_json = answered.get("content-type", "").startswith("application/json")
        return Answer(response.status, answered, json.loads(data) if is_json and data else data)

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("POST", path, body, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        return self.ask("DELETE", path, **more)

    def upload(self, data: bytes = b"{}\n", name: str = "train.jsonl", purpose: str = "fine-tune") -> str:
        """Upload a file; its id."""
        return self.client.files.create(file=(name, data), purpose=purpose).id  # type: ignore[arg-type]

    def job(self, **body: Any) -> JobRow:
        """Create a job; its row."""
        body = {"model": "baseline", "training_file": body.pop("training_file", None) or self.upload(), **body}
        answer = self.post("/v1/fine_tuning/jobs", body)
        assert answer.status == 200, answer.body
        row = self.service.store.job(answer.body["id"])
        assert row is not None
        return row


class Switch:
    """One server for all tests of a run, in a thread of its own; the application behind it changes."""

    def __init__(self) -> None:
        self.app: Any = None
        config = uvicorn.Config(
            self._answer, port=0, log_config=None, lifespan="off", ws="none", http="h11", interface="asgi3"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    @contextmanager
    def running(self) -> Iterator[tuple[int, OpenAI]]:
        """The port while it runs, and OpenAI's SDK, which checks every answer against its own types."""
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        base_url = f"http://127.0.0.1:{port}/v1"
        try:
            with OpenAI(api_key=KEY, base_url=base_url, max_retries=0, _strict_response_validation=True) as client:
                yield port, client
        finally:
            self._server.should_exit = True
            self._thread.join(10)


class Checked:
    """ASGI: notes every JSON answer that does not agree with OpenAI's document."""

    def __init__(self, app: Any, complaints: list[str]) -> None:
        self._app = app
        self._complaints = complaints

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = bytearray()
        status = 0

        async def note(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                status = message["status"]
                self._complaints.extend(
                    f"{scope['path']}: no {name}"
                    for name in ("x-request-id", "openai-version", "openai-processing-ms")
                    if name.encode() not in headers
                )
            else:
                body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, note)
        if scope["method"] != "HEAD" and not scope["path"].endswith("/content") and status:
            where = f"{scope['method']} {scope['path']} -> {status}"
            self._complaints += [f"{where}: {c}" for c in disagreements(scope, status, bytes(body))]


def disagreements(scope: Any, status: int, body: bytes) -> list[str]:
    """What OpenAI's document says against an answer; nothing where the document is not here."""
    if not DOCUMENT.exists() or scope["path"] in ("/health", "/v1/health"):
        return []
    schema = {"$ref": "#/components/schemas/ErrorResponse"}
    if status < 400:
        schema = _schema(scope["method"], scope["path"].removeprefix("/v1"))
    found = [error for error in _validator(json.dumps(schema)).iter_errors(json.loads(body))]
    return [error.message for error in found if not any(known in error.message for known in DEVIATIONS)]


def _schema(method: str, path: str) -> dict[str, Any]:
    for template, operations in _document()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+" if "models" not in template else ".+", re.escape(template))
        if re.fullmatch(pattern, path):
            return dict(operations[method.lower()]["responses"]["200"]["content"]["application/json"]["schema"])
    raise AssertionError(f"{method} {path} is not in OpenAI's document, but answered")


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    return dict(json.loads(DOCUMENT.read_bytes()))


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({**json.loads(schema), "components": _document()["components"]})


def serve(switch: Switch, port: int, client: OpenAI, service: Service) -> Served:
    """Put a service behind the server."""
    served = Served(service, port, client)
    switch.app = Checked(create_app(service), served.complaints)
    return served
