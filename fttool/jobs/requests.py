"""The request that creates a job: from what the user said to the JSON that the service gets.

All that can be known to be wrong is refused here, before a file is uploaded or money is spent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fttool.errors import UsageError
from fttool.jobs import hyperparameters
from fttool.jobs.services.base import Service

#: Bounds of OpenAI's OpenAPI document of 21 Aug 2026.
_MOST_METADATA, _LONGEST_KEY, _LONGEST_VALUE = 16, 64, 512
_MOST_SEED = 2**31 - 1
_MOST_INTEGRATIONS = 5

#: Types of graders, by which a file with a grader alone is known. Source: OpenAI's OpenAPI document of 21 Aug 2026.
_GRADERS = ("string_check", "text_similarity", "python", "score_model", "label_model", "multi")

#: What the legacy API had and today's does not: option -> what there is instead. (Its classification metrics are
#: measured by fttool itself.)
LEGACY: dict[str, str] = {"prompt_loss_weight": "services learn from the completion alone"}


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What the user said about a job. Hyperparameters are as they were typed; None is what was not given."""

    model: str
    hyperparameters: Mapping[str, str | None] = field(default_factory=dict)
    extra_hyperparameters: Mapping[str, str] = field(default_factory=dict)
    suffix: str | None = None
    seed: int | None = None
    method: str | None = None
    method_json: Mapping[str, Any] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    integrations: Sequence[str] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    legacy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """The body without its files, and what to warn of."""

    body: Mapping[str, Any]
    warnings: Sequence[str] = ()

    def with_files(self, training: str, validation: str | None) -> dict[str, Any]:
        """The whole body."""
        files = {"training_file": training, **({} if validation is None else {"validation_file": validation})}
        return {"model": self.body["model"], **files, **{k: v for k, v in self.body.items() if k != "model"}}


def make_request(options: JobOptions, service: Service) -> JobRequest:
    """The request for a service. Raises UsageError for what it would refuse, or what makes no sense."""
    warnings: list[str] = []
    body: dict[str, Any] = {"model": options.model}
    body.update(_method(options, service, warnings))
    if options.suffix is not None:
        body["suffix"] = _suffix(options.suffix, service)
    if options.seed is not None:
        if not 0 <= options.seed <= _MOST_SEED:
            raise UsageError(f"--seed must be from 0 to {_MOST_SEED}, not {options.seed}")
        body["seed"] = options.seed
    if options.integrations:
        body["integrations"] = [_integration(text, service) for text in options.integrations]
        if len(body["integrations"]) > _MOST_INTEGRATIONS:
            raise UsageError(f"a job has at most {_MOST_INTEGRATIONS} integrations")
    if options.metadata:
        body["metadata"] = _metadata(options.metadata, service)
    for name, text in options.extra.items():
        if name not in service.extra_parameters:
            warnings.append(f"fttool knows no `{name}` of {service.title}: it is sent as it is")
        body[name] = hyperparameters.plain(text)
    _legacy(options.legacy, service, body, warnings)
    return JobRequest(body, warnings)


def method_of(request: JobRequest) -> str:
    """The method that a request trains with: supervised if it does not say."""
    kind: str = request.body.get("method", {}).get("type", "supervised")
    return kind


