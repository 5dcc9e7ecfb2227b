"""Statistics of tokens over many examples. They can be merged, so blocks may be counted in any process.

Every row of a small input is counted. Of a big one (see `share_to_count`) only some are, drawn by their hashes, and
what they have for each byte is taken for all. Rows that may be longer than the model trains on are always counted.
"""

from __future__ import annotations

import math
from collections import Counter as Counts
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any

import msgspec

from fttool.dataset.identity import hash_bytes
from fttool.dataset.row_tokens import Count, RowTokens, count_row
from fttool.dataset.tokens import BYTES_PER_TOKEN, ESTIMATE_ERROR, Counter
from fttool.dataset.values import encode_object
from fttool.records.tokens import Bin, TokenCount

#: Up to so many bytes everything is counted; of more, about SAMPLE_BYTES.
COUNTED_BYTES = 5_000_000
SAMPLE_BYTES = 1_000_000

#: 95 % of all samples are less than so many standard errors off.
_CONFIDENCE = 1.96


def share_to_count(size: int, *, all_rows: bool = False) -> float:
    """The share of the rows to count in an input of `size` bytes: 1.0 for all."""
    return 1.0 if all_rows or size <= COUNTED_BYTES else SAMPLE_BYTES / size


@dataclass(slots=True)
class Tally:
    """Sums over counted rows; `bytes` are those of the rows as JSON. `bins` counts rows by the bits of their length."""

    rows: int = 0
    bytes: int = 0
    total: int = 0
    overhead: int = 0
    trained: int = 0
    images: int = 0
    roles: Counts[str] = field(default_factory=Counts)
    bins: Counts[int] = field(default_factory=Counts)

    def add(self, row: RowTokens, total: int, size: int) -> None:
        """Take in one row."""
        self.rows += 1
        self.bytes += size
        self.total += total
        self.overhead += row.overhead
        self.trained += row.trained
        self.images += row.images
        self.bins[total.bit_length()] += 1
        roles = self.roles  # its own `update` takes five times as long
        for role, tokens in row.roles.items():
            roles[role] += tokens

    def merge(self, other: Tally) -> None:
        """Take in other rows."""
        for name in ("rows", "bytes", "total", "overhead", "trained", "images"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.roles.update(other.roles)
        self.bins.update(other.bins)


@dataclass(slots=True)
class TokenStats:
    """Tokens of examples. `sure` are rows that were counted because they had to be, `drawn` those of a sample of
    the others; of these others there are `other_rows` with `other_bytes`. `limit` is the longest example the model
    trains on, `over` the rows longer than that, and `lost` their tokens beyond it.

    `squares` are sums over the sample, for its error: tokens squared, tokens times bytes, bytes squared.
    """

    limit: int | None = None
    sure: Tally = field(default_factory=Tally)
    drawn: Tally = field(default_factory=Tally)
    other_rows: int = 0
    other_bytes: int = 0
    squares: tuple[int, int, int] = (0, 0, 0)
    longest: int = 0
    over: int = 0
    lost: int = 0

    @property
    def rows(self) -> int:
        """How many rows it is about."""
        return self.sure.rows + self.other_rows

    def add_pairs(self, prompts: Sequence[str], completions: Sequence[str], count: Count) -> None:
        """Take in all of some prompts and their completions: as `add_rows` does, several times as fast."""
        if not prompts:
            return
        asked, learned = list(map(count, prompts)), list(map(count, completions))
        totals = list(map(add, asked, learned))
        tally = self.sure
        tally.rows += len(totals)
        tally.total += sum(totals)
        tally.trained += sum(learned)
        tally.roles["prompt"] += sum(asked)
        tally.roles["completion"] += sum(learned)
        tally.bins.update(map(int.bit_length, totals))
        self.longest = max(self.longest, *totals)
        if self.limit is not None:
            over = [total for total in totals if total > self.limit]
            self.over += len(over)
            self.lost += sum(over) - self.limit * len(over)

    def add_rows(
        self, rows: Sequence[Any], count: Count, share: float = 1.0, encoded: Sequence[bytes] | None = None
    ) -> None:
        """Take in rows: objects, or structures with the same fields. Of a `share` below 1, their hashes say which.

        `encoded` are the rows as JSON, if they have been encoded already.
        """
        if share >= 1:
            for row in rows:
                self._count(self.sure, row, 0, count)
            return
        most, border = self.limit, share * 2**64
        for row, data in zip(rows, map(encode_object, rows) if encoded is None else encoded, strict=True):
            size = len(data)
            if most is not None and size > most:  # a token has at least one byte
                self._count(self.sure, row, size, count)
                continue
            self.other_rows += 1
            self.other_bytes += size
            if hash_bytes(data) < border:
                total = self._count(self.drawn, row, size, count)
                tokens, both, sizes = self.squares
                self.squares = (tokens + total * total, both + total * size, sizes + size * size)

    def _count(self, tally: Tally, row: Any, size: int, count: Count) -> int:
        found = count_row(row if isinstance(row, dict) else msgspec.to_builtins(row), count)
        total = found.total
        tally.add(found, total, size)
        self.longest = max(self.longest, total)
        if self.limit is not None and total > self.limit:
            self.over += 1
            self.lost += total - self.limit
        return total

    def merge(self, other: TokenStats) -> None:
        """Take in the statistics of other rows."""
        self.sure.merge(other.sure)
        self.drawn.merge(other.drawn)
        self.squares = (
            self.squares[0] + other.squares[0],
            self.squares[1] + other.squares[1],
            self.squares[2] + other.squares[2],
        )
        self.longest = max(self.longest, other.longest)
        for name in ("other_rows", "other_bytes", "over", "lost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def result(self, counter: Counter) -> TokenCount:
        """What was found out, with its error."""
        sampled = self.other_rows > self.drawn.rows
        low, high = self._error(counter)
        by_bytes = self.other_bytes / self.drawn.bytes if self.drawn.bytes else 0.0
        by_rows = self.other_rows / self.drawn.rows if self.drawn.rows else 0.0
        total = self.sure.total + round(self.drawn.total * by_bytes)
        if not self.drawn.rows:  # none was drawn: too few rows
            total += self.other_bytes // BYTES_PER_TOKEN
        return TokenCount(
            total=total,
            exact=counter.exact and not sampled,
            method=counter.method,
            encoding=None if counter.method == "estimate" else counter.encoding,
            sampled=sampled,
            low=low,
            high=high,
            examples=self.rows,
            roles=_scaled(self.sure.roles, self.drawn.roles, by_bytes),
            overhead=self.sure.overhead + round(self.drawn.overhead * by_bytes),
            trained=self.sure.trained + round(self.drawn.trained * by_bytes),
            longest=self.longest,
            histogram=_histogram(_scaled(self.sure.bins, self.drawn.bins, by_rows)),
            limit=self.limit,
            over_limit=self.over,
            lost=self.lost,
            images=self.sure.images + round(self.drawn.images * by_rows),
        )

    def _error(self, counter: Counter) -> tuple[float | None, float | None]:
        """By which shares of the total the truth may lie below and above it; None where that is not known."""
        if counter.method == "estimate":
            return error_bounds()
        if not counter.own:
            return None, None
        if self.other_rows <= self.drawn.rows:
            return 0.0, 0.0
        error = self._sampling_error()
        return (None, None) if error is None else (-error, error)

    def _sampling_error(self) -> float | None:
        """The error of the ratio of tokens to bytes in the sample, as a share: the usual one of a ratio estimate."""
        n, drawn = self.drawn.rows, self.drawn
        if n < 2 or not drawn.total:
            return None
        tokens, both, sizes = self.squares
        ratio = drawn.total / drawn.bytes
        spread = max(0.0, tokens - 2 * ratio * both + ratio * ratio * sizes) / (n - 1)
        return round(_CONFIDENCE * math.sqrt(spread / n) / (drawn.total / n), 4)


def error_bounds() -> tuple[float, float]:
    """By which shares of an estimate the truth may lie below and above it: what is e too high is divided by 1 + e."""
    least, most = ESTIMATE_ERROR
    return round(1 / (1 + most) - 1, 3), round(1 / (1 + least) - 1, 3)


def _scaled(sure: Mapping[Any, int], drawn: Mapping[Any, int], factor: float) -> dict[Any, int]:
    found = Counts(sure)
    for name, number in drawn.items():
        found[name] += round(number * factor)
    return dict(found)


def _histogram(bins: Mapping[int, int]) -> tuple[Bin, ...]:
    """Bins of doubling width, from the first to the last that has examples; also the empty ones between."""
    used = [bits for bits, rows in bins.items() if rows]
    if not used:
        return ()
    return tuple(
        Bin(1 << bits >> 1, max((1 << bits) - 1, 0), bins.get(bits, 0)) for bits in range(min(used), max(used) + 1)
    )


def merged(parts: Iterable[TokenStats], limit: int | None) -> TokenStats:
    """The statistics of all parts together."""
    stats = TokenStats(limit)
    for part in parts:
        stats.merge(part)
    return stats
