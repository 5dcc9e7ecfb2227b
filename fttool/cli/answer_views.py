"""What answers of models look like: their text, piece by piece or whole, how likely it was, and many of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from fttool.cli import output
from fttool.errors import FttoolError

if TYPE_CHECKING:
    from fttool.jobs.inference import Answer, Choice, Piece, Sampling

#: So many requests are under way at once when there are many prompts.
_AT_ONCE = 4

Asked = TypeVar("Asked")


class Shown:
    """What was shown of an answer that came in pieces."""

    def __init__(self) -> None:
        self.text = ""
        self.reason: str | None = None


def show_stream(pieces: Iterator[Piece], shown: Shown, *, json: bool = False) -> None:
    """Print the pieces of an answer as they come; with `json`, one JSON document a line instead."""
    try:
        for piece in pieces:
            shown.text += piece.text
            shown.reason = piece.finish_reason or shown.reason
            if json:
                output.answer(output.json_text(piece.raw))
            else:
                output.answer_piece(piece.text)
    finally:
        if not json and not shown.text.endswith("\n"):
            output.answer_piece("\n")
    if shown.reason is None:
        output.warn("the answer ended without saying why: it may be cut")


def show(answer: Answer) -> None:
    """Print the text of an answer (of each, under a heading, if there are several), and its tokens if they came."""
    for at, choice in enumerate(answer.choices, 1):
        if len(answer.choices) > 1:
            output.answer(output.paint(f"--- {at} of {len(answer.choices)}", "dim"))
        output.answer_piece(choice.text if choice.text.endswith("\n") else f"{choice.text}\n")
        if choice.tokens:
            output.answer("")
            tokens(choice)


def tokens(choice: Choice) -> None:
    """Print how likely each token was, and what else might have stood there. Tokens are quoted: spaces count."""
    rows = []
    for token in choice.tokens:
        others = [f"{_quoted(text)} {_percent(logprob)}" for text, logprob in token.top if text != token.text]
        rows.append([_quoted(token.text), _percent(token.logprob), "  ".join(others)])
    output.table(["token", "likelihood", "others"], rows)


def reasons(answer: Answer) -> set[str | None]:
    """Why its choices end."""
    return {choice.finish_reason for choice in answer.choices}


def tell_cut(reasons: set[str | None], sampling: Sampling) -> None:
    """A hint if answers end where the service's own limit is (16 tokens, for completions)."""
    if "length" in reasons and sampling.max_tokens is None:
        output.hint("the answer was cut at the service's limit; `--max-tokens N` allows more")
    if "content_filter" in reasons:
        output.warn("the service's content filter left something out")


def show_many(
    questions: Sequence[Asked], ask: Callable[[Asked], Answer], where: Callable[[Asked], int], name: str, *, json: bool
) -> set[str | None]:
    """Print the answers to many questions in their order, a line for each; with `json`, one JSON document a line.

    Returns why they end. If one cannot be answered, those before it are printed, and the error names its line.
    """
    shown = len(questions) > 1 and not output.is_terminal(sys.stdout)
    ends: set[str | None] = set()
    with output.progress(len(questions), "rows", label="asking") as bar:
        for question, answer in zip(questions, in_order(questions, ask), strict=False):
            if isinstance(answer, FttoolError):
                answer.file, answer.line = name, where(question)
                raise answer
            if json:
                output.answer(output.json_text(answer.raw))
            else:
                output.answer("\t".join(output.one_line(choice.text) for choice in answer.choices))
            if shown:
                bar.advance()
            ends |= reasons(answer)
    return ends


def in_order(questions: Sequence[Asked], ask: Callable[[Asked], Answer]) -> Iterator[Answer | FttoolError]:
    """The answers, or why there is none, in the order of the questions; a few are asked at once.

    The threads are daemons, which those of concurrent.futures are not: Ctrl-C does not wait for answers.
    """
    from collections import deque
    from concurrent.futures import Future
    from queue import SimpleQueue
    from threading import Thread

    todo: SimpleQueue[tuple[Asked, Future[Answer | FttoolError]] | None] = SimpleQueue()

    def work() -> None:
        while (task := todo.get()) is not None:
            question, future = task
            try:
                future.set_result(ask(question))
            except FttoolError as error:
                future.set_result(error)
            except BaseException as error:  # noqa: BLE001 - a bug: raised where the answer is wanted
                future.set_exception(error)

    waiting: deque[Future[Answer | FttoolError]] = deque()
    try:
        for number, question in enumerate(questions):
            if number < _AT_ONCE:
                Thread(target=work, daemon=True).start()
            waiting.append(Future())
            todo.put((question, waiting[-1]))
            if len(waiting) >= 2 * _AT_ONCE:  # no more than are wanted soon: after an error none is
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for _ in range(_AT_ONCE):
            todo.put(None)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _percent(logprob: float | None) -> str:
    """`97.1%`; enough digits that nothing possible shows as 0 or 100."""
    if logprob is None:
        return "-"
    import math

    share = math.exp(min(logprob, 0.0)) * 100
    if 0 < share < 0.05:
        return f"{share:.1g}%" if share >= 0.0001 else "<0.0001%"
    return f"{share:.1f}%" if share <= 99.94 or share == 100 else f"{min(share, 99.999):.3f}%"
