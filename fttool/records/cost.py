"""What a training run costs, as it travels and becomes `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fttool.records.tokens import TokenCount

#: Where the number of epochs comes from: it was given, the service's own rule says it, or it is not known.
EpochsFrom = Literal["given", "rule", "unknown"]


@dataclass(frozen=True, slots=True)
class CostPrice:
    """USD `per` a million tokens (or an hour) of training, and for a million tokens in use; None is not known.

    `seen` is the day (YYYY-MM-DD) on which `source` said so; None for the user's own price.
    """

    per: str
    training: float | None
    input: float | None
    cached_input: float | None
    output: float | None
    source: str
    seen: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What training a model on some examples costs on a service. Money in USD; None is not known.

    `billed_tokens` are those of one epoch times `n_epochs`. `total` is the likeliest cost and `at_most` what it may
    come to where tokens are estimated. `unknown` says in a few words what is missing for a total, `notes` what else to
    know. `epochs_source` and `billing_source` say where the rules are from.
    """

    service: str
    model: str
    method: str
    tokens: TokenCount | None
    n_epochs: int | None
    epochs_from: EpochsFrom
    epochs_source: str | None
    billed_tokens: int | None
    billing_source: str | None
    price: CostPrice | None
    total: float | None
    at_most: float | None
    unknown: str | None
    notes: Sequence[str] = ()

    @property
    def exact(self) -> bool:
        """Whether the total rests on counted tokens."""
        return self.total is not None and (self.tokens is None or self.tokens.exact or self.total == 0)

    def to_dict(self) -> dict[str, Any]:
        """As plain dicts and lists, as `--json` shows it."""
        import msgspec

        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {**plain, "exact": self.exact, "currency": "USD"}
