"""How the tokens of the examples that are written are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from fttool.catalog.models import known_model
from fttool.dataset.token_stats import TokenStats, share_to_count
from fttool.dataset.tokens import Counter, TokenLimit, choose_counter
from fttool.records.dataset import Shape
from fttool.records.tokens import TokenCount

#: How to count: a sample where there is much, everything, by bytes alone, or not at all.
Mode = Literal["auto", "exact", "estimate", "off"]

MODES: tuple[Mode, ...] = ("auto", "exact", "estimate", "off")


_PROMPT, _COMPLETION = attrgetter("prompt"), attrgetter("completion")


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts, the longest example (None where it is not known), and the share of the rows to count. Picklable."""

    counter: Counter
    limit: int | None
    share: float

    @classmethod
    def of(
        cls, mode: Mode, model: str | None, shape: Shape, size: int, limit: TokenLimit, service: str | None = None
    ) -> Counting | None:
        """For about `size` bytes of examples. Without a model the limit is that of the check `over-long`."""
        if mode == "off":
            return None
        counter = choose_counter(model, shape, estimate=mode == "estimate")
        known = None if model is None else known_model(model, service)
        longest = limit.tokens if model is None else None if known is None else known.longest_example
        return cls(counter, longest, share_to_count(size, all_rows=mode != "auto"))

    def stats(self, rows: Sequence[Any], lines: bytes | None = None) -> TokenStats:
        """The statistics of some rows; `lines` are these rows as JSON lines, if they have been written already."""
        found = TokenStats(self.limit)
        count = self.counter.function()
        if self.share >= 1 and rows and hasattr(rows[0], "prompt"):
            found.add_pairs(list(map(_PROMPT, rows)), list(map(_COMPLETION, rows)), count)
        else:
            data = None if lines is None or self.share >= 1 else lines.splitlines()
            found.add_rows(rows, count, self.share, data)
        return found

    def result(self, stats: TokenStats) -> TokenCount:
        """What was found out."""
        return stats.result(self.counter)


@dataclass(slots=True)
class Tokens:
    """The statistics of the training examples and of the validation examples."""

    train: TokenStats
    valid: TokenStats

    @classmethod
    def none(cls, counting: Counting) -> Tokens:
        """Of no examples yet."""
        return cls(TokenStats(counting.limit), TokenStats(counting.limit))

    def merge(self, other: Tokens) -> None:
        """Take in those of another block."""
        self.train.merge(other.train)
        self.valid.merge(other.valid)
