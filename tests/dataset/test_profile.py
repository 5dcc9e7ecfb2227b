"""The profile of the whole is the merged profile of its parts, however it is cut and merged."""

from __future__ import annotations

import copy
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.dataset.blocks import profile_block
from fttool.dataset.checks.base import Spec
from fttool.dataset.formats.base import MISSING, Block
from fttool.dataset.profile import Profile, TextStats
from fttool.dataset.shapes import Mapping, find_layout
from fttool.dataset.tokens import TokenLimit

from .helpers import SEPARATOR, STOP, Row, chat, pair
from .strategies import odd_rows, pairs, quick, text_of_pieces

LIMIT = TokenLimit(8, "none")
PAIRS = Spec(find_layout(["prompt", "completion"], Mapping(), to=None, system=None, file=""), LIMIT)
CHATS = Spec(find_layout(["messages"], Mapping(), to=None, system=None, file=""), LIMIT)


def block_of(rows: list[Row], columns: list[str]) -> Block:
    return Block({name: [row.get(name, MISSING) for row in rows] for name in columns}, range(1, len(rows) + 1))


def cut(rows: list[Row], places: list[int]) -> list[list[Row]]:
    borders = [0, *sorted(place % (len(rows) + 1) for place in places), len(rows)]
    return [rows[start:stop] for start, stop in pairwise(borders)]


def merged(left: Profile, right: Profile) -> Profile:
    whole = copy.deepcopy(left)
    whole.merge(copy.deepcopy(right))
    return whole


def plain(profile: Profile) -> dict[str, Any]:
    return {
        "rows": profile.rows,
        "size": profile.size,
        "keys": list(profile.keys),
        "answers": list(profile.answers),
        "hits": {check: list(found) for check, found in profile.hits.items() if found},
        "notes": {check: notes for check, notes in profile.notes.items() if notes},
        "labels": profile.labels,
        "prompt": plain_stats(profile.prompt),
        "completion": plain_stats(profile.completion),
    }


def plain_stats(stats: TextStats) -> dict[str, Any]:
    return {name: getattr(stats, name) for name in TextStats.__slots__} | {"at_longest": list(stats.at_longest)}


def assert_same_however_merged(rows: list[Row], columns: list[str], places: list[int], spec: Spec) -> None:
    whole = plain(profile_block(block_of(rows, columns), spec))
    parts = [profile_block(block_of(part, columns), spec) for part in cut(rows, places)]
    assert plain(reduce(merged, parts, Profile())) == whole
    assert plain(reduce(lambda right, left: merged(left, right), reversed(parts))) == whole
    middle = len(parts) // 2
    halves = [reduce(merged, half, Profile()) for half in (parts[:middle], parts[middle:])]
    assert plain(merged(*halves)) == whole


@quick
@given(odd_rows, st.lists(st.integers(0, 99), max_size=5))
def test_pairs(rows: list[Row], places: list[int]) -> None:
    assert_same_however_merged(rows, ["prompt", "completion"], places, PAIRS)


@quick
@given(pairs(text_of_pieces), st.lists(st.integers(0, 99), max_size=5))
def test_pairs_with_ends(rows: list[Row], places: list[int]) -> None:
    rows = [pair(row["prompt"] + SEPARATOR, row["completion"] + "x" + STOP) for row in rows]
    spec = Spec(PAIRS.layout, LIMIT, separator=SEPARATOR, stop=STOP)
    assert_same_however_merged(rows, ["prompt", "completion"], places, spec)


messages = st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "bot"]), st.sampled_from(["", "a", 1])))


@quick
@given(st.lists(messages.map(lambda some: chat(*some)), min_size=1, max_size=40), st.lists(st.integers(0, 99)))
def test_chats(rows: list[Row], places: list[int]) -> None:
    assert_same_however_merged(rows, ["messages"], places, CHATS)


@pytest.mark.parametrize("length", [99, 100, 255])
def test_the_longest_texts_are_found_over_all_parts(length: int) -> None:
    rows = [{"prompt": "x" * (length - short), "completion": "y"} for short in (1, 0, 2, 0, 1, 0)]
    profile = reduce(merged, (profile_block(block_of(part, list(rows[0])), PAIRS) for part in cut(rows, [1, 2, 4])))
    assert list(profile.prompt.at_longest) == ([1, 3, 5] if length >= 100 else [])


def test_rows_that_are_gone_count_for_nothing() -> None:
    rows = [{"prompt": f"p{one}", "completion": f"c{one}"} for one in range(6)]
    block = block_of(rows, ["prompt", "completion"])
    profile = profile_block(block, PAIRS, bytes([0, 2, 0, 2, 2, 0]))
    assert profile.rows == 6
    assert profile.prompt.texts == 3
    assert [bool(key) for key in profile.keys] == [True, False, True, False, False, True]
