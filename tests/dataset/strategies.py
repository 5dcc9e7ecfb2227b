"""Examples as hypothesis makes them: plain texts, texts made of what fixes look for, and rows as odd as files hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import assume, settings
from hypothesis import strategies as st

from fttool import DataError, Report, prepare
from fttool.dataset.profile import LAST_SEPARATOR, LAST_STOP, SEPARATORS, STOPS

from .helpers import Row, pair, write_jsonl

quick = settings(max_examples=60, deadline=None)
few = settings(max_examples=8, deadline=None)

ODD = [
    "\x00",
    "\x1b",
    "\x1c",
    "\ud83d",
    "\udc00",
    "\ufffd",
    "\ufeff",
    "\u2028",
    "\x85",
    "\xa0",
    "İ",
    "ẞ",
    "𝐀",
    "Ã©",
    "é",
]

#: Any text at all.
any_text = (
    st.text(max_size=20) | st.text(st.characters(codec=None), max_size=12) | st.text("aB .\n\x00\ud83d", max_size=8)
)

#: Texts of the words, ends and signs that checks look for.
_words = st.sampled_from(["a", "bb", "Answer", "answer: ", "positive", "negative", "Go", "END", "42", "e-mail", "it's"])
_signs = st.sampled_from(
    [*SEPARATORS, LAST_SEPARATOR, *STOPS, LAST_STOP, " ", "  ", "\t", ":", "?", "}", "%", ")", "\r\n"]
)
_odd = st.sampled_from(ODD)
text_of_pieces = st.lists(_words | _signs | _words, max_size=6).map("".join)
odd_text_of_pieces = st.lists(_words | _signs | _odd, max_size=6).map("".join)

labels = st.sampled_from(["yes", "no", " yes", "no ", "maybe", "YES"])
values: st.SearchStrategy[Any] = (
    text_of_pieces
    | odd_text_of_pieces
    | any_text
    | st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(st.integers() | st.none() | st.text(max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.text(max_size=3), max_size=2)
)


def pairs(texts: st.SearchStrategy[Any], answers: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.builds(pair, texts, texts if answers is None else answers), min_size=1, max_size=14)


def with_repeats(rows: st.SearchStrategy[list[Row]]) -> st.SearchStrategy[list[Row]]:
    """Some rows again, somewhere."""
    return rows.flatmap(lambda some: st.lists(st.sampled_from(some), max_size=6).map(lambda more: some + more))


def without_keys(rows: list[Row], missing: list[str | None]) -> list[Row]:
    """Rows without the key named for each; the first stays whole, so that the columns are known."""
    gone = [None, *missing]
    return [
        {key: value for key, value in row.items() if at >= len(gone) or key != gone[at]} for at, row in enumerate(rows)
    ]


odd_rows = st.builds(
    without_keys,
    with_repeats(pairs(values) | pairs(text_of_pieces, labels)),
    st.lists(st.sampled_from([None, None, "prompt", "completion"]), max_size=10),
)


@contextmanager
def folder() -> Iterator[Path]:
    """A place for one example of hypothesis, of which one test has many."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def prepared(rows: list[Any], place: Path, **options: Any) -> Report:
    """Prepare rows; those of which nothing is left are no example for hypothesis."""
    try:
        return prepare(write_jsonl(place / "a.jsonl", rows), processes=1, **options)
    except DataError as error:
        assume("nothing to learn from" not in error.message)
        raise
