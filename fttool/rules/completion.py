"""A prompt and its completion: what a service refuses; prepare_data has checks of its own for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fttool.rules.base import Fault, kind


def completion_faults(row: Mapping[str, Any]) -> Iterator[Fault]:
    """Faults of a prompt and its completion. Source: OpenAI's legacy fine-tuning guide."""
    prompt, completion = row.get("prompt"), row.get("completion")
    if prompt is None:
        yield Fault("missing-prompt", "prompt", "is null" if "prompt" in row else "is missing")
    elif not isinstance(prompt, str):
        yield Fault("value-type", "prompt", f"is {kind(prompt)}, not text")
    if completion is None:
        yield Fault("empty-completion", "completion", "is null" if "completion" in row else "is missing")
    elif not isinstance(completion, str):
        yield Fault("value-type", "completion", f"is {kind(completion)}, not text")
    elif not completion or completion.isspace():
        yield Fault("empty-completion", "completion", "is only white space" if completion else "is empty")
