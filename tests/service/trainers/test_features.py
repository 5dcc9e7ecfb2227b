"""Tokens, n-grams, kinds and counts: rules that hold for any text."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fttool.service.trainers.baseline import counts
from fttool.service.trainers.baseline.ends import shared_prefix, shared_suffix
from fttool.service.trainers.baseline.frame import frame_of
from fttool.service.trainers.baseline.history import split
from fttool.service.trainers.baseline.kind import are_labels, ending_of
from fttool.service.trainers.baseline.ngrams import SPACE, features, group_of
from fttool.service.trainers.baseline.tokens import tokenize

TEXTS = (
    st.text(max_size=60)
    | st.text("ab \n.'#é你🙂\ud800", max_size=40)
    | st.lists(st.sampled_from(["user: ", "assistant: ", "\n", "a", "b c"]), max_size=12).map("".join)
)


@given(text=TEXTS)
def test_tokens_join_to_the_text(text: str) -> None:
    tokens = tokenize(text)
    assert "".join(tokens) == text
    assert all(tokens)


@pytest.mark.parametrize(
    "text", [" " * 100_000, "a" * 100_000, "_#" * 50_000, "\n " * 50_000, "你" * 100_000, "1" * 100_000]
)
def test_long_texts_take_no_long(text: str) -> None:
    tokens = tokenize(text)
    assert "".join(tokens) == text
    assert len(features([text]).ids) < 5_000


def test_tokens_are_words_with_the_space_before() -> None:
    assert tokenize("The cat, 12 sat.\n\n###\n\n END") == [
        "The",
        " cat",
        ",",
        " 12",
        " sat",
        ".",
        "\n\n",
        "###",
        "\n\n",
        " END",
    ]


@pytest.mark.parametrize(
    ("prompt", "before"),
    [
        ("How are you?", ""),
        ("system: Be kind.\nuser: How are you?", ""),
        ("user: Hi!\nuser: How are you?", ""),
        ("assistant: Hi!\nuser: How are you?", "assistant: Hi!"),
        ("Hi!\nassistant: Hi!\nuser: How are you?", "Hi!\nassistant: Hi!"),
        (
            "user: Hi!\nassistant: Hi!\nuser: So.\nassistant: So!\nuser: How are you?",
            "user: Hi!\nassistant: Hi!\nuser: So.\nassistant: So!",
        ),
        ("user: Hi!\nassistant: Hi!", ""),
    ],
)
def test_what_was_said_before(prompt: str, before: str) -> None:
    assert split(prompt) == (before, prompt.removeprefix(before).removeprefix("\nuser: ") if before else prompt)


@given(texts=st.lists(TEXTS, max_size=5))
@settings(deadline=None)
def test_a_row_has_the_same_features_in_any_block(texts: list[str]) -> None:
    together = features(texts)
    assert len(together.starts) == len(texts) + 1
    for at, text in enumerate(texts):
        alone = features([text]).ids
        assert (together.ids[together.starts[at] : together.starts[at + 1]] == alone).all()
        assert (alone < SPACE).all() and (np.diff(alone.astype(np.int64)) > 0).all()


def test_what_the_features_are() -> None:
    def groups(text: str, **options: int) -> list[int]:
        return np.bincount(group_of(features([text], **options).ids), minlength=3).tolist()

    # 2 words and their bigram, 1 pair; " a", "a ", " a ", " b", "b ", " b ".
    assert groups("a b") == groups("  A\tB ") == [3, 1, 6]
    assert groups("a b", window=0) == [2, 0, 6]
    assert groups("") == [0, 0, 1]
    # What was said before is its words, of a kind of their own: the roles and "c".
    assert groups("user: c\nassistant: c\nuser: a b") == [3, 1, 6, 3]
    one, other = set(features(["pay the bill"]).ids), set(features(["the bill pay"]).ids)
    assert one != other and len(one & other) > 0.8 * len(one)


@given(left=TEXTS, right=TEXTS)
def test_common_ends(left: str, right: str) -> None:
    prefix, suffix = shared_prefix(left, right), shared_suffix(left, right)
    assert left.startswith(prefix) and right.startswith(prefix)
    assert left.endswith(suffix) and right.endswith(suffix)
    assert left[len(prefix) :][:1] != right[len(prefix) :][:1] or min(len(left), len(right)) == len(prefix)


def test_frames_end_at_words() -> None:
    frame = frame_of("system: be brief\nuser: wh", "ing\n\n###\n\n", 5)
    assert (frame.prefix, frame.suffix) == ("system: be brief\nuser: ", "\n\n###\n\n")
    assert frame.inner("system: be brief\nuser: what is tracking\n\n###\n\n") == "what is tracking"
    assert frame.inner("what") == "what"
    assert frame_of("all of it", "all of it", 1).inner("all of it") == "all of it"


@pytest.mark.parametrize(
    ("completions", "ending"),
    [
        ([" positive", " negative"], ""),
        ([" positive\n", " negative\n"], "\n"),
        ([" yes END", " no END"], " END"),
        ([" a\n\n###", " b\n\n###"], "\n\n###"),
        (["Yes.", "No."], "."),
        (["billing issue", "card issue"], ""),
        (["a_issue", "b_issue"], ""),
        (["x<|end|>", "y<|end|>"], "<|end|>"),
        (["f(x)", "g(x)"], ""),
        (["yes"], ""),
        (["yes END"], " END"),
        (["!!!", "?!!!"], ""),
        ([], ""),
    ],
)
def test_endings(completions: list[str], ending: str) -> None:
    assert ending_of(Counter(completions)) == ending


@pytest.mark.parametrize(
    ("completions", "labels"),
    [
        ({"a": 5, "b": 5}, True),
        ({"a": 10}, True),
        ({f"label {i}": 3 for i in range(600)}, True),
        ({f"label {i}": 2_000 for i in range(500)} | {f"slip {i}": 1 for i in range(900)}, True),
        ({f"text {i}": 1 for i in range(50)}, False),
        ({f"text {i}": 1 + i % 2 for i in range(50)}, False),
        ({"a": 1, "b": 1}, False),
        ({"an answer of many words " * 10: 10, "another one": 10}, False),
        ({f"label {i}": 9 for i in range(2_001)}, False),
        ({}, False),
    ],
)
def test_kinds(completions: dict[str, int], labels: bool) -> None:
    assert are_labels(completions, "") == labels


_KEYS = st.lists(st.lists(st.integers(0, 40).map(lambda n: (n // 8) << 21 | n % 8), max_size=30), max_size=8)


@given(batches=_KEYS)
@settings(deadline=None)
def test_counts_are_those_of_a_counter(batches: list[list[int]]) -> None:
    counted, expected = counts.Counts(), Counter[int]()
    for batch in batches:
        counted.add(np.array(batch, np.uint64))
        expected.update(batch)
    asked = np.arange(6 * 8, dtype=np.uint64)
    keys = (asked // 8) << np.uint64(21) | asked % 8
    assert counted.get(keys).tolist() == [expected[int(key)] for key in keys]
    contexts = np.arange(7, dtype=np.uint64)
    sums = [sum(n for key, n in expected.items() if key >> 21 == context) for context in range(7)]
    assert counted.totals(contexts).tolist() == sums
    places, tokens, times = counted.successors(contexts)
    found = {int(p) << 21 | int(t): int(n) for p, t, n in zip(places, tokens, times, strict=True)}
    assert found == dict(expected)
    for context, best in enumerate(counted.best(contexts, -1).tolist()):
        mine = {key & 7: n for key, n in expected.items() if key >> 21 == context}
        assert best == min(mine, key=lambda token: (-mine[token], token), default=-1)
