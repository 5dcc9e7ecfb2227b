"""What the old API had and today's lacks, or fttool does not do: each names what there is instead."""

from __future__ import annotations

from fttool.cli.legacy.grammar import Entry

_MODELS = "engines are called models today: `fttool api models.list` and `fttool api models.get -i MODEL`"
_COMPLETIONS = "engines are called models today: `fttool api completions.create -m MODEL -p PROMPT`"
_DEPLOYMENTS = (
    "deployments are made on Azure's side today, with `az cognitiveservices account deployment`; "
    "`fttool follow` names the command for a new model"
)
_ELSEWHERE = "fttool is for fine-tuning: the `openai` package goes on to do that"

_REASONS = {
    "engines.list": _MODELS,
    "engines.get": _MODELS,
    "engines.update": "engines have no replicas any more: models are there for all, and nothing is to be set",
    "engines.generate": _COMPLETIONS,
    "deployments.list": _DEPLOYMENTS,
    "deployments.get": _DEPLOYMENTS,
    "deployments.create": _DEPLOYMENTS,
    "deployments.delete": _DEPLOYMENTS,
    "image.create": f"{_ELSEWHERE} (`client.images.generate`)",
    "image.create_edit": f"{_ELSEWHERE} (`client.images.edit`)",
    "image.create_variation": f"{_ELSEWHERE} (`client.images.create_variation`)",
    "images.generate": f"{_ELSEWHERE} (`client.images.generate`)",
    "images.edit": f"{_ELSEWHERE} (`client.images.edit`)",
    "images.create_variation": f"{_ELSEWHERE} (`client.images.create_variation`)",
    "audio.transcribe": f"{_ELSEWHERE} (`client.audio.transcriptions.create`)",
    "audio.translate": f"{_ELSEWHERE} (`client.audio.translations.create`)",
    "audio.transcriptions.create": f"{_ELSEWHERE} (`client.audio.transcriptions.create`)",
    "audio.translations.create": f"{_ELSEWHERE} (`client.audio.translations.create`)",
}

COMMANDS = tuple(Entry(name, "Not in fttool.", refused=reason) for name, reason in _REASONS.items())
