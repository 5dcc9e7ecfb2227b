"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import Scope

from fttool import __version__
from fttool.service.api.endpoint import answer
from fttool.service.api.guard import Guard
from fttool.service.api.routes import chat, completions, files, jobs, models, unsupported, uploads
from fttool.service.api.service import Service
from fttool.service.refusals import Refusal


def create_app(service: Service, *, within: Sequence[Middleware] = ()) -> Starlette:
    """The application that serves `service`, with and without the prefix `/v1`.

    `within` is middleware behind the guard: what it does to answers, clients see.
    """
    routes: list[BaseRoute] = [Route("/health", health, methods=["GET"])]
    for module in (files, uploads, jobs, models, completions, chat, unsupported):
        routes += module.routes
    prefixed = Mount("/v1", app=Router(routes, redirect_slashes=False))
    app = Starlette(
        routes=[*routes, prefixed],
        middleware=[Middleware(Guard, service=service), *within],
        exception_handlers={HTTPException: _http_error(routes)},
    )
    app.router.redirect_slashes = False
    app.state.service = service
    return app


def health(request: Request) -> Response:
    """GET /health: that it is there, for whoever starts it. Needs no key, and tells nothing else."""
    return answer({"service": "fttool", "version": __version__})


def _http_error(routes: Sequence[BaseRoute]) -> Callable[[Request, Exception], Response]:
    """Says what the router itself refuses in OpenAI's envelope and words."""

    def answer_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        asked = f"{request.method} {request.url.path}"
        refusal = Refusal(status, f"Invalid request ({asked})")
        if status == 404:
            refusal = Refusal(404, f"Invalid URL ({asked})", code="unknown_url")
        elif status == 405:
            allowed = ", ".join(sorted(_methods(routes, request.scope)))
            message = f"Not allowed: {asked} (possible is {allowed})"
            refusal = Refusal(405, message, code="method_not_supported", headers={"Allow": allowed})
        return answer(refusal.envelope(), status, refusal.headers)

    return answer_error


def _methods(routes: Sequence[BaseRoute], scope: Scope) -> set[str]:
    """The methods that the routes of a path take together."""
    matching = (route for route in routes if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE)
    return {method for route in matching for method in route.methods or ()}
