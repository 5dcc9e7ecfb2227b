"""What the two endpoints that answer with a model share: finding the model, and sending the answer."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from fttool.service.api.endpoint import answer, service_of
from fttool.service.inference.streaming import ClientGone, event_stream, last_of
from fttool.service.refusals import Refusal, bad
from fttool.service.trainers import TRAINERS, Model

if TYPE_CHECKING:
    from fttool.service.api.service import Service
    from fttool.service.inference.models_cache import ModelCache

#: What proxies call it when the client has closed the connection. Nobody is there to read it.
_CLIENT_GONE = 499


async def find_model(request: Request, name: str) -> Model:
    """The model of that name, loaded.

    Raises:
        Refusal: (400) a base model, which knows nothing yet; (404) there is none; (500) its files are damaged.
    """
    return await anyio.to_thread.run_sync(_find_model, service_of(request), name)


async def reply(request: Request, steps: Iterator[dict[str, Any] | None], stream: bool) -> Response:
    """Send the one object that `steps` ends with; or all of them, as events, in a stream."""
    if stream:
        return await event_stream(request, (step for step in steps if step is not None))
    try:
        found = await last_of(request, steps)
    except ClientGone:
        return Response(status_code=_CLIENT_GONE)
    return answer(found[-1])


def _find_model(service: Service, name: str) -> Model:
    models: ModelCache = service.models
    row = service.store.model(name)
    if row is not None:
        try:
            return models.get(row)
        except Refusal:
            if service.store.model(name) is not None:  # else it is not damaged, but was deleted just now
                raise
    if name in TRAINERS:
        raise bad(
            f"The base model '{name}' answers only once fine-tuned: it knows nothing but a training file. "
            "Create a fine-tuning job and use the model that comes of it.",
            "model",
            "model_not_supported",
        )
    close = get_close_matches(name, [model.id for model in service.store.models()], n=1)
    hint = f" Did you mean '{close[0]}'?" if close else " GET /v1/models lists those there are."
    raise Refusal(
        404,
        f"The model '{name}' does not exist here: this service answers with models that were fine-tuned on it.{hint}",
        code="model_not_found",
        param="model",
    )
