"""One question to a model, and the record of what it answered."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fttool.errors import ServiceError
from fttool.jobs import inference
from fttool.jobs.inference import Sampling
from fttool.records.evaluation import Answer, Question

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.jobs.evaluate.plan import Plan

#: What some models refuse and can be left out: likelihoods are then missing, a stop sequence is cut off here, and
#: reasoning models know no other temperature than their own. Name in refusals -> field of `Sampling`.
_DISPENSABLE = {"top_logprobs": "logprobs", "logprobs": "logprobs", "stop": "stop", "temperature": "temperature"}

#: More tokens than any request has.
_MOST_TOKENS = 1 << 40


class Asker:
    """Asks a model as the plan says. Threads may share it.

    It learns: what a model refuses is left out from then on, and where one token turned out to be no label, whole
    labels are asked for. `tell` is called once with each thing learnt.
    """

    def __init__(self, client: Client, model: str, plan: Plan, tell: Callable[[str], None]) -> None:
        self._client = client.unretried()
        self._making = threading.Lock()
        self._model = model
        self._plan = plan
        self._tell = tell
        self._labels = frozenset(label.strip() for label in plan.labels)
        self._one_token = plan.one_token
        self._sampling = Sampling(
            stop=plan.stops, max_tokens=plan.max_tokens, temperature=plan.temperature, logprobs=plan.logprobs
        )

    def ask(self, question: Question) -> Answer:
        """The answer to a question. Raises ServiceError, KeyMissingError, or UsageError for what cannot be sent."""
        if not self._one_token:
            return self._asked(question, self._sampling)
        first = self._asked(question, replace(self._sampling, max_tokens=1))
        text = (first.text or "").strip()
        if text in self._labels or first.finish_reason not in ("length", None):
            return first
        whole = self._asked(question, self._sampling)
        self._one_token = False
        return replace(
            whole,
            prompt_tokens=_sum(first.prompt_tokens, whole.prompt_tokens),
            completion_tokens=_sum(first.completion_tokens, whole.completion_tokens),
        )

    def _asked(self, question: Question, sampling: Sampling) -> Answer:
        """One request; again, without what the model turns out to refuse."""
        while True:
            sent = self._allowed(sampling)
            started = time.perf_counter()
            try:
                answer = self._send(question, sent)
            except ServiceError as error:
                if not self._leave_out(error, sent):
                    raise
                continue
            return self._read(question, answer, time.perf_counter() - started)

    def _allowed(self, sampling: Sampling) -> Sampling:
        own = self._sampling
        return replace(sampling, logprobs=own.logprobs, stop=own.stop, temperature=own.temperature)

    def _send(self, question: Question, sampling: Sampling) -> inference.Answer:
        with self._making:
            _ = self._client.sdk  # made by the first thread, for all
        if question.messages is not None:
            return inference.chat(self._client, self._model, question.messages, sampling, extra=question.extra)
        prompt, separator = question.prompt or "", self._plan.separator
        if separator is not None and not prompt.endswith(separator):
            prompt += separator
        return inference.complete(self._client, self._model, prompt, sampling)

    def _leave_out(self, error: ServiceError, sent: Sampling) -> bool:
        """Whether the refusal is of a parameter that was sent and can be left out; from now on it is."""
        if error.status not in (400, 422):
            return False
        for name, field in _DISPENSABLE.items():
            if not _names(error, name) or getattr(sent, field) in (None, ()):
                continue
            if getattr(self._sampling, field) not in (None, ()):  # else another thread was first
                nothing: Any = () if field == "stop" else None
                self._sampling = replace(self._sampling, **{field: nothing})
                self._tell(f"the model takes no `{name}`: asking without it")
            return True
        return False

    def _read(self, question: Question, answer: inference.Answer, latency: float) -> Answer:
        choice = answer.choices[0]
        usage = answer.raw.get("usage")
        usage = usage if isinstance(usage, Mapping) else {}
        first = choice.tokens[0] if choice.tokens else None
        logprobs = dict(first.top) if first is not None else {}
        if first is not None and first.logprob is not None:
            logprobs.setdefault(first.text, first.logprob)
        return Answer(
            index=question.index,
            line=question.line,
            row=question.row,
            expected=question.expected,
            text=cut(choice.text, self._plan.stops),
            logprobs=logprobs or None,
            finish_reason=choice.finish_reason,
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
            latency=round(latency, 6),
        )


def unanswered(question: Question, error: Exception) -> Answer:
    """The record of a question that got no answer."""
    return Answer(question.index, question.line, question.row, question.expected, None, error=str(error))


def _names(error: ServiceError, parameter: str) -> bool:
    """Whether a refusal is about this parameter: by its `param`, else by the parameter's name in quotes."""
    if error.param is not None:
        return error.param == parameter
    return re.search(rf"[`'\"]{parameter}[`'\"]", error.message) is not None


def cut(text: str, stops: tuple[str, ...]) -> str:
    """`text` before the first of these: a service that knows no stop sequences writes on."""
    ends = [at for stop in stops if (at := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text


def _count(value: object) -> int | None:
    """A number of tokens that can be one: what is beyond is nonsense, and would spoil the sums."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS else None


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)
