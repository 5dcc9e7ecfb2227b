"""The result file of a job, `step_metrics.csv`: a row for each step, blank where nothing was measured.

The first five columns are those of OpenAI's file of today; the full validation's follow under the names that its events
use; then what the legacy API's file had besides, and the validation counterpart of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fttool.service.records import StepRow

RESULT_FILE_NAME = "step_metrics.csv"

#: Column -> the field of a StepRow.
COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_accuracy",
    "full_valid_loss": "full_valid_loss",
    "full_valid_mean_token_accuracy": "full_valid_accuracy",
    "elapsed_tokens": "elapsed_tokens",
    "elapsed_examples": "elapsed_examples",
    "train_sequence_accuracy": "train_sequence_accuracy",
    "valid_sequence_accuracy": "valid_sequence_accuracy",
}

_BLOCK = 500


def result_file(steps: Iterable[StepRow]) -> Iterator[bytes]:
    """The file, in blocks."""
    block = [",".join(COLUMNS)]
    for step in steps:
        block.append(",".join(_cell(getattr(step, field)) for field in COLUMNS.values()))
        if len(block) >= _BLOCK:
            yield _encode(block)
            block = []
    if block:
        yield _encode(block)


def _encode(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _cell(value: float | None) -> str:
    """Six significant digits tell any two losses apart that matter; numbers never need quotes."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6g}"
