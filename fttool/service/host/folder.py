"""The state folder as a service needs it: there, ours, and not open to others. And the names only its runner uses."""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING

from fttool.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from fttool.service.state import StateDir

_HINT = "`--state DIR` or the environment variable `FTTOOL_STATE_DIR` names another folder"


def prepare(state: StateDir) -> None:
    """Make the state folder if it is not there. Raises ConfigError if it cannot be used, or others may write to it."""
    state.make()
    check_rights(state)


def check_rights(state: StateDir) -> None:
    """Whoever may write here could put their own key, or their own service, in place of ours: ConfigError."""
    if os.name != "posix":
        return
    root = state.root
    status = root.stat()
    if os.getuid() not in (0, status.st_uid):
        raise ConfigError("the state folder belongs to another user", file=str(root), hint=_HINT)
    if (mode := stat.S_IMODE(status.st_mode)) & 0o022:
        raise ConfigError(
            f"others may write to the state folder (mode {mode:04o})",
            file=str(root),
            hint=f"`chmod 700 {shlex.quote(str(root))}`, or {_HINT}",
        )


def start_lock(state: StateDir) -> Path:
    """Held by the command that starts a service, until it answers."""
    return state.root / "start.lock"


def stop_file(state: StateDir, pid: int | str) -> Path:
    """It is there if the process `pid` shall stop. An empty file, as there is room for that on a full disk too."""
    return state.root / f"stop.{pid}"


def lock_id(state: StateDir) -> tuple[int, int] | None:
    """Which file the service's lock is; None if it is not there. The folder may be deleted, and made anew by others."""
    try:
        status = state.server_lock.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def clear(state: StateDir, lock: tuple[int, int] | None) -> None:
    """Remove what is only true while a service runs. For the one that holds this lock, and no other."""
    if lock_id(state) != lock:
        return
    for path in (state.server, given_key(state), *state.root.glob("stop.*")):
        path.unlink(missing_ok=True)


def given_key(state: StateDir) -> Path:
    """The key that the environment gave, while the service runs."""
    return state.root / "given.key"
