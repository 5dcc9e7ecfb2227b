"""What every test stands on: no home, no settings, no keys and no terminal of the machine it runs on."""

from __future__ import annotations

import io
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_UNWANTED = (
    *("OPENAI_", "AZURE_", "FTTOOL_", "_FTTOOL_", "XDG_", "COMP_", "TYPER_", "_TYPER_"),
    *("WANDB_", "MLFLOW_"),
)
_UNWANTED_NAMES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONIOENCODING", "PYTHONUTF8", "TTY_COMPATIBLE")


@dataclass(frozen=True)
class Result:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own for each test; returns the folder of the user's settings."""
    home = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name.startswith(_UNWANTED) or name in _UNWANTED_NAMES or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("FTTOOL_CONFIG_DIR", str(home / "fttool-config"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    return home / "fttool-config"


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run the real command line in a process of its own: `run("config", "show", stdin="…", env={…})`."""

    def run(
        *args: str,
        stdin: str | bytes | None = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60,
    ) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "fttool", *args],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, _text(done.stdout), _text(done.stderr))

    return run


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """The same within this process: ten times faster, for all that needs no process of its own."""

    def call(*args: str, stdin: str | bytes = b"") -> Result:
        from fttool.cli import main

        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        capsys.readouterr()
        code = main(args)
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return call


# The child makes the terminal its own, so that getpass finds it as /dev/tty.
_ON_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from fttool.cli import entry
entry()
"""


@pytest.fixture
def terminal() -> Callable[..., Result]:
    """Run the command line on a terminal: `terminal("login", answers=[("API key", "sk-…")])`.

    Each answer is typed when its question has appeared. What the terminal showed is in `err`; stdout is there too,
    or in `out` with `pipe_stdout=True`. `"\\x03"` is Ctrl-C, `"\\x04"` is Ctrl-D.
    """
    if sys.platform == "win32":
        pytest.skip("no pseudo-terminals here")

    def terminal(
        *args: str,
        answers: Sequence[tuple[str, str]] = (),
        env: Mapping[str, str] | None = None,
        pipe_stdout: bool = False,
        code: str = _ON_TERMINAL,
        timeout: float = 30,
    ) -> Result:
        outer, inner = os.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", code, *args],
            stdin=inner,
            stdout=subprocess.PIPE if pipe_stdout else inner,
            stderr=inner,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        os.close(inner)
        try:
            shown = _converse(process, outer, list(answers), time.monotonic() + timeout)
            piped = process.stdout.read() if process.stdout else b""
            return Result(process.wait(timeout), _text(piped), _text(shown))
        finally:
            process.kill()
            process.wait()
            os.close(outer)
            if process.stdout:
                process.stdout.close()

    return terminal


def _converse(process: subprocess.Popen[bytes], outer: int, answers: list[tuple[str, str]], deadline: float) -> bytes:
    """Read what appears, type each answer after its question; what appeared when the process is done."""
    shown, seen = b"", 0
    while time.monotonic() < deadline:
        if select.select([outer], [], [], 0.05)[0]:
            try:
                chunk = os.read(outer, 65536)
            except OSError:  # Linux' way to say that the other end is closed
                return shown
            if not chunk:
                return shown
            shown += chunk
        elif process.poll() is not None:
            return shown
        if answers and answers[0][0].encode() in shown[seen:]:
            answer = answers.pop(0)[1]
            seen = len(shown)
            time.sleep(0.05)  # getpass switches the echo off just after it has asked
            os.write(outer, answer.encode() if answer in ("\x03", "\x04") else answer.encode() + b"\n")
    raise AssertionError(f"still waiting for {answers!r} after: {shown!r}")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def pytest_sessionfinish() -> None:
    """wandb leaves a folder to be tidied at exit, where warnings are errors and only noise."""
    if (private := sys.modules.get("wandb.sdk.data_types._private")) is not None:
        private.MEDIA_TMP.cleanup()
