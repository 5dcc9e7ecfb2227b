"""A service whose answers are scripted. In other folders: `from jobs.conftest import scripted`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .scripted import KEY, Scripted


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A service whose answers the test writes down; `OPENAI_API_KEY` is set for it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Scripted() as service:
        yield service
