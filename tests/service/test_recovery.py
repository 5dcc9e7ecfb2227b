"""Nothing is lost, whatever is killed, and whenever: a worker, the service, or both; and when the disk is full."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .jobs_bench import Place, environment, queue, some_rows

if not Path("/proc/self/cmdline").exists():
    pytest.skip("needs fork, signals and /proc", allow_module_level=True)

PATHS = {**environment(), "PYTHONPATH": f"{environment()['PYTHONPATH']}{os.pathsep}{Path(__file__).parents[1]}"}


class Service:
    """The process of a queue, for a state folder: to be killed and started again."""

    def __init__(self, root: Path, crashes: int) -> None:
        self.root = root
        self.crashes = crashes
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "service.queue_process", str(self.root), str(self.crashes)]
        self.process = subprocess.Popen(command, env={**os.environ, **PATHS}, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        assert self.process is not None and self.process.stdout is not None
        self.process.send_signal(number)
        self.process.wait(10)
        self.process.stdout.close()

    def workers(self) -> list[int]:
        """The workers' process ids, whoever launched them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"fttool.service.jobs.worker" in words and os.fsencode(self.root) in words:
                found.append(int(folder.name))
        return found

    def kill_workers(self) -> None:
        for pid in self.workers():
            with_luck(pid)


def with_luck(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def service(place: Place, crashes: int = 3) -> Iterator[Service]:
    running = Service(place.state.root, crashes)
    running.start()
    try:
        yield running
    finally:
        if running.process and running.process.poll() is None:
            running.stop()
        running.kill_workers()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


def test_killed_at_every_point() -> None:
    """A worker, before and after every commit, every rename and every removal of a folder."""
    memory = Path("/dev/shm")  # thousands of times forced to the disk: here that takes no time
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "service.kill_points", folder],
            env={**os.environ, **PATHS},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


@pytest.mark.parametrize("whom", ["worker", "service", "both"])
def test_killed_at_random(place: Place, tmp_path: Path, whom: str) -> None:
    plain = Place(tmp_path / "plain")
    job_id = place.add(valid=some_rows(5), step=0.02, id="ftjob-same")
    chance = random.Random()
    kills = 0
    with queue(plain), service(place, crashes=1000) as running:
        plain.add(valid=some_rows(5), id="ftjob-same")
        while kills < 4 and not place.job(job_id).finished:
            time.sleep(chance.uniform(0.02, 0.6))
            kills += 1
            if whom != "worker":
                running.kill()
            if whom != "service":
                running.kill_workers()
            if whom != "worker":
                running.start()
            assert len(running.workers()) <= 2  # the first may be about to find that the second has the job
        place.wait(job_id, "succeeded")
        plain.wait("ftjob-same", "succeeded")
    place.assert_clean(job_id)
    assert place.outcome(job_id) == plain.outcome(job_id)
    assert [text for text in place.said(job_id) if "unexpectedly" not in text] == plain.said(job_id)
    if whom == "service":
        assert place.job(job_id).attempt == 1  # its worker went on alone


def test_a_worker_without_its_service_is_stopped_by_the_next_one(place: Place) -> None:
    job_id = place.add(step=0.02)
    with service(place) as running:
        place.wait(job_id, lambda job: job.steps_done > 3)
        running.kill()
        running.start()
        running.stop()
        assert place.job(job_id).status == "queued" and not running.workers()
        running.start()
        place.wait(job_id, "succeeded")
    place.assert_clean(job_id)


def test_killed_three_times_without_a_checkpoint(place: Place) -> None:
    job_id = place.add(step=0.5)
    with service(place) as running:
        for attempt in (1, 2, 3):
            place.wait(job_id, lambda job, attempt=attempt: job.status == "running" and job.attempt == attempt)  # type: ignore[misc]
            running.kill_workers()
        job = place.wait(job_id, "failed")
    assert job.error is not None and job.error["code"] == "worker_crashed"
    assert "signal 9" in job.error["message"] and "worker.log" in job.error["message"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


@pytest.mark.parametrize("left", [150_000, 0])
def test_a_full_disk_fails_the_job_and_the_next_one_works(small_disk: Path, left: int) -> None:
    """With room for the store but not for a checkpoint; and with no room at all, until someone makes some."""
    place = Place(small_disk / "state")
    job_id = place.add(step=0.02)
    ballast = small_disk / "ballast"
    with service(place) as running:
        place.wait(job_id, lambda job: job.steps_done > 2)
        fill(ballast, left)
        if not left:
            time.sleep(0.7)
            ballast.write_bytes(bytes(1_000_000))
        job = place.wait(job_id, "failed")
        assert job.error == {
            "code": "disk_full",
            "message": f"The disk is full: there is no space left for the job in {place.state.root}",
            "param": None,
        }
        assert place.events(job_id)[-1].level == "error"
        ballast.unlink()
        following = place.add(n_epochs=1)
        place.wait(following, "succeeded")
        assert running.process is not None and running.process.poll() is None


def fill(path: Path, left: int) -> None:
    """Take all the space of a disk but so many bytes."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    if left:
        os.truncate(path, path.stat().st_size - left)
