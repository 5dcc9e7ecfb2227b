"""The hyperparameters of a job: what each may be, and with which method it goes.

Source of the bounds: OpenAI's OpenAPI document of 21 Aug 2026 (api contract, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fttool.errors import UsageError

Value = int | float | str | bool

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Known:
    """A hyperparameter: a whole number, a number or one of some words; `above` is a bound that it may not reach.

    `most` holds only where OpenAI's contract does.
    """

    methods: tuple[str, ...]
    whole: bool = True
    least: float | None = None
    above: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        """What it may be, in words."""
        if self.words:
            return " or ".join((", ".join(self.words[:-1]), self.words[-1]))
        kind = "a whole number" if self.whole else "a number"
        low = f" of at least {self.least:g}" if self.least is not None else f" above {self.above:g}"
        high = f", at most {self.most:g}" if self.most is not None else ""
        return f"{kind}{low}{high}, or `{AUTO}`"


_ALL = ("supervised", "dpo", "reinforcement")

KNOWN: dict[str, Known] = {
    "n_epochs": Known(_ALL, least=1, most=50),
    "batch_size": Known(_ALL, least=1, most=256),
    "learning_rate_multiplier": Known(_ALL, whole=False, above=0),
    "beta": Known(("dpo",), whole=False, above=0, most=2),
    "compute_multiplier": Known(("reinforcement",), whole=False, above=1e-5, most=10),
    "eval_interval": Known(("reinforcement",), least=1),
    "eval_samples": Known(("reinforcement",), least=1),
    "reasoning_effort": Known(("reinforcement",), words=("default", "low", "medium", "high")),
}


def parse(given: Mapping[str, str | None], method: str, *, strict: bool) -> dict[str, Value]:
    """The values of those that are given (not None), checked. `strict`: OpenAI's upper bounds hold too.

    Raises UsageError that names the option.
    """
    values: dict[str, Value] = {}
    for name, text in given.items():
        if text is None:
            continue
        known = KNOWN[name]
        if method not in known.methods:
            only = " or ".join(f"`--method {one}`" for one in known.methods)
            raise UsageError(f"--{name} goes with {only}, not with `{method}`")
        values[name] = _value(name, text.strip(), known, strict=strict)
    return values


def _value(name: str, text: str, known: Known, *, strict: bool) -> Value:
    wrong = UsageError(f"--{name} takes {known.range}; not `{text}`")
    if known.words:
        if text not in known.words:
            raise wrong
        return text
    if text == AUTO:
        return text
    try:
        number: int | float = int(text) if known.whole else float(text)
    except ValueError:
        raise wrong from None
    too_small = (known.least is not None and number < known.least) or (
        known.above is not None and number <= known.above
    )
    too_big = strict and known.most is not None and number > known.most
    if not math.isfinite(number) or too_small or too_big:
        raise wrong
    return number


def parse_extra(pairs: Mapping[str, str]) -> dict[str, Value]:
    """Those that only some services know: a number, true or false where it looks like one, else a text."""
    return {name: plain(text) for name, text in pairs.items()}


def plain(text: str) -> Value:
    """What a text on the command line most likely stands for."""
    if text in ("true", "false"):
        return text == "true"
    for convert in (int, float):
        try:
            number = convert(text)
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return text
