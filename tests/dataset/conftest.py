"""A place of its own for each test, and a JSON report of what was done there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def report(place: Path, call: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """The JSON document of a run that ends well, all that is on standard output."""

    def report(*args: str, code: int = 0, **more: Any) -> dict[str, Any]:
        done = call("prepare_data", "--json", *args, **more)
        assert done.code == code, done.err
        assert done.err == ""
        document: dict[str, Any] = json.loads(done.out)
        assert done.out.count("\n") == 1
        return document

    return report
