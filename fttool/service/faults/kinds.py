"""The service misbehaves on purpose (`serve --fault KIND[=VALUE]`), so that clients can be tested against it.

This module says which faults there are and reads them from the command line. `fault_app` does them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from fttool.errors import UsageError


class Kind(NamedTuple):
    """A fault: its name, what its value is (empty if it has none), the value when none is given, what it does."""

    name: str
    value: str
    default: str
    help: str

    @property
    def example(self) -> str:
        """How it is written."""
        return f"{self.name}={self.default}" if self.value else self.name


_RATE = "RATE"
_SECONDS = "SECONDS"
_COUNT = "COUNT"

#: In the order in which they are tried. RATE is the share of the requests hit, from 0 to 1.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("slow", _SECONDS, "1.5", "every answer comes so much later; 0.5-2 is any time between"),
        Kind("hang", _RATE, "0.05", "no answer ever comes"),
        Kind("drop", _RATE, "0.1", "the connection is cut before the request is looked at"),
        Kind("429", _RATE, "0.2", "429 with Retry-After: 1"),
        Kind("500", _RATE, "0.1", "500, and nothing was done"),
        Kind("503", _RATE, "0.1", "503, and nothing was done"),
        Kind("html", _RATE, "0.1", "200 with a web page instead of JSON, as proxies send"),
        Kind("empty", _RATE, "0.1", "200 with {} instead of the answer"),
        Kind("cut", _RATE, "0.1", "the request is carried out, then the connection is cut in the middle of the answer"),
        Kind("null-fields", "", "", "null where Azure and Nebius send null (result_files, file status, event data …)"),
        Kind("no-has-more", "", "", "lists come without has_more, first_id and last_id"),
        Kind("repeat-pages", "", "", "a page begins with the last items of the page before"),
        Kind("shuffle-events", "", "", "the events of a page come in any order"),
        Kind("oldest-first", "", "", "events and checkpoints come oldest first, as from Nebius"),
        Kind("late-model", _COUNT, "3", "fine_tuned_model stays null for so many answers after the job has succeeded"),
        Kind("base64-results", "", "", "the result file comes encoded in base64, as OpenAI has sent it"),
        Kind("seed", _COUNT, "7", "chance decides alike each time (given the same requests in the same order)"),
    )
}

_SPAN = re.compile(r"([0-9.]+)(?:-([0-9.]+))?\Z")


@dataclass(frozen=True, slots=True)
class Faults:
    """What shall go wrong. `rates` are shares of the requests, `slow` is in seconds (from, to)."""

    rates: dict[str, float] = field(default_factory=dict)
    slow: tuple[float, float] | None = None
    flags: frozenset[str] = frozenset()
    late_model: int = 0
    seed: int | None = None

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Faults:
        """Read `KIND[=VALUE]` texts; of two of one kind the later counts.

        Raises:
            UsageError: there is no such kind (the nearest is named), or its value makes no sense.
        """
        rates: dict[str, float] = {}
        flags = set()
        others: dict[str, object] = {}
        for text in texts:
            name, given, value = text.strip().partition("=")
            kind = KINDS.get(name)
            if kind is None:
                raise UsageError(f"there is no fault `{name}`", hint=_nearest(name))
            if given and not kind.value:
                raise UsageError(f"the fault `{name}` has no value")
            value = value if given else kind.default
            if kind.value == _RATE:
                rates[name] = _rate(name, value)
            elif name == "slow":
                others["slow"] = _span(value)
            elif kind.value == _COUNT:
                others[name.replace("-", "_")] = _count(name, value)
            else:
                flags.add(name)
        return cls(rates=rates, flags=frozenset(flags), **others)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        """Whether anything goes wrong at all."""
        return bool(self.slow or self.flags or self.late_model or any(self.rates.values()))


def help_lines() -> list[str]:
    """One line for each fault: how it is written, what it does."""
    width = max(len(kind.example) for kind in KINDS.values())
    return [f"{kind.example:{width}}  {kind.help}" for kind in KINDS.values()]


def _nearest(name: str) -> str:
    close = get_close_matches(name, KINDS, n=1)
    return f"did you mean `{close[0]}`?" if close else f"the faults are {', '.join(KINDS)}"


def _rate(name: str, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= 1:
        raise UsageError(f"the fault `{name}` needs a share from 0 to 1, not `{text}`", hint=f"e.g. {name}=0.2")
    return rate


def _span(text: str) -> tuple[float, float]:
    match = _SPAN.match(text)
    try:
        first = float(match[1]) if match else math.nan
        last = float(match[2]) if match and match[2] else first
    except ValueError:
        first = last = math.nan
    if not 0 <= first <= last:
        raise UsageError(f"the fault `slow` needs seconds, or a range of seconds, not `{text}`", hint="e.g. slow=0.5-2")
    return first, last


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"the fault `{name}` needs a whole number, not `{text}`", hint=f"e.g. {KINDS[name].example}")
    return int(text)
