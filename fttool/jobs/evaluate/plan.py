"""How a model is to be asked the examples of a file: for a label or for text, and how long an answer may be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fttool.errors import UsageError
from fttool.jobs.evaluate.examples import Kind, Survey
from fttool.jobs.metrics.labels import guess_task
from fttool.records.metrics import Task

#: The most alternatives that services tell: OpenAI's bounds of `logprobs` and of `top_logprobs`.
_MOST_LOGPROBS = {"completion": 5, "chat": 20}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of the model for each example.

    `labels` are the different completions without their stop sequence, most frequent first; empty for text.
    `one_token`: one token may be the whole label, so one is asked for; an answer that is none is asked for whole.
    `max_tokens` is for whole answers; None leaves it to the service.
    """

    kind: Kind
    task: Task
    labels: tuple[str, ...] = ()
    stop: str | None = None
    separator: str | None = None
    one_token: bool = False
    max_tokens: int | None = None
    logprobs: int | None = None
    temperature: float = 0.0

    @property
    def stops(self) -> tuple[str, ...]:
        """What to stop at. A label without a stop sequence ends with its line, if none has more."""
        if self.stop is not None:
            return (self.stop,)
        ends_with_line = self.task == "classification" and self.kind == "completion"
        return ("\n",) if ends_with_line and not any("\n" in label for label in self.labels) else ()

    @property
    def settings(self) -> dict[str, Any]:
        """What must be the same for answers to be comparable, as it stands in their file."""
        named = {
            "kind": self.kind,
            "task": self.task,
            "stop": list(self.stops),
            "separator": self.separator,
            "one_token": self.one_token,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
        }
        return {name: value for name, value in named.items() if value not in (None, [])}


def make_plan(
    found: Survey,
    *,
    stop: str | None = None,
    separator: str | None = None,
    task: Task | None = None,
    max_tokens: int | None = None,
    temperature: float = 0.0,
) -> Plan:
    """How to ask. `stop` is the end that all completions share; `task` None leaves that to the data.

    `separator` is put behind prompts that do not end with it. Raises UsageError for a classification of texts that are
    no labels.
    """
    labels = _labels(found, stop or "")
    if task == "classification" and not labels:
        raise UsageError("these completions are no labels: they are too long, or there are too many different ones")
    if task is None:
        task = guess_task(len({label.strip() for label in labels}), found.rows)
    labels = labels if task == "classification" else ()
    limit = max_tokens if max_tokens is not None else _longest(found, task)
    return Plan(
        kind=found.kind,
        task=task,
        labels=labels,
        stop=stop,
        separator=separator,
        one_token=task == "classification" and max_tokens is None and not _one_begins_another(labels),
        max_tokens=limit,
        logprobs=_MOST_LOGPROBS[found.kind] if task == "classification" else None,
        temperature=temperature,
    )


def _labels(found: Survey, stop: str) -> tuple[str, ...]:
    """The different completions, most frequent first; none if they are no labels."""
    totals: Counter[str] = Counter()
    for text, count in (found.labels or {}).items():
        totals[text.removesuffix(stop)] += count
    return tuple(sorted(totals, key=lambda label: (-totals[label], label)))


def _longest(found: Survey, task: Task) -> int | None:
    """Room for the longest completion: a token holds two bytes and more, in any script.

    Chats end by themselves; only where a label is wanted a model that chats away is cut.
    """
    if found.kind == "chat" and task == "text":
        return None
    return found.completions.longest // 2 + 16


def _one_begins_another(labels: tuple[str, ...]) -> bool:
    """Whether a label may be the first token of another: then one token does not say which it is."""
    ordered = sorted(label.strip() for label in labels)
    return any(after.startswith(before) for before, after in pairwise(ordered))
