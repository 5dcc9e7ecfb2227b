"""Kill a worker at every point where it has just changed something on disk, or is about to; see that nothing is lost.

`python kill_points.py WORK` prints how many points there are and were survived. It is a process of its own since it
forks for each point, which goes well only where SQLite was never used.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from fttool.service.jobs import deaths, recorder, worker
from fttool.service.store.connections import Connections
from service.jobs_bench import Place, some_rows, use_toy

JOB = "ftjob-same"


class Killer:
    """Kills this process at the point number `at`; without it counts the points."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def point(self) -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **named: Any) -> Any:
            self.point()
            result = function(*args, **named)
            self.point()
            return result

        return watched

    def install(self) -> None:
        write = Connections.write

        @contextmanager
        def watched_write(connections: Connections) -> Iterator[Any]:
            with write(connections) as connection:
                yield connection
                self.point()
            self.point()

        Connections.write = watched_write  # type: ignore[method-assign]
        Path.rename = self.around(Path.rename)  # type: ignore[method-assign]
        Path.replace = self.around(Path.replace)  # type: ignore[method-assign]
        shutil.rmtree = self.around(shutil.rmtree)


def forked(action: Callable[[], None]) -> int:
    """Run in a child. Returns the status it was waited for with."""
    child = os.fork()
    if not child:
        try:
            action()
            os._exit(0)
        except BaseException:  # noqa: BLE001  said, and the parent sees the exit code
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    return os.waitpid(child, 0)[1]


def make(root: Path) -> None:
    Place(root).add(some_rows(12), valid=some_rows(4), batch_size=6, n_epochs=2, id=JOB)


def work(root: Path, at: int, count_into: Path | None = None) -> None:
    """Both phases, as the queue would have them done."""
    killer = Killer(at)
    killer.install()
    recorder.EVERY = 0.0
    for phase in ("validate", "train"):
        assert worker.main([str(root), JOB, phase]) == 0
    if count_into:
        count_into.write_text(str(killer.count))


def go_on(root: Path, whole: Path) -> None:
    """What a queue does about a worker that is gone; nothing is lost by it."""
    place = Place(root)
    for job_id in deaths.left_behind(place.store, place.state):
        deaths.tidy(place.store, place.state, job_id)
    if place.job(JOB).status == "running":
        deaths.crashed(place.store, place.state, place.job(JOB), "signal 9")
    place.store.close()
    for phase in ("validate", "train"):
        assert worker.main([str(root), JOB, phase]) == 0
    compare(root, whole)


def main(work_folder: str) -> None:
    use_toy()
    import_module("toy_trainer")  # here, not in each child
    folder = Path(work_folder)
    whole, counted = folder / "whole", folder / "count"
    assert forked(lambda: make(whole)) == 0
    fresh = shutil.copytree(whole, folder / "fresh")
    assert forked(lambda: work(whole, 0, counted)) == 0
    points = int(counted.read_text())
    for at in range(1, points + 1):
        root = Path(shutil.copytree(fresh, folder / f"killed-{at}"))
        assert forked(lambda root=root, at=at: work(root, at)) == signal.SIGKILL, at  # type: ignore[misc]
        assert forked(lambda root=root: go_on(root, whole)) == 0, at  # type: ignore[misc]
        shutil.rmtree(root)
    sys.stdout.write(f"{points}\n")


def compare(root: Path, whole: Path) -> None:
    killed, plain = Place(root), Place(whole)
    killed.assert_clean(JOB)
    assert killed.outcome(JOB) == plain.outcome(JOB)
    assert [message for message in killed.said(JOB) if "unexpectedly" not in message] == plain.said(JOB)


if __name__ == "__main__":
    main(sys.argv[1])
