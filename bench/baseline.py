"""Measures the baseline trainer: `python bench/baseline.py train.csv test.csv`.

CSV files have the columns text and category (or prompt and completion); JSONL files have prompt and completion.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START = time.perf_counter()


class Rows:
    """A file's examples, read again each time."""

    def __init__(self, path: Path, most: int | None, prompt: str, completion: str) -> None:
        self._path, self._most, self._templates = path, most, (prompt, completion)
        self._count = sum(1 for _ in self)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator:
        from fttool.service.trainers import Example

        with self._path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file) if self._path.suffix == ".csv" else map(json.loads, file)
            for number, row in enumerate(rows):
                if self._most is not None and number >= self._most:
                    return
                texts = row.get("prompt", row.get("text")), row.get("completion", row.get("category"))
                prompt, completion = (t.replace("{}", x) for t, x in zip(self._templates, texts, strict=True))
                yield Example(prompt, completion)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--most", type=int, help="use only the first rows of the training file")
    parser.add_argument("--prompt", default="{}", help="template round each prompt")
    parser.add_argument("--completion", default=" {}", help="template round each completion")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    templates = [json.loads(f'"{text}"') for text in (options.prompt, options.completion)]

    from fttool.service.trainers import Hyperparameters, Task, get_trainer

    trainer = get_trainer("baseline")
    train = Rows(options.train, options.most, *templates)
    test = Rows(options.test, None, *templates)
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as folder:
        hyper = Hyperparameters(options.epochs, options.batch, options.rate)
        run = trainer.begin(Task(train, test, hyper, options.seed, Path(scratch)))
        print(run.note)
        print(run.plan)
        print(f"ready after {time.perf_counter() - START:.1f} s")
        while run.step < run.plan.total_steps:
            metrics = run.advance()
            if run.step % max(run.plan.total_steps // 10, 1) == 0:
                print(f"step {run.step}: loss {metrics.loss:.3f}, accuracy {metrics.token_accuracy:.3f}")
        print(f"trained after {time.perf_counter() - START:.1f} s wall, {time.process_time():.1f} s CPU")
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        at = time.perf_counter()
        run.save(Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"saved in {time.perf_counter() - at:.3f} s, {size / 1e6:.1f} MB")
        at = time.perf_counter()
        print(f"test {run.validate(full=True)} in {time.perf_counter() - at:.1f} s")
        at = time.perf_counter()
        model = trainer.load(Path(folder))
        print(f"loaded in {time.perf_counter() - at:.3f} s")
        times = []
        for example, _ in zip(test, range(300), strict=False):
            at = time.perf_counter()
            model.begin(example.prompt).next([])
            times.append(time.perf_counter() - at)
        print(f"a prediction takes {statistics.median(times) * 1e3:.2f} ms (median)")


if __name__ == "__main__":
    sys.exit(main())
