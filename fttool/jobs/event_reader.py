"""Reading the events of a job again and again: all of them the first time, later only what is new."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fttool.errors import ServiceError
from fttool.jobs import checked
from fttool.jobs.checked import Page
from fttool.jobs.events import PATIENCE, EventLog, First
from fttool.jobs.paging import ATTEMPTS, Pages, identity
from fttool.records.jobs import EventView

Item = Mapping[str, Any]


class EventReader:
    """`new()` gives the events that have come since the last time, in time order.

    How a list is read the second time depends on what it was like the first: one that began with the newest is read as
    far as something known; one that began with the oldest from its last known event on; anything else in whole.
    """

    def __init__(self, fetch: Callable[[str | None], Page], first: First) -> None:
        self._fetch = fetch
        self._log = EventLog(first)
        self._way: First | None = None  # how the list is sorted, if it is
        self._last: str | None = None  # id of the last event of a list that begins with the oldest
        self._top: str | None = None  # the first item of a list that begins with the newest
        self._seen: set[str] = set()
        self._never_whole = False  # the service never says that a list is over

    def new(self, *, whole: bool = False) -> Iterator[EventView]:
        """New events in time order; with `whole` the list is read to its end, and nothing is waited for any more."""
        for _ in range(PATIENCE):
            items = self._read(whole)
            self._log.add(items)
            self._seen.update(map(identity, items))
            if not self._log.incomplete:
                break
        yield from self._log.take(everything=whole)

    def _read(self, whole: bool) -> list[Item]:
        if not whole and self._way == "newest":
            return self._read_down_to_known()
        if not whole and self._way == "oldest" and self._last is not None:
            return self._read_from(self._last)
        return self._read_all()

    def _read_all(self) -> list[Item]:
        """The whole list. One that breaks off is read again, unless it breaks off at the same place."""
        length = -1
        for _ in range(ATTEMPTS):
            pages = Pages(self._fetch, attempts=1 if self._never_whole else ATTEMPTS)
            items = list(pages)
            self._never_whole = not pages.whole and (self._never_whole or len(items) == length)
            if pages.whole or self._never_whole:
                break
            length = len(items)
        # a list that fits on one page is read in whole in any case
        self._way = sorted_way(items, self._log.first) if pages.whole and pages.count > 1 else None
        self._remember_ends(items)
        return items

    def _read_down_to_known(self) -> list[Item]:
        """Pages until one has what is known behind what is new; all of them if the list is not sorted as it was."""
        items: list[Item] = []

        def fetch(after: str | None) -> Page:
            page = self._fetch(after)
            items.extend(page.items)
            if not any(identity(item) in self._seen for item in page.items):
                return page
            if self._is_the_rest_known(page.items):
                return Page(page.items, has_more=False)
            self._way = None
            return page

        for _ in Pages(fetch):
            pass
        self._remember_ends(items)
        return items

    def _is_the_rest_known(self, items: list[Item]) -> bool:
        """Whether a page goes from what is new straight on to what was on top the last time, down to what is known."""
        old = [identity(item) in self._seen for item in items]
        goes_on = old == sorted(old) and identity(items[old.index(True)]) == self._top
        return goes_on and sorted_way(items, "newest") == "newest" and self._log.knows(items[-1])

    def _read_from(self, last: str) -> list[Item]:
        """What comes after the last known event; all of it if the service does not know that event any more."""
        pages = Pages(self._fetch, after=last)
        try:
            items = list(pages)
        except ServiceError as error:
            if error.temporary:
                raise
            return self._read_all()
        if not pages.whole or any(self._log.knows(item) for item in items):
            return self._read_all()
        self._remember_ends(items)
        return items

    def _remember_ends(self, items: list[Item]) -> None:
        if items:
            self._top, self._last = identity(items[0]), checked.event(items[-1]).id


def sorted_way(items: list[Item], otherwise: First) -> First | None:
    """Which way the items are sorted by time, None if they are not; `otherwise` if their times do not tell."""
    times = [event.created_at for event in map(checked.event, items) if event.created_at is not None]
    if len(set(times)) < 2:
        return otherwise
    if times == sorted(times):
        return "oldest"
    return "newest" if times == sorted(times, reverse=True) else None
