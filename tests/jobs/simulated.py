"""A service in memory with every bad habit a listing can have, drawn from a seed: to follow jobs on by the thousand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from fttool.errors import ServiceError
from fttool.jobs import checked
from fttool.jobs.checked import Page
from fttool.jobs.follow import Clock
from fttool.records.jobs import JobView

from .scripted import event, job, step


class Watch(Clock):
    """A clock that does not wait."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Habits:
    """What the service does wrong. Rates are from 0 to 1, for each answer or, for nulls, each event of a page."""

    order: str = "newest"  # or oldest, shuffled: each has its place, that has nothing to do with its time
    cuts: float = 0
    cuts_in_a_row: int = 6
    repeats: float = 0  # a page is the one before it again
    nulls: float = 0
    no_has_more: float = 0
    page_size: int = 5
    late_name: float = 0  # seconds
    late_events: float = 0  # the last events come so long after the end
    a_second: int = 3  # events within one second


@dataclass
class Simulated:
    """The service: one job that trains while it is watched; a new event about every second."""

    watch: Watch
    seed: int = 0
    events_in_all: int = 30
    habits: Habits = field(default_factory=Habits)
    ends: str = "succeeded"

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.requests = 0
        self.all = list(self._write())
        self._before: list[dict[str, Any]] = []
        self._cuts = 0

    def _write(self) -> Any:
        count = self.events_in_all
        for number in range(count):
            at = number // self.habits.a_second
            if number < count - 1 and number % 3 == 1:
                yield step(number, count, at=at, created_at=1_700_000_000 + at)
            else:
                last = "The job has successfully completed" if self.ends == "succeeded" else "The job has ended"
                message = last if number == count - 1 else f"event {number}"
                yield event(number, message, created_at=1_700_000_000 + at)

    @property
    def _end(self) -> float:
        return self.events_in_all / self.habits.a_second

    def _there(self) -> list[dict[str, Any]]:
        """The events so far, oldest first."""
        time = self.watch.time
        if time >= self._end + self.habits.late_events:
            return self.all
        return self.all[: min(1 + int(time * self.habits.a_second), len(self.all) - 1)]

    def _maybe_cut(self) -> None:
        self.requests += 1
        if self.random.random() < self.habits.cuts and self._cuts < self.habits.cuts_in_a_row:
            self._cuts += 1
            raise ServiceError("cut", temporary=True, status=self.random.choice([None, 500, 429]))
        self._cuts = 0

    def job(self) -> JobView:
        self._maybe_cut()
        if self.watch.time < self._end:
            return checked.job(job(status="running"))
        named = self.watch.time >= self._end + self.habits.late_name and self.ends == "succeeded"
        return checked.job(job(status=self.ends, fine_tuned_model="ft:x" if named else None))

    def events(self, after: str | None) -> Page:
        self._maybe_cut()
        if after is not None and self._before and self.random.random() < self.habits.repeats:
            return self._page(self._before, True)
        found = list(self._there())
        if self.habits.order == "newest":
            found.reverse()
        elif self.habits.order == "shuffled":
            found.sort(key=lambda each: random.Random(f"{self.seed} {each['id']}").random())
        start = 0
        if after is not None:
            start = 1 + next((at for at, each in enumerate(found) if each["id"] == after), len(found))
        size = self.habits.page_size
        self._before = found[start : start + size]
        return self._page(self._before, start + size < len(found))

    def _page(self, items: list[dict[str, Any]], more: bool) -> Page:
        shown = [dict(each) for each in items]
        for each in shown:
            if self.random.random() < self.habits.nulls:
                each[self.random.choice(["id", "created_at", "message", "data", "type", "level"])] = None
        return Page(shown, None if self.random.random() < self.habits.no_has_more else more)

    def renew(self) -> None:
        pass
