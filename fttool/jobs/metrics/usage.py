"""What answers took: tokens, time, money."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fttool.records.comparison import Usage

if TYPE_CHECKING:
    from fttool.records.evaluation import Answer


def usage(answers: Iterable[Answer], price: tuple[float, float] | None = None) -> Usage:
    """The sums over answers; `price` is in dollars for a million tokens asked and answered."""
    import numpy as np

    latencies = array("d")
    asked = answered = 0
    told = False
    for answer in answers:
        if answer.latency is not None:
            latencies.append(answer.latency)
        if answer.prompt_tokens is not None or answer.completion_tokens is not None:
            told = True
            asked += answer.prompt_tokens or 0
            answered += answer.completion_tokens or 0
    median = p95 = None
    if latencies:
        median, p95 = (round(float(each), 6) for each in np.quantile(latencies, [0.5, 0.95]))
    cost = (asked * price[0] + answered * price[1]) / 1e6 if price is not None and told else None
    return Usage(asked if told else None, answered if told else None, median, p95, cost)
