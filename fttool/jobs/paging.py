"""Lists that come page by page, from services that page badly.

Each item is given out once. The paging ends when the service says so, when a page is empty, or when pages bring nothing
new: some services ignore `after` and answer the same page for ever, others leave `has_more` out. A page that brings
nothing new is asked for again, in case that was an accident.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fttool.jobs.checked import Page

Item = Mapping[str, Any]
FetchPage = Callable[[str | None], Page]

#: How often a page that brings nothing new is asked for before the list is taken to be over.
ATTEMPTS = 3

#: No list is longer than this many pages; a service that goes on is broken.
MOST_PAGES = 100_000


class Pages(Iterator[Item]):
    """The items of a list, each once.

    `fetch(after)` gets the page after the item with that id (None: the first). `whole` says, once the iteration has
    ended by itself, whether the service said that this was all; if not, pages may be missing. `count` is the number of
    pages so far.
    """

    def __init__(self, fetch: FetchPage, *, attempts: int = ATTEMPTS, after: str | None = None) -> None:
        self.whole = False
        self.count = 0
        self._seen: set[str] = set()
        self._items = self._walk(fetch, attempts, after)

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        return next(self._items)

    def _walk(self, fetch: FetchPage, attempts: int, after: str | None) -> Iterator[Item]:
        for _ in range(MOST_PAGES):
            for _ in range(attempts):
                page = fetch(after)
                new = self._new(page)
                if new or not page.items or page.has_more is False:
                    break
            self.count += 1
            yield from new
            if page.has_more is False or not page.items:
                self.whole = True
                return
            cursor = _last_id(page)
            if not new or cursor is None or cursor == after:
                return
            after = cursor

    def _new(self, page: Page) -> list[Item]:
        new = []
        for item in page.items:
            key = identity(item)
            if key not in self._seen:
                self._seen.add(key)
                new.append(item)
        return new


def each(fetch: FetchPage, *, attempts: int = ATTEMPTS) -> Pages:
    """The items of a list, each once; see `Pages`."""
    return Pages(fetch, attempts=attempts)


def identity(item: Item) -> str:
    """What tells an item from others: its id; all of it if it has none."""
    found = item.get("id")
    return found if isinstance(found, str) and found else json.dumps(item, sort_keys=True, default=str)


def _last_id(page: Page) -> str | None:
    """The id to ask for more after: the last in the page that is one."""
    ids = (item.get("id") for item in reversed(page.items))
    return next((found for found in ids if isinstance(found, str) and found), None)
