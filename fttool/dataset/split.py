"""Which examples are held out for validation: seeded, by class, and never one prompt on both sides."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from fttool.dataset.blocks import GONE, VALID
from fttool.errors import UsageError

#: The legacy tool holds out a fifth of the examples, but at most 1,000.
LEGACY_FRACTION = 0.2
LEGACY_MOST = 1_000

DEFAULT_SEED = 42

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """What the user said. `split` None means: as recommended. A fraction or a size asks for a split."""

    split: bool | None = None
    fraction: float | None = None
    size: int | None = None
    seed: int = DEFAULT_SEED

    @property
    def asked(self) -> bool:
        """Whether a split was asked for, whatever the task."""
        return self.split is True or self.fraction is not None or self.size is not None

    def check(self) -> None:
        """Raises UsageError for values that contradict each other or make no sense."""
        for name, value in (("--seed", self.seed), ("--valid-size", 0 if self.size is None else self.size)):
            if not isinstance(value, int):
                raise UsageError(f"{name} must be a whole number, not {value!r}")
        if self.fraction is not None and not isinstance(self.fraction, int | float):
            raise UsageError(f"--valid-fraction must be a number, not {self.fraction!r}")
        if self.fraction is not None and self.size is not None:
            raise UsageError("--valid-fraction and --valid-size exclude each other")
        if self.fraction is not None and not 0 < self.fraction < 1:
            raise UsageError(f"--valid-fraction must be between 0 and 1, not {self.fraction}")
        if self.size is not None and self.size < 1:
            raise UsageError(f"--valid-size must be at least 1, not {self.size}")
        if self.split is False and (self.fraction is not None or self.size is not None):
            raise UsageError("--no-split excludes --valid-fraction and --valid-size")

    def wanted(self, examples: int) -> int:
        """How many of so many examples are held out."""
        if self.size is not None:
            return min(self.size, examples)
        if self.fraction is not None:
            return round(examples * self.fraction)
        return min(LEGACY_MOST, examples - int(examples * (1 - LEGACY_FRACTION)))


def assign(
    fates: bytearray,
    keys: array[int],
    answers: array[int],
    options: SplitOptions,
    *,
    stratify: bool,
    shared: Collection[int] = (),
) -> int:
    """Mark the rows to hold out as VALID in `fates`; rows already GONE stay so. Returns how many were marked.

    `keys` are hashes of the prompts: rows that share one stay on one side. With `stratify`, `answers` (hashes of
    the completions) are classes, and each class of two or more prompts keeps at least one on either side; `shared`
    are the keys that stand in several classes. The order within a class depends on the seed and the prompts only,
    not on the order of the rows.

    Raises:
        UsageError: nothing would be left to train on.
    """
    total = len(fates) - fates.count(GONE)
    if options.size is not None and options.size >= total:
        raise UsageError(f"--valid-size {options.size} leaves nothing to train on: there are {total:,} examples")
    strata = _strata(fates, keys, answers, stratify, set(shared))
    quotas = _quotas([len(rows) for rows in strata], options.wanted(total), total)
    return sum(_mark(fates, rows, keys, quota, options.seed) for rows, quota in zip(strata, quotas, strict=True))


def _strata(
    fates: bytearray, keys: array[int], answers: array[int], stratify: bool, shared: set[int]
) -> list[array[int]]:
    """Rows by class. All rows of a prompt stand in the class of its first row."""
    if not stratify:
        return [array("I", (at for at, fate in enumerate(fates) if fate != GONE))]
    by_class: dict[int, array[int]] = {}
    class_of: dict[int, int] = {}
    for at, (fate, key, label) in enumerate(zip(fates, keys, answers, strict=True)):
        if fate == GONE:
            continue
        if key in shared:
            label = class_of.setdefault(key, label)
        rows = by_class.get(label)
        if rows is None:
            rows = by_class[label] = array("I")
        rows.append(at)
    return list(by_class.values())


def _quotas(sizes: list[int], goal: int, total: int) -> list[int]:
    """Share `goal` among classes in proportion to their sizes; every class of two or more gets at least one.

    What rounding leaves goes to the largest remainders; what the smallest classes were given beyond the goal is
    taken from the largest quotas.
    """
    if not total:
        return [0] * len(sizes)
    shares = [size * goal / total for size in sizes]
    quotas = [max(int(share), 1 if size > 1 else 0) for share, size in zip(shares, sizes, strict=True)]
    left = goal - sum(quotas)
    for at in sorted(range(len(sizes)), key=lambda at: int(shares[at]) - shares[at]):
        if left <= 0:
            break
        if quotas[at] <= shares[at] and quotas[at] < sizes[at]:
            quotas[at] += 1
            left -= 1
    while left < 0 and max(quotas) > 1:
        quotas[quotas.index(max(quotas))] -= 1
        left += 1
    return quotas


def _mark(fates: bytearray, rows: array[int], keys: array[int], quota: int, seed: int) -> int:
    """Mark about `quota` rows of one class, prompt by prompt; at least one prompt is left unmarked."""
    prompts = [keys[at] for at in rows]
    sizes = Counter(prompts)
    if len(sizes) < 2 or quota < 1:
        return 0
    # Hashes are evenly spread; multiplying by a seeded odd number orders them anew for each seed.
    factor = _mix(seed) | 1
    order = sorted(sizes, key=lambda key: key * factor & _MASK)
    chosen: set[int] = set()
    count = 0
    for key in order:
        if count >= quota or len(chosen) == len(sizes) - 1:
            break
        if count + sizes[key] <= quota:
            chosen.add(key)
            count += sizes[key]
    if not chosen:  # every prompt has more rows than are wanted: the one with the fewest
        smallest = min(order, key=sizes.__getitem__)
        chosen, count = {smallest}, sizes[smallest]
    for at, key in zip(rows, prompts, strict=True):
        if key in chosen:
            fates[at] = VALID
    return count


def _mix(seed: int) -> int:
    """A 64-bit number that shares nothing visible with the seed (splitmix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)
