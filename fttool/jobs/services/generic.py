"""A service that fttool does not know: OpenAI's shape, and as little else as possible."""

from __future__ import annotations

from fttool.jobs.services.base import Service

SERVICE = Service(
    name="generic",
    title="an OpenAI-shaped service",
    checked="documentation",
    checked_on="2026-11-21",
    hyperparameters="top",
    metadata_filter=False,
    parts=False,
    names_model=True,
    deviations=("nothing is known of it: answers are read with care, and only the oldest fields are sent",),
)
