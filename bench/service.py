"""Measures fttool's own service as a user meets it: `python bench/service.py train.csv test.csv`.

The files have the columns text and category. The service runs on a state folder of its own; everything goes over HTTP.
Needs fttool in this Python's environment. Linux only (memory is read from /proc).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

FTTOOL = [str(Path(sys.executable).with_name("fttool"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--requests", type=int, default=300, help="completions to time, each way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FTTOOL_STATE_DIR"] = f"{folder}/state"
        try:
            measure(options, Path(folder))
        finally:
            fttool("serve", "--stop")


def measure(options: argparse.Namespace, folder: Path) -> None:
    train, test = convert(options.train, folder), convert(options.test, folder)
    began = time.perf_counter()
    fttool("list", "--local")
    show("`fttool list --local`, the service not yet running", f"{time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    fttool("list", "--local")
    show("`fttool list --local`, running", f"{time.perf_counter() - began:.2f} s")
    status = json.loads(fttool("serve", "--status", "--json"))
    show("the service's memory, idle", f"{memory(status['pid'])} MB")

    job = fttool("create", "-t", str(train), "--local", "--no-follow", "-q").strip()
    peak = Peak(status["pid"])
    model = fttool("follow", job, "--local", "-q").strip()
    told = json.loads(fttool("get", job, "--local", "--json"))
    took = told["finished_at"] - told["created_at"]
    show(f"training on {sum(1 for _ in train.open())} rows, from creation to the end", f"{took} s")
    show("memory of the training process, at most", f"{peak.end()} MB")

    complete = asker(status, model)
    rows = [json.loads(line) for line in test.open(encoding="utf-8")]
    right = 0
    for row in rows:
        right += complete(row["prompt"])[1] == row["completion"]
    show(f"accuracy on {len(rows)} test rows", f"{right / len(rows):.4f}")
    times = sorted(complete(rows[number % len(rows)]["prompt"])[0] for number in range(options.requests))
    show("a completion, median and 99th percentile", spread(times))
    fttool("create", "-t", str(train), "--local", "--no-follow", "-q", "--seed", "7")
    time.sleep(2.5)
    times = sorted(complete(rows[number % len(rows)]["prompt"])[0] for number in range(options.requests))
    show("the same while a job trains", spread(times))
    show("the service's memory now", f"{memory(status['pid'])} MB")


def convert(path: Path, folder: Path) -> Path:
    """The table as completion examples, as prepare_data writes them."""
    made = folder / f"{path.stem}.jsonl"
    with path.open(encoding="utf-8", newline="") as table, made.open("w", encoding="utf-8") as out:
        for row in csv.DictReader(table):
            out.write(json.dumps({"prompt": f"{row['text']} ->", "completion": f" {row['category']}"}) + "\n")
    return made


def asker(status: dict[str, Any], model: str) -> Any:
    """A function that completes a prompt; returns seconds and the completion."""
    from openai import OpenAI

    client = OpenAI(base_url=status["base_url"], api_key=Path(status["key_file"]).read_text(encoding="utf-8").strip())

    def complete(prompt: str) -> tuple[float, str]:
        began = time.perf_counter()
        answer = client.completions.create(model=model, prompt=prompt, max_tokens=1, temperature=0, logprobs=2)
        return time.perf_counter() - began, answer.choices[0].text

    return complete


class Peak:
    """The most memory that any child process of the service has had."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._on = pid, 0, True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while self._on:
            listed = subprocess.run(["ps", "-o", "rss=", "--ppid", str(self._pid)], capture_output=True, text=True)
            self._most = max([self._most, *map(int, listed.stdout.split())])
            time.sleep(0.1)

    def end(self) -> int:
        self._on = False
        self._thread.join()
        return self._most // 1024


def memory(pid: int) -> int:
    """Resident memory, MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def spread(times: list[float]) -> str:
    return f"{statistics.median(times) * 1000:.1f} ms, {times[int(len(times) * 0.99)] * 1000:.1f} ms"


def fttool(*args: str) -> str:
    return subprocess.run([*FTTOOL, *args], stdout=subprocess.PIPE, text=True, check=True).stdout


def show(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
