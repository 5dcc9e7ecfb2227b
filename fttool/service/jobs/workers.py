"""Worker processes as the service sees them: launched, asked to stop, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fttool
from fttool.config.secrets import without_keys
from fttool.service.host.keyfile import KEY_VARIABLE
from fttool.service.host.running import is_locked
from fttool.service.jobs.watch import stop_file
from fttool.service.logs import keep_small
from fttool.service.state import StateDir

#: The end of a worker that another one has forestalled, and of one that could not store why its job failed.
EXIT_BUSY = 75
EXIT_FULL = 74

#: A trainer's arithmetic stays within one core, so that the others are free for the service and its machine; and the
#: same sums come out in the same order.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass
class Worker:
    """A worker that this service has launched."""

    job_id: str
    phase: str
    process: subprocess.Popen[bytes]
    unwanted_since: float | None = None

    def ended(self) -> bool:
        """Whether it is gone."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """Ask it to save what it has, and to end."""
        if sys.platform != "win32":  # there it would be killed at once; the stop file asks it as well
            self.process.terminate()

    def kill(self) -> None:
        """End it at once. What it saved last is there to go on from."""
        self.process.kill()

    def how(self) -> str:
        """How it ended, in a few words."""
        code = self.process.returncode
        if code >= 0:
            return f"exit code {code}"
        try:
            return f"signal {-code}, {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"


def launch(state: StateDir, job_id: str, phase: str) -> Worker:
    """Launch a worker, apart from us: neither Ctrl-C in our terminal nor our death is its end. OSError if it fails."""
    folder = state.job(job_id)
    folder.mkdir(mode=0o700, exist_ok=True)
    log = folder / "worker.log"
    log.touch(mode=0o600)
    keep_small(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fttool.service.jobs.worker", str(state.root), job_id, phase],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=Path(fttool.__file__).absolute().parent.parent,  # `-m` finds first what is in the current folder
            env=_environment(),
            **_apart(),
        )
    return Worker(job_id, phase, process)


def works(state: StateDir, job_id: str) -> bool:
    """Whether some worker has the job: one of ours, or of a service that was here before."""
    return is_locked(state.job_lock(job_id))


def ask_to_stop(state: StateDir, job_id: str) -> None:
    """Ask the job's worker to stop, whoever launched it."""
    stop_file(state, job_id).touch(mode=0o600)


def _environment() -> dict[str, str]:
    kept = without_keys(os.environ)
    kept.pop(KEY_VARIABLE, None)
    return kept | dict.fromkeys(_ONE_THREAD, "1")


def _apart() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"start_new_session": True}
