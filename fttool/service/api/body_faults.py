"""What is wrong with a request's body: msgspec's findings in OpenAI's words."""

from __future__ import annotations

import re
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from fttool.service.refusals import Refusal, bad, unknown_parameter

_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_CHOICE = re.compile(r"Invalid enum value (.*)", re.DOTALL)

#: JSON's types in words.
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def refusal(problem: str, kind: type[Struct]) -> Refusal:
    """The answer to a body of type `kind`, given msgspec's message: 400 with the parameter's name in `param`."""
    said, _, place = problem.partition(" - at ")
    where = place.replace("`key` in ", "").strip("`").removeprefix("$").removeprefix(".").replace("[...]", "")
    if unknown := _UNKNOWN.match(said):
        return unknown_parameter(unknown[1], _fields(_at(kind, where)), where)
    if missing := _MISSING.match(said):
        param = f"{where}.{missing[1]}" if where else missing[1]
        return bad(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")
    choices = [f"'{value}'" for part in _parts(_at(kind, where)) for value in _literals(part)]
    if expected := _EXPECTED.match(said):
        wanted = [word for word in expected[1].split(" | ") if word != "null" and not (word == "str" and choices)]
        listed = " or ".join([_WORDS.get(word, word) for word in wanted] + choices)
        what = f"Invalid type for '{where}'" if where else "Invalid body of the request"
        return bad(
            f"{what}: expected {listed}, got {_WORDS.get(expected[2], expected[2])}.", where or None, "invalid_type"
        )
    if choice := _CHOICE.match(said):
        return bad(
            f"Invalid value for '{where}': {choice[1]}; supported is {', '.join(choices)}.", where, "invalid_value"
        )
    said = said.replace("`", "").replace("int >=", "a number >=").replace("int <=", "a number <=")
    said = said.replace("float >", "a number >").replace("float <=", "a number <=").replace("str of", "a text of")
    return bad(f"Invalid value for '{where}': {said[0].lower()}{said[1:]}.", where or None, "invalid_value")


def _at(kind: Any, where: str) -> Any:
    """The type that stands at a place such as `method.supervised` or `integrations[0].wandb`."""
    for name in re.findall(r"[^.\[\]]+|\[\d+\]", where):
        if name.startswith("["):
            kind = next((get_args(part)[0] for part in _parts(kind) if get_origin(part) is list), None)
        else:
            struct = _struct(kind)
            kind = None if struct is None else get_type_hints(struct, include_extras=True).get(name)
    return kind


def _fields(kind: Any) -> list[str]:
    struct = _struct(kind)
    return [] if struct is None else [field.name for field in msgspec.structs.fields(struct)]


def _struct(kind: Any) -> Any:
    """The record among the types that a field may have."""
    return next((part for part in _parts(kind) if isinstance(part, type) and issubclass(part, Struct)), None)


def _literals(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _parts(kind: Any) -> list[Any]:
    """The types of a union, without what is annotated."""
    if get_origin(kind) is Annotated:
        return _parts(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [inner for part in get_args(kind) for inner in _parts(part)]
    return [kind]
