"""A result file with the columns that result files had until 2024, after those it has today.

Source of the old names: OpenAI's guide of then; `elapsed_tokens` and `elapsed_examples` are still called so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO

#: What a column was called -> fttool's own name for it.
_OLD = {
    "training_loss": "train_loss",
    "training_sequence_accuracy": "train_sequence_accuracy",
    "training_token_accuracy": "train_accuracy",
    "validation_loss": "valid_loss",
    "validation_sequence_accuracy": "valid_sequence_accuracy",
    "validation_token_accuracy": "valid_accuracy",
}

#: So many lines are given out at once.
_LINES = 1000


def with_old_columns(file: IO[bytes]) -> Iterator[str]:
    """The CSV `file` in pieces of text. What is no table of steps comes as it is."""
    from fttool.jobs.result_table import NAMES

    file.seek(0)
    text = io.StringIO(file.read().decode("utf-8-sig", "replace"), newline="")
    table = csv.reader(text)
    header = next(table, [])
    known = [NAMES.get(title.strip().lower()) for title in header]
    if "step" not in known:
        yield text.getvalue()
        return
    added = {old: known.index(ours) for old, ours in _OLD.items() if ours in known and old not in header}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*header, *added])
    for number, cells in enumerate(table, 1):
        short = len(cells) < len(header)  # a cut line stays one
        writer.writerow(cells if short else [*cells, *(cells[at] for at in added.values())])
        if number % _LINES == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()
