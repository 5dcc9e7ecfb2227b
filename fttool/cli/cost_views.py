"""What a cost looks like: one line, or all there is to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.cli.shell import shell

if TYPE_CHECKING:
    from fttool.catalog.models import Model
    from fttool.records.cost import Cost, CostPrice

_HEADERS = ("model", "cost", "epochs", "USD per 1M", "longest example", "no new jobs from", "shut down")


def money(amount: float) -> str:
    """`$12.30`; for less than ten cents more places: `$0.0042`."""
    return f"${amount:,.2f}" if amount == 0 or amount >= 0.1 else f"${amount:.2g}"


def unit_price(amount: float) -> str:
    """`$5.00`, `$1.875`: as the price list has it."""
    whole, _, places = f"{amount:,.4f}".partition(".")
    return f"${whole}.{places[:2]}{places[2:].rstrip('0')}"


def total(cost: Cost) -> str:
    """`$12.30`, `≈ $12.30 (at most $14.10)`, `unknown`."""
    if cost.total is None:
        return "unknown"
    if cost.exact:
        return money(cost.total)
    most = "" if cost.at_most is None else f" (at most {money(cost.at_most)})"
    return f"≈ {money(cost.total)}{most}"


def line(cost: Cost) -> str:
    """The cost in one line: `cost: $0.12: 8,210 tokens, 3 epochs (OpenAI's rule), $5 per 1M (source, day)`."""
    if cost.total is None:
        return f"cost: unknown: {cost.unknown}"
    if cost.total == 0:
        return f"cost: {_nothing(cost)}"
    assert cost.tokens is not None
    return f"cost: {total(cost)}: {_tokens(cost)}, {epochs(cost)}, {price(cost)}"


def set_price(cost: Cost) -> str | None:
    """The command that makes an unknown price known; None if that is not what is missing."""
    if cost.price is not None and cost.price.training is not None:
        return None
    return shell(["fttool", "config", "set", f"prices.{cost.service}/{cost.model}", "USD"])


def lines(cost: Cost) -> Iterator[str]:
    """All there is to say of the cost of one model. The tokens are told elsewhere."""
    yield f"{cost.model} on {cost.service}, {cost.method}"
    if cost.total != 0:
        yield f"  {epochs(cost) if cost.n_epochs is not None else 'epochs: unknown: the service chooses'}"
        if cost.billed_tokens is not None and cost.tokens is not None:
            yield f"  billed: {'' if cost.tokens.exact else '≈ '}{cost.billed_tokens:,} tokens"
        yield f"  price of training: {price(cost)}"
        if (used := _use(cost)) is not None:
            yield f"  price of use: {used}"
        for note in cost.notes:
            yield f"  {note}"
    if cost.total is None:
        yield f"cost: unknown: {cost.unknown}"
    else:
        yield output.paint(f"cost: {total(cost) if cost.total else _nothing(cost)}", "bold")


def epochs(cost: Cost) -> str:
    """`3 epochs (chosen by the service; OpenAI: cookbook on data preparation)`."""
    if cost.n_epochs is None:
        return "unknown: the service chooses"
    count = f"{cost.n_epochs} epoch{'' if cost.n_epochs == 1 else 's'}"
    return count if cost.epochs_from == "given" else f"{count} (chosen by the service; {cost.epochs_source})"


def price(cost: Cost) -> str:
    """`$5.00 per 1M tokens (OpenAI: pricing page, seen 2026-11-29)`."""
    if cost.price is None or cost.price.training is None:
        return "unknown"
    return f"{unit_price(cost.price.training)} per {cost.price.per} ({_source(cost)})"


def table(costs: Sequence[Cost], models: Sequence[Model]) -> None:
    """A row for each model."""
    rows = [
        [
            cost.model,
            total(cost),
            "" if cost.n_epochs is None else str(cost.n_epochs),
            "" if cost.price is None or cost.price.training is None else _each(cost.price),
            "" if model.longest_example is None else f"{model.longest_example:,}",
            model.closes or "",
            model.ends or "",
        ]
        for cost, model in zip(costs, models, strict=True)
    ]
    if rows:
        output.table(_HEADERS, rows)


def _each(price: CostPrice) -> str:
    return f"{price.training:g}" if price.per == "1M tokens" else f"{price.training:g} an hour"


def _tokens(cost: Cost) -> str:
    from fttool.cli.token_views import number

    assert cost.tokens is not None
    return number(cost.tokens)


def _use(cost: Cost) -> str | None:
    """What a million tokens cost when the model is used."""
    named = {"in": "input", "cached": "cached_input", "out": "output"}
    known = {word: getattr(cost.price, name, None) for word, name in named.items()}
    told = [f"{unit_price(amount)} {word}" for word, amount in known.items() if amount is not None]
    return f"{', '.join(told)} per 1M tokens" if told else None


def _nothing(cost: Cost) -> str:
    return f"nothing ({_source(cost)})"


def _source(cost: Cost) -> str:
    assert cost.price is not None
    day = "" if cost.price.seen is None or not cost.total else f", seen {cost.price.seen}"
    return f"{cost.price.source}{day}"
