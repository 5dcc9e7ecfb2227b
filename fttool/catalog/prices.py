"""What training a model and using it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from fttool.catalog import models, names, table
from fttool.config import Setting

Unit = Literal["1M tokens", "hour"]

#: In the table: whatever the model is called.
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Price:
    """USD for training, `per` a million tokens or an hour, and for a million tokens that go in and come out.

    None is not known. `seen` is the day on which `source` said so; None for what the user says.
    """

    per: Unit
    training: float | None
    input: float | None
    cached_input: float | None
    output: float | None
    source: str
    seen: str | None


@cache
def _table(service: str, method: str) -> dict[str, Price]:
    priced = {
        row["model"]: Price(
            per="hour" if row["per"] == "hour" else "1M tokens",
            training=table.amount(row["training"]),
            input=table.amount(row["input"]),
            cached_input=table.amount(row["cached_input"]),
            output=table.amount(row["output"]),
            source=row["source"],
            seen=row["seen"],
        )
        for row in table.rows("prices")
        if row["service"] == service and method in row["methods"].split()
    }
    return names.by_name((_names(service, model), price) for model, price in priced.items())


def _names(service: str, model: str) -> tuple[str, ...]:
    known = next((each for each in models.models() if (each.service, each.model) == (service, model)), None)
    return (model,) if known is None else (known.model, *known.aliases)


def find_price(
    service: str, model: str, method: str = "supervised", own: Mapping[str, Setting] | None = None
) -> Price | None:
    """The price of training a model with a method, None if it is not known.

    `own` are the user's own prices (`Config.prices`), by `SERVICE/MODEL`; they go before the table. Where one names
    only some of the amounts, the table fills in the others.
    """
    known = _table(service, method)
    found = names.find(model, known) or known.get(_ANY)
    setting = names.find(model, names.by_name(_own_names(service, own or {})))
    return found if setting is None else _own_price(setting, found)


def find_use_price(service: str, model: str, own: Mapping[str, Setting] | None = None) -> tuple[float, float] | None:
    """USD for a million tokens that go into a model and come out of it; None if they are not known, or it is free.

    The prices are those of fine-tuned models: services often sell the base model itself at another price. So a base
    model has one only where the user says so in `own`.
    """
    if names.base_name(model) == model and names.find(model, names.by_name(_own_names(service, own or {}))) is None:
        return None
    for method in ("supervised", "dpo", "reinforcement"):
        price = find_price(service, model, method, own)
        if price is not None and price.input is not None and price.output is not None:
            return (price.input, price.output) if price.input or price.output else None
    return None


def _own_names(service: str, own: Mapping[str, Setting]) -> list[tuple[tuple[str, ...], Setting]]:
    rows = []
    for key, setting in own.items():
        of, _, model = key.partition("/")
        if of == service:
            known = models.find_model(model, service)
            rows.append(((model,) if known is None else (model, known.model, *known.aliases), setting))
    return rows


def _own_price(setting: Setting, found: Price | None) -> Price:
    said: dict[str, float] = setting.value

    def of(name: str) -> float | None:
        return said.get(name, None if found is None else getattr(found, name))

    return Price(
        per="1M tokens",
        training=said.get("training", found.training if found is not None and found.per == "1M tokens" else None),
        input=of("input"),
        cached_input=of("cached_input"),
        output=of("output"),
        source=f"your setting, {setting.source}",
        seen=None,
    )
