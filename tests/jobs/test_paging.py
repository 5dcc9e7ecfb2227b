"""Lists from services that page badly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.jobs.checked import Page
from fttool.jobs.paging import ATTEMPTS, Pages, each


def items(*numbers):
    return [{"id": f"id-{number}"} for number in numbers]


class Service:
    """Answers pages of what it has, perhaps after some that it should not answer."""

    def __init__(self, count, size, *, tells=True, instead=()):
        self.all, self.size, self.tells, self.instead = items(*range(count)), size, tells, list(instead)
        self.asked = []

    def __call__(self, after):
        self.asked.append(after)
        if self.instead and (odd := self.instead.pop(0)) is not None:
            return odd
        start = 0 if after is None else 1 + [each["id"] for each in self.all].index(after)
        more = start + self.size < len(self.all)
        return Page(self.all[start : start + self.size], more if self.tells else None)


@given(count=st.integers(0, 30), size=st.integers(1, 10), tells=st.booleans())
def test_everything_once_in_order(count, size, tells):
    service = Service(count, size, tells=tells)
    pages = Pages(service)
    assert list(pages) == service.all
    assert pages.whole


def test_a_list_is_read_only_as_far_as_needed():
    service = Service(100, 10)
    found = each(service)
    for _ in range(11):
        next(found)
    assert len(service.asked) == 2


def test_a_missing_has_more_costs_one_request():
    service = Service(4, 2, tells=False)
    assert len(list(each(service))) == 4
    assert service.asked == [None, "id-1", "id-3"]


def test_the_same_page_for_ever():
    asked = []

    def fetch(after):
        asked.append(after)
        return Page(items(1, 2), True)

    pages = Pages(fetch)
    assert list(pages) == items(1, 2)
    assert not pages.whole
    assert len(asked) == 1 + ATTEMPTS


def test_a_page_repeated_by_accident():
    first = Page(items(0, 1), True)
    service = Service(6, 2, instead=[None, first, first])
    assert list(each(service)) == service.all


def test_pages_that_overlap():
    service = Service(6, 2, instead=[None, Page(items(1, 2), True)])
    assert list(each(service)) == service.all


def test_items_without_an_id():
    anonymous = [{"id": None, "n": 1}, {"id": None, "n": 2}, {"id": None, "n": 1}]
    assert list(each(lambda after: Page(anonymous, True))) == anonymous[:2]


def test_the_last_id_that_there_is_leads_on():
    service = Service(4, 2, instead=[Page([*items(0, 1), {"id": None, "n": 1}], True)])
    assert len(list(each(service))) == 5
    assert service.asked[1] == "id-1"


def test_an_empty_page_ends_it():
    service = Service(2, 2, instead=[None, Page([], True)])
    service.tells = False
    assert list(each(service)) == items(0, 1)


def test_errors_come_through():
    def fetch(after):
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        next(each(fetch))
