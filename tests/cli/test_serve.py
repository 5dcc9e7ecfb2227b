"""`fttool serve` as a person uses it: in the foreground, its state, its end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fttool
from fttool.cli import app
from fttool.cli.serve import serve as command
from fttool.service.host import daemon
from fttool.service.host.options import DEFAULT_HOST, DEFAULT_PORT
from fttool.service.state import StateDir

Serve = Callable[..., Any]


class Serving:
    """`fttool serve` in a process of its own."""

    def __init__(self, *args: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fttool", "serve", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            text=True,
        )
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 20)[0], "it said nothing"
        self.first_line = self.process.stdout.readline().rstrip("\n")

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Signal it; its exit code and what else it said."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this test."""
    monkeypatch.setenv("FTTOOL_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def serve(state: Path) -> Iterator[Serve]:
    """Start it; it is killed at the end."""
    if sys.platform == "win32":
        pytest.skip("signals")
    started: list[Serving] = []

    def serve(*args: str, env: dict[str, str] | None = None) -> Serving:
        started.append(Serving("--port", "0", *args, env=env))
        return started[-1]

    yield serve
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Path]]:
    """One that several tests look at, and its state folder."""
    state = tmp_path_factory.mktemp("running") / "state"
    serving = Serving("--port", "0", "--state", str(state))
    yield serving, state
    serving.process.kill()
    serving.process.communicate()


def test_the_line_of_help_is_its_own():
    assert command.__doc__.splitlines()[0] == app.COMMANDS["serve"][1]


def test_the_defaults_in_the_help(call):
    said = call("serve", "--help").out
    assert f"({DEFAULT_HOST})" in said
    assert f"({DEFAULT_PORT})" in said


def test_in_the_foreground_until_ctrl_c(serve, state):
    serving = serve()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", serving.first_line)
    code, out, err = serving.end()
    assert (code, out) == (0, "")
    assert "stopped" in err
    assert f'curl -H "Authorization: Bearer $(cat {state / "key"})" {serving.first_line}/models' in err
    assert f'OPENAI_BASE_URL={serving.first_line} OPENAI_API_KEY="$(cat {state / "key"})"' in err
    assert (state / "key").read_text().strip() not in err


def test_as_json_with_a_key_of_the_users(serve, state):
    serving = serve("--json", "--host", "0.0.0.0", "--idle-exit", "0.3s", env={"FTTOOL_SERVE_KEY": "chosen-by-me"})
    told = json.loads(serving.first_line)
    assert set(told) == {"base_url", "pid", "state", "key_file", "version"}
    assert told["pid"] == serving.process.pid
    assert told["base_url"].startswith("http://127.0.0.1:")
    assert (told["state"], told["key_file"]) == (str(state), str(state / "given.key"))
    out, err = serving.process.communicate(timeout=10)  # it ends by itself
    assert (serving.process.returncode, out) == (0, "")
    assert "chosen-by-me" not in err
    assert not (state / "given.key").exists()


