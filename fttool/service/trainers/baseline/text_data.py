"""A file of free-text examples, numbered and spooled: what is needed of each row, by row number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers import Examples
from fttool.service.trainers.baseline.census import blocks
from fttool.service.trainers.baseline.frame import Frame
from fttool.service.trainers.baseline.neighbours import Query, digest, prompt_features
from fttool.service.trainers.baseline.ngrams import Rows
from fttool.service.trainers.baseline.spool import Spool
from fttool.service.trainers.baseline.tokens import tokenize
from fttool.service.trainers.baseline.vocabulary import Vocabulary


class TextData:
    """Completions as token numbers, prompts as what they are found by, and how many tokens each row has."""

    def __init__(
        self,
        examples: Examples,
        scratch: Path,
        name: str,
        frame: Frame,
        vocabulary: Vocabulary,
        alive: Callable[[], None],
    ) -> None:
        self.completions = Spool(scratch / f"{name}-completions")
        self.prompts = Spool(scratch / f"{name}-prompts")
        digests: list[int] = []
        tokens: list[int] = []
        for block in blocks(examples):
            inner = [frame.inner(example.prompt) for example in block]
            self.prompts.add(prompt_features(inner))
            digests.extend(digest(prompt) for prompt in inner)
            encoded = [vocabulary.encode(example.completion) for example in block]
            self.completions.add(_rows(encoded))
            tokens.extend(
                len(tokenize(example.prompt)) + len(said) - 1 for example, said in zip(block, encoded, strict=True)
            )
            alive()
        self.prompts.finish()
        self.completions.finish()
        self.digests = np.array(digests, np.uint64)
        self.tokens: NDArray[np.int64] = np.array(tokens, np.int64)

    def __len__(self) -> int:
        return len(self.tokens)

    def queries(self, numbers: Iterable[int]) -> list[Query]:
        """How the prompts of rows are looked up."""
        chosen = list(numbers)
        rows = self.prompts.read(chosen)
        return [
            Query(rows.ids[rows.starts[at] : rows.starts[at + 1]], int(self.digests[number]))
            for at, number in enumerate(chosen)
        ]


def _rows(lists: list[list[int]]) -> Rows:
    starts = np.concatenate([[0], np.cumsum([len(numbers) for numbers in lists])]).astype(np.int64)
    return Rows(starts, np.array([number for numbers in lists for number in numbers], np.uint32))
