"""The store, shared: nothing is lost, nothing happens twice, whoever else writes and whoever is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from fttool.service.records import NewEvent
from fttool.service.state import StateDir
from fttool.service.store import Store
from tests.service.store_rows import new_job, said


def test_stores_opened_at_once_make_one_database(state: StateDir) -> None:
    state.make()
    opened: list[Store] = []
    threads = [threading.Thread(target=lambda: opened.append(Store(state))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    job_id = new_job(opened[0])
    assert all(store.job(job_id) is not None for store in opened)
    for store in opened:
        store.close()


def test_one_of_many_who_start_a_job_gets_it(store: Store) -> None:
    job_id = new_job(store, "queued")
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda: won.append(store.change(job_id, ["queued"], "running"))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 15 + [True]


_WRITER = """
import sys
from pathlib import Path
from fttool.service.records import NewEvent, StepRow
from fttool.service.state import StateDir
from fttool.service.store import Store

store = Store(StateDir(Path(sys.argv[1])))
job, first = sys.argv[2], int(sys.argv[3])
for step in range(first, first + int(sys.argv[4])):
    store.record_steps(job, 0, [StepRow(step, 10**9, 1.0)])
    store.update(job, frm=["running"], events=[NewEvent(f"after {step}")])
    print(step, flush=True)
"""


def writer(state: StateDir, job_id: str, first: int, count: int) -> subprocess.Popen[str]:
    arguments = [str(state.root), job_id, str(first), str(count)]
    return subprocess.Popen([sys.executable, "-c", _WRITER, *arguments], stdout=subprocess.PIPE, text=True)


def test_processes_write_at_once_and_nothing_is_lost(state: StateDir, store: Store) -> None:
    """1,000 events by four processes and this one, while a reader follows."""
    job_id = new_job(store, "running")
    writers = [writer(state, job_id, first, 100) for first in (1000, 2000, 3000, 4000)]
    seen: dict[str, str] = {}
    own = 0
    while any(process.poll() is None for process in writers) or own < 200:
        if own < 200:
            assert store.update(job_id, frm=["running"], events=[NewEvent(f"own {own}")])
            own += 1
        for event in store.events(job_id, 1000).rows:
            assert seen.setdefault(event.id, event.message) == event.message
    for process in writers:
        process.communicate()
        assert process.returncode == 0
    wanted = {"created"} | {f"own {at}" for at in range(200)}
    for first in (1000, 2000, 3000, 4000):
        wanted |= {f"after {step}" for step in range(first, first + 100)}
        wanted |= {f"Step {step}/1000000000: training loss=1.0000" for step in range(first, first + 100)}
    messages = said(store, job_id)
    assert len(messages) == len(wanted) == 1001
    assert set(messages) == wanted
    assert set(seen.values()) <= wanted


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_what_was_stored_survives_kill_9(state: StateDir, store: Store) -> None:
    job_id = new_job(store, "running")
    for at in range(3):
        process = writer(state, job_id, 1000 * at, 10**6)
        assert process.stdout is not None
        confirmed = -1
        deadline = time.monotonic() + 20
        for line in process.stdout:
            confirmed = int(line)
            assert time.monotonic() < deadline
            if confirmed >= 1000 * at + 20:
                break
        process.kill()
        rest = process.stdout.read().split()
        process.wait()
        process.stdout.close()
        confirmed = max([confirmed, *map(int, rest)])
        again = Store(state)
        messages = said(again, job_id)
        for step in range(1000 * at, confirmed + 1):
            assert messages.count(f"after {step}") == 1
            assert messages.count(f"Step {step}/1000000000: training loss=1.0000") == 1
        with again._connections.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        again.close()
