"""Which model a name means: a trainer's base model, one that was fine-tuned here, or an alias for another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fttool.service.refusals import model_missing
from fttool.service.trainers import TRAINERS

if TYPE_CHECKING:
    from fttool.service.api.service import Service

#: How the names of well-known models of elsewhere begin; those of Hugging Face have a `/`.
FAMILIES = ("gpt-", "chatgpt-", "ada", "babbage", "curie", "davinci", "text-", "o1", "o3", "o4")

#: What trains in their place.
DEFAULT_TRAINER = "baseline"


@dataclass(frozen=True)
class Trained:
    """What a job trains: the model's id, by which trainer, from which folder on; `alias`: the name was another's."""

    model: str
    trainer: str
    parent: str | None = None
    alias: bool = False


def resolve(service: Service, name: str) -> Trained:
    """What a job with this model trains.

    Raises:
        Refusal: 404 model_not_found.
    """
    if name in TRAINERS:
        return Trained(name, name)
    row = service.store.model(name)
    if row is not None:
        return Trained(row.id, row.trainer, parent=row.folder)
    if name in service.aliases:
        trainer = service.aliases[name]
        return Trained(trainer, trainer, alias=True)
    if not name.startswith("ft:") and (name.startswith(FAMILIES) or "/" in name):
        return Trained(DEFAULT_TRAINER, DEFAULT_TRAINER, alias=True)
    raise model_missing(name)
