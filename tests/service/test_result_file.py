"""`step_metrics.csv`."""

from __future__ import annotations

import csv
import io

from fttool.service.jobs.result_file import result_file
from fttool.service.records import StepRow


def test_columns_and_blanks() -> None:
    steps = [
        StepRow(
            1,
            2,
            train_loss=0.123456789,
            train_accuracy=1.0,
            train_sequence_accuracy=0.5,
            elapsed_tokens=7,
            elapsed_examples=4,
        ),
        StepRow(2, 2, 1e-9, 0.0, 0.0, 0.25, 0.75, 0.5, 0.5, 0.125, 14, 8),
    ]
    assert b"".join(result_file(steps)).decode() == (
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,full_valid_loss,"
        "full_valid_mean_token_accuracy,elapsed_tokens,elapsed_examples,train_sequence_accuracy,"
        "valid_sequence_accuracy\n"
        "1,0.123457,1,,,,,7,4,0.5,\n"
        "2,1e-09,0,0.25,0.75,0.5,0.125,14,8,0,0.5\n"
    )


def test_many_steps_come_in_blocks() -> None:
    blocks = list(result_file(StepRow(step, 1200, train_loss=float(step)) for step in range(1, 1201)))
    assert len(blocks) > 2
    rows = list(csv.DictReader(io.StringIO(b"".join(blocks).decode())))
    assert [int(row["step"]) for row in rows] == list(range(1, 1201))
    assert [float(row["train_loss"]) for row in rows] == [float(step) for step in range(1, 1201)]


def test_no_steps() -> None:
    assert b"".join(result_file([])).startswith(b"step,train_loss,") and len(list(result_file([]))) == 1
