"""What a running service says of itself in its state folder (`server.json`), and whether it is true.

A process id proves nothing: it may belong to another by now. A service runs if its lock on the state folder is held and
it answers. Its key is sent only while the lock is held: whoever else may listen on its port later must not get it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fttool.config.files import write_text
from fttool.errors import ConfigError

if TYPE_CHECKING:
    from fttool.service.state import StateDir

HEALTH = "/health"

#: A service that answers at all answers within this time (seconds), also while it trains.
PATIENCE = 3.0

#: Whoever looks whether the lock is free holds it for a moment; a service that starts just then waits (seconds).
LOOKING = 0.5


@dataclass(frozen=True)
class Running:
    """A running service. `key_file` holds its key; `on_demand`: a command started it, not a person."""

    pid: int
    base_url: str
    host: str
    port: int
    started_at: int
    version: str
    key_file: str
    on_demand: bool


@dataclass(frozen=True)
class Health:
    """What the service answers to whoever has its key."""

    pid: int
    version: str
    unfinished: int


def write(state: StateDir, running: Running) -> None:
    """Say that this process serves. The file appears whole or not at all, for the user alone."""
    write_text(state.server, json.dumps(asdict(running), indent=2) + "\n", private=True)


def read(state: StateDir) -> Running | None:
    """What the last service said; None if it said nothing that can be used."""
    import msgspec

    try:
        return msgspec.json.decode(state.server.read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):  # not there, cut off, not ours
        return None


@contextlib.contextmanager
def held(path: Path, timeout: float) -> Iterator[bool]:
    """Hold a lock file for as long as the block lasts; False if another process has had it for `timeout` seconds."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=timeout, mode=0o600, thread_local=False)
    try:
        lock.acquire(poll_interval=0.02)
    except Timeout:
        yield False
        return
    except (NotImplementedError, PermissionError) as error:
        raise ConfigError(f"cannot lock the state folder: {error}", file=str(path)) from None
    try:
        yield True
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock. Those who only look do not see each other, where the system allows it."""
    try:
        stream = path.open("rb")
    except PermissionError:
        raise ConfigError("this file cannot be read: it belongs to another user", file=str(path)) from None
    except OSError:  # not there
        return False
    with stream, contextlib.suppress(OSError):  # a file system without flock
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False
    with held(path, timeout=0) as mine:
        return not mine


def ask(running: Running, key: str) -> Health | None:
    """What the service says of its health; None if it does not answer, or someone else does.

    Asked without any proxy: this is our own machine.
    """
    import msgspec

    try:
        connection = http.client.HTTPConnection(urlsplit(running.base_url).netloc, timeout=PATIENCE)
    except (ValueError, http.client.InvalidURL):  # no address
        return None
    try:
        connection.request("GET", HEALTH, headers={"Authorization": f"Bearer {key}"})
        health = msgspec.json.decode(connection.getresponse().read(65536), type=Health)
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()
    return health if health.pid == running.pid else None
