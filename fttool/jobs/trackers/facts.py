"""What a tracker is told of a job: its configuration without any key, its metrics under one set of names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from fttool.config.secrets import redact
from fttool.jobs.result_table import NAMES
from fttool.jobs.trackers.base import RunKey, Step
from fttool.jobs.training import STEP
from fttool.records.results import METRICS

if TYPE_CHECKING:
    from fttool.jobs.client import Client
    from fttool.records.jobs import EventView, JobView
    from fttool.records.results import ResultRow

#: Fields that are keys, whatever they hold.
_SECRET = re.compile(r"(?i)(^|[_-])(api[_-]?key|access[_-]?key|authorization|password|secret|token)$")

_TIMES = ("created_at", "finished_at", "estimated_finish")

#: In the data of metrics events: not measured.
_NO_METRICS = ("step", "total_steps")

#: What W&B takes in the id of a run (its documentation: none of / \ # ? % :).
_ODD = re.compile(r"[^A-Za-z0-9_.-]")


def run_key(client: Client, job_id: str) -> RunKey:
    """The key of a job's run.

    On OpenAI it is the job's id, so that runs of the legacy command and of W&B's own integration are found again. Ids
    of other services are their own affair: there the address is part of it. fttool's own service has another address
    each time it starts; its ids are unique.
    """
    if client.local or client.service.name == "openai":
        return RunKey(_ODD.sub("-", job_id), job_id)
    place = hashlib.sha256(f"{client.address.rstrip('/')} {job_id}".encode()).hexdigest()[:8]
    return RunKey(f"{_ODD.sub('-', job_id)[:100]}-{place}", job_id)


def config(client: Client, job: JobView) -> dict[str, Any]:
    """The job as its service has it, with times to read, and the service; no key is in it."""
    told = {name: value for name, value in without_secrets(job.raw).items() if name != "object"}
    for name in _TIMES:
        if isinstance(told.get(name), int | float):
            told[name] = _time(told[name])
    address = None if client.local else client.address
    return {**told, "service": {"name": client.service.name, "address": address}}


def without_secrets(value: Any) -> Any:
    """`value` with its keys blotted out, at any depth."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            redact(str(name)): "[key hidden]" if _SECRET.search(str(name)) and part else without_secrets(part)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(part) for part in value]
    return value


def hyperparameters(job: JobView) -> dict[str, Any]:
    """The hyperparameters of a job that are one value each, wherever its service keeps them."""
    kind = job.method.get("type") if job.method else None
    inner = job.method.get(kind) if job.method and isinstance(kind, str) else None
    found = inner.get("hyperparameters") if isinstance(inner, Mapping) else None
    values = {**job.hyperparameters, **(found if isinstance(found, Mapping) else {})}
    return {name: value for name, value in values.items() if isinstance(value, str | int | float)}


def evaluation(client: Client, job: JobView) -> dict[str, float]:
    """What `evaluate` or `create` measured of the finished model on this machine, by name; empty if nothing was."""
    from fttool.jobs.evaluate import kept
    from fttool.jobs.evaluate.run import account_of

    found = [each for each in kept.load(account_of(client), job.id) if each.model == job.fine_tuned_model]
    return {name: value for each in found for name, value in each.values.items() if value is not None}


def event_step(event: EventView) -> Step | None:
    """The metrics that an event tells, None if it tells none."""
    told = STEP.match(event.message)
    step = event.number("step")
    if step is None:
        step = float(told[1]) if told else None
    if step is None:
        return None
    metrics = {
        NAMES.get(name.lower(), name): value
        for name, value in event.data.items()
        if name not in _NO_METRICS and isinstance(value, int | float) and not isinstance(value, bool)
    }
    if not metrics and told:  # a service that sends none of the data
        words = {"train_loss": told[3], "valid_loss": told[4]}
        metrics = {name: found for name, text in words.items() if (found := _number(text)) is not None}
    return Step(int(step), metrics, event.created_at) if metrics else None


def event_steps(events: Iterable[EventView]) -> list[Step]:
    """The metrics of all events, by step. What several of them say of one step is put together."""
    found: dict[int, Step] = {}
    for event in events:
        step = event_step(event)
        if step is not None:
            before = found.get(step.step)
            found[step.step] = step if before is None else step._replace(metrics={**before.metrics, **step.metrics})
    return [found[step] for step in sorted(found)]


def row_steps(rows: Iterable[ResultRow]) -> list[Step]:
    """The metrics of a result file, by step."""
    found = {}
    for row in rows:
        names = (*METRICS, *row.other)
        metrics = {name: value for name in names if (value := row.value(name)) is not None}
        found[row.step] = Step(row.step, metrics)
    return [found[step] for step in sorted(found) if found[step].metrics]


def _time(seconds: float) -> str | float:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):  # no time, whatever the service means by it
        return seconds


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
