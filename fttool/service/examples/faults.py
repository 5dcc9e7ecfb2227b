"""What is wrong with a row of a training file: the rules (fttool/rules) decide, beside the file's shape and method."""

from __future__ import annotations

from fttool.rules import errors
from fttool.service.examples.lines import Row
from fttool.service.examples.rows import METHOD_SHAPES, shape_of

_KEYS = {"chat": "'messages'", "completion": "'prompt' and 'completion'", "preference": "'input' and the two outputs"}


def row_fault(row: Row, shape: str | None, method: str) -> str | None:
    """Why a row cannot be trained on, with the id of the rule; None if it can.

    `shape` is the file's, None as long as no row has told it.
    """
    if shape is None:
        return _other_shape(row, None, method) or f"expected the keys {_wanted_keys(method)}"
    fault = next(errors(row, shape), None)
    if fault is not None:
        return _other_shape(row, shape, method) or f"{fault} [{fault.rule}]"
    return None


def _other_shape(row: Row, shape: str | None, method: str) -> str | None:
    own, wanted = shape_of(row), METHOD_SHAPES[method]
    if own is None or own == shape:
        return None
    if own not in wanted:
        return f"a {own} example, but the method '{method}' takes {' or '.join(wanted)} examples"
    return f"a {own} example among {shape} examples; a file has one shape"


def _wanted_keys(method: str) -> str:
    return " or ".join(_KEYS[name] for name in METHOD_SHAPES[method])
