"""Rows for tests of the store."""

from __future__ import annotations

from typing import Any

from fttool.service.ids import new_id
from fttool.service.records import (
    CheckpointRow,
    FileRow,
    JobRow,
    ModelRow,
    NewEvent,
)
from fttool.service.store import Store

METHOD = {"type": "supervised", "n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}


def new_job(store: Store, status: str = "validating_files", **more: Any) -> str:
    row = JobRow(
        id=new_id("ftjob-"),
        created_at=1,
        model="baseline",
        requested_model="baseline",
        trainer="baseline",
        training_file="file-a",
        training_sha="a" * 64,
        method=METHOD,
        seed=1,
        status=status,
        **more,
    )
    store.add_job(row, [NewEvent("created")])
    return row.id


def new_file(store: Store, **more: Any) -> FileRow:
    values: dict[str, Any] = {
        "created_at": 1,
        "bytes": 3,
        "filename": "a.jsonl",
        "purpose": "fine-tune",
        "sha": "a" * 64,
    }
    row = FileRow(new_id("file-"), **{**values, **more})
    store.add_file(row)
    return row


def checkpoint(store: Store, job_id: str, step: int, attempt: int = 0, folder: str = "") -> list[str] | None:
    name = f"ft:baseline:local::{job_id[-8:]}:ckpt-step-{step}"
    folder = folder or f"c{step}"
    row = CheckpointRow(new_id("ftckpt_"), 1, job_id, name, step, {"step": step}, folder)
    return store.add_checkpoint(row, attempt, ModelRow(name, 1, "local", job_id, "baseline", "baseline", folder))


def said(store: Store, job_id: str) -> list[str]:
    """The messages of a job, oldest first."""
    return [event.message for event in store.events(job_id, 100_000).rows][::-1]
