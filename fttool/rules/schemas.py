"""JSON Schemas of tools: whether they are any, and whether arguments fit them.

By the `jsonschema` library, with three limits, for schemas come from strangers: a `$ref` is looked up in the schema
alone, never on the network; patterns, and what hangs on them, are not tried (a hostile one takes forever on a text of
thirty characters); and no check takes more than so many steps (references that double each time never end).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from fttool.rules.secrets import without_secrets

#: Keywords that hold regular expressions, or look at all of a schema for them.
_NOT_TRIED = ("pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems")

_MOST_FAULTS = 5

#: Keywords looked at for one call; of a long value each counts for more, as it is written out for a fault.
_MOST_STEPS = 50_000
_STEP_LENGTH = 8

#: Values that cannot be sorted are compared each with each: so many at most.
_MOST_COMPARED = 1_000


def _plain(value: object) -> object:
    """What is no JSON value of its own: numbers of a file keep their text, and are of a class derived from Decimal."""
    if isinstance(value, Decimal):
        return max(-sys.float_info.max, min(sys.float_info.max, float(value)))  # JSON has no infinity
    return str(value)


_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="number", enc_hook=_plain)


class _Steps(threading.local):
    """How many steps are left to the check that runs in this thread; None for any number."""

    left: int | None = None


_steps = _Steps()


class _TooLongError(Exception):
    """A check takes too many steps."""


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
        except Exception as error:  # noqa: BLE001 - a pattern such as `a{99999999999}`: Python raises OverflowError
            self.fault = SchemaFault("", _short(str(error)))
        self._validator: Any = None if self.fault else checker(dict(parameters), registry=Registry())

    def faults(self, arguments: object) -> list[SchemaFault]:
        """What in the arguments the schema does not allow; the first few."""
        found: list[SchemaFault] = []
        if self._validator is None:
            return found
        _steps.left = _MOST_STEPS
        try:
            for error in islice(self._validator.iter_errors(arguments), _MOST_FAULTS):
                found.append(SchemaFault(_path(error.absolute_path), _short(error.message)))
        except RecursionError:
            found.append(SchemaFault("", "are nested too deeply to be checked"))
        except Exception as error:  # noqa: BLE001 - a `$ref` that leads nowhere; each version raises one of its own
            found.append(SchemaFault("", f"cannot be checked: {_short(str(error))}"))
        finally:
            _steps.left = None
        return found


def schema_of(parameters: Mapping[str, Any]) -> Schema:
    """The schema that a tool's `parameters` are. The same parameters, as most files repeat them, are looked at once."""
    try:
        return _schema(_ENCODER.encode(parameters))
    except (ValueError, TypeError, RecursionError):  # half a character; a number that is too large for a float
        return Schema(parameters)


@lru_cache(maxsize=512)
def _schema(encoded: bytes) -> Schema:
    return Schema(msgspec.json.decode(encoded))


@lru_cache(maxsize=1)
def _validator() -> Any:
    import jsonschema

    base = jsonschema.Draft202012Validator
    limited: dict[str, Any] = {name: _limited(keyword) for name, keyword in base.VALIDATORS.items()}
    limited |= dict.fromkeys(_NOT_TRIED, _ignored)
    limited["additionalProperties"] = _limited(_without_patterns(base.VALIDATORS["additionalProperties"]))
    limited["uniqueItems"] = _limited(_if_comparable(base.VALIDATORS["uniqueItems"]))
    ours: Any = jsonschema.validators.extend(base, limited)
    ours.evolve = _evolved
    return ours


def _evolved(validator: Any, **changes: Any) -> Any:
    """The validator of a part. jsonschema's own would take another class, without limits, for one with a `$schema`."""
    import attrs

    return attrs.evolve(validator, **changes)


#: A keyword's check: the validator, the keyword's value, what is checked, the schema that holds the keyword.
_Keyword = Callable[[Any, Any, Any, Any], Any]


def _ignored(validator: object, value: object, instance: object, schema: object) -> Iterator[Any]:
    return iter(())


def _limited(keyword: _Keyword) -> _Keyword:
    """The keyword, counted as a step."""

    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if _steps.left is not None:
            long = isinstance(instance, str | list | dict)
            _steps.left -= 1 + (len(instance) // _STEP_LENGTH if long else 0)
            if _steps.left < 0:
                raise _TooLongError("it takes too long")
        return keyword(validator, value, instance, schema)

    return check


def _without_patterns(additional: _Keyword) -> _Keyword:
    """`additionalProperties`, where no patterns say which those are."""

    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        return () if schema.get("patternProperties") else additional(validator, value, instance, schema)

    return check


def _if_comparable(unique: _Keyword) -> _Keyword:
    """`uniqueItems`, which takes time by the square of the items where they cannot be sorted."""

    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if isinstance(instance, list) and len(instance) > _MOST_COMPARED:
            kinds = set(map(type, instance))
            if kinds != {str} and not kinds <= {int, float}:
                raise _TooLongError("it takes too long")
        return unique(validator, value, instance, schema)

    return check


def _path(steps: Any) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _short(text: str, limit: int = 160) -> str:
    text = without_secrets(" ".join(text[: 10 * limit].split()))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
