"""Parts of OpenAI's fine-tuning API that this service does not have, and says so."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fttool.service.refusals import unsupported


def _refusing(what: str) -> Callable[[Request], Response]:
    def refuse(request: Request) -> Response:
        raise unsupported(what)

    return refuse


_graders = _refusing("Grading (reinforcement fine-tuning)")
_permissions = _refusing("Sharing checkpoints between projects")
_CHECKPOINT = "/fine_tuning/checkpoints/{model:path}/permissions"

routes = [
    Route("/fine_tuning/alpha/graders/{action}", _graders, methods=["POST"]),
    Route(_CHECKPOINT, _permissions, methods=["GET", "POST"]),
    Route(f"{_CHECKPOINT}/{{permission}}", _permissions, methods=["GET", "DELETE"]),
]
