"""What a service answered, checked and made into records.

The SDK checks nothing: `{}` with status 200 comes back as a job full of None, an HTML page as a text. Every function
here takes what the SDK returned (a model of its own, a raw response, or decoded JSON) and raises ServiceError, which is
temporary, if it is not what was asked for. Only what makes a thing what it is must be there (a job has an id and a
status); anything else may be missing, null or odd, as some services have it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from fttool.errors import ServiceError
from fttool.records.jobs import CheckpointView, EventView, FileView, JobError, JobView, ModelView, UploadView


class Page(NamedTuple):
    """One page of a list: its items as the service wrote them; `has_more` None if it did not say."""

    items: list[Mapping[str, Any]]
    has_more: bool | None


def job(answer: object) -> JobView:
    """A fine-tuning job."""
    raw = _thing(answer, "a job", needs=("id", "status"))
    error = _mapping(raw.get("error"))
    return JobView(
        id=raw["id"],
        status=raw["status"],
        model=_text(raw.get("model")),
        fine_tuned_model=_text(raw.get("fine_tuned_model")),
        created_at=_integer(raw.get("created_at")),
        finished_at=_integer(raw.get("finished_at")),
        estimated_finish=_integer(raw.get("estimated_finish")),
        trained_tokens=_integer(raw.get("trained_tokens")),
        training_file=_text(raw.get("training_file")),
        validation_file=_text(raw.get("validation_file")),
        result_files=tuple(each for each in _list(raw.get("result_files")) if isinstance(each, str)),
        hyperparameters=_mapping(raw.get("hyperparameters")),
        method=_mapping(raw.get("method")) or None,
        seed=_integer(raw.get("seed")),
        error=_job_error(error),
        metadata={key: value for key, value in _mapping(raw.get("metadata")).items() if isinstance(value, str)},
        raw=raw,
    )


def event(answer: object) -> EventView:
    """An event. Nothing in it must be there."""
    raw = decoded(answer)
    if not isinstance(raw, Mapping):
        raise _not_a("an event", raw)
    return EventView(
        id=_text(raw.get("id")),
        created_at=_integer(raw.get("created_at")),
        level=_text(raw.get("level")) or "info",
        message=_text(raw.get("message")) or "",
        type=_text(raw.get("type")) or "message",
        data=_mapping(raw.get("data")),
        raw=raw,
    )


def checkpoint(answer: object) -> CheckpointView:
    """A checkpoint."""
    raw = _thing(answer, "a checkpoint", needs=("id",))
    return CheckpointView(
        id=raw["id"],
        created_at=_integer(raw.get("created_at")),
        model=_text(raw.get("fine_tuned_model_checkpoint")),
        step=_integer(raw.get("step_number")),
        metrics=_mapping(raw.get("metrics")),
        raw=raw,
    )


def file(answer: object) -> FileView:
    """A file."""
    raw = _thing(answer, "a file", needs=("id",))
    return FileView(
        id=raw["id"],
        filename=_text(raw.get("filename")),
        bytes=_integer(raw.get("bytes")),
        purpose=_text(raw.get("purpose")),
        created_at=_integer(raw.get("created_at")),
        status=_text(raw.get("status")),
        expires_at=_integer(raw.get("expires_at")),
        raw=raw,
    )


def upload(answer: object) -> UploadView:
    """An upload in parts."""
    raw = _thing(answer, "an upload", needs=("id", "status"))
    return UploadView(
        id=raw["id"],
        status=raw["status"],
        bytes=_integer(raw.get("bytes")),
        filename=_text(raw.get("filename")),
        expires_at=_integer(raw.get("expires_at")),
        file=file(raw["file"]) if raw.get("file") else None,
        raw=raw,
    )


def part(answer: object) -> str:
    """The id of a part of an upload."""
    identifier: str = _thing(answer, "a part of an upload", needs=("id",))["id"]
    return identifier


def model(answer: object) -> ModelView:
    """A model."""
    raw = _thing(answer, "a model", needs=("id",))
    return ModelView(
        id=raw["id"],
        created=_integer(raw.get("created")),
        owned_by=_text(raw.get("owned_by")),
        shutdown_date=_text(raw.get("shutdown_date")),
        raw=raw,
    )


def deleted(answer: object) -> bool:
    """Whether the service says that it has deleted the thing (an empty answer counts as yes)."""
    raw = decoded(answer)
    if raw is None or raw == "":
        return True
    return _thing(raw, "the answer to a deletion").get("deleted") is not False


def page(answer: object, what: str) -> Page:
    """A page of a list; `what` is in it (`jobs`)."""
    raw = decoded(answer)
    if isinstance(raw, list):  # some gateways leave the envelope out
        return Page([each for each in raw if isinstance(each, Mapping)], has_more=False)
    envelope = _thing(raw, f"a list of {what}")
    items, told = envelope.get("data"), envelope.get("has_more")
    if not isinstance(items, list):
        raise _not_a(f"a list of {what}", raw)
    return Page([each for each in items if isinstance(each, Mapping)], told if isinstance(told, bool) else None)


def decoded(answer: object) -> Any:
    """The JSON of an answer: decoded from a raw response, taken out of a model of the SDK, or what is given."""
    response = getattr(answer, "http_response", None)
    if response is not None:
        try:
            return json.loads(response.content) if response.content else None
        except (ValueError, RecursionError):
            raise not_json(response.text) from None
    to_dict = getattr(answer, "to_dict", None)
    if callable(to_dict):
        return to_dict(mode="json", warnings=False)
    return answer


def not_json(text: str) -> ServiceError:
    """The error for an answer that should be JSON and is not: a page of a proxy, or an answer that was cut."""
    return _not_a("JSON", text)


def _thing(answer: object, what: str, needs: tuple[str, ...] = ()) -> Mapping[str, Any]:
    raw = decoded(answer)
    if not isinstance(raw, Mapping) or not raw:
        raise _not_a(what, raw)
    if any(not isinstance(raw.get(name), str) or not raw[name] for name in needs):
        raise _not_a(what, raw)
    return raw


def _not_a(what: str, raw: object) -> ServiceError:
    return ServiceError(
        f"the service answered something that is not {what}: {_shown(raw)}",
        hint="is the address that of an OpenAI-shaped service? `fttool config show` says where it comes from",
        temporary=True,
    )


def _shown(raw: object) -> str:
    """The beginning of an answer, on one line."""
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    if not text:
        return "nothing"
    return text if len(text) <= 100 else f"{text[:100]}…"


def _job_error(error: Mapping[str, Any]) -> JobError | None:
    """The service's `error`; `{}`, or one without any content, is none."""
    found = JobError(*(_text(error.get(name)) for name in ("code", "message", "param")))
    return found if found.code or found.message else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        return None
    return int(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
