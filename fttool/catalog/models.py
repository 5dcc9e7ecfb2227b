"""The models that services train, or trained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from fttool.catalog import names, table

#: The two shapes that services tell apart by model; preferences and the like are chats.
ModelShape = Literal["completion", "chat"]


@dataclass(frozen=True, slots=True)
class Model:
    """A base model of one service. Lengths in tokens, days as YYYY-MM-DD; None is not known.

    From the day `closes` on no new job trains it, from `ends` on neither it nor what is tuned from it answers.
    `vocabulary` is the name of tiktoken's encoding; None for a vocabulary that is not one of these.
    """

    service: str
    model: str
    aliases: tuple[str, ...]
    methods: tuple[str, ...]
    shapes: tuple[str, ...]
    vocabulary: str | None
    context: int | None
    longest_example: int | None
    vision: bool
    closes: str | None
    ends: str | None
    note: str | None
    source: str
    seen: str

    def trainable(self, today: date) -> bool:
        """Whether a new job may train it, as far as is known."""
        return self.closes is None or today < date.fromisoformat(self.closes)


@cache
def models() -> tuple[Model, ...]:
    """All that the table has, in its order."""
    return tuple(
        Model(
            service=row["service"],
            model=row["model"],
            aliases=tuple(row["aliases"].split()),
            methods=tuple(row["methods"].split()),
            shapes=tuple(row["shapes"].split()),
            vocabulary=row["vocabulary"] or None,
            context=table.number(row["context"]),
            longest_example=table.number(row["longest_example"]),
            vision=row["vision"] == "yes",
            closes=row["closes"] or None,
            ends=row["ends"] or None,
            note=row["note"] or None,
            source=row["source"],
            seen=row["seen"],
        )
        for row in table.rows("models")
    )


@cache
def _named(service: str | None) -> dict[str, Model]:
    return names.by_name(
        ((each.model, *each.aliases), each) for each in models() if service is None or each.service == service
    )


def find_model(model: str, service: str | None = None) -> Model | None:
    """What is known of a model (or of the base of a fine-tuned one) on a service; without one, on the first that
    has it, as OpenAI stands first."""
    return names.find(model, _named(service))


def known_model(model: str, service: str | None) -> Model | None:
    """What is known of a model on a service; where that is nothing, on any other."""
    return find_model(model, service) or find_model(model)


def longest(model: str, service: str) -> int | None:
    """The longest example that a model is trained on there, in tokens; None if it is not known."""
    found = find_model(model, service)
    return None if found is None else found.longest_example


def trainable(service: str, today: date) -> list[Model]:
    """The models that a service is known to train on that day."""
    return [each for each in models() if each.service == service and each.trainable(today)]


def doubts(model: str, service: str, method: str, today: date) -> list[str]:
    """Why a service may refuse to train a model so, a sentence each; nothing of models that the table does not have."""
    known = find_model(model, service)
    if known is None:
        return []
    found = []
    if not known.trainable(today):
        found.append(f"`{model}` takes no new jobs on {service} since {known.closes} ({known.source})")
    if method not in known.methods:
        taken = " or ".join(known.methods)
        found.append(
            f"`{model}` is not known to be trained with `{method}` on {service}, but with {taken} ({known.source})"
        )
    return found


def shutdown_date(model: str, service: str) -> str | None:
    """The day (YYYY-MM-DD) on which a base model and all that is tuned from it stop to answer, if it is known."""
    found = find_model(model, service)
    return None if found is None else found.ends


def shape_of(model: str) -> ModelShape | None:
    """The shape a base model is trained on; None for one that is not known, or that takes both."""
    found = find_model(model)
    if found is not None:
        return None if len(found.shapes) > 1 else "completion" if found.shapes == ("completion",) else "chat"
    return "chat" if names.base_name(model).startswith(_CHAT_MODELS) else None


#: Models of OpenAI that take chats, in whatever version.
_CHAT_MODELS = ("gpt-3.5-turbo", "gpt-4", "gpt-5", "o1", "o3", "o4")
