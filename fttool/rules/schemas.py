"""JSON Schemas of tools: whether they are any, and whether arguments fit them.

By the `jsonschema` library, with two limits, for schemas come from strangers: a `$ref` is looked up in the schema
alone, never on the network, and patterns are not tried (a hostile one takes forever on a text of thirty characters).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

#: Keywords that hold regular expressions.
_NOT_TRIED = ("pattern", "patternProperties")

_MOST_FAULTS = 5

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="number", enc_hook=str)


class SchemaFault(NamedTuple):
    """Where in a schema, or in arguments, something is wrong (`.city`, `[2].city` or nothing), and what."""

    path: str
    message: str


class Schema:
    """The schema of a tool's parameters; `fault` says why it is none."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        import jsonschema
        from referencing import Registry

        self.fault: SchemaFault | None = None
        checker = _validator()
        try:
            checker.check_schema(parameters)
        except jsonschema.SchemaError as error:
            self.fault = SchemaFault(_path(error.absolute_path), _short(error.message))
        except RecursionError:
            self.fault = SchemaFault("", "is nested too deeply")
        self._validator: Any = None if self.fault else checker(dict(parameters), registry=Registry())

    def faults(self, arguments: object) -> Iterator[SchemaFault]:
        """What in the arguments the schema does not allow; the first few."""
        if self._validator is None:
            return
        try:
            for number, error in enumerate(self._validator.iter_errors(arguments)):
                if number == _MOST_FAULTS:
                    return
                yield SchemaFault(_path(error.absolute_path), _short(error.message))
        except RecursionError:
            yield SchemaFault("", "are nested too deeply to be checked")
        except Exception as error:  # noqa: BLE001 - a `$ref` that leads nowhere; each version raises one of its own
            yield SchemaFault("", f"cannot be checked: {_short(str(error))}")


def schema_of(parameters: Mapping[str, Any]) -> Schema:
    """The schema that a tool's `parameters` are. The same parameters, as most files repeat them, are looked at once."""
    try:
        return _schema(_ENCODER.encode(parameters))
    except (UnicodeEncodeError, TypeError, RecursionError):
        return Schema(parameters)


@lru_cache(maxsize=512)
def _schema(encoded: bytes) -> Schema:
    return Schema(msgspec.json.decode(encoded))


@lru_cache(maxsize=1)
def _validator() -> Any:
    import jsonschema

    base = jsonschema.Draft202012Validator
    ours: Any = jsonschema.validators.extend(base, dict.fromkeys(_NOT_TRIED, _ignored))
    return ours


def _ignored(validator: object, value: object, instance: object, schema: object) -> Iterator[Any]:
    return iter(())


def _path(steps: Any) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _short(text: str, limit: int = 160) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
