"""A job on a terminal: how far it is, above the messages as they scroll."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from fttool.cli import output
from fttool.cli.charts import sparkline
from fttool.cli.job_views import duration, event_line
from fttool.jobs.training import Training

if TYPE_CHECKING:
    from fttool.records.jobs import EventView, JobView, Trouble

#: So many messages are shown below the display; older ones stand above it, where the terminal scrolls.
MESSAGES = 6

_BAR = 30


class Live:
    """Draws with rich, four times a second. When it ends all messages stand on the terminal, in order."""

    def __init__(self, resume: str) -> None:
        from rich.console import Console
        from rich.live import Live as Region

        self._resume = resume
        self._training = Training()
        self._messages: deque[str] = deque()
        self._trouble: Trouble | None = None
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._plain = not self._console.encoding.lower().startswith("utf")
        self._region: Any = Region(
            get_renderable=self._draw, console=self._console, refresh_per_second=4, transient=True, redirect_stderr=True
        )
        self._region.start()

    def job(self, job: JobView) -> None:
        """The job has changed."""
        self._training.see(job)

    def event(self, event: EventView) -> None:
        """An event has come."""
        self._training.see(event)
        self._messages.append(output.escape(event_line(event)))

    def trouble(self, trouble: Trouble | None) -> None:
        """An attempt failed; or, None, the service answers again."""
        self._trouble = trouble

    def flush(self) -> None:
        """Let the older messages scroll away, all at once: each print draws the display anew."""
        self._scroll(len(self._messages) - MESSAGES)

    def close(self) -> None:
        """Take the display away; leave the messages, and how it stands."""
        if self._region is None:
            return
        region, self._region = self._region, None
        region.stop()
        self._scroll(len(self._messages))
        if self._training.job is not None:
            self._console.print(*self._status(), sep="\n", soft_wrap=True)

    def _scroll(self, count: int) -> None:
        if count > 0:
            # the terminal breaks long lines itself: what is copied from it is then whole
            self._console.print(_text("\n".join(self._messages.popleft() for _ in range(count))), soft_wrap=True)

    def _draw(self) -> Any:
        from rich.console import Group

        shown = list(self._messages)[-MESSAGES:]
        return Group(*self._status(), *map(_text, shown))

    def _status(self) -> list[Any]:
        lines = status_lines(self._training, time.time(), plain=self._plain)
        if self._training.job is not None and self._training.job.status == "paused":
            lines.append(f"paused: `{self._resume}` goes on")
        if self._trouble is not None:
            lines.append(f"{self._trouble.message}; next attempt in {self._trouble.wait:.2g} s")
        head = "bold" if output.has_colour(sys.stdout) else ""
        return [_text(output.escape(line), "" if number else head) for number, line in enumerate(lines)]


def status_lines(training: Training, now: float, *, plain: bool = False) -> list[str]:
    """What is known of the job and its training, in a few lines."""
    job = training.job
    if job is None:
        return ["…"]
    head = [job.id, job.status, job.model or ""]
    if job.created_at is not None:
        head.append(duration(max(0.0, (job.finished_at or now) - job.created_at)))
    lines = [" · ".join(filter(None, head))]
    if training.step:
        lines.append(_step_line(training, now, plain=plain))
    for name, values, valid in (
        ("loss", training.losses, training.valid_loss),
        ("accuracy", training.accuracies, training.valid_accuracy),
    ):
        if values:
            told = "" if valid is None else f"  validation {valid:.4f}"
            lines.append(f"{name:<8} {values[-1]:.4f}  {sparkline(values, _BAR, plain=plain)}{told}")
    return lines


def _step_line(training: Training, now: float, *, plain: bool) -> str:
    parts = [f"step {training.step}" + (f"/{training.total_steps}" if training.total_steps else "")]
    if training.share is not None:
        full = round(training.share * _BAR)
        done, rest = ("#", "-") if plain else ("━", "╌")
        parts += [done * full + rest * (_BAR - full), f"{training.share:.0%}"]
    if (speed := training.steps_a_second) is not None:
        parts.append(f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / speed:.1f} s/step")
    tokens = training.tokens or (training.job.trained_tokens if training.job else None)
    if tokens:
        parts.append(f"{tokens:,} tokens")
    running = training.job is not None and not training.job.finished
    if running and (left := training.seconds_left(now)) is not None:
        parts.append(f"{duration(left)} left")
    return "  ".join(parts)


def _text(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(text, style=style)
