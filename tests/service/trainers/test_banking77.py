"""Real data: 77 intents of a bank's customers. Skipped where the data is not."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from fttool.service.trainers import Example, get_trainer
from tests.service.trainers.helpers import begin, finish, save

DATA = Path(__file__).parents[4] / "shared" / "data"


def read(name: str) -> list[Example]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [Example(f"{row['text']}\n\n###\n\n", f" {row['category']}") for row in csv.DictReader(file)]


@pytest.mark.skipif(not (DATA / "banking77_train.csv").exists(), reason="needs banking77")
def test_banking77(tmp_path: Path) -> None:
    test = read("banking77_test.csv")
    run = begin(read("banking77_train.csv"), tmp_path / "scratch", valid=test)
    started = time.process_time()
    finish(run)
    assert time.process_time() - started < 20
    measured = run.validate(full=True)
    assert measured.token_accuracy >= 0.915
    assert measured.loss < 0.35
    model = get_trainer("baseline").load(save(run, tmp_path / "model"))
    started = time.process_time()
    right = 0
    for row in test[:300]:
        tokens, logprobs, _ = model.begin(row.prompt).next([])
        right += tokens[int(logprobs.argmax())] == row.completion
    assert (time.process_time() - started) / 300 < 0.005
    assert right / 300 >= 0.85
