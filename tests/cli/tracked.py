"""For tests of trackers: jobs of every kind on fttool's own service, and what is in an offline run of W&B."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_BLOCK = 32 * 1024

ROWS = [
    {"prompt": f"I {word} this, {number} ->", "completion": f" {label}"}
    for number in range(20)
    for word, label in (("like", "good"), ("hate", "bad"))
]

#: Chats of several turns, one of them with a tool.
CHATS = [
    {
        "messages": [
            {"role": "system", "content": "Sort."},
            {"role": "user", "content": f"I {word} this, {number}"},
            {"role": "assistant", "content": "How much?"},
            {"role": "user", "content": "very"},
            {"role": "assistant", "content": label},
        ]
    }
    for number in range(10)
    for word, label in (("like", "good"), ("hate", "bad"))
]


def create(
    rows: list[dict[str, Any]], valid: list[dict[str, Any]] | None = None, n_epochs: int = 1, batch_size: int = 8
) -> str:
    """A job on the service; its id. Nothing is checked before."""
    from fttool.cli.connection import open_client
    from fttool.jobs import checked

    client = open_client(local=True)
    sent = []
    for name, data in (("train.jsonl", rows), ("valid.jsonl", valid)):
        if data is not None:
            content = "\n".join(map(json.dumps, data)).encode()
            with client.speaking("begin"):
                raw = client.sdk.files.with_raw_response.create(file=(name, content), purpose="fine-tune")
            sent.append(checked.file(raw).id)
    hyperparameters = {"n_epochs": n_epochs, "batch_size": batch_size}
    with client.speaking("begin"):
        made = client.once.fine_tuning.jobs.with_raw_response.create(
            model="baseline",
            training_file=sent[0],
            validation_file=sent[1] if valid is not None else None,
            metadata={"team": "search"},
            method={"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
        )
    return checked.job(made).id


@dataclass
class OfflineRun:
    """What is in the folder of an offline run."""

    id: str = ""
    name: str = ""
    project: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    raw: bytes = b""

    @property
    def steps(self) -> list[int]:
        return [row["_step"] for row in self.history]

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.history]

    def content(self, artifact: str, name: str) -> bytes:
        """A file of an artifact, as it waits to be sent."""
        entries = {entry.path: entry for entry in self.artifacts[artifact].manifest.contents}
        return Path(entries[name].local_path).read_bytes()

    def table(self, artifact: str) -> tuple[list[str], list[list[Any]]]:
        """The table of an artifact: its columns and rows."""
        found = json.loads(self.content(artifact, "examples.table.json"))
        return found["columns"], found["data"]


def offline_runs(folder: Path, job_id: str = "") -> list[OfflineRun]:
    """The offline runs in a folder, as `wandb sync` would find them."""
    found = sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))
    return [read_run(path) for path in found if job_id in path.name]


def read_run(path: Path) -> OfflineRun:
    """The run in a `.wandb` file."""
    from wandb.proto import wandb_internal_pb2

    run = OfflineRun(raw=path.read_bytes())
    for data in _records(run.raw):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run.id, run.name, run.project = record.run.run_id, record.run.display_name, record.run.project
            run.config |= _items(record.run.config.update)
        elif kind == "config":
            run.config |= _items(record.config.update)
        elif kind == "history":
            run.history.append({"_step": record.history.step.num, **_items(record.history.item)})
        elif kind == "summary":
            run.summary |= _items(record.summary.update)
        elif kind == "artifact":
            run.artifacts[record.artifact.name] = record.artifact
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return run


def _items(items: Any) -> Mapping[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def _records(data: bytes) -> Iterator[bytes]:
    """The records of a log in LevelDB's format, which W&B's files have after seven bytes of their own."""
    assert data[:4] == b":W&B"
    at, parts = 7, b""
    while at + 7 <= len(data):
        if _BLOCK - at % _BLOCK < 7:
            at += _BLOCK - at % _BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        if kind == 0:
            break
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield parts
            parts = b""


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """W&B is offline; the folder of its runs."""
    pytest.importorskip("wandb")
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(folder))
    return folder
