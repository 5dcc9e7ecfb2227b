"""All that one request asks a model for: every prompt, every choice, whole or piece by piece."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fttool.service.inference.decoding import Piece, Progress, Settings, Token, echo, generate, source_of_chance
from fttool.service.trainers import Continuation, Model


@dataclass(slots=True)
class Choice:
    """A whole completion, its echoed prompt included."""

    index: int
    text: str
    tokens: list[Token]
    finish: str


class _Prompt(NamedTuple):
    """A prompt begun. Its choices share the work that is the same for all of them."""

    continuation: Continuation
    echo: Piece


@dataclass(slots=True)
class Answers:
    """The completions of `prompts`: `n` of each, the best of `best_of` by mean log-probability.

    `report` is how many of the best candidates to list at each place; None for no log-probabilities at all.
    `choices` or `pieces` is to be called, once; both come in small steps, so that others can be served in between.
    What was used is known when they have ended.
    """

    model: Model
    prompts: Sequence[str]
    settings: Settings
    n: int = 1
    best_of: int = 1
    echo: bool = False
    report: int | None = None
    prompt_tokens: int = field(default=0, init=False)
    completion_tokens: int = field(default=0, init=False)
    _begun: dict[int, _Prompt] = field(default_factory=dict, init=False)

    def prompt_of(self, index: int) -> str:
        """The prompt that the choice with this index completes."""
        return self.prompts[index // self.n]

    def choices(self) -> Iterator[Choice | None]:
        """The choices, in order; None after each step on the way to them."""
        for at in range(len(self.prompts)):
            found: list[tuple[float, Choice]] = []
            for number in range(max(self.n, self.best_of)):
                progress = Progress()
                pieces: list[Piece] = []
                for piece in self._generate(at, number, progress):
                    pieces.append(piece)
                    yield None
                found.append((progress.score, _joined(pieces)))
            del self._begun[at]
            if self.best_of > self.n:
                found.sort(key=lambda scored: -scored[0])
            for number, (_, choice) in enumerate(found[: self.n]):
                choice.index = at * self.n + number
                yield choice

    def pieces(self) -> Iterator[tuple[int, Piece]]:
        """What the choices grow by, each with its index, in turns."""
        waiting: deque[tuple[int, Iterator[Piece]]] = deque()
        for index in range(len(self.prompts) * self.n):
            at, number = divmod(index, self.n)
            waiting.append((index, self._generate(at, number, Progress())))
        while waiting:
            index, pieces = waiting.popleft()
            for piece in pieces:
                yield index, piece
                waiting.append((index, pieces))
                break

    def _begin(self, at: int) -> _Prompt:
        """The prompt, begun with its first choice."""
        if at not in self._begun:
            prompt = self.prompts[at]
            self.prompt_tokens += len(self.model.tokenize(prompt))
            before = echo(self.model, prompt, self.report) if self.echo else Piece("", [])
            self._begun[at] = _Prompt(self.model.begin(prompt), before)
        return self._begun[at]

    def _generate(self, at: int, number: int, progress: Progress) -> Iterator[Piece]:
        """One choice: the echo, if any, then what is generated."""
        prompt = self._begin(at)
        if self.echo:
            yield prompt.echo
        random = source_of_chance(self.settings.seed, at, number)
        for piece in generate(prompt.continuation, self.settings, random, progress):
            if piece.finish is not None:
                self.completion_tokens += progress.tokens
            yield piece


def _joined(pieces: Sequence[Piece]) -> Choice:
    text = "".join(piece.text for piece in pieces)
    return Choice(0, text, [token for piece in pieces for token in piece.tokens], pieces[-1].finish or "length")
