"""The service with models made for the test: for the tests of inference and of faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openai import OpenAI

from fttool.service.api.app import create_app
from fttool.service.api.service import Service
from fttool.service.blobs import Blobs
from fttool.service.inference.models_cache import ModelCache
from fttool.service.records import ModelRow
from fttool.service.state import StateDir
from fttool.service.store import Store
from tests.service.served import KEY, Served, Switch, disagreements


class Serving(Served):
    """A running service; one may serve all tests of a module.

    What `complete` and `chat` come to is checked against OpenAI's document.
    """

    app: Any = None

    def shown(self, switch: Switch) -> Serving:
        """Itself, put (again) behind the server that all tests share."""
        switch.app = self.app
        return self

    def add_model(self, name: str, folder: str) -> None:
        self.service.store.add_model(ModelRow(name, 1_700_000_000, "local", None, "baseline", "baseline", folder))

    def complete(self, **body: Any) -> Any:
        return self._whole("/v1/completions", body, echo=bool(body.get("echo")))

    def chat(self, **body: Any) -> Any:
        return self._whole("/v1/chat/completions", body)

    def _whole(self, path: str, body: Any, echo: bool = False) -> Any:
        answer = self.post(path, body)
        assert answer.status == 200, answer.body
        if not echo:  # nothing stands before the first token of an echo: null, which the document does not know
            scope = {"method": "POST", "path": path}
            assert not disagreements(scope, 200, json.dumps(answer.body).encode())
        return answer.body

    def events(self, path: str, body: Any) -> list[Any]:
        """The events of a stream, as they go over the wire; "[DONE]" is the last."""
        answer = self.post(path, body)
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.body.decode().split("\n\n")
        assert lines.pop() == ""
        assert all(line.startswith("data: ") for line in lines)
        texts = [line.removeprefix("data: ") for line in lines]
        return [text if text == "[DONE]" else json.loads(text) for text in texts]


@contextmanager
def serving(
    server: tuple[Switch, int, OpenAI],
    root: Path,
    load: Callable[[str, Path], Any] | None = None,
    around: Callable[[Any], Any] = lambda app: app,
) -> Iterator[Serving]:
    """Serve a new state folder. `load` makes models of trainer and folder; `around` wraps the application."""
    switch, port, client = server
    state = StateDir(root)
    state.make()
    store = Store(state)
    service = Service(state, store, Blobs(state), KEY, models=ModelCache(state, load=load))
    served = Serving(service, port, client)
    served.app = switch.app = around(create_app(service))
    try:
        yield served
    finally:
        store.close()
