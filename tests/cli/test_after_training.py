"""Results, answers and models of fttool's own service: a real job, trained for this."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

Call = Callable[..., Any]

WORDS = {" fruit": ("apple", "pear", "plum", "cherry"), " tool": ("hammer", "saw", "drill", "wrench")}
ROWS = [
    {"prompt": f"{how} {word} ->", "completion": label}
    for label, words in WORDS.items()
    for word in words
    for how in ("a", "the", "my", "one", "this", "that")
]


class Trained(NamedTuple):
    """A job of the running service."""

    environ: dict[str, str]
    job: dict[str, Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The service, with one job that is done."""
    folder = tmp_path_factory.mktemp("local")
    environ = {"FTTOOL_STATE_DIR": str(folder / "state")}

    def fttool(*args: str) -> str:
        home = {"HOME": str(folder), "USERPROFILE": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(
            [sys.executable, "-m", "fttool", *args],
            env={**os.environ, **home, **environ},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    for name, rows in (("train.jsonl", ROWS), ("valid.jsonl", ROWS[::4])):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        said = fttool(
            *("create", "-t", str(folder / "train.jsonl"), "-v", str(folder / "valid.jsonl"), "--local", "--json"),
            *("--n_epochs", "3", "--suffix", "things"),
        )
        yield Trained(environ, json.loads(said.splitlines()[-1]))
    finally:
        fttool("serve", "--stop")


@pytest.fixture
def local(trained: Trained, call: Call, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Run a command with `--local` in this process; its connections are closed afterwards."""
    from fttool.jobs.client import Client

    for name, value in trained.environ.items():
        monkeypatch.setenv(name, value)
    made: list[Any] = []
    make = Client._make

    def keep(client: Client, *args: Any) -> Any:
        made.append(make(client, *args))
        return made[-1]

    monkeypatch.setattr(Client, "_make", keep)
    yield lambda *args, **more: call(*args, "--local", **more)
    for sdk in made:
        sdk.close()


def test_results(trained: Trained, local: Call) -> None:
    answer = json.loads(local("results", trained.job["id"], "--json").out)
    steps = [row["step"] for row in answer["rows"]]
    assert steps == list(range(1, len(steps) + 1))
    assert answer["rows"][-1]["train_loss"] < answer["rows"][0]["train_loss"]
    measured = {name for name, value in answer["summary"]["last"].items() if value is not None}
    assert measured >= {
        *("step", "train_loss", "train_accuracy", "train_sequence_accuracy", "valid_loss", "valid_accuracy"),
        *("valid_sequence_accuracy", "full_valid_loss", "full_valid_accuracy", "elapsed_tokens", "elapsed_examples"),
    }
    assert answer["summary"]["best_validation_by"] == "full_valid_loss"
    target = Path("results.csv")
    assert local("results", "-i", trained.job["id"], "-o", str(target)).code == 0
    assert target.read_text().startswith("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,")
    assert len(target.read_text().splitlines()) == len(steps) + 1


def test_complete(local: Call) -> None:
    done = local("complete", "my hammer ->", "--max-tokens", "1", "--temperature", "0")
    assert (done.code, done.out) == (0, " tool\n")
    assert "the newest fine-tuned model" in done.err
    done = local("complete", "this pear ->", "--max-tokens", "1", "--logprobs", "2", "--json", "-t", "0")
    top = json.loads(done.out)["choices"][0]["logprobs"]["top_logprobs"][0]
    assert set(top) == set(WORDS)
    assert math.isclose(sum(map(math.exp, top.values())), 1, abs_tol=0.01)
    assert local("complete", "my saw ->", "--echo", "--stream", "-t", "0").out == "my saw -> tool\n"


def test_complete_many(local: Call) -> None:
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    done = local("complete", "-f", "rows.jsonl", "-t", "0", "-M", "1")
    assert done.out.splitlines() == [row["completion"] for row in ROWS]


def test_chat(trained: Trained, local: Call, terminal: Call) -> None:
    assert local("chat", "one wrench ->", "-t", "0").out.strip() == "tool"
    shown = terminal(
        "chat", "--local", "-t", "0", env=trained.environ, answers=[("> ", "a plum ->"), ("fruit", "/exit")]
    )
    assert shown.code == 0


def test_models(trained: Trained, local: Call) -> None:
    model = trained.job["fine_tuned_model"]
    names = local("models", "list", "-q", "--fine-tuned").out.splitlines()
    assert (
        model in names
        and f"{model}:ckpt-step-{json.loads(local('results', '--json').out)['rows'][-1]['step']}" in names
    )
    assert json.loads(local("models", "get", model, "--json").out)["id"] == model
    assert local("models", "delete", "baseline", "--yes").code == 2


def test_what_is_not_there(local: Call) -> None:
    assert local("results", "ftjob-none").code == 5
    done = local("complete", "x", "-m", "ft:none")
    assert done.code == 5 and "`fttool models list --local`" in done.err
    assert local("models", "get", "none").code == 5


def test_delete_comes_last(trained: Trained, local: Call) -> None:
    model = trained.job["fine_tuned_model"]
    assert local("models", "delete", model, "--yes").code == 0
    assert local("complete", "x ->", "-m", model).code == 5
    assert local("results", trained.job["id"], "--json").code == 0  # the results stay
