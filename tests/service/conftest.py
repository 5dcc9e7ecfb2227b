"""A service of its own for each test: a state folder, its store and blobs, and all of it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from fttool.service.api.service import Service
from fttool.service.blobs import Blobs
from fttool.service.state import StateDir
from fttool.service.store import Store
from tests.service.served import KEY, Served, Switch, serve


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "state")


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    store = Store(state)
    yield store
    store.close()


@pytest.fixture
def service(state: StateDir, store: Store) -> Service:
    return Service(state, store, Blobs(state), KEY)


@pytest.fixture(scope="session")
def _server() -> Iterator[tuple[Switch, int, OpenAI]]:
    switch = Switch()
    with switch.running() as (port, client):
        yield switch, port, client


@pytest.fixture
def served(_server: tuple[Switch, int, OpenAI], service: Service) -> Iterator[Served]:
    """The service over HTTP. Whatever it answers is checked against OpenAI's document, where that is here."""
    served = serve(*_server, service)
    yield served
    assert not served.complaints
