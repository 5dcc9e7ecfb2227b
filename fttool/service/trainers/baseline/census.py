"""One pass over the training file: what the completions are, and what all prompts share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from fttool.service.trainers import Example, Examples
from fttool.service.trainers.baseline.ends import shared_prefix, shared_suffix
from fttool.service.trainers.baseline.kind import MOST_LABELS
from fttool.service.trainers.baseline.tokens import TokenCounts, tokenize

#: Examples are worked on in blocks of at most so many rows and about so many characters.
BLOCK_ROWS = 1_000
BLOCK_CHARACTERS = 400_000


class Census:
    """What is known after reading each example once, in bounded memory.

    `completions` counts the different completions; `many` says that there are more than could ever be labels, and
    then they are no longer counted. `tokens` are those of prompts and completions.
    """

    def __init__(self) -> None:
        self.examples = 0
        self.tokens = 0
        self.many = False
        self.completions: Counter[str] = Counter()
        self.prompt_tokens = TokenCounts()
        self.completion_tokens = TokenCounts()
        self.prefix = ""
        self.suffix = ""

    def add(self, example: Example) -> None:
        """Count one example."""
        prompt, completion = tokenize(example.prompt), tokenize(example.completion)
        self.prompt_tokens.add(prompt)
        self.completion_tokens.add(completion)
        self.tokens += len(prompt) + len(completion)
        if self.examples:
            self.prefix = shared_prefix(self.prefix, example.prompt)
            self.suffix = shared_suffix(self.suffix, example.prompt)
        else:
            self.prefix = self.suffix = example.prompt
        self.examples += 1
        if not self.many:
            self.completions[example.completion] += 1
            if len(self.completions) > MOST_LABELS:
                self.many = True
                self.completions.clear()


def take(examples: Examples, alive: Callable[[], None]) -> Census:
    """Read all examples once."""
    census = Census()
    for block in blocks(examples):
        for example in block:
            census.add(example)
        alive()
    return census


def blocks(examples: Examples) -> Iterator[list[Example]]:
    """The examples in blocks that fit in memory."""
    block: list[Example] = []
    size = 0
    for example in examples:
        block.append(example)
        size += len(example.prompt) + len(example.completion)
        if len(block) >= BLOCK_ROWS or size >= BLOCK_CHARACTERS:
            yield block
            block, size = [], 0
    if block:
        yield block
