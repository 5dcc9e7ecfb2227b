"""The service on demand: find the running one, start one, stop it.

The command line imports this: nothing heavy may come with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fttool.errors import ServiceError

if TYPE_CHECKING:
    from fttool.service.host.launch import Started
    from fttool.service.host.running import Health, Running
    from fttool.service.state import StateDir

#: How long a start may take, and an end in order (seconds): slow disks, jobs that save a checkpoint.
START_WITHIN, STOP_WITHIN = 20.0, 20.0

_LOOK_EVERY = 0.03


class Endpoint(NamedTuple):
    """Where the service answers, the key it wants, and its process."""

    base_url: str
    key: str
    pid: int


class Status(NamedTuple):
    """A running service: what it says in its state folder, its key, and what it answers."""

    running: Running
    key: str
    health: Health

    @property
    def endpoint(self) -> Endpoint:
        """How to reach it."""
        return Endpoint(self.running.base_url, self.key, self.running.pid)


def ensure_running(state: StateDir | None = None, *, tell: Callable[[str], None] = lambda text: None) -> Endpoint:
    """The service on this state folder (the user's own if None), started if none runs.

    Any number of processes may call this at once: one of them starts it. `tell` gets a sentence where there is
    something to say: that the service is of another version, for instance.

    Raises ServiceError if it does not come up, ConfigError if the state folder cannot be used.
    """
    from fttool.service.host import folder
    from fttool.service.host.running import held
    from fttool.service.state import StateDir

    state = StateDir() if state is None else state
    if (found := status(state)) and _fits(found):
        return found.endpoint
    folder.prepare(state)
    with held(folder.start_lock(state), START_WITHIN + STOP_WITHIN) as ours:
        if not ours:
            raise ServiceError(f"another command has been starting the service for long; {_see_log(state)}")
        found = status(state)  # another command may have been first
        if found is not None:
            found = _keep_or_end(found, state, tell)
        return found.endpoint if found is not None else _start(state)


def find(state: StateDir) -> Endpoint | None:
    """The running service of this state folder; None if there is none, or it does not answer."""
    found = status(state)
    return found.endpoint if found is not None else None


def status(state: StateDir) -> Status | None:
    """The running service of this state folder, all that is known of it. Changes nothing.

    Raises ConfigError if others could have put something in place of what the service says of itself.
    """
    from fttool.service.host import folder, keyfile, running

    if not running.is_locked(state.server_lock):
        return None
    folder.check_rights(state)
    told = running.read(state)
    if told is None:  # it is about to serve, or has stopped serving
        return None
    key = keyfile.read_key(Path(told.key_file))
    health = running.ask(told, key)
    return None if health is None else Status(told, key, health)


def stop(state: StateDir) -> bool:
    """Stop the running service in order and wait until it is gone. False if none was running.

    Its jobs save where they are and go on at the next start. Raises ServiceError if it does not end in time.
    """
    from fttool.service.host import folder, running

    if not running.is_locked(state.server_lock):
        return False
    deadline = time.monotonic() + STOP_WITHIN
    asked: int | None = None
    while running.is_locked(state.server_lock):
        told = running.read(state)
        if told is not None and told.pid != asked:
            asked = told.pid
            folder.stop_file(state, asked).touch(mode=0o600)
        if time.monotonic() > deadline:
            who = f" (process {asked})" if asked is not None else ""
            raise ServiceError(f"the service does not end{who}; {_see_log(state)}", hint=_by_force(asked))
        time.sleep(_LOOK_EVERY)
    return True


def _fits(found: Status) -> bool:
    from fttool import __version__

    return found.health.version == __version__


def _keep_or_end(found: Status, state: StateDir, tell: Callable[[str], None]) -> Status | None:
    """A running service, unless it is of another version and can be replaced: then it is stopped, and this is None."""
    from fttool import __version__

    if _fits(found):
        return found
    other = f"the running service is of fttool {found.health.version}, this is {__version__}"
    if not found.running.on_demand:
        tell(f"{other}; it was started by hand, so it is used as it is")
        return found
    if found.health.unfinished:
        tell(f"{other}; jobs are under way, so it is used as it is")
        return found
    tell(f"{other}: starting it anew")
    stop(state)
    return None


def _start(state: StateDir) -> Endpoint:
    """Start a service and wait until it answers. Only for the holder of the start lock."""
    from fttool.service.host import launch, running

    deadline = time.monotonic() + START_WITHIN
    started: Started | None = None
    while time.monotonic() < deadline:
        if started is None and not running.is_locked(state.server_lock):
            started = launch.launch(state)
        if found := status(state):  # ours, or one that someone started by hand just now
            if started is not None:
                started.let_go()
            return found.endpoint
        if started is not None and started.ended() and not running.is_locked(state.server_lock):
            raise ServiceError(f"the service did not start: {started.last_words()}", hint=_see_log(state))
        time.sleep(_LOOK_EVERY)
    told = running.read(state)
    pid = started.pid if started else told.pid if told else None
    raise ServiceError(f"the service does not answer; {_see_log(state)}", hint=_by_force(pid))


def _see_log(state: StateDir) -> str:
    return f"its log is {state.log}"


def _by_force(pid: int | None) -> str | None:
    """How to end a process that hangs: nothing is lost by it."""
    return f"if it hangs, `kill -9 {pid}` ends it; its jobs go on at the next start" if pid is not None else None
