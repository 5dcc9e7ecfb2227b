"""Several models on the same examples, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fttool.records.metrics import Difference, Measures, Task


@dataclass(frozen=True, slots=True)
class Usage:
    """What the answers of a model took.

    Token counts and latencies (seconds, from request to answer) are None where they are not known; `cost` is in US
    dollars, None where no price is known.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_median: float | None = None
    latency_p95: float | None = None
    cost: float | None = None


@dataclass(frozen=True)
class Contestant:
    """One of the models: `letter` is what tables call it, `name` what the user typed.

    `differences` are its metrics against those of the first model, on the rows that both answered.
    """

    letter: str
    name: str
    model: str
    service: str
    answers: str
    measures: Measures
    usage: Usage
    differences: tuple[Difference, ...] = ()

    @property
    def shown(self) -> str:
        """What people are shown: the name, with the model if that is a file of answers."""
        return self.name if self.model in self.name else f"{self.model} ({self.name})"

    def difference(self, metric: str) -> Difference | None:
        """The difference in the metric of that name."""
        return next((each for each in self.differences if each.metric == metric), None)

    def to_dict(self) -> dict[str, Any]:
        """The model as `--json` shows it."""
        return {
            "letter": self.letter,
            "name": self.name,
            "model": self.model,
            "service": self.service,
            "answers": self.answers,
            "usage": self.usage,
            **self.measures.to_dict(),
            "differences": [each.to_dict() for each in self.differences],
        }


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row that the models answered differently: the end of the question, and each one's answer (None: none)."""

    line: int
    question: str
    expected: str
    answers: tuple[str | None, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True)
class Comparison:
    """The whole of it. `disagreeing` counts the rows with different answers; `disagreements` are some of them.

    `main` is the metric that decides which model is better.
    """

    file: str
    sha256: str
    examples: int
    task: Task
    main: str
    models: tuple[Contestant, ...]
    disagreeing: int = 0
    disagreements: tuple[Disagreement, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The comparison as `--json` shows it."""
        return {
            "object": "fttool.comparison",
            "file": self.file,
            "sha256": self.sha256,
            "examples": self.examples,
            "task": self.task,
            "main_metric": self.main,
            "models": [each.to_dict() for each in self.models],
            "disagreeing": self.disagreeing,
            "disagreements": list(self.disagreements),
        }
