"""A completion, token by token: the loop and its end.

A completion ends with the model's END (`stop`), with a stop sequence (`stop`), or when it has as many tokens as were
asked for (`length`). As at OpenAI, a completion that has all its tokens ends with `length` even if END were next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import NamedTuple

from fttool.service.inference.sampling import Sampling, choose, finite
from fttool.service.inference.stops import StopScanner
from fttool.service.trainers import END, Continuation, Model


class Token(NamedTuple):
    """A token of an answer. `start` is in characters from the start of the completion (negative: of the prompt).

    `logprob` is None for the first token of an echoed prompt, which nothing stands before.
    """

    text: str
    logprob: float | None
    top: list[tuple[str, float]]
    start: int


class Piece(NamedTuple):
    """What a completion grew by. `finish` is None until it is done; the last piece may be empty."""

    text: str
    tokens: list[Token]
    finish: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked for, of each completion. `top` is how many of the best candidates to report at each place."""

    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    top: int = 0
    seed: int | None = None


@dataclass(slots=True)
class Progress:
    """What has been spent on a completion, and how likely it is."""

    tokens: int = 0
    chosen: int = 0
    logprob: float = 0.0

    @property
    def score(self) -> float:
        """The mean log-probability of all that was chosen, the end included."""
        return self.logprob / self.chosen if self.chosen else 0.0


def generate(continuation: Continuation, settings: Settings, random: Random, progress: Progress) -> Iterator[Piece]:
    """Complete a prompt. The pieces' texts joined are the completion; the last one says why it ended.

    A piece holds back what may turn out to begin a stop sequence. A token that a stop sequence cuts is still listed
    whole, as its probability is that of the whole token; tokens behind it are not.
    """
    scanner = StopScanner(settings.stop)
    so_far: list[str] = []
    counts: Counter[str] = Counter()
    held: list[Token] = []
    length = 0
    while len(so_far) < settings.max_tokens:
        chosen = choose(continuation.next(so_far), settings.sampling, counts, random, settings.top)
        progress.chosen += 1
        progress.logprob += chosen.logprob
        if chosen.token == END:
            yield Piece("".join(token.text for token in held), held, "stop")
            return
        progress.tokens += 1
        so_far.append(chosen.token)
        counts[chosen.token] += 1
        held.append(Token(chosen.token, chosen.logprob, chosen.top, length))
        length += len(chosen.token)
        scanner.feed(chosen.token)
        if scanner.found is not None:
            yield _cut(held, scanner.found)
            return
        ready, held = _split(held, scanner.safe)
        if ready:
            yield Piece("".join(token.text for token in ready), ready)
    yield Piece("".join(token.text for token in held), held, "length")


def source_of_chance(seed: int | None, prompt: int, choice: int) -> Random:
    """Where chance comes from for one completion of a request: its own, so that the order of work changes nothing."""
    if seed is None:
        return SystemRandom()
    return Random(f"{seed}/{prompt}/{choice}")


def echo(model: Model, prompt: str, top: int | None) -> Piece:
    """The prompt itself as a piece, its tokens scored if `top` (how many candidates to report) is not None."""
    if top is None:
        return Piece(prompt, [])
    tokens: list[Token] = []
    start = -len(prompt)
    for scored in model.score(prompt):
        if tokens:
            best = [(text, finite(logprob)) for text, logprob in scored.top[:top]]
            tokens.append(Token(scored.token, finite(scored.logprob), best, start))
        else:
            tokens.append(Token(scored.token, None, [], start))
        start += len(scored.token)
    return Piece(prompt, tokens)


def _split(held: list[Token], safe: int) -> tuple[list[Token], list[Token]]:
    """The tokens that end within the safe part, and the others."""
    count = 0
    while count < len(held) and held[count].start + len(held[count].text) <= safe:
        count += 1
    return held[:count], held[count:]


def _cut(held: Sequence[Token], end: int) -> Piece:
    """The last piece: what stands before the stop sequence that begins at `end`."""
    kept = [token for token in held if token.start < end]
    text = "".join(token.text for token in kept)
    return Piece(text[: end - kept[0].start] if kept else "", kept, "stop")