def _method(options: JobOptions, service: Service, warnings: list[str]) -> dict[str, Any]:
    """`method`, or `hyperparameters` for services that know only the older form; nothing where all is `auto`."""
    given = dict(options.method_json or {})
    if given.get("type") in _GRADERS:  # the file that `prepare_data --grader` takes
        given = {"type": "reinforcement", "reinforcement": {"grader": given}}
    kind = given.pop("type", None) if options.method_json is not None else None
    if kind is not None and options.method not in (None, kind):
        raise UsageError(f"--method says `{options.method}`, and the file of --method-json `{kind}`")
    method = options.method or kind or "supervised"
    if method not in hyperparameters.KNOWN["n_epochs"].methods:
        raise UsageError(f"--method takes supervised, dpo or reinforcement, not `{method}`")
    if method not in service.methods:
        known = ", ".join(service.methods)
        raise UsageError(f"{service.title} does not train with `{method}`", hint=f"it knows {known}")
    inner: dict[str, Any] = dict(given.pop(method, {}) if kind is not None else given)
    values: dict[str, Any] = dict(inner.pop("hyperparameters", None) or {})
    values.update(hyperparameters.parse(options.hyperparameters, method, strict=service.hyperparameters == "method"))
    for name, value in hyperparameters.parse_extra(options.extra_hyperparameters).items():
        if name not in service.extra_hyperparameters and name not in hyperparameters.KNOWN:
            warnings.append(f"fttool knows no hyperparameter `{name}` of {service.title}: it is sent as it is")
        values[name] = value
    if method == "reinforcement" and "grader" not in inner:
        raise UsageError("reinforcement needs a grader", hint='--method-json FILE holds it: {"grader": {"type": …}}')
    if values:
        inner = {"hyperparameters": values, **inner}
    if method == "supervised" and not (set(inner) - {"hyperparameters"}):
        if service.hyperparameters == "top":
            return inner
        if not inner and options.method is None and kind is None:
            return {}
    return {"method": {"type": method, **({method: inner} if inner else {})}}


def _suffix(text: str, service: Service) -> str:
    if not 1 <= len(text) <= service.suffix_length:
        raise UsageError(f"--suffix must have 1 to {service.suffix_length} characters, not {len(text)}")
    if re.fullmatch(service.suffix_pattern, text) is None or not text.isprintable():
        raise UsageError(
            f"{service.title} takes no suffix like `{text}`", hint="letters, digits, `-` and `_` are taken"
        )
    return text


def _integration(text: str, service: Service) -> dict[str, Any]:
    """`wandb:PROJECT[:NAME[:ENTITY]]`."""
    kind, *parts = text.split(":")
    if kind not in service.integrations:
        known = ", ".join(service.integrations) or "none"
        raise UsageError(f"{service.title} knows no integration `{kind}`", hint=f"it knows {known}")
    if not parts or not parts[0] or len(parts) > 3:
        raise UsageError(f"--integration takes {kind}:PROJECT[:NAME[:ENTITY]], not `{text}`")
    named = zip(("project", "name", "entity"), parts, strict=False)
    return {"type": kind, kind: {name: value for name, value in named if value}}


def _metadata(pairs: Mapping[str, str], service: Service) -> dict[str, str]:
    if not service.metadata:
        raise UsageError(f"{service.title} keeps no metadata: leave --metadata out")
    if len(pairs) > _MOST_METADATA:
        raise UsageError(f"a job has at most {_MOST_METADATA} pairs of metadata, not {len(pairs)}")
    for key, value in pairs.items():
        if len(key) > _LONGEST_KEY:
            raise UsageError(f"the metadata key `{key[:20]}…` has {len(key)} characters; {_LONGEST_KEY} are the most")
        if len(value) > _LONGEST_VALUE:
            raise UsageError(f"the metadata of `{key}` has {len(value)} characters; {_LONGEST_VALUE} are the most")
    return dict(pairs)


def _legacy(given: Mapping[str, Any], service: Service, body: dict[str, Any], warnings: list[str]) -> None:
    """Options of the legacy API: sent where the service knows them, else warned of, all in one line."""
    wanted = {name: value for name, value in given.items() if value is not None and value is not False}
    if service.legacy_parameters:
        body.update(wanted)
    elif wanted:
        names = ", ".join(f"--{name}" for name in wanted)
        instead = "; ".join(dict.fromkeys(LEGACY[name] for name in wanted if LEGACY[name]))
        warnings.append(f"not sent, since {service.title} has no such setting: {names}{instead and f' ({instead})'}")


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`K=V` texts as a mapping. Raises UsageError for one that is none, or a key that comes twice."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{option} takes NAME=VALUE, not `{text}`")
        if key in found:
            raise UsageError(f"{option} gives `{key}` twice")
        found[key] = value
    return found
