"""How good the answers of a model are: metrics with their intervals, classes, confusions, calibration, comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Task = Literal["classification", "text"]


class Interval(NamedTuple):
    """Where the true value probably is: 95% of intervals made like this hold it."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Metric:
    """One number under its name (`classification/accuracy`, `text/chrf`, `custom/NAME`).

    `value` is None where the data do not determine it (the AUROC of one class). `interval` is None where none can be
    given: nothing varies, or it was not asked for. `examples` is how many rows it was measured on.
    """

    name: str
    value: float | None
    interval: Interval | None
    examples: int

    def to_dict(self) -> dict[str, object]:
        """The metric as `--json` shows it."""
        interval = list(self.interval) if self.interval else None
        return {"name": self.name, "value": self.value, "interval": interval, "examples": self.examples}


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """One class: fractions from 0 to 1, how many rows are of it (`support`), how many answers name it."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class UnknownAnswer:
    """An answer that is no label: how often, the line of the first, and the label that it is but for case and marks."""

    text: str
    count: int
    line: int
    close_to: str | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers given with a probability in (low, high]: how many, their mean probability, the fraction that is right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether answers are right as often as the model is sure of them.

    `error` is the expected calibration error: the mean distance of sureness from truth over the bins, weighted by
    their answers. `examples` had a probability. Bins without answers are left out.
    """

    error: float
    examples: int
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Measures:
    """All that is measured of one model's answers.

    `examples` were asked, `failed` of them have no answer and are in no metric. `unknown` answers are no known label:
    they count as wrong; `unknown_answers` names the most frequent. `confusion[i][j]` is how often class i was answered
    with class j, in the order of `classes`; the last column holds the unknown answers. `positive` is the class that
    precision, recall and the like are about, if there are two. `notes` say what could not be measured, and why.
    """

    task: Task
    examples: int
    failed: int
    metrics: tuple[Metric, ...]
    classes: tuple[ClassMetrics, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    positive: str | None = None
    unknown: int = 0
    unknown_answers: tuple[UnknownAnswer, ...] = ()
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()

    def value(self, name: str) -> float | None:
        """The value of the metric of that name."""
        return next((each.value for each in self.metrics if each.name == name), None)

    @property
    def values(self) -> dict[str, float | None]:
        """Name and value, as the legacy result file had them."""
        return {each.name: each.value for each in self.metrics}

    def to_dict(self) -> dict[str, object]:
        """All of it as `--json` shows it: the values by name, then the details."""
        return {
            **self.values,
            "task": self.task,
            "examples": self.examples,
            "failed": self.failed,
            "unknown": self.unknown,
            "positive_class": self.positive,
            "metrics": [each.to_dict() for each in self.metrics],
            "classes": list(self.classes),
            "confusion": self.confusion,
            "unknown_answers": list(self.unknown_answers),
            "calibration": self.calibration,
            "notes": self.notes,
        }


Verdict = Literal["better", "worse", "undecided", "same"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of one model against the first one's, on the rows that both answered.

    `difference` is this model's value less the first one's. `p_value` is how often chance alone makes a difference at
    least as large, by `test`. `verdict` is `better` or `worse` if that is less than once in twenty, `same` if no row
    tells the two apart, else `undecided`. `wins` and `losses` are the rows that only this one, or only the first, has
    right (for metrics that are right or wrong).
    """

    metric: str
    examples: int
    first: float | None
    value: float | None
    difference: float | None
    interval: Interval | None
    p_value: float | None
    test: str
    verdict: Verdict
    wins: int | None = None
    losses: int | None = None

    def to_dict(self) -> dict[str, object]:
        """The comparison as `--json` shows it."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {**named, "interval": list(self.interval) if self.interval else None}
