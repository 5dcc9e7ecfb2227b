"""/fine_tuning/jobs: create, list, retrieve, cancel, pause, resume, events, checkpoints."""

from __future__ import annotations

import re
import secrets
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fttool.service import messages
from fttool.service.api import wire
from fttool.service.api.base_models import resolve
from fttool.service.api.bodies import JobBody
from fttool.service.api.endpoint import after_of, answer, limit_of, service_of, with_body
from fttool.service.api.service import Service
from fttool.service.ids import new_id
from fttool.service.records import UNFINISHED, FileRow, JobRow, NewEvent
from fttool.service.refusals import Refusal, bad, job_missing, too_many, unsupported

#: OpenAI names no greatest limit for these lists.
_MOST = 1000

_METADATA = re.compile(r"metadata\[(.*)\]\Z", re.DOTALL)


@with_body(JobBody)
def create(request: Request, body: JobBody) -> Response:
    """POST /fine_tuning/jobs. What is wrong within the files fails the job, not this call."""
    service = service_of(request)
    method = _method(body)
    most = service.limits.unfinished_jobs
    if service.store.unfinished() >= most:
        raise too_many(f"There are {most} fine-tuning jobs that are not finished: wait, or cancel some", 10)
    with service.blobs.held():  # so that neither the files' bytes nor the model are gone before the job is there
        trained = resolve(service, body.model)
        training = _training_data(service, body.training_file, "training_file")
        validation = None
        if body.validation_file is not None:
            validation = _training_data(service, body.validation_file, "validation_file")
        row = JobRow(
            id=new_id("ftjob-"),
            created_at=service.store.now(),
            model=trained.model,
            requested_model=body.model,
            trainer=trained.trainer,
            parent=trained.parent,
            training_file=training.id,
            training_sha=training.sha,
            validation_file=None if validation is None else validation.id,
            validation_sha=None if validation is None else validation.sha,
            method=method,
            suffix=body.suffix,
            seed=secrets.randbelow(2**31) if body.seed is None else body.seed,
            integrations=msgspec.to_builtins(body.integrations),
            metadata=body.metadata,
        )
        events = [messages.created(row.id)]
        if trained.alias:
            events.append(messages.alias(body.model, trained.trainer))
        service.store.add_job(row, events)
    service.poke()
    return answer(wire.job(row))


def _method(body: JobBody) -> dict[str, Any]:
    """The method and its hyperparameters as asked for. The older place for these is the body itself."""
    kind = "supervised" if body.method is None else body.method.type
    if kind == "reinforcement":
        raise unsupported("Reinforcement fine-tuning", "method.type")
    given = body.hyperparameters
    if body.method is not None:
        for other in ("supervised", "dpo", "reinforcement"):
            if other != kind and getattr(body.method, other) is not None:
                message = f"'method.{other}' does not go with 'method.type' '{kind}'"
                raise bad(message, f"method.{other}", "invalid_value")
        settings = getattr(body.method, kind)
        if settings is not None and settings.hyperparameters is not None:
            if given is not None:
                message = f"'hyperparameters' and 'method.{kind}.hyperparameters' are the same: give one of them"
                raise bad(message, "hyperparameters", "invalid_value")
            given = settings.hyperparameters
    asked = {} if given is None else msgspec.to_builtins(given)
    names = (*wire.HYPERPARAMETERS, *(("beta",) if kind == "dpo" else ()))
    values = {name: asked.get(name) for name in names}
    return {"type": kind, **{name: "auto" if value is None else value for name, value in values.items()}}


def _training_data(service: Service, file_id: str, param: str) -> FileRow:
    row = service.store.file(file_id)
    if row is None:
        raise bad(f"No such File object: {file_id}", param, "invalid_value")
    if row.purpose != "fine-tune":
        message = f"The file {file_id} has the purpose '{row.purpose}'; it must be 'fine-tune'"
        raise bad(message, param, "invalid_file_purpose")
    return row


def listed(request: Request) -> Response:
    """GET /fine_tuning/jobs."""
    page = service_of(request).store.jobs(limit_of(request, 20, _MOST), after_of(request), _metadata(request))
    return answer(wire.page(page, wire.job))


def _metadata(request: Request) -> dict[str, str] | Literal["null"] | None:
    """The filter of `metadata[key]=value` parameters, or `metadata=null`."""
    wanted: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name == "metadata" and value == "null":
            return "null"
        found = _METADATA.match(name)
        if found:
            wanted[found[1]] = value
        elif name == "metadata" and value:
            raise bad(
                "Invalid value for 'metadata': use metadata[key]=value, or metadata=null", "metadata", "invalid_value"
            )
    return wanted or None


def retrieve(request: Request) -> Response:
    """GET /fine_tuning/jobs/{id}."""
    return answer(wire.job(_found(request)))


def cancel(request: Request) -> Response:
    """POST /fine_tuning/jobs/{id}/cancel."""
    return _moved(request, UNFINISHED, "cancelled", messages.CANCELLED, "cancelled")


def pause(request: Request) -> Response:
    """POST /fine_tuning/jobs/{id}/pause: only once there is something to keep."""
    job = _found(request)
    if job.status == "running" and job.steps_done < 1:
        raise bad(f"The job {job.id} has not done a step yet: it can be paused after its first", None, "no_steps_yet")
    return _moved(request, ("running",), "paused", messages.PAUSED, "paused")


def resume(request: Request) -> Response:
    """POST /fine_tuning/jobs/{id}/resume."""
    return _moved(request, ("paused",), "queued", messages.RESUMED, "resumed")


def _moved(request: Request, frm: tuple[str, ...], to: str, event: NewEvent, done: str) -> Response:
    """Change a job's status, if it has one that allows it."""
    service = service_of(request)
    job = _found(request)
    if not service.store.change(job.id, frm, to, events=[event]):
        raise _wrong_state(_found(request), done)
    service.poke()
    return answer(wire.job(_found(request)))


def _wrong_state(job: JobRow, done: str) -> Refusal:
    state = f"has already {job.status}" if job.status in ("succeeded", "failed") else f"is {job.status}"
    return bad(f"The job {job.id} {state} and cannot be {done}", None, "invalid_job_status")


def events(request: Request) -> Response:
    """GET /fine_tuning/jobs/{id}/events: newest first."""
    job = _found(request)
    page = service_of(request).store.events(job.id, limit_of(request, 20, _MOST), after_of(request))
    return answer(wire.page(page, wire.event))


def checkpoints(request: Request) -> Response:
    """GET /fine_tuning/jobs/{id}/checkpoints: the last step first."""
    job = _found(request)
    page = service_of(request).store.checkpoints(job.id, limit_of(request, 10, _MOST), after_of(request))
    return answer(wire.page_with_ids(page, wire.checkpoint, nothing=None))


def _found(request: Request) -> JobRow:
    job_id = request.path_params["job_id"]
    row = service_of(request).store.job(job_id)
    if row is None:
        raise job_missing(job_id)
    return row


_JOB = "/fine_tuning/jobs/{job_id}"

routes = [
    Route("/fine_tuning/jobs", create, methods=["POST"]),
    Route("/fine_tuning/jobs", listed, methods=["GET"]),
    Route(_JOB, retrieve, methods=["GET"]),
    Route(f"{_JOB}/cancel", cancel, methods=["POST"]),
    Route(f"{_JOB}/pause", pause, methods=["POST"]),
    Route(f"{_JOB}/resume", resume, methods=["POST"]),
    Route(f"{_JOB}/events", events, methods=["GET"]),
    Route(f"{_JOB}/checkpoints", checkpoints, methods=["GET"]),
]