def test_the_hints_work_as_printed(running):
    serving, _ = running
    lines: list[str] = []
    while len(lines) < 3:
        lines.append(serving.process.stderr.readline())
    curl = next(line for line in lines if "curl" in line).partition("hint: ")[2]
    done = subprocess.run(["sh", "-c", curl.replace("curl", "curl -s")], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["object"] == "list"
    export = next(line for line in lines if "export" in line).partition("SDK: ")[2].strip()
    code = "from openai import OpenAI; print(OpenAI().models.list().data[0].id)"
    sdk = ["sh", "-c", f'{export}; "$0" -c "$1"', sys.executable, code]
    assert subprocess.run(sdk, capture_output=True, text=True, check=True).stdout == "baseline\n"


def test_the_status_of_nothing(call, state):
    done = call("serve", "--status")
    assert (done.code, done.out) == (1, "")
    assert f"no service runs on the state folder {state}" in done.err
    done = call("serve", "--status", "--json")
    assert (done.code, json.loads(done.out)) == (1, {"running": False, "state": str(state)})
    assert not state.exists()


def test_the_status_of_a_running_one(running, call):
    serving, state = running
    told = json.loads(call("serve", "--status", "--json", "--state", str(state)).out)
    assert told.pop("started_at") == pytest.approx(time.time(), abs=60)
    assert told == {
        "running": True,
        "base_url": serving.first_line,
        "pid": serving.process.pid,
        "state": str(state),
        "key_file": str(state / "key"),
        "version": fttool.__version__,
        "on_demand": False,
        "unfinished_jobs": 0,
    }
    done = call("serve", "--status", "--state", str(state))
    assert done.code == 0
    assert f"base_url\t{serving.first_line}\n" in done.out
    assert "started_by\tyou\n" in done.out


def test_stop(serve, call, state):
    serving = serve()
    done = call("serve", "--stop")
    assert (done.code, done.out) == (0, "")
    assert f"stopped the service on {state}" in done.err
    assert serving.process.wait(1) == 0
    done = call("serve", "--stop")
    assert done.code == 0
    assert "no service runs" in done.err


def test_the_second_refuses(running, run):
    serving, state = running
    done = run("serve", "--port", "0", "--json", "--state", str(state))
    assert (done.code, done.out) == (5, "")
    error = json.loads(done.err)["error"]
    assert f"process {serving.process.pid} serves it at {serving.first_line}" in error["message"]
    assert "--stop" in error["hint"]


def test_a_port_that_is_taken(run, state):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", "--port", str(port))
    assert (done.code, done.out) == (5, "")
    assert f"port {port} on 127.0.0.1 is taken" in done.err
    assert "--port N" in done.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--idle-exit", "soon"], "`--idle-exit soon` is not a time"),
        (["--idle-exit", "0"], "`--idle-exit 0` is not a time"),
        (["--idle-exit", "-5"], "is not a time"),
        (["--alias", "gpt-4"], "is not NAME=TRAINER"),
        (["--alias", "=baseline"], "is not NAME=TRAINER"),
        (["--alias", "gpt-4=transformer"], "there is no trainer `transformer`"),
        (["--log-level", "loud"], "`--log-level loud` does not exist"),
        (["--port", "99999"], "99999"),
        (["--jobs", "0"], "`--jobs`"),
        (["--status", "--stop"], "are two things"),
    ],
)
def test_what_makes_no_sense(call, state, args, said):
    done = call("serve", *args)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not state.exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--host", "0.0.0.0"], "FTTOOL_SERVE_KEY"),
        (["--fault", "5000"], "there is no fault `5000`"),
        (["--key-file", "no-such-file"], "does not exist"),
        (["--host", "192.0.2.7", "--key-file", "key"], "not an address of this machine"),
    ],
)
def test_what_it_cannot_do(run, state, tmp_path, args, said):
    (tmp_path / "key").write_text("some-key")
    done = run("serve", "--port", "0", *args, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5h", 5400), ("30m", 1800), ("2d", 172800), ("45 S".replace(" ", ""), 45)]
)
def test_times(text, seconds):
    from fttool.cli.serve import _seconds

    assert _seconds(text) == seconds
    assert _seconds("Never") is None


def test_a_full_disk_is_told(run, state):
    """A disk with no space at all: /dev/full cannot be a folder, so a tiny limit on file sizes stands for it."""
    if sys.platform != "linux":
        pytest.skip("ulimit")
    limited = 'ulimit -f 0; trap "" XFSZ; exec "$0" -m fttool serve --port 0'
    done = subprocess.run(
        ["sh", "-c", limited, sys.executable], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 3
    assert "file too large" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_in_a_terminal(state):
    """The whole group of processes gets Ctrl-C, and the shell goes on."""
    if sys.platform == "win32":
        pytest.skip("pseudo-terminals")
    outer, inner = os.openpty()
    code = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from fttool.cli import entry; entry()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", "0"],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown = b""
    try:
        while b"for any OpenAI SDK" not in shown and select.select([outer], [], [], 20)[0]:
            shown += os.read(outer, 65536)
        os.write(outer, b"\x03")
        assert process.wait(10) == 0
        with contextlib.suppress(OSError):
            while chunk := os.read(outer, 65536):
                shown += chunk
        assert b"Traceback" not in shown
        assert b"stopped" in shown
    finally:
        process.kill()
        process.wait()
        os.close(outer)


PAGE = Path(__file__).parent.parent.parent / "docs" / "service.md"


def test_the_faults_are_documented():
    from fttool.service.faults.kinds import KINDS

    rows = re.findall(
        r"^\| `(.+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8").split("## Faults on purpose")[1], re.MULTILINE
    )
    assert rows == [(kind.example, kind.help) for kind in KINDS.values()]


@pytest.fixture
def shown(state, tmp_path):
    """What the examples of a page say, the shell's and Python's, run as one script in a folder with the examples."""
    if sys.platform == "win32":
        pytest.skip("sh")

    def shown(page: Path, first: str = "") -> str:
        script = ["set -eu", f'fttool() {{ "{sys.executable}" -m fttool "$@"; }}', first]
        for language, code in re.findall(
            r"^```(sh|py)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            script.append(code if language == "sh" else f"'{sys.executable}' - <<'PYTHON'\n{code}PYTHON")
        shutil.copy(PAGE.parent.parent / "examples" / "people.csv", tmp_path)
        done = subprocess.run(
            ["sh", "-c", "\n".join(script)], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield shown
    daemon.stop(StateDir(state))


def test_the_examples_of_the_page_work_as_printed(shown):
    said = shown(PAGE)
    assert '"status":"succeeded"' in said
    assert '"top_logprobs"' in said
    assert "The job has successfully completed" in said
    assert said.splitlines()[-1].strip() in ("billing", "account", "feedback", "repairs")


def test_the_examples_of_the_readme_work_as_printed(shown):
    said = shown(PAGE.parent.parent / "README.md", "fttool prepare_data people.csv --yes >/dev/null")
    assert '"purpose":"fine-tune"' in said
    assert said.splitlines()[-1].endswith("validating_files")
