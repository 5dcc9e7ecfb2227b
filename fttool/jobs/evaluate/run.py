"""An evaluation: the questions that are not answered yet are asked, and the answers are kept."""

from __future__ import annotations

import hashlib
import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fttool.errors import DataError, FttoolError, ServiceError
from fttool.jobs.evaluate.answers import AnswerFile, Header
from fttool.jobs.evaluate.asking import Asker
from fttool.jobs.evaluate.examples import Survey, questions
from fttool.jobs.evaluate.plan import Plan
from fttool.jobs.evaluate.pool import Pool
from fttool.records.evaluation import Answer, Question

if TYPE_CHECKING:
    from fttool.jobs.client import Client

#: Requests under way at once, if the user does not say otherwise.
CONCURRENCY = 8


class Price(NamedTuple):
    """What a million tokens cost, in US dollars."""

    input: float
    output: float


@dataclass(slots=True)
class Tally:
    """How far an evaluation is. `kept` rows were answered before; tokens are those of this run."""

    rows: int
    kept: int = 0
    answered: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    waiting: float = 0.0
    price: Price | None = None

    def see(self, answer: Answer) -> None:
        """One more answer."""
        if answer.text is None:
            self.failed += 1
        else:
            self.answered += 1
        self.prompt_tokens += answer.prompt_tokens or 0
        self.completion_tokens += answer.completion_tokens or 0

    @property
    def cost(self) -> float | None:
        """US dollars spent in this run; None if the price is not known."""
        if self.price is None:
            return None
        return (self.prompt_tokens * self.price.input + self.completion_tokens * self.price.output) / 1e6


def _silent(_: object) -> None:
    """No one listens."""


@dataclass(frozen=True)
class Listener:
    """Who is told what happens: `begin` before the first question, `progress` after each answer, `say` for notes."""

    begin: Callable[[Tally], None] = _silent
    progress: Callable[[Tally], None] = _silent
    say: Callable[[str], None] = _silent


@dataclass(frozen=True, slots=True)
class Sample:
    """Which rows are asked: all, or `limit` of them drawn with `seed`. A larger sample holds the smaller ones."""

    limit: int | None = None
    seed: int = 0

    def indexes(self, rows: int) -> frozenset[int] | None:
        """Their numbers; None for all."""
        if self.limit is None or self.limit >= rows:
            return None
        return frozenset(heapq.nsmallest(self.limit, range(rows), key=self._lot))

    def _lot(self, index: int) -> bytes:
        return hashlib.blake2b(f"{self.seed} {index}".encode(), digest_size=8).digest()


class Evaluated:
    """What there is now: the answers of the sample, as often as they are wanted, and how it went."""

    def __init__(self, kept: AnswerFile, chosen: frozenset[int] | None, tally: Tally) -> None:
        self._kept = kept
        self._chosen = chosen
        self.tally = tally

    def __iter__(self) -> Iterator[Answer]:
        """The answers, read from the file anew each time."""
        return (each for each in self._kept.read() if self._chosen is None or each.index in self._chosen)

    @property
    def path(self) -> Path:
        """Where they are kept."""
        return self._kept.path


def evaluate(
    client: Client,
    model: str,
    found: Survey,
    plan: Plan,
    output: Path,
    *,
    sample: Sample | None = None,
    concurrency: int = CONCURRENCY,
    retries: int | None = None,
    anew: bool = False,
    price: Price | None = None,
    listener: Listener | None = None,
) -> Evaluated:
    """Ask `model` what is not answered yet in `output`, and keep the answers there.

    Raises:
        UsageError: `output` holds answers to something else.
        DataError: the examples cannot be read, or changed while they were asked.
        KeyMissingError, ServiceError: nothing is answered (any more). What was answered is kept.
    """
    listener = listener or Listener()
    chosen = (sample or Sample()).indexes(found.rows)
    header = Header(model, service_of(client), found.name, found.sha256, found.rows, plan.settings)
    kept = AnswerFile(output, header, anew=anew)
    with kept:
        tally = Tally(rows=found.rows if chosen is None else len(chosen), price=price)
        tally.kept = sum(1 for index in (range(found.rows) if chosen is None else chosen) if index in kept)
        listener.begin(tally)
        asker = Asker(client, model, plan, listener.say)
        pool = Pool(
            asker.ask, concurrency=concurrency, retries=retries, tick=lambda: listener.progress(_waiting(tally, pool))
        )
        started = time.monotonic()
        todo = (each for each in _open(found, plan, chosen) if each.index not in kept)
        try:
            for answer in pool.answers(todo):
                kept.add(answer)
                tally.see(answer)
                tally.seconds = time.monotonic() - started
                listener.progress(_waiting(tally, pool))
        finally:
            for answer in pool.rest():
                kept.add(answer)
                tally.see(answer)
    if tally.failed and not tally.answered and not tally.kept:
        raise _nothing(kept)
    return Evaluated(kept, chosen, tally)


def service_of(client: Client) -> str:
    """What the header calls the service: fttool's own has another address each time."""
    return "local" if client.local else client.address


def account_of(client: Client) -> str:
    """Whose jobs these are, likewise."""
    return "local" if client.local else client.account


def _waiting(tally: Tally, pool: Pool) -> Tally:
    tally.waiting = pool.gate.waits
    return tally


def _open(found: Survey, plan: Plan, chosen: frozenset[int] | None) -> Iterator[Question]:
    """The questions of the sample. Raises DataError if the file is not what it was."""
    read = 0
    for question in questions(found.path, found.name, stop=plan.stop):
        read += 1
        if read > found.rows:
            break
        if chosen is None or question.index in chosen:
            yield question
    if read != found.rows:
        raise DataError("it changed while it was evaluated", file=found.name)


def _nothing(kept: AnswerFile) -> FttoolError:
    """No row was answered: the reason of the last is the reason of all."""
    reason = ""
    for answer in kept.read():
        reason = answer.error or reason
    return ServiceError(f"not one example was answered: {reason}")
