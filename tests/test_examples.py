"""The script and the Makefile in examples/ work as they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fttool.service.host import daemon
from fttool.service.state import StateDir

EXAMPLES = Path(__file__).parent.parent / "examples"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sh and make")


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment in which `fttool` is the one that is tested."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "fttool"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fttool "$@"\n')
    program.chmod(0o755)
    # the tests may themselves be run by make, which tells the makes below it so
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return {**inherited, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateDir]:
    """A state folder; its service is stopped in the end."""
    folder = StateDir(tmp_path / "state")
    monkeypatch.setenv("FTTOOL_STATE_DIR", str(folder.root))
    yield folder
    daemon.stop(folder)


def execute(*command: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_journey_goes_all_the_way(tmp_path, programs):
    folder = tmp_path / "journey"
    done = execute("sh", str(EXAMPLES / "journey.sh"), str(folder), env=programs, cwd=tmp_path)
    assert "\n billing\n" in done.stdout  # the label of the message that is asked about
    assert "\nSixteen. " in done.stdout  # and the answer to the question
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("deleted")] == ["model", "model"]
    assert (folder / "metrics.csv").read_text().startswith("step,train_loss,")
    assert not daemon.status(StateDir(folder / "service"))


@pytest.fixture
def make(tmp_path, state, programs):
    """Run the Makefile in a folder that holds it and its data."""
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    for name in ("train.mk", "people.csv"):
        shutil.copy(EXAMPLES / name, tmp_path)

    def make(*words: str, **more: str) -> str:
        done = execute("make", "-f", "train.mk", *words, env={**programs, **more}, cwd=tmp_path)
        return done.stdout

    return make


def test_the_makefile_makes_each_thing_once(make, run, tmp_path):
    shown = make("OPTIONS=--n_epochs 1 --suffix desk")
    build = tmp_path / "build"
    made = {path.name: path.stat().st_mtime_ns for path in build.iterdir()}
    assert set(made) == {"data_train.jsonl", "data_valid.jsonl", "job", "model", "results.csv"}
    model = (build / "model").read_text()
    assert model.startswith("ft:baseline:local:desk:") and model.count("\n") == 1
    assert shown.endswith(f"model: {model}")
    (build / "results.csv").unlink()

    assert "create" not in make()
    kept = {name: (build / name).stat().st_mtime_ns for name in made if name != "results.csv"}
    assert kept.items() <= made.items()
    assert (build / "results.csv").exists()
    assert run("list", "-q", "--local").out == (build / "job").read_text()

    answers = make("try").splitlines()[1:]
    assert len(answers) == len((build / "data_valid.jsonl").read_text().splitlines())
    make("delete")
    assert not build.exists()
    assert run("models", "get", model.strip(), "--local").code == 5


def test_the_makefile_works_with_a_key(make, state, tmp_path):
    """The same service, reached as any other: by its address and its key."""
    endpoint = daemon.ensure_running(state)
    key = endpoint.key if isinstance(endpoint.key, str) else endpoint.key.reveal()
    shown = make("SERVICE=", "OPTIONS=--n_epochs 1", OPENAI_BASE_URL=endpoint.base_url, OPENAI_API_KEY=key)
    assert "--local" not in shown
    assert (tmp_path / "build" / "model").read_text().startswith("ft:baseline:")


def test_a_job_that_fails_leaves_no_model(make, tmp_path):
    make("build/job", "OPTIONS=--n_epochs 1")
    (tmp_path / "build" / "job").write_text("ftjob-nope\n")
    with pytest.raises(AssertionError, match="ftjob-nope"):
        make()
    assert not (tmp_path / "build" / "model").exists()
