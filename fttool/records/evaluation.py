"""What a model is asked when it is evaluated, what it answered, and what came of that for a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """One example, as it is put to a model: either `prompt` or `messages` is there.

    `index` counts the examples of the file from 0, `line` is where it stands there (1-based). `expected` is the
    completion without its stop sequence, or the last message of the assistant. `row` is a hash of the question and of
    what is expected: the same example has the same one in every file. `extra` goes into the request as it is: the tools
    of a chat.
    """

    index: int
    line: int
    expected: str
    row: str
    prompt: str | None = None
    messages: Sequence[Mapping[str, Any]] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to a question; `index`, `line`, `row` and `expected` are the question's.

    `text` is as the service sent it, with a space at its beginning where the model was trained so, and without the stop
    sequence; None if there is none, and then `error` says why. `logprobs` are the most likely first tokens and their
    natural logarithms, where they were asked for and the service told them. `latency` is in seconds, from the request
    that was answered to its answer. Token counts are None where the service does not tell them.
    """

    index: int
    line: int
    row: str
    expected: str
    text: str | None
    logprobs: Mapping[str, float] | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class JobEvaluation:
    """The metrics of a job's model, or of one of its checkpoints, on one file.

    `step` is the step it was saved at, None if that is not known. `values` are the metrics by name, the most telling
    one first; `sha256` is that of the file; `measured_at` is in unix seconds.
    """

    model: str
    step: int | None
    file: str
    sha256: str
    examples: int
    failed: int
    values: Mapping[str, float | None]
    measured_at: int

    @property
    def main(self) -> tuple[str, float] | None:
        """The metric by which checkpoints are compared, and its value."""
        return next(((name, value) for name, value in self.values.items() if value is not None), None)
