"""What a job's result file says: one row for each step, and what is to be seen in them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class ResultRow:
    """The metrics of one training step, under one set of names whatever the service calls them.

    None where the file has no number: not measured at that step, or not at all. Accuracies are fractions (0..1) of
    tokens, `…_sequence_accuracy` of whole completions; `full_valid_…` are of the whole validation file, `valid_…` of
    a batch of it. A loss may be NaN or infinite if the training diverged. `other` holds further columns by their own
    names.
    """

    step: int
    train_loss: float | None = None
    train_accuracy: float | None = None
    train_sequence_accuracy: float | None = None
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    valid_sequence_accuracy: float | None = None
    full_valid_loss: float | None = None
    full_valid_accuracy: float | None = None
    elapsed_tokens: int | None = None
    elapsed_examples: int | None = None
    other: dict[str, float | str | None] = field(default_factory=dict)

    def value(self, metric: str) -> float | None:
        """The number of that name, be it one of ours or of the further columns."""
        found = self.other.get(metric) if metric not in METRICS else getattr(self, metric)
        return found if isinstance(found, int | float) else None

    def to_dict(self) -> dict[str, object]:
        """The row as `--json` shows it: every name of ours, then the further columns."""
        return {"step": self.step, **{name: getattr(self, name) for name in METRICS}, **self.other}


#: The metrics a row may have, in the order they are shown.
METRICS = tuple(each.name for each in fields(ResultRow) if each.name not in ("step", "other"))


class Overfitting(NamedTuple):
    """The validation metric got worse after `since` while training went on getting better."""

    metric: str
    since: int
    best: float
    last: float

    @property
    def message(self) -> str:
        """One sentence."""
        return (
            f"the validation loss has risen from {self.best:.4g} at step {self.since} to {self.last:.4g}, "
            "while the training loss went on falling: the model begins to learn its examples by heart"
        )


@dataclass(frozen=True)
class ResultSummary:
    """What there is to see in a result file.

    `best` is the row with the best training metric, `best_validation` that with the best validation metric; which
    metrics these are is in `best_by` and `best_validation_by`. `not_a_number` counts steps whose training loss is
    NaN or infinite.
    """

    steps: int
    last: ResultRow
    best: ResultRow | None
    best_by: str | None
    best_validation: ResultRow | None
    best_validation_by: str | None
    overfitting: Overfitting | None
    not_a_number: int = 0

    def to_dict(self) -> dict[str, object]:
        """The summary as `--json` shows it."""
        return {
            "steps": self.steps,
            "last": self.last.to_dict(),
            "best": self.best.to_dict() if self.best else None,
            "best_by": self.best_by,
            "best_validation": self.best_validation.to_dict() if self.best_validation else None,
            "best_validation_by": self.best_validation_by,
            "overfitting": {**self.overfitting._asdict(), "message": self.overfitting.message}
            if self.overfitting
            else None,
            "not_a_number": self.not_a_number,
        }
