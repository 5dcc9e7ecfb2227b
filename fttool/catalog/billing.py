"""What a service bills for training, and how often it goes through the examples if it is not told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from fttool.catalog import table

#: OpenAI's rule for `n_epochs` that is not given: three times through the examples, but so often that at least 100
#: and at most 25,000 examples are seen, and 1 to 25 times. Source: OpenAI cookbook, "Data preparation and analysis
#: for chat model fine-tuning" (TARGET_EPOCHS, MIN_TARGET_EXAMPLES …).
_TARGET, _FEWEST_SEEN, _MOST_SEEN, _LEAST, _MOST = 3, 100, 25_000, 1, 25


@dataclass(frozen=True, slots=True)
class Billing:
    """How a service bills. `all_tokens`: every token of the training file, not the learned ones alone;
    `validation_free`: the validation file costs nothing; `epochs_rule` names the rule for epochs, None if unknown."""

    all_tokens: bool
    validation_free: bool
    epochs_rule: str | None
    source: str
    seen: str


@cache
def find_billing(service: str) -> Billing | None:
    """How a service bills, None if it is not known."""
    for row in table.rows("billing"):
        if row["service"] == service:
            return Billing(
                all_tokens=row["trained"] == "all",
                validation_free=row["validation"] == "free",
                epochs_rule=row["epochs"] or None,
                source=row["source"],
                seen=row["seen"],
            )
    return None


def default_epochs(examples: int) -> int:
    """How often OpenAI goes through so many examples (at least one) if `n_epochs` is not given."""
    if examples * _TARGET < _FEWEST_SEEN:
        return min(_MOST, _FEWEST_SEEN // examples)
    if examples * _TARGET > _MOST_SEEN:
        return max(_LEAST, _MOST_SEEN // examples)
    return _TARGET
