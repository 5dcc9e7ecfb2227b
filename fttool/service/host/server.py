"""The service's process: one for each state folder, from taking the lock to an end in order.

`fttool serve` calls `serve`; on demand it is `python -m fttool.service.host.server OPTIONS` (see `daemon`).
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from fttool import __version__
from fttool.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_OK, DataError, FttoolError, OutputError, ServiceError
from fttool.service import logs
from fttool.service.host import folder, keyfile, running
from fttool.service.host.activity import Activity
from fttool.service.host.assembly import assemble
from fttool.service.host.listen import base_url, listen
from fttool.service.host.loop import Server, stopped_by_signals
from fttool.service.host.options import Options
from fttool.service.host.running import Running
from fttool.service.logs import logger
from fttool.service.state import StateDir


def serve(options: Options, announce: Callable[[Running], None] = lambda running: None) -> None:
    """Serve until told to stop, or idle for long enough. `announce` is called once it answers.

    Raises ServiceError if another service has the state folder or the port is taken, UsageError if the folder or the
    options will not do.
    """
    os.umask(0o077)
    state = StateDir(Path(options.state))
    folder.prepare(state)
    with running.held(state.server_lock, running.LOOKING) as ours:
        if not ours:
            raise _taken(state)
        last = running.read(state)  # of one that was killed: its clients still call it there
        lock = folder.lock_id(state)
        folder.clear(state, lock)
        try:
            key, key_file = _key(options, state)
            with contextlib.closing(listen(options.host, options.port, last.port if last else None)) as listener:
                _run(options, state, key, listener, _told(options, listener, key_file), announce)
        finally:
            folder.clear(state, lock)


def _told(options: Options, listener: socket.socket, key_file: Path) -> Running:
    return Running(
        pid=os.getpid(),
        base_url=base_url(options.host, listener),
        host=options.host,
        port=listener.getsockname()[1],
        started_at=int(time.time()),
        version=__version__,
        key_file=str(key_file),
        on_demand=options.on_demand,
    )


def _run(
    options: Options,
    state: StateDir,
    key: str,
    listener: socket.socket,
    told: Running,
    announce: Callable[[Running], None],
) -> None:
    activity, queue, tidying = assemble(options, state, key)

    def started() -> None:
        running.write(state, told)
        announce(told)

    lock = folder.lock_id(state)
    server = Server(activity, started, _Watch(options, state, lock, activity, told))
    with stopped_by_signals(server, at_once=queue.kill):
        queue.start()
        tidying.start()
        try:
            server.run(sockets=[listener])
        finally:
            folder.clear(state, lock)  # from here on, whoever looks waits for our end
            tidying.stop()
            queue.stop()
    logger.info("stopped")


class _Watch:
    """Looks after the state folder, and says when to stop. Called ten times a second, it looks as seldom as it can."""

    def __init__(
        self, options: Options, state: StateDir, lock: tuple[int, int] | None, activity: Activity, told: Running
    ) -> None:
        self.options = options
        self.state = state
        self.lock = lock
        self.activity = activity
        self.told = told
        self.stop_file = folder.stop_file(state, told.pid)
        self.count = 0

    def __call__(self) -> str:
        """Why the server should stop now; nothing if it should not."""
        self.count += 1
        if self.stop_file.exists():
            return "asked to"
        if self.count % 10 == 0:
            if folder.lock_id(self.state) != self.lock:
                return "the state folder is gone"
            with contextlib.suppress(OSError):  # a full disk, for instance, is no reason to stop
                self._tidy()
        return self._idle()

    def _tidy(self) -> None:
        if running.read(self.state) != self.told:  # someone has deleted or spoilt it
            running.write(self.state, self.told)
        if self.options.on_demand:
            logs.keep_small(self.state.log)

    def _idle(self) -> str:
        idle_exit = self.options.idle_exit
        if idle_exit is not None and self.activity.idle_for() > idle_exit:
            with contextlib.suppress(sqlite3.Error):  # not even to look is possible: no reason to stop either
                if not self.activity.unfinished():
                    return f"nothing to do for {idle_exit:g} s"
            self.activity.touch()  # a job is at work: look again after as long a time
        return ""


def _key(options: Options, state: StateDir) -> tuple[str, Path]:
    """The key to ask for, and the file where this user's commands find it."""
    given = keyfile.key_in_environment()
    os.environ.pop(keyfile.KEY_VARIABLE, None)  # the workers need it not
    keyfile.check_reach(options.host, explicit_key=bool(given or options.key_file))
    if options.key_file is not None:
        path = Path(options.key_file).expanduser().absolute()
        return keyfile.read_key(path), path
    if given is not None:
        path = folder.given_key(state)
        keyfile.keep(path, given)
        return given, path
    return keyfile.own_key(state.key), state.key


def _taken(state: StateDir) -> ServiceError:
    other = running.read(state)
    who = f"; process {other.pid} serves it at {other.base_url}" if other else ""
    return ServiceError(
        f"another service has the state folder {state.root}{who}",
        hint="`fttool serve --status` shows it, `fttool serve --stop` stops it, `--state DIR` takes another folder",
    )


def in_foreground(options: Options, announce: Callable[[Running], None]) -> None:
    """`serve`, with its log on stderr and the errors of disk and database as ours."""
    logs.to_stderr(options.log_level)
    state = StateDir(Path(options.state))
    try:
        serve(options, announce)
    except sqlite3.Error as error:  # disk full, no database, of a later version
        raise DataError(f"the database of the service: {error}", file=str(state.database)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        file = error.filename if isinstance(error.filename, str) else state.root
        raise OutputError((error.strerror or str(error)).lower(), file=str(file)) from None


def _log_start(told: Running) -> None:
    logger.info("serving %s, process %d, fttool %s", told.base_url, told.pid, told.version)


def main(argument: str) -> int:
    """Serve on demand: options as JSON. All that is said goes to the log, which is our stderr."""
    options = msgspec.json.decode(argument, type=Options)
    try:
        in_foreground(options, _log_start)
    except FttoolError as error:
        logger.error("%s", error)
        for hint in (error.hint or "").splitlines():
            logger.info("hint: %s", hint)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 - the last line: nothing may pass it
        logger.exception("this is a bug in fttool")
        return EXIT_BUG
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
