"""What a training run costs: tokens, times epochs, times the price. Unknown stays unknown, and says what is missing."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fttool.catalog.billing import Billing, default_epochs, find_billing
from fttool.catalog.prices import Price, find_price
from fttool.config import Setting
from fttool.records.cost import Cost, CostPrice, EpochsFrom
from fttool.records.tokens import TokenCount

_MILLION = 1_000_000


def price_known(service: str, model: str, method: str, own: Mapping[str, Setting] | None = None) -> bool:
    """Whether tokens would lead to a cost: there is a price for them."""
    price = find_price(service, model, method, own)
    return price is not None and price.training is not None and price.per == "1M tokens"


def work_out(
    service: str,
    model: str,
    method: str,
    tokens: TokenCount | None,
    n_epochs: int | None,
    own: Mapping[str, Setting] | None = None,
    *,
    validation: bool = False,
    no_tokens: str = "the tokens are not counted",
) -> Cost:
    """The cost of training on examples with so many tokens.

    `n_epochs` is None where the service decides, `own` are the user's prices, `validation` says that there is a
    validation file, and `no_tokens` why `tokens` is None.
    """
    billing, price = find_billing(service), find_price(service, model, method, own)
    epochs, epochs_from = _epochs(billing, tokens, n_epochs, method)
    billed = None if tokens is None or epochs is None else tokens.billed * epochs
    unknown = _missing(service, model, method, price, tokens, epochs, no_tokens)
    total = at_most = None
    if price is not None and price.training == 0:
        total = at_most = 0.0
        unknown = None
    elif price is not None and price.training is not None and billed is not None and unknown is None:
        total = billed * price.training / _MILLION
        high = tokens.high if tokens is not None else None
        at_most = None if high is None else total * (1 + high)
    return Cost(
        service=service,
        model=model,
        method=method,
        tokens=tokens,
        n_epochs=epochs,
        epochs_from=epochs_from,
        epochs_source=billing.source if billing is not None and epochs_from == "rule" else None,
        billed_tokens=billed,
        billing_source=None if billing is None else billing.source,
        price=None if price is None else msgspec.convert(price, CostPrice, from_attributes=True),
        total=total,
        at_most=at_most,
        unknown=unknown,
        notes=tuple(_notes(billing, tokens, validation, free=total == 0)),
    )


def _epochs(
    billing: Billing | None, tokens: TokenCount | None, given: int | None, method: str
) -> tuple[int | None, EpochsFrom]:
    if given is not None:
        return given, "given"
    rule = None if billing is None or method != "supervised" else billing.epochs_rule
    if rule is None or tokens is None or not tokens.examples:
        return None, "unknown"
    return default_epochs(tokens.examples), "rule"


def _missing(
    service: str,
    model: str,
    method: str,
    price: Price | None,
    tokens: TokenCount | None,
    epochs: int | None,
    no_tokens: str,
) -> str | None:
    """What is not known, if anything."""
    if price is None or price.training is None:
        return f"no price is known for training {model} ({method}) on {service}"
    if price.per == "hour":
        return f"it is billed by the hour (${price.training:g}), and nobody knows how many it takes"
    if tokens is None:
        return no_tokens
    if epochs is None:
        return f"how often {service} goes through the examples by itself is not known; `--n_epochs N` says it"
    return None


def _notes(billing: Billing | None, tokens: TokenCount | None, validation: bool, *, free: bool) -> list[str]:
    notes = []
    if billing is None and not free:
        notes.append("how it bills is not known; assumed: all tokens of the training file, times epochs")
    if validation and not free:
        known = billing is not None and billing.validation_free
        notes.append("the validation file is not billed" if known else "what the validation file costs is not known")
    if tokens is not None and tokens.images and not free:
        notes.append(f"{tokens.images:,} image{'' if tokens.images == 1 else 's'} not counted: they cost tokens, too")
    return notes
