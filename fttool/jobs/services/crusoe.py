"""Crusoe Serverless Fine-Tuning (`https://api.intelligence.crusoecloud.com/v1`).

Source: its guide "Fine-tune a model" (docs.crusoecloud.com), which drives it with the OpenAI SDK. No answer of it was
seen, so nothing is assumed that the guide does not say.
"""

from __future__ import annotations

from fttool.jobs.services.base import MB, Service

SERVICE = Service(
    name="crusoe",
    title="Crusoe",
    checked="documentation",
    checked_on="2026-11-21",
    hosts=("crusoe.ai", "crusoecloud.com"),
    methods=("supervised",),
    hyperparameters="top",
    metadata_filter=False,
    file_limit=3_000 * MB,
    parts=False,
    expires_after=False,
    pause=False,
    poll=10.0,
    names_model=False,
    deploy="what it trains are LoRA adapters: download the files of the last checkpoint and serve them yourself",
    deviations=(
        "trains on chats only",
        "its result are checkpoints with LoRA adapters, not a model that answers there",
    ),
)
