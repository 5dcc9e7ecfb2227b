"""The process of a service that a command starts: on its own from the first moment, whatever becomes of the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.config.secrets import without_keys
from fttool.service import logs
from fttool.service.host.options import ON_DEMAND_IDLE_EXIT, Options

if TYPE_CHECKING:
    from fttool.service.state import StateDir

#: The end of the log that a failed start is explained with (bytes).
_TAIL = 4000

#: With less space on the disk (bytes) not even the log takes a line.
_LITTLE = 100_000


class Started:
    """A service that was launched just now."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path, log_start: int) -> None:
        self.pid = child.pid
        self._child = child
        self._log = log
        self._log_start = log_start

    def ended(self) -> bool:
        """Whether it is gone already."""
        return self._child.poll() is not None

    def let_go(self) -> None:
        """It is on its own from now on. If it ends before us, the next process that we start takes note of that."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # that it still runs is the point
            del self._child

    def last_words(self) -> str:
        """Why it ended: the last error that it logged, or the last that was said at all."""
        with self._log.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(self._log_start, size - _TAIL))
            said = stream.read().decode("utf-8", "replace").splitlines()
        errors = [line.partition(" ERROR ")[2] for line in said if " ERROR " in line]
        nothing = f"its process ended with {self._child.returncode} and said nothing"
        if shutil.disk_usage(self._log.parent).free < _LITTLE:
            nothing = f"there is no space left for {self._log.parent}"
        return [nothing, *said, *errors][-1]


def launch(state: StateDir) -> Started:
    """Start a service on this state folder. It keeps nothing of ours open: no terminal, no pipe, no folder."""
    import msgspec

    state.log.touch(mode=0o600)
    logs.keep_small(state.log)
    options = Options(state=str(state.root), idle_exit=ON_DEMAND_IDLE_EXIT, on_demand=True)
    with state.log.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "fttool.service.host.server", msgspec.json.encode(asdict(options)).decode()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=state.root,
            env=_environment(),
            **_apart(),
        )
        return Started(child, state.log, log.tell())


def _apart() -> dict[str, Any]:
    """A session of its own: Ctrl-C and closing the terminal are not for the service."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _environment() -> dict[str, str]:
    """Ours, without the keys of other services; and so that the child finds the same fttool from another folder."""
    import fttool

    kept = without_keys(os.environ)
    paths = [str(Path(entry).absolute()) for entry in kept.pop("PYTHONPATH", "").split(os.pathsep) if entry]
    ours = str(Path(fttool.__file__).absolute().parent.parent)
    if ours not in sys.path[1:]:  # found only because it is in the current folder
        paths.insert(0, ours)
    if paths:
        kept["PYTHONPATH"] = os.pathsep.join(paths)
    return kept | {"PYTHONSAFEPATH": "1"}
