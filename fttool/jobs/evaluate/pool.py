"""Many questions at once, each until it is answered or cannot be.

What is wrong with one question (too long for the model, not let through by a filter) is its answer's `error`. What is
wrong with all of them ends the asking: the key is refused, the model is not there, the credit is used up, or nothing
is answered any more.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from fttool.errors import FttoolError, KeyMissingError, ServiceError, UsageError
from fttool.jobs.evaluate.asking import unanswered
from fttool.jobs.evaluate.gate import Gate
from fttool.records.evaluation import Answer, Question

#: A request that failed is tried so often again, if the user does not say otherwise.
RETRIES = 4

#: Seconds before the first of these; doubled each time, up to the most.
_FIRST_PAUSE = 0.5
_MOST_PAUSE = 8.0

#: So many questions in a row without an answer, and it is not the questions.
_MOST_FAILURES = 20

#: A service that wants to be left alone for longer, or has only said 429 for so long, is asked another time. Seconds.
_MOST_WAIT = 300.0
_MOST_REFUSED = 600.0

#: So many seconds are left for answers that are under way when it ends early.
_LAST_MOMENT = 2.0

#: Seconds between two looks at whether Ctrl-C was pressed (Windows does not interrupt a wait).
_TICK = 0.2


class _End(Exception):
    """No more can be asked, for this reason."""


class Pool:
    """Threads that ask. The threads are daemons: Ctrl-C does not wait for answers."""

    def __init__(
        self, ask: Callable[[Question], Answer], *, concurrency: int, retries: int | None, tick: Callable[[], None]
    ) -> None:
        self._ask = ask
        self._retries = RETRIES if retries is None else retries
        self._tick = tick
        self._most = concurrency
        self._threads: list[threading.Thread] = []
        self.gate = Gate(concurrency)
        self._todo: queue.SimpleQueue[Question | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Answer | BaseException] = queue.SimpleQueue()
        self._last_answer = time.monotonic()
        self._failed_in_a_row = 0

    def answers(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """The answers as they come, in any order. Raises the error that ends the asking.

        After that, or after Ctrl-C, `rest` gives what was under way.
        """
        self._last_answer = time.monotonic()
        open_ = 0
        try:
            for question in questions:
                if len(self._threads) < self._most:
                    self._threads.append(threading.Thread(target=self._work, daemon=True))
                    self._threads[-1].start()
                self._todo.put(question)
                open_ += 1
                while open_ >= 2 * self._most:
                    yield self._next()
                    open_ -= 1
            while open_:
                yield self._next()
                open_ -= 1
        finally:
            self.gate.close()
            for _ in self._threads:
                self._todo.put(None)

    def rest(self) -> Iterator[Answer]:
        """Answers that came and were not fetched, or come within a moment: they are paid for."""
        deadline = time.monotonic() + _LAST_MOMENT
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with suppress(queue.Empty):
            while True:
                found = self._done.get_nowait()
                if isinstance(found, Answer):
                    yield found

    def _next(self) -> Answer:
        while True:
            try:
                found = self._done.get(timeout=_TICK)
            except queue.Empty:
                self._tick()
                continue
            if isinstance(found, _End):
                raise found.args[0]
            if isinstance(found, BaseException):
                raise found
            return found

    def _work(self) -> None:
        while (question := self._todo.get()) is not None:
            try:
                answer = self._answer(question)
            except BaseException as error:  # noqa: BLE001 - raised where the answers are wanted
                self._done.put(error)
                return
            if answer is None:
                return
            self._done.put(answer)

    def _answer(self, question: Question) -> Answer | None:
        """The answer to one question, or the record that there is none; None if the gate is closed."""
        tries = 0
        while self.gate.enter():
            answered = False
            try:
                answer = self._ask(question)
                answered = True
                self._last_answer = time.monotonic()
                self._failed_in_a_row = 0
                return answer
            except UsageError as error:  # text that is no Unicode
                return unanswered(question, error)
            except KeyMissingError as error:
                raise _End(error) from None
            except ServiceError as error:
                if error.status == 429 and error.temporary:
                    self._busy(error)
                    continue
                if not error.temporary or tries >= self._retries:
                    return self._failed(question, error)
                pause = min(_MOST_PAUSE, _FIRST_PAUSE * 2**tries) * random.uniform(0.5, 1.0)
                pause = max(pause, min(error.retry_after or 0.0, _MOST_WAIT))
            finally:
                self.gate.leave(answered=answered)
            tries += 1
            self.gate.pause(pause)
        return None

    def _busy(self, error: ServiceError) -> None:
        """The service answers 429: nobody asks for a while. Raises if that while is too long."""
        wait = error.retry_after
        if (wait or 0.0) > _MOST_WAIT or time.monotonic() - self._last_answer > _MOST_REFUSED:
            raise _End(error)
        self.gate.refused(wait)

    def _failed(self, question: Question, error: FttoolError) -> Answer:
        """The record of a question without an answer. Raises if there will be none for any."""
        self._failed_in_a_row += 1
        status = getattr(error, "status", None)
        code = getattr(error, "code", None)
        for_all = status in (404, 405, 429) or code in ("insufficient_quota", "model_not_found")
        if for_all or self._failed_in_a_row >= _MOST_FAILURES:
            raise _End(error)
        return unanswered(question, error)
