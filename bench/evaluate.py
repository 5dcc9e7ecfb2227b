"""Measure `fttool evaluate` on fttool's own service: time, requests a second, and memory by the number of rows.

    python bench/evaluate.py train.csv test.csv

The files have the columns `text` and `category`, as those of BANKING77 do. A model is trained on the first, in a state
folder of its own; then it is asked the second, once, and ten times over. Times are from the start of the command to its
end, metrics and all; memory is the most that was resident in its process.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--times", type=int, default=10, help="how often the rows are repeated in the second file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FTTOOL_STATE_DIR"] = str(Path(folder) / "state")
        work = Path(folder)
        train = convert(options.train, work / "train.jsonl", 1)
        model = fttool("create", "-t", str(train), "--local", "-q", "--no-check")[0].strip()
        try:
            for times in (1, options.times):
                test = convert(options.test, work / f"test-{times}.jsonl", times)
                answers = work / f"answers-{times}.jsonl"
                command = ("evaluate", model, "-f", str(test), "-o", str(answers), "--local", "--json")
                for what in ("asked", "kept"):  # the second time all answers are there
                    out, seconds, most = fttool(*command)
                    show(json.loads(out), what, seconds, most)
        finally:
            fttool("serve", "--stop")


def show(found: dict[str, Any], what: str, seconds: float, most: int) -> None:
    """One line of the result."""
    accuracy = found["classification/accuracy"]
    print(f"{found[what]:,} rows {what}: {seconds:.1f} s, {most} MB, accuracy {accuracy:.4f}")


def convert(path: Path, made: Path, times: int) -> Path:
    """The table as completion examples, as prepare_data writes them; every copy with a number, so that it differs."""
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    with made.open("w", encoding="utf-8") as out:
        for copy in range(times):
            for row in rows:
                text = row["text"] if not copy else f"{row['text']} {copy}"
                out.write(json.dumps({"prompt": f"{text} ->", "completion": f" {row['category']}"}) + "\n")
    return made


def fttool(*args: str) -> tuple[str, float, int]:
    """What a command printed, its seconds and its most resident memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "fttool", *args], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"fttool {args[0]} failed")
    return out, time.perf_counter() - began, usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
