"""Every command of the legacy fine-tuning guide, as printed, with `fttool` in place of `openai`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_service import own, own_state  # noqa: F401

GUIDE = Path(__file__).parents[1] / "cases" / "legacy_guide.txt"
WORDS = {" fruit": ("apple", "pear", "plum", "cherry"), " tool": ("hammer", "saw", "drill", "wrench")}


def rows(*how: str) -> str:
    found = [
        {"prompt": f"{each} {word} ->", "completion": label}
        for label, words in WORDS.items()
        for word in words
        for each in how
    ]
    return "".join(json.dumps(row) + "\n" for row in found)


def commands() -> list[str]:
    """The commands of the guide, each on one line."""
    text = GUIDE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


class Reader:
    """Someone who follows the guide: knows what the placeholders stand for, from what was printed before."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call
        self.job = self.model = ""

    def do(self, line: str) -> Any:
        words = [self.meant(word) for word in shlex.split(line.replace("<", "'<").replace(">", ">'"))]
        assert words[0] == "openai"
        if words[2] == "fine_tunes.cancel":  # a job that is still running
            words[-1] = self.long_job()
        done = self.call(*words[1:])
        if created := re.search(r"Created fine-tune: (\S+)", done.out):
            self.job = created[1]
        if tried := re.search(r"completions.create -m (\S+)", done.out):
            self.model = tried[1]
        return done

    def meant(self, word: str) -> str:
        known = {
            "<LOCAL_FILE>": "things.csv",
            "<TRAIN_FILE_ID_OR_PATH>": "test.jsonl",
            "<VALIDATION_FILE_OR_PATH>": "valid.jsonl",
            "<VALIDATION_FILE_ID_OR_PATH>": "valid.jsonl",
            "<BASE_MODEL>": "curie",
            "<MODEL>": "babbage",
            "<N_CLASSES>": "2",
            "<POSITIVE_CLASS_FROM_DATASET>": " tool",
            "<YOUR_PROMPT>": "my hammer ->",
            "<YOUR_FINE_TUNE_JOB_ID>": self.job,
            "<FINE_TUNED_MODEL>": self.model,
        }
        return self.uploaded() if word.startswith("file-") else known.get(word, word)

    def uploaded(self) -> str:
        return str(json.loads(self.call("api", "files.create", "-f", "test.jsonl", "-p", "fine-tune").out)["id"])

    def long_job(self) -> str:
        made = self.call("api", "fine_tunes.create", "-t", "long.jsonl", "--no_follow", "--n_epochs", "50")
        return str(json.loads(made.out.partition("\n")[2])["id"])


def test_the_guide(own, call, monkeypatch):  # noqa: F811
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    Path("things.csv").write_text("prompt,completion\n" + "".join(f"question {n},answer {n}\n" for n in range(20)))
    Path("test.jsonl").write_text(rows("a", "the", "my"))
    Path("valid.jsonl").write_text(rows("this"))
    Path("long.jsonl").write_text(rows(*(str(number) for number in range(500))))
    monkeypatch.setenv("FTTOOL_PROFILE", "local")
    reader = Reader(call)
    seen = []
    for line in commands():
        done = reader.do(line)
        name = line.split()[2]
        seen.append(name)
        assert "<" not in done.err, done.err
        assert (line, done.code) == (line, 0), done.err
        check = CHECKS.get(name)
        if check is not None:
            check(done.out, reader)
    assert {name for name in seen if name not in CHECKS} == {"fine_tunes.prepare_data"}
    assert list(Path().glob("things_prepared*.jsonl"))
    assert len(seen) == 15


def created(out: str, reader: Reader) -> None:
    lines = out.splitlines()
    at = lines.index(f"Created fine-tune: {reader.job}")
    assert lines[at + 1 : at + 4] == [
        "Streaming events until fine-tuning is complete...",
        "",
        "(Ctrl-C will interrupt the stream, but not cancel the fine-tune)",
    ]
    followed("\n".join(lines[at + 4 :]), reader)


def followed(out: str, reader: Reader) -> None:
    lines = out.splitlines()
    assert re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] Created fine-tuning job: \S+", lines[0])
    assert lines[-5:] == [
        "",
        "Job complete! Status: succeeded 🎉",
        "Try out your fine-tuned model:",
        "",
        f"fttool api completions.create -m {reader.model} -p <YOUR_PROMPT>",
    ]


def listed(out: str, reader: Reader) -> None:
    (job,) = json.loads(out)["data"]
    assert (job["id"], job["fine_tuned_model"]) == (reader.job, reader.model)
    assert job["training_files"][0]["filename"] == "test.jsonl"


def got(out: str, reader: Reader) -> None:
    job = json.loads(out)
    assert (job["object"], job["status"], job["events"][0]["object"]) == ("fine-tune", "succeeded", "fine-tune-event")
    assert job["result_files"][0]["id"].startswith("file-")


def cancelled(out: str, reader: Reader) -> None:
    assert json.loads(out)["status"] == "cancelled"


def completed(out: str, reader: Reader) -> None:
    assert out == "my hammer -> tool"


def deleted(out: str, reader: Reader) -> None:
    assert json.loads(out) == {"id": reader.model, "object": "model", "deleted": True}


def results(out: str, reader: Reader) -> None:
    assert {"step", "elapsed_tokens", "training_loss", "training_token_accuracy"} <= set(out.splitlines()[0].split(","))


def synced(out: str, reader: Reader) -> None:
    assert f"synced {reader.job} (" in out


CHECKS: dict[str, Callable[[str, Reader], None]] = {
    "fine_tunes.create": created,
    "fine_tunes.follow": followed,
    "fine_tunes.list": listed,
    "fine_tunes.get": got,
    "fine_tunes.cancel": cancelled,
    "fine_tunes.results": results,
    "completions.create": completed,
    "models.delete": deleted,
    "sync": synced,
}
