"""The command line is tested from an empty folder: no project file of ours or of the machine comes in."""

from __future__ import annotations

from pathlib import Path

import pytest

#: Long enough to be shown masked; no test may find it in any output.
KEY = "sk-test-Zq7vLw93KdPbXy5RtNm2"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the current one."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def key() -> str:
    """An API key."""
    return KEY
