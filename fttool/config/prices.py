"""The user's own prices: `[prices]` in the settings file, which go before those that fttool knows.

    [prices]
    "nebius/meta-llama/Llama-3.3-70B-Instruct" = 2.8
    "openai/gpt-4.1-mini" = { training = 4.5, input = 0.8, output = 3.2 }

USD for a million tokens; a number alone is the price of training. They stand in the user's own file only: a project
file comes with a repository, which may be anyone's, and a price of 0 would let `--max-cost` pass everything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fttool.config.files import line_of
from fttool.config.known import SERVICES, nearest
from fttool.config.layers import Setting
from fttool.errors import ConfigError

TABLE = "prices"

#: How a price is called where settings are named: `fttool config set prices.openai/gpt-4.1-mini 4.5`.
PREFIX = f"{TABLE}."

AMOUNTS = ("training", "input", "cached_input", "output")


def from_file(path: Path, content: Mapping[str, Any]) -> dict[str, Setting]:
    """The prices of a file's content, by `SERVICE/MODEL`; each value maps names of AMOUNTS to USD.

    Raises ConfigError for a bad one, with its line.
    """
    table = content.get(TABLE, {})
    if not isinstance(table, dict):
        raise ConfigError("prices are a table", hint="write `[prices]`", file=str(path), line=line_of(path, TABLE))
    found = {}
    for key, value in table.items():
        try:
            check_key(key)
            amounts = check_price(key, value)
        except ConfigError as error:
            line = line_of(path, key, TABLE)
            raise ConfigError(error.message, hint=error.hint, file=str(path), line=line) from None
        found[key] = Setting(f"{PREFIX}{key}", amounts, str(path), "user")
    return found


def check_key(key: str) -> str:
    """`SERVICE/MODEL`. Raises ConfigError for anything else; the nearest service for one that does not exist."""
    service, _, model = key.partition("/")
    if service not in SERVICES:
        known = ", ".join(SERVICES)
        hint = nearest(service, list(SERVICES)) or f"a price is called SERVICE/MODEL; the services are {known}"
        raise ConfigError(f"there is no service `{service}` to have the price `{key}`", hint=hint)
    if not model.strip():
        raise ConfigError(f"`{key}` names no model", hint=f"a price is called SERVICE/MODEL: `{service}/MODEL`")
    return key


def check_price(key: str, value: object) -> dict[str, float]:
    """A price as amounts by name. Raises ConfigError for what is none."""
    if not isinstance(value, dict):
        return {"training": _amount(key, value)}
    unknown = [name for name in value if name not in AMOUNTS]
    if unknown:
        hint = nearest(str(unknown[0]), list(AMOUNTS)) or f"they are {', '.join(AMOUNTS)}"
        raise ConfigError(f"the price of `{key}` has no `{unknown[0]}`", hint=hint)
    return {name: _amount(key, amount) for name, amount in value.items()}


def _amount(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
        shown = f"`{value}`" if isinstance(value, str) else f"`{value!r}`"
        raise ConfigError(f"the price of `{key}` must be USD for a million tokens, from 0 on, not {shown}")
    return float(value)


def shown(amounts: Mapping[str, float]) -> str:
    """`4.5`, or `training 4.5, input 0.8`."""
    if set(amounts) == {"training"}:
        return f"{amounts['training']:g}"
    return ", ".join(f"{name} {amounts[name]:g}" for name in AMOUNTS if name in amounts)
