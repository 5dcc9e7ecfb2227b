"""/models: list, retrieve, delete."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fttool.service.api import wire
from fttool.service.api.endpoint import answer, service_of
from fttool.service.refusals import Refusal, model_missing
from fttool.service.trainers import TRAINERS


def listed(request: Request) -> Response:
    """GET /models: the base models, then the fine-tuned ones and checkpoints."""
    rows = service_of(request).store.models()
    return answer(wire.everything([*map(wire.base_model, TRAINERS), *map(wire.model, rows)]))


def retrieve(request: Request) -> Response:
    """GET /models/{id}."""
    name = request.path_params["model"]
    if name in TRAINERS:
        return answer(wire.base_model(name))
    row = service_of(request).store.model(name)
    if row is None:
        raise model_missing(name)
    return answer(wire.model(row))


def delete(request: Request) -> Response:
    """DELETE /models/{id}: the model and its folder. Its job, and other checkpoints of it, stay."""
    service = service_of(request)
    name = request.path_params["model"]
    if name in TRAINERS:
        message = f"The base model '{name}' cannot be deleted, only fine-tuned ones can"
        raise Refusal(403, message, param="model", code="base_model")
    with service.blobs.held():  # no job begins to need it meanwhile
        row = service.store.delete_model(name)
        if row is None:
            raise model_missing(name)
        if service.models is not None:
            service.models.forget(name)
        service.remove_model_folder(row.folder)
    return answer(wire.deleted(name, "model"))


routes = [
    Route("/models", listed, methods=["GET"]),
    # Names may have a `/`: from clients it comes as %2F, which is decoded before routes are looked at.
    Route("/models/{model:path}", retrieve, methods=["GET"]),
    Route("/models/{model:path}", delete, methods=["DELETE"]),
]
