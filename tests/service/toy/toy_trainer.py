"""A trainer for tests: quick, exact to the bit, and as slow or as ill-behaved as a test wants it to be.

Its weights are one number a word. `learning_rate_multiplier` is the time a step takes, in seconds. The first prompt may
say what goes wrong, as "STEP WHAT": "memory", "error", "diverge", "full" or "kill" at that step (0: at the start), or
"deaf": it does not call `alive`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

from fttool.service.jobs.workers import EXIT_FULL
from fttool.service.trainers import Example, Plan, StepMetrics, Task, Validation

SAVED = "weights.json"


class ToyRun:
    note = "It counts words."

    def __init__(self, task: Task) -> None:
        self.task = task
        asked = task.hyperparameters
        self.examples = list(task.train)
        assert len(self.examples) == len(task.train)
        epochs, size = asked.n_epochs or 2, asked.batch_size or 4
        self.pause = asked.learning_rate_multiplier or 0.001
        a_epoch = -(-len(self.examples) // size)
        tokens = epochs * sum(len(example.completion.split()) for example in self.examples)
        self.plan = Plan(epochs, size, self.pause, a_epoch, a_epoch * epochs, tokens)
        self.step = 0
        self.weights: dict[str, float] = {}
        (task.scratch / "notes").write_text("scratch")
        if folder := task.resume or task.parent:
            saved = json.loads((folder / SAVED).read_text())
            self.weights = saved["weights"]
            self.step = saved["step"] if task.resume else 0
        words = self.examples[0].prompt.split()
        self.bad_step, self.bad = (int(words[0]), words[1]) if words and words[0].isdigit() else (-1, "")
        self.misbehave()

    def misbehave(self) -> None:
        if self.step != self.bad_step:
            return
        if self.bad == "memory":
            raise MemoryError
        if self.bad == "error":
            raise ValueError("the toy is broken")
        if self.bad == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.bad == "full":  # so full that the worker cannot even say so
            os._exit(EXIT_FULL)
        if self.bad == "deaf":
            time.sleep(30)

    def batch(self) -> list[Example]:
        epoch, at = divmod(self.step, self.plan.steps_per_epoch)
        order = list(range(len(self.examples)))
        random.Random(f"{self.task.seed} {epoch}").shuffle(order)
        return [self.examples[i] for i in order[at * self.plan.batch_size : (at + 1) * self.plan.batch_size]]

    def advance(self) -> StepMetrics:
        self.misbehave()
        loss, tokens = 0.0, 0
        batch = self.batch()
        for example in batch:
            for word in example.completion.split():
                weight = self.weights.get(word, 0.0)
                loss += 1 / (1 + weight)
                self.weights[word] = weight + random.Random(f"{self.step}{word}").random()
                tokens += 1
        until = time.monotonic() + self.pause
        while (left := until - time.monotonic()) > 0:
            self.task.alive()
            time.sleep(min(left, 0.1))
        self.step += 1
        if self.bad == "diverge" and self.step == self.bad_step:
            loss = float("nan")
        return StepMetrics(loss / max(tokens, 1), 0.5, 0.25, tokens, len(batch))

    def validate(self, *, full: bool) -> Validation:
        assert self.task.valid is not None
        chosen = list(self.task.valid)
        if not full:
            chosen = random.Random(self.step).sample(chosen, 2)
        losses = [1 / (1 + self.weights.get(word, 0.0)) for example in chosen for word in example.completion.split()]
        return Validation(sum(losses) / len(losses), 0.5, 0.25)

    def save(self, folder: Path) -> None:
        (folder / SAVED).write_text(json.dumps({"step": self.step, "weights": self.weights}))
        (folder / "more").mkdir()
        (folder / "more" / "bulk").write_bytes(bytes(200_000))


class Toy:
    name = "toy"
    description = "a toy for tests"

    def begin(self, task: Task) -> ToyRun:
        return ToyRun(task)


TOY = Toy()
