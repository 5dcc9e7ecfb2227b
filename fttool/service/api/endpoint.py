"""What every endpoint needs: bodies, query parameters within bounds, JSON answers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from fttool.service.api.bodies import decode
from fttool.service.refusals import bad

if TYPE_CHECKING:
    from fttool.service.api.service import Service

B = TypeVar("B", bound=Struct)


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    return cast("Service", request.app.state.service)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def with_body(
    kind: type[B],
) -> Callable[[Callable[[Request, B], Response]], Callable[[Request], Coroutine[Any, Any, Response]]]:
    """Makes an endpoint of a function that wants the request and its JSON body. It runs in a worker thread."""

    def decorate(function: Callable[[Request, B], Response]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        @wraps(function)
        async def endpoint(request: Request) -> Response:
            raw = await request.body()  # bounded by the guard
            return await run_in_threadpool(lambda: function(request, decode(raw, kind)))

        return endpoint

    return decorate


def limit_of(request: Request, default: int, most: int) -> int:
    """The query's `limit`.

    Raises:
        Refusal: 400, it is no number from 1 to `most`.
    """
    text = request.query_params.get("limit")
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not 1 <= int(text) <= most:
        raise bad(f"Invalid value for 'limit': expected a number from 1 to {most}.", "limit", "invalid_value")
    return int(text)


def after_of(request: Request) -> str | None:
    """The query's `after`: the id of the last item that was seen."""
    return request.query_params.get("after") or None


def choice_of(request: Request, name: str, choices: tuple[str, ...]) -> str | None:
    """A parameter of the query that is one of some words, or absent. Raises Refusal (400) for another."""
    value = request.query_params.get(name) or None
    if value is not None and value not in choices:
        listed = ", ".join(f"'{choice}'" for choice in choices)
        raise bad(f"Invalid value for '{name}': expected one of {listed}.", name, "invalid_value")
    return value
