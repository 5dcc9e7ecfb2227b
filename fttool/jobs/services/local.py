"""fttool's own service on this machine. It is tested with every change, against the running service."""

from __future__ import annotations

from fttool.jobs.services.base import MB, Service

SERVICE = Service(
    name="local",
    title="fttool's own service",
    checked="live",
    checked_on="2026-11-21",
    methods=("supervised", "dpo"),
    file_limit=512 * MB,
    poll=0.25,
    settle=0.0,
    deviations=(
        "preferences (dpo) are trained on the preferred outputs alone, and an event says so",
        "no reinforcement, no graders, no checkpoint permissions",
    ),
)
