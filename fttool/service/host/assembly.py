"""The parts of a service, put together."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any, NamedTuple

from fttool.service.api.app import create_app
from fttool.service.api.service import Service
from fttool.service.blobs import Blobs
from fttool.service.faults.app import FaultyApp
from fttool.service.faults.kinds import Faults
from fttool.service.host.activity import Activity
from fttool.service.host.options import Options
from fttool.service.inference.models_cache import ModelCache
from fttool.service.jobs.queue import Queue
from fttool.service.logs import logger
from fttool.service.state import StateDir
from fttool.service.store import Store

_HOUR = 3600.0


class Parts(NamedTuple):
    """What runs: requests go to `activity`, jobs are worked on by `queue`, `tidying` removes what no one needs."""

    activity: Activity
    queue: Queue
    tidying: Tidying


class Tidying:
    """Lets the service tidy up in a thread of its own: at its start, and each hour."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidying", daemon=True)

    def start(self) -> None:
        """Begin, without waiting for it."""
        self._thread.start()

    def stop(self) -> None:
        """End; wait a moment for what is under way. It can be broken off anywhere."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._service.tidy()
            except (sqlite3.Error, OSError) as error:  # a full disk, say: the next time may do
                logger.warning("tidying up: %s", error)
            self._stopping.wait(_HOUR)


def assemble(options: Options, state: StateDir, key: str) -> Parts:
    """A service on this state folder that asks for this key. Nothing runs yet.

    Raises UsageError for faults that do not exist, ConfigError or sqlite3.Error if the database cannot be used.
    """
    faults = Faults.parse(options.faults)
    store = Store(state, durable=True)
    queue = Queue(store, state, trainings=options.jobs)
    service = Service(
        state=state,
        store=store,
        blobs=Blobs(state),
        key=key,
        models=ModelCache(state),
        poke=queue.poke,
        host=options.host,
        allow_hosts=options.allow_hosts,
        aliases=options.aliases,
    )
    app: Any = create_app(service)
    if faults:
        logger.warning("misbehaving on purpose: %s", ", ".join(options.faults))
        app = FaultyApp(app, faults)  # outside of all but what counts: to cut a connection it needs the server's own
    return Parts(Activity(app, key, queue.active), queue, Tidying(service))
