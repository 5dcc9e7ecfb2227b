"""How far a training is, from the events of its job."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fttool.records.jobs import EventView, JobView

#: Where the metrics are missing, the message has some: "Step 3/10: training loss=0.12, validation loss=0.2".
STEP = re.compile(r"Step (\d+)(?:/(\d+))?: training loss=([\d.eE+-]+)(?:, validation loss=([\d.eE+-]+))?")

#: The names services have for the same thing, as they come in metrics events.
_LOSS = ("train_loss",)
_ACCURACY = ("train_mean_token_accuracy", "train_accuracy", "train_mean_reward", "train_reward_mean")
_VALID_LOSS = ("full_valid_loss", "valid_loss")
_VALID_ACCURACY = (
    *("full_valid_mean_token_accuracy", "valid_mean_token_accuracy", "validation_mean_token_accuracy"),
    *("full_valid_mean_reward", "valid_reward_mean"),
)


@dataclass
class Training:
    """What is known of it. `losses` and the like hold one value for each step that said one, in the order of steps."""

    job: JobView | None = None
    step: int = 0
    total_steps: int | None = None
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    tokens: int | None = None
    started_at: int | None = None
    first: tuple[int, int] | None = None  # step and time of the first step seen
    last: tuple[int, int] | None = None

    def see(self, record: JobView | EventView) -> None:
        """Take in what has come."""
        if isinstance(record, JobView):
            self.job = record
            total = record.raw.get("total_steps")  # Nebius and fttool's own service say it there
            if isinstance(total, int) and total > 0:
                self.total_steps = total
        else:
            self._see_event(record)

    def _see_event(self, event: EventView) -> None:
        found = STEP.match(event.message)
        step = event.number("step") or (int(found[1]) if found else None)
        if step is None:
            return
        self.step = max(self.step, int(step))
        total = event.number("total_steps") or (int(found[2]) if found and found[2] else None)
        self.total_steps = int(total) if total else self.total_steps
        loss = event.number(*_LOSS)
        if loss is None and found:
            loss = _number(found[3])
        valid = event.number(*_VALID_LOSS)
        if valid is None and found and found[4]:
            valid = _number(found[4])
        _append(self.losses, loss)
        _append(self.accuracies, event.number(*_ACCURACY))
        self.valid_loss = self.valid_loss if valid is None else valid
        accuracy = event.number(*_VALID_ACCURACY)
        self.valid_accuracy = self.valid_accuracy if accuracy is None else accuracy
        tokens = event.number("elapsed_tokens")
        self.tokens = int(tokens) if tokens else self.tokens
        if event.created_at is not None:
            self.last = (int(step), event.created_at)
            self.first = self.first or self.last

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1."""
        return min(self.step / self.total_steps, 1.0) if self.total_steps else None

    @property
    def steps_a_second(self) -> float | None:
        """The speed so far."""
        if self.first is None or self.last is None or self.last[1] <= self.first[1]:
            return None
        return (self.last[0] - self.first[0]) / (self.last[1] - self.first[1])

    def seconds_left(self, now: float) -> float | None:
        """Until the end of the training: as the service says, or by the speed so far."""
        if self.job is not None and self.job.estimated_finish is not None and self.job.estimated_finish > now:
            return self.job.estimated_finish - now
        speed = self.steps_a_second
        if not speed or self.total_steps is None or self.last is None:
            return None
        return max(0.0, (self.total_steps - self.last[0]) / speed - (now - self.last[1]))


def _append(values: list[float], value: float | None) -> None:
    if value is not None and value == value:
        values.append(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
