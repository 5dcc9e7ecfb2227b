"""The kinds of tokens of the completions, numbered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import END
from fttool.service.trainers.baseline.tokens import tokenize

#: Numbers of what is no token of a text. What the vocabulary does not know is UNKNOWN.
END_ID, START_ID, UNKNOWN_ID = 0, 1, 2
RESERVED = 3

#: A number has so many bits, so that three fit into a key.
ID_BITS = 21

#: At most so many kinds are known; the rarest are left out.
MOST_KINDS = 200_000


class Vocabulary:
    """Tokens and their numbers. A token keeps its number when others are added."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)
        self._numbers = {token: number for number, token in enumerate(self.tokens, RESERVED)}
        self._numbers[END] = END_ID
        self._texts = np.array([END, *[""] * (RESERVED - 1), *self.tokens], dtype=object)

    def __len__(self) -> int:
        return len(self.tokens) + RESERVED

    def encode(self, text: str) -> list[int]:
        """The numbers of a whole completion's tokens, and END."""
        return [*self.numbers(tokenize(text)), END_ID]

    def numbers(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of tokens."""
        get = self._numbers.get
        return [get(token, UNKNOWN_ID) for token in tokens]

    def texts(self, numbers: NDArray[np.int64]) -> list[str]:
        """The tokens of numbers, START and UNKNOWN not among them."""
        found: list[str] = self._texts[numbers].tolist()
        return found

    def extended(self, tokens: Iterable[str]) -> Vocabulary:
        """A vocabulary that knows these tokens too, as far as there is room."""
        fresh = [token for token in tokens if token not in self._numbers]
        return Vocabulary([*self.tokens, *fresh[: max(MOST_KINDS - len(self.tokens), 0)]])
