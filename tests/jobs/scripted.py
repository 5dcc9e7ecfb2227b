"""A service whose answers a test writes down: to see what happens when they are odd, cut, late or none at all.

    with Scripted() as service:
        service.on("GET", "/fine_tuning/jobs", Answer(500), {"object": "list", "data": []})
        client = service.client()

Each answer is given once, the last one for ever. An answer is a dict (JSON with status 200), an `Answer`, or a function
of the request that returns one of these. Paths are without `/v1`. What was asked is in `service.requests`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fttool.config import Secret
from fttool.jobs.client import Client
from fttool.jobs.services import named

KEY = "sk-test-Zq7vLw93KdPbXy5RtNm2"


@dataclass
class Request:
    """What the service was asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass
class Answer:
    """What it answers. `drop` closes the connection instead, `hang` waits so many seconds first, `keep` sends only so
    many bytes of the body and then closes the connection."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: float = 0
    keep: int | None = None

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body).encode()


Reply = Answer | dict[str, Any] | list[Any] | Callable[[Request], Any]


class Scripted:
    """The service. Its address is `base_url`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def options(self) -> list[str]:
        """The command line options that lead to it, without retries."""
        return ["--base-url", self.base_url, "--retries", "0"]

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """What is answered to this, one after the other; the last one again and again."""
        self._replies[method, path] = list(replies)

    def client(self, service: str = "generic", **options: Any) -> Client:
        """A client for it."""
        options = {"retries": 0, "key_source": "a test", **options}
        return Client(base_url=self.base_url, api_key=Secret(KEY), service=named(service), **options)

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests of that kind, in order."""
        return [each for each in self.requests if (each.method, each.path) == (method, path)]

    def close(self) -> None:
        """Stop it; what hangs is let go."""
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Scripted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            replies = self._replies.get((request.method, request.path))
            reply: Any = None
            if replies:
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if callable(reply):
            reply = reply(request)
        if reply is None:
            error = {
                "message": f"nothing is scripted for {request.path}",
                "type": "x",
                "param": None,
                "code": "nothing",
            }
            return Answer(404, {"error": error})
        return reply if isinstance(reply, Answer) else Answer(body=reply)

    def _handler(service: Scripted) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                path = parts.path.removeprefix("/v1")
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = service._answer(Request(self.command, path, query, headers, body))
                if answer.hang:
                    until = time.monotonic() + answer.hang
                    service._closed.wait(max(0.0, until - time.monotonic()))
                if not answer.drop:
                    self._send(answer)

            def _send(self, answer: Answer) -> None:
                content = answer.content
                headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **answer.headers}
                try:
                    self.send_response(answer.status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content if answer.keep is None else content[: answer.keep])
                except OSError:  # the client did not wait
                    pass

            do_GET = do_POST = do_DELETE = _do

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def page(*items: dict[str, Any], has_more: bool | None = False) -> dict[str, Any]:
    """A page of a list; without `has_more` if that is None."""
    more = {} if has_more is None else {"has_more": has_more}
    return {"object": "list", "data": list(items), **more}


def job(**changes: Any) -> dict[str, Any]:
    """A job as OpenAI has it."""
    return {
        "object": "fine_tuning.job",
        "id": "ftjob-1",
        "model": "gpt-4o-mini-2024-07-18",
        "created_at": 1_700_000_000,
        "finished_at": None,
        "fine_tuned_model": None,
        "organization_id": "org-1",
        "status": "running",
        "training_file": "file-1",
        "validation_file": None,
        "result_files": [],
        "hyperparameters": {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"},
        "trained_tokens": None,
        "error": {},
        "seed": 42,
        "integrations": [],
        "metadata": None,
        **changes,
    }


def event(number: int, message: str | None = None, **changes: Any) -> dict[str, Any]:
    """The event with that number; later numbers are later."""
    return {
        "object": "fine_tuning.job.event",
        "id": f"ftevent-{number}",
        "created_at": 1_700_000_000 + number,
        "level": "info",
        "message": f"event {number}" if message is None else message,
        "type": "message",
        "data": {},
        **changes,
    }


def step(number: int, total: int, *, at: int | None = None, **metrics: Any) -> dict[str, Any]:
    """A metrics event of that step."""
    data = {"step": number, "total_steps": total, "train_loss": 1 / number, "train_mean_token_accuracy": 0.5, **metrics}
    message = f"Step {number}/{total}: training loss={1 / number:.2f}"
    return event(number if at is None else at, message, id=f"ftevent-s{number}", type="metrics", data=data)
