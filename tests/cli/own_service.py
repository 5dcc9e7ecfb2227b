"""fttool's own service for tests of commands: `from own_service import own, own_state`, and use `own`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder; the service on it is stopped in the end."""
    from fttool.service.host.daemon import stop
    from fttool.service.state import StateDir

    folder = tmp_path_factory.mktemp("own") / "state"
    yield folder
    stop(StateDir(folder))


@pytest.fixture
def own(own_state: Path, monkeypatch: pytest.MonkeyPatch, isolated: Path) -> Iterator[Path]:
    """`--local` means a service of these tests, started by whoever first needs it."""
    from fttool.jobs.client import Client

    made: list[Any] = []
    make = Client._make

    def remember(client: Client, *args: Any) -> Any:
        made.append(make(client, *args))
        return made[-1]

    # a command's connections end with its process; here they would stay open
    monkeypatch.setattr(Client, "_make", remember)
    monkeypatch.setenv("FTTOOL_STATE_DIR", str(own_state))
    yield own_state
    for sdk in made:
        sdk.close()
