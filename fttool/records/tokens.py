"""Counts of tokens, as they travel and become `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bin:
    """Examples of `least` to `most` tokens."""

    least: int
    most: int
    examples: int


@dataclass(frozen=True, slots=True)
class TokenCount:
    """The tokens of some examples.

    `total` is what the examples have with all that belongs to a chat's format (`overhead`); `roles` are the tokens of
    the texts alone, by role (`prompt` and `completion`, or `user`, `assistant` …); `trained` those that are learned.
    `histogram` counts examples by length, `longest` is the greatest length. Of the examples longer than `limit` there
    are `over_limit`, and `lost` tokens when they are cut there. `images` are not counted as tokens.

    `exact` is False for what is estimated: then `low` and `high` bound the error as shares of the total (-0.13: there
    may be 13 % fewer). `sampled` says that only a part was counted. `method` is what counted: `tiktoken`, `rs-bpe` or
    `estimate`; `encoding` the vocabulary.
    """

    total: int
    exact: bool
    method: str
    encoding: str | None = None
    sampled: bool = False
    low: float | None = None
    high: float | None = None
    examples: int = 0
    roles: Mapping[str, int] = field(default_factory=dict)
    overhead: int = 0
    trained: int = 0
    longest: int = 0
    histogram: Sequence[Bin] = ()
    limit: int | None = None
    over_limit: int = 0
    lost: int = 0
    images: int = 0

    @property
    def billed(self) -> int:
        """The tokens of one epoch where all are billed: examples are cut at the limit."""
        return self.total - self.lost
