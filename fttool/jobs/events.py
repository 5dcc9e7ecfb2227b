"""Events in time order, each once, out of lists that may be newest first, oldest first or shuffled, with repetitions
and with holes: the part of following a job that asks no one anything.

What makes two items the same event: their ids. Where one of them has no id, that nothing in them contradicts and that
they say the same. An item without id, message and data says nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, Literal

from fttool.jobs import checked
from fttool.records.jobs import EventView

First = Literal["newest", "oldest"]
Item = Mapping[str, Any]

#: In how many reads an event may lack something before it is taken as it is, in case only a read was faulty.
PATIENCE = 4

#: After so many events that never were complete, the service is one that leaves things out: no more waiting.
HOPELESS = 3


class _Entry:
    """An event as far as it is known, and in how many reads it was there."""

    __slots__ = ("event", "reads")

    def __init__(self, event: EventView) -> None:
        self.event = event
        self.reads = 0


class _Index:
    """Events, found by their id or, where one lacks it, by what they say."""

    def __init__(self) -> None:
        self._by_id: dict[str, _Entry] = {}
        self._by_words: dict[str, list[_Entry]] = {}
        self._nameless: dict[str, list[_Entry]] = {}

    def add(self, entry: _Entry) -> None:
        """Keep it under what it has now; to be done again when it has more."""
        event = entry.event
        if event.id is not None:
            self._by_id[event.id] = entry
        for words in _words(event):
            self._by_words.setdefault(words, []).append(entry)
            if event.id is None:
                self._nameless.setdefault(words, []).append(entry)

    def find(self, event: EventView) -> _Entry | None:
        """The entry of the same event."""
        if event.id is not None and event.id in self._by_id:
            return self._by_id[event.id]
        return self._search(self._by_words, event) if event.id is None else self.nameless(event)

    def nameless(self, event: EventView) -> _Entry | None:
        """The entry of the same event, if that has no id."""
        found = self._search(self._nameless, event)
        return found if found is not None and found.event.id is None else None

    def _search(self, shelf: dict[str, list[_Entry]], event: EventView) -> _Entry | None:
        entries = (entry for words in _words(event) for entry in shelf.get(words, ()))
        return next((entry for entry in entries if same(entry.event, event)), None)


class EventLog:
    """Gathers what is read, gives out what is new. `first`: which end a list begins with where times do not tell."""

    def __init__(self, first: First = "newest") -> None:
        self.first: First = first
        self._given = _Index()
        self._waiting: list[_Entry] = []
        self._never_complete = 0

    def knows(self, item: Item) -> bool:
        """Whether the event was given out."""
        return self._given.find(checked.event(item)) is not None

    def add(self, items: Sequence[Item]) -> None:
        """Take in what one read of the list (or of a part of it) brought, in the service's order."""
        events = [checked.event(item) for item in items]
        if direction(events, self.first) == "newest":
            events.reverse()
        index = _Index()
        for entry in self._waiting:
            index.add(entry)
        met: dict[int, _Entry] = {}
        gone: set[int] = set()
        for event in events:
            if not says_something(event):
                continue
            found = index.find(event)
            if self._was_given(event):
                gone.add(id(found))  # it was taken for another, as long as parts of it were missing
                continue
            entry = found or _Entry(event)
            met[id(entry)] = entry
            if found is None:
                self._waiting.append(entry)
                index.add(entry)
            elif _richness(event) > _richness(entry.event):
                entry.event = event
                twin = index.nameless(event)
                if twin is not entry:
                    gone.add(id(twin))
                index.add(entry)
        for entry in met.values():
            entry.reads += 1
        self._waiting = [entry for entry in self._waiting if id(entry) not in gone]

    @property
    def incomplete(self) -> bool:
        """Whether an event waits for what it lacks: another read may bring it."""
        return any(map(self._is_waited_for, self._waiting))

    def take(self, *, everything: bool = False) -> list[EventView]:
        """The new events in time order, up to the first that waits for what it lacks (unless `everything`)."""
        ordered = in_order(self._waiting)
        ready = len(ordered)
        if not everything:
            ready = next((at for at, entry in enumerate(ordered) if self._is_waited_for(entry)), ready)
        self._waiting = ordered[ready:]
        for entry in ordered[:ready]:
            self._given.add(entry)
            self._never_complete += entry.reads >= PATIENCE and not _complete(entry.event)
        return [entry.event for entry in ordered[:ready]]

    def _is_waited_for(self, entry: _Entry) -> bool:
        return entry.reads < PATIENCE and self._never_complete < HOPELESS and not _complete(entry.event)

    def _was_given(self, event: EventView) -> bool:
        entry = self._given.find(event)
        if entry is None:
            return False
        if entry.event.id is None and event.id is not None:  # now it has a name
            entry.event = event
            self._given.add(entry)
        return True


def same(one: EventView, other: EventView) -> bool:
    """Whether two items are the same event."""
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.created_at is not None and other.created_at is not None and one.created_at != other.created_at:
        return False
    if one.message and other.message:
        return one.message == other.message and (not one.data or not other.data or one.data == other.data)
    return bool(one.data) and one.data == other.data


def says_something(event: EventView) -> bool:
    """Whether there is anything in it to tell it by."""
    return bool(event.id or event.message or event.data)


def direction(events: Sequence[EventView], otherwise: First) -> First:
    """Which end a list begins with: as its times say, or else its steps; `otherwise` if neither does."""
    for name in ("created_at", "step"):
        values = [event.created_at if name == "created_at" else event.number("step") for event in events]
        known = [value for value in values if value is not None]
        up = sum(before < after for before, after in pairwise(known))
        down = sum(before > after for before, after in pairwise(known))
        if up != down:
            return "oldest" if up > down else "newest"
    return otherwise


def in_order(entries: Sequence[_Entry]) -> list[_Entry]:
    """Entries that are in the service's order (oldest first), in time order.

    One without a time stays behind the one before it. Within a second the service's order holds, but steps are counted
    upwards.
    """
    timed, last = [], 0
    for entry in entries:
        last = entry.event.created_at if entry.event.created_at is not None else last
        timed.append((last, entry))
    timed.sort(key=lambda pair: pair[0])
    ordered: list[_Entry] = []
    for _, second in groupby(timed, key=lambda pair: pair[0]):
        ordered += _counted_upwards([entry for _, entry in second])
    return ordered


def _counted_upwards(entries: list[_Entry]) -> list[_Entry]:
    """The places that steps have stay theirs, in the order of their numbers."""
    steps = [(number, at) for at, entry in enumerate(entries) if (number := entry.event.number("step")) is not None]
    ordered = list(entries)
    for (_, place), (_, at) in zip(steps, sorted(steps), strict=True):
        ordered[place] = entries[at]
    return ordered


def _complete(event: EventView) -> bool:
    whole = event.id is not None and event.created_at is not None and bool(event.message)
    return whole and (event.type != "metrics" or bool(event.data))


def _richness(event: EventView) -> int:
    return (event.id is not None) + (event.created_at is not None) + bool(event.message) + bool(event.data)


def _words(event: EventView) -> list[str]:
    """What it says, as keys to find it by."""
    return [words for words in (event.message, repr(event.data) if event.data else "") if words]
