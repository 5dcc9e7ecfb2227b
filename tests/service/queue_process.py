"""A service reduced to its queue: `python -m service.queue_process STATE [CRASHES]`, until SIGTERM; or until killed."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from fttool.service.jobs import deaths
from fttool.service.jobs.queue import Queue
from fttool.service.state import StateDir
from fttool.service.store import Store

if __name__ == "__main__":
    deaths.MOST_CRASHES = int(sys.argv[2])
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: told.set())
    state = StateDir(Path(sys.argv[1]))
    queue = Queue(Store(state, durable=True), state)
    queue.start()
    sys.stdout.write("started\n")
    sys.stdout.flush()
    told.wait()
    queue.stop()
