"""Single values of a row as JSON, and as the text a model should see."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

import msgspec

from fttool.dataset.formats.base import JsonNumber


def _literal(value: Any) -> Any:
    if isinstance(value, JsonNumber):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"{type(value).__name__} is no JSON value")


#: Writes numbers of JSON input as they were.
ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_literal)


def encode_object(value: Any) -> bytes:
    """One value as JSON. What holds a lone surrogate, which UTF-8 cannot hold, is written with escapes."""
    try:
        return ENCODER.encode(value)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value, builtin_types=(str,), enc_hook=float)
        return json.dumps(plain, separators=(",", ":")).encode()


def to_text(value: Any) -> str:
    """A value as the text a model should see: numbers as they were written, dates as ISO 8601, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    return encode_object(value).decode()
