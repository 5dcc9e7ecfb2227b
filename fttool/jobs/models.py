"""Models of a service: which are fine-tuned, which end soon, which one is meant when none is named."""

from __future__ import annotations

import re
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from fttool.errors import ServiceError, UsageError
from fttool.jobs import checked
from fttool.jobs.listing import PAGE_SIZE, list_jobs
from fttool.records.jobs import ModelView

if TYPE_CHECKING:
    from fttool.config import Setting
    from fttool.jobs.client import Client

#: From so many days before a model's end on it is worth a word: a training that is paid for should outlive it.
NOTICE_DAYS = 180

#: How fine-tuned models are named: `ft:BASE:ORG:SUFFIX:ID` (OpenAI, and fttool's own service), `BASE:ft-ORG-TIME`
#: (OpenAI until 2023), `BASE.ft-<32 hex>[-SUFFIX]` (Azure). A checkpoint has `:ckpt-step-N` behind it.
_FINE_TUNED = re.compile(r"ft:|[^:]+:ft-|.+\.ft-[0-9a-f]{32}", re.IGNORECASE)

#: Owners of models that come with a service. A fine-tuned one belongs to an organization or a user.
_VENDORS = re.compile(r"(openai(-\w+)?|system|azure|microsoft|fttool)", re.IGNORECASE)


def is_fine_tuned(model: str) -> bool:
    """Whether a model's name is one that a fine-tuned model has."""
    return _FINE_TUNED.match(model) is not None


def list_models(client: Client, *, fine_tuned: bool = False) -> list[ModelView]:
    """All models of the service, newest first; with `fine_tuned` those alone that are."""
    with client.speaking("list models"):
        answer = client.sdk.models.with_raw_response.list()
    found = [checked.model(item) for item in checked.page(answer, "models").items]
    unique = {view.id: view for view in found if not fine_tuned or is_fine_tuned(view.id)}
    return sorted(unique.values(), key=lambda view: (-(view.created or 0), view.id))


def get_model(client: Client, model: str) -> ModelView:
    """One model. Raises ServiceError if there is none of that name."""
    with client.speaking(f"get model `{model}`"):
        return checked.model(client.sdk.models.with_raw_response.retrieve(model))


def delete_model(client: Client, model: str) -> dict[str, object]:
    """Delete a fine-tuned model; what the service answered. Raises ServiceError if it did not do so."""
    with client.speaking(f"delete model `{model}`"):
        answer = client.sdk.models.with_raw_response.delete(model)
        if not checked.deleted(answer):
            raise ServiceError(f"the service did not delete model `{model}`, and does not say why")
    raw = checked.decoded(answer)
    return {"id": model, "object": "model", "deleted": True, **(raw if isinstance(raw, dict) else {})}


def check_deletable(view: ModelView, way: str = "") -> None:
    """Raise UsageError for a base model: it is not the user's to delete. `way`: that of `Client`."""
    if not is_fine_tuned(view.id) and (view.owned_by is None or _VENDORS.fullmatch(view.owned_by)):
        raise UsageError(
            f"`{view.id}` is a base model of the service; only fine-tuned models can be deleted",
            hint=f"`fttool models list --fine-tuned{way}` shows those",
        )


def shutdown_notice(view: ModelView, today: date) -> str | None:
    """One sentence if the service ends a model soon, or has done so; None if not, or if it does not say.

    What is fine-tuned from a model ends with it (OpenAI's deprecation page).
    """
    try:
        end = date.fromisoformat(view.shutdown_date or "")
    except ValueError:
        return None
    left = (end - today).days
    if left > NOTICE_DAYS:
        return None
    if left < 0:
        return f"model `{view.id}` was shut down on {end}"
    when = "today" if left == 0 else f"on {end}, in {left} day{'' if left == 1 else 's'}"
    return f"model `{view.id}` is shut down {when}, and with it every model fine-tuned from it"


def default_model(client: Client, setting: Setting) -> tuple[str, str]:
    """The model to ask when none is named, and why it. `setting` is the setting `model`.

    That setting is first of all the base model of new jobs. So it decides only if it names a fine-tuned model, or if
    no job has made one. Raises UsageError if there is nothing to go by.
    """
    named = setting.value if isinstance(setting.value, str) else None
    why = f"setting `model`, {setting.source}"
    if named is not None and is_fine_tuned(named):
        return named, why
    try:
        newest = _newest(client)
    except ServiceError:
        if named is None:
            raise
        newest = None  # a service without jobs still answers
    if newest is not None:
        return newest, "the newest fine-tuned model"
    if named is not None:
        return named, why
    raise UsageError(
        "no job has made a model yet: which one is meant?",
        hint=f"`-m MODEL` names one; `fttool models list{client.way}` shows them",
    )


def _newest(client: Client) -> str | None:
    """The model of the newest job that has made one; the newest that is not deleted, if the service lists them."""
    jobs = islice(list_jobs(client), PAGE_SIZE)
    made = [job.fine_tuned_model for job in jobs if job.fine_tuned_model and job.status == "succeeded"]
    if not made:
        return None
    try:
        listed = {view.id for view in list_models(client)}
    except ServiceError:
        return made[0]
    return next((model for model in made if model in listed), made[0])
