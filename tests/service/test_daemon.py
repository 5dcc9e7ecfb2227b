"""The service on demand: one for each state folder, whoever asks for it, and on its own once it runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fttool
from fttool.errors import ConfigError, ServiceError
from fttool.service.host import daemon, folder, running
from fttool.service.state import StateDir

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc")

ENSURE = """
import json, sys
from fttool.service.host import daemon
print(json.dumps(daemon.ensure_running(tell=lambda text: print(text, file=sys.stderr))))
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateDir]:
    """A state folder; the service that a test leaves on it is killed."""
    state = StateDir(tmp_path / "state")
    monkeypatch.setenv("FTTOOL_STATE_DIR", str(state.root))
    yield state
    if state.log.exists():
        for pid in {int(found) for found in re.findall(r"process (\d+)", state.log.read_text())}:
            kill(pid)


def kill(pid: int) -> None:
    """kill -9, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    with contextlib.suppress(ChildProcessError):  # ours, or taken note of by its own thread
        os.waitpid(pid, 0)


def until(condition, seconds: float = 10.0) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def ensure(**env: str) -> subprocess.CompletedProcess[str]:
    """ensure_running in a process of its own, its output in pipes."""
    return subprocess.run(
        [sys.executable, "-c", ENSURE],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=30,
        check=True,
    )


def start_by_hand(state: StateDir, *, version: str = fttool.__version__, **options: object) -> subprocess.Popen[bytes]:
    """A service of any version, with any options, that answers."""
    code = f"import sys, fttool; fttool.__version__ = {version!r}; "
    code += "from fttool.service.host.server import main; sys.exit("
    told = json.dumps({"state": str(state.root), **options})
    state.make()
    with state.log.open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", f"{code}main({told!r}))"], stderr=log, stdout=log)
    until(lambda: daemon.find(state) or process.poll() is not None)
    return process


def test_importing_it_is_light():
    code = (
        "import sys; from fttool.service import state; from fttool.service.host import daemon; "
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"starlette", "uvicorn", "sqlite3", "numpy", "openai", "msgspec", "filelock", "asyncio", "http", "json"}
    assert heavy & set(done.stdout.split()) == set()


def test_from_nothing_to_its_end(state):
    assert daemon.find(state) is None
    assert not state.root.exists()  # to look leaves nothing behind

    endpoint = daemon.ensure_running(state)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", endpoint.base_url)
    assert re.fullmatch(r"sk-local-[\w-]{43}", endpoint.key)
    assert daemon.ensure_running(state) == daemon.find(state) == endpoint
    assert daemon.ensure_running() == endpoint  # the folder that FTTOOL_STATE_DIR names

    assert daemon.stop(state) is True
    assert daemon.find(state) is None
    assert not running.is_locked(state.server_lock)
    assert not state.server.exists()
    assert daemon.stop(state) is False

    again = daemon.ensure_running(state)
    assert again.key == endpoint.key
    assert again.pid != endpoint.pid


@POSIX
def test_what_it_keeps_is_for_the_user_alone(state):
    endpoint = daemon.ensure_running(state)
    for path in (state.root, *state.root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert f"serving {endpoint.base_url}, process {endpoint.pid}" in state.log.read_text()
    assert endpoint.key not in state.log.read_text()


def test_many_at_once_get_one_service(state):
    with ThreadPoolExecutor() as threads:
        done = [future.result() for future in [threads.submit(ensure) for _ in range(4)]]
    assert len({one.stdout for one in done}) == 1
    assert state.log.read_text().count("serving") == 1


@LINUX
def test_it_keeps_nothing_of_the_command_that_started_it(state, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-the-service")
    monkeypatch.setenv("GATEWAY_API_KEY", "sk-nor-this")
    pid = json.loads(ensure().stdout)[2]  # its output is a pipe, and came to an end
    process = Path(f"/proc/{pid}")
    assert (process / "cwd").readlink() == state.root
    opened = {str(one.readlink()) for one in (process / "fd").iterdir()}
    assert not [one for one in opened if one.startswith(("pipe:", "/dev/pts"))]
    assert os.getsid(pid) == pid
    environment = (process / "environ").read_bytes()
    assert b"sk-" not in environment
    assert b"PATH=" in environment


def test_the_same_fttool_from_another_folder_and_no_proxy(state, monkeypatch):
    root = Path(fttool.__file__).parent.parent
    monkeypatch.chdir(root)
    monkeypatch.setenv("PYTHONPATH", ".")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert json.loads(ensure().stdout)[0] == daemon.find(state).base_url


def test_a_key_from_the_environment(state, monkeypatch):
    monkeypatch.setenv("FTTOOL_SERVE_KEY", "a-key-of-my-own")
    assert daemon.ensure_running(state).key == "a-key-of-my-own"
    monkeypatch.delenv("FTTOOL_SERVE_KEY")
    assert daemon.find(state).key == "a-key-of-my-own"  # another shell knows nothing of it
    daemon.stop(state)
    assert not folder.given_key(state).exists()
    assert daemon.ensure_running(state).key.startswith("sk-local-")


def test_a_key_that_cannot_be_one(state, monkeypatch):
    key = "two words"
    monkeypatch.setenv("FTTOOL_SERVE_KEY", key)
    with pytest.raises(ServiceError, match=r"did not start: .*API key.*FTTOOL_SERVE_KEY") as caught:
        daemon.ensure_running(state)
    assert key not in str(caught.value)


@POSIX
def test_after_kill_9(state):
    before = daemon.ensure_running(state)
    kill(before.pid)
    assert state.server.exists()
    assert daemon.find(state) is None
    assert daemon.stop(state) is False
    after = daemon.ensure_running(state)
    assert after.pid != before.pid
    assert after.key == before.key


def test_what_it_says_of_itself_is_mended(state):
    endpoint = daemon.ensure_running(state)
    state.server.write_bytes(b'{"pid": 1')
    assert daemon.find(state) is None
    assert daemon.ensure_running(state) == endpoint


@pytest.mark.parametrize("spoilt", [b"", b'{"pid": 1', b"[]", b"\xff\xfe", b'{"pid": "1"}', None])
def test_what_is_spoilt_says_nothing(state, spoilt):
    state.make()
    if spoilt is not None:
        state.server.write_bytes(spoilt)
    assert running.read(state) is None


def test_the_key_goes_to_no_one_else(state):
    """The service was killed, and another program has its port: it is not asked anything."""
    state.make()
    state.server_lock.touch()
    with socket.create_server(("127.0.0.1", 0)) as other:
        told = {"host": "127.0.0.1", "port": 1, "started_at": 1, "version": "1", "on_demand": True}
        url = f"http://127.0.0.1:{other.getsockname()[1]}/v1"
        state.key.write_text("sk-local-secret")
        state.key.chmod(0o600)
        state.server.write_text(json.dumps({"pid": os.getpid(), "base_url": url, "key_file": str(state.key), **told}))
        other.settimeout(0.2)
        assert daemon.find(state) is None
        with pytest.raises(TimeoutError):
            other.accept()


def test_a_port_that_is_taken(state):
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 8455)):
        assert not daemon.ensure_running(state).base_url.endswith(":8455/v1")


def test_a_state_folder_that_was_deleted_ends_it(state, tmp_path):
    endpoint = daemon.ensure_running(state)
    moved = state.root.rename(tmp_path / "moved")
    other = daemon.ensure_running(state)  # in a folder of the same name
    assert other.pid != endpoint.pid
    until(lambda: "stopped" in (moved / "service.log").read_text())
    assert "the state folder is gone" in (moved / "service.log").read_text()
    assert daemon.find(state) == other
    kill(endpoint.pid)


def test_it_ends_when_idle(state):
    process = start_by_hand(state, idle_exit=0.3, port=0)
    assert process.wait(5) == 0
    assert "nothing to do for 0.3 s" in state.log.read_text()


def test_requests_keep_it_going(state):
    process = start_by_hand(state, idle_exit=0.5, port=0)
    for _ in range(6):
        time.sleep(0.12)
        assert daemon.find(state)
    assert process.wait(5) == 0


def test_another_version_is_replaced(state):
    old = start_by_hand(state, version="0.0.9", on_demand=True, port=0)
    said: list[str] = []
    endpoint = daemon.ensure_running(state, tell=said.append)
    assert endpoint.pid != old.pid
    assert old.wait(5) == 0
    assert said == [f"the running service is of fttool 0.0.9, this is {fttool.__version__}: starting it anew"]


def test_another_version_that_was_started_by_hand_stays(state):
    old = start_by_hand(state, version="0.0.9", port=0)
    said: list[str] = []
    assert daemon.ensure_running(state, tell=said.append).pid == old.pid
    assert "started by hand" in said[0]
    old.terminate()
    assert old.wait(5) == 0


def test_a_database_that_is_none(state):
    state.make()
    state.database.write_bytes(b"this is no database" * 100)
    with pytest.raises(ServiceError, match=r"did not start: .*database") as caught:
        daemon.ensure_running(state)
    assert str(state.log) in caught.value.hint
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_in_place_of_the_folder(state):
    state.root.write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        daemon.ensure_running(state)


def test_a_folder_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        daemon.ensure_running(StateDir(tmp_path / "file" / "state"))


def test_a_path_that_is_too_long(tmp_path):
    with pytest.raises(ConfigError, match="cannot be used"):
        daemon.ensure_running(StateDir(tmp_path / ("long" * 100)))


@POSIX
@pytest.mark.parametrize("mode", [0o770, 0o1777])
def test_a_folder_that_others_may_write_to(state, mode):
    state.root.mkdir()
    state.root.chmod(mode)
    with pytest.raises(ConfigError, match="others may write to the state folder"):
        daemon.ensure_running(state)


@POSIX
def test_a_key_that_others_may_read(state):
    state.make()
    state.key.write_text("sk-local-known-to-many")
    state.key.chmod(0o644)
    with pytest.raises(ServiceError, match=r"others can reach it \(mode 0644\)"):
        daemon.ensure_running(state)


@POSIX
def test_a_service_that_hangs(state, monkeypatch):
    endpoint = daemon.ensure_running(state)
    os.kill(endpoint.pid, signal.SIGSTOP)
    monkeypatch.setattr(running, "PATIENCE", 0.2)
    monkeypatch.setattr(daemon, "START_WITHIN", 0.5)
    monkeypatch.setattr(daemon, "STOP_WITHIN", 0.5)
    with pytest.raises(ServiceError, match="does not answer") as caught:
        daemon.ensure_running(state)
    assert f"`kill -9 {endpoint.pid}`" in caught.value.hint
    with pytest.raises(ServiceError, match=rf"does not end \(process {endpoint.pid}\)"):
        daemon.stop(state)
    os.kill(endpoint.pid, signal.SIGCONT)
    until(lambda: not running.is_locked(state.server_lock))  # it did what it was asked, late
