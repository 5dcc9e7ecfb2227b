"""Nebius Token Factory. Source: its documentation, and a recorded notebook of December 2025."""

from __future__ import annotations

from fttool.jobs.services.base import MB, Service

SERVICE = Service(
    name="nebius",
    title="Nebius Token Factory",
    checked="recorded answer",
    checked_on="2026-11-21",
    hosts=("tokenfactory.nebius.com", "studio.nebius.com", "studio.nebius.ai"),
    hyperparameters="top",
    methods=("supervised",),
    extra_parameters=("from_checkpoint",),
    extra_hyperparameters=(
        *("learning_rate", "lora", "lora_r", "lora_alpha", "lora_dropout", "packing", "warmup_ratio"),
        *("weight_decay", "max_grad_norm", "context_length"),
    ),
    metadata_filter=False,
    file_limit=5_000 * MB,
    parts=False,
    expires_after=False,
    pause=False,
    events_first="oldest",
    checkpoints_first="oldest",
    poll=10.0,
    names_model=False,
    deploy=(
        "its weights are the files of the last checkpoint; to have it served there, send "
        '`POST /v0/models {"name": …, "base_model": …, "source": "JOB:CHECKPOINT"}`'
    ),
    deviations=(
        "`fine_tuned_model` is not filled; each checkpoint has `result_files`, the weights to download",
        "`learning_rate_multiplier` is taken as the learning rate itself",
        "bad requests are answered 422 with `detail`",
        "events and checkpoints come oldest first; files have no status",
    ),
)
