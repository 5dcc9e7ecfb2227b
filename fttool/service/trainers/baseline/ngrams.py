"""Hashed word and character n-grams of many texts at once, in numpy.

scikit-learn's HashingVectorizer gives such features too, but importing it costs 1.5 s and 150 MB in every process, and
its analyser runs in Python, row by row. Here a block of rows is one array of code points, and the n-grams of each
order are one rolling hash over it. Training and inference use this one function, so they cannot differ.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fttool.service.trainers.baseline.history import split

#: Features are numbers below SPACE: first those of the question (a quarter for words, a quarter for pairs of words,
#: half for character n-grams), then the words of what was said before it.
_QUESTION_BITS = 23
QUESTION = 1 << _QUESTION_BITS
SPACE = QUESTION + (QUESTION >> 2)
BITS = 24

#: Lengths of the character n-grams; a space stands at either edge of a word, none within.
CHARACTERS = (2, 3, 4)

#: Two words of a text that stand at most WINDOW words apart are a feature, whatever their order: in a sentence, not in
#: all of a long text, which has words enough.
WINDOW = 10
PAIRED_WORDS = 64

#: What of a long text is looked at: so many characters of its beginning and of its end.
HEAD, TAIL = 4_096, 2_048

_PRIME = 0x100000001B3
_NEWLINE, _SPACE, _ASCII = 10, 32, 128

U64 = NDArray[np.uint64]


class Rows(NamedTuple):
    """The features of some rows: those of row i are ids[starts[i]:starts[i+1]], ascending, each once."""

    starts: NDArray[np.int64]
    ids: NDArray[np.uint32]


class _Grams(NamedTuple):
    """Hashes, and the row each belongs to."""

    rows: NDArray[np.int64]
    hashes: U64


def features(texts: Sequence[str], *, window: int = WINDOW, characters: Sequence[int] = CHARACTERS) -> Rows:
    """The features of each text. Case and kinds of white space do not matter.

    `window` is how far apart words may stand to be a feature together; with 0, words stand alone. Of what was
    said before the question (see `history`) each word is a feature of its own kind.
    """
    before, asked = zip(*map(split, texts), strict=True) if texts else ((), ())
    found = _grams(asked, window, characters)
    if any(before):
        found += [_Grams(grams.rows, grams.hashes + np.uint64(QUESTION)) for grams in _grams(before, 0, ())]
    keys = np.concatenate([(grams.rows.astype(np.uint64) << np.uint64(BITS)) | grams.hashes for grams in found])
    keys = np.unique(keys)
    ends = np.searchsorted(keys, np.arange(len(texts) + 1, dtype=np.uint64) << np.uint64(BITS))
    return Rows(ends.astype(np.int64), (keys & np.uint64((1 << BITS) - 1)).astype(np.uint32))


def _grams(texts: Sequence[str], window: int, characters: Sequence[int]) -> list[_Grams]:
    codes = _codes(texts)
    breaks = codes == _NEWLINE
    rows = np.cumsum(breaks) - 1
    spaces = breaks | (codes == _SPACE)
    mixed = mix(np.where(breaks, np.uint64(_SPACE), codes))
    words, starts = _words(codes, spaces)
    return [*_character_grams(mixed, rows, spaces, characters), *_word_grams(mixed, rows, words, starts, window)]


def mix(x: U64) -> U64:
    """Spread hashes over all 64 bits (splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def shorten(text: str) -> str:
    """What of a text is looked at."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}"


def _codes(texts: Sequence[str]) -> U64:
    """The code points of all texts, with a newline before each and at the end, and no other newline."""
    joined = "\n".join(" ".join(shorten(text).lower().split()) for text in texts)
    return np.frombuffer(f"\n{joined}\n".encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)


def _words(codes: U64, spaces: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which code points belong to words, and which begin one. Symbols beyond ASCII (emoji) are words of their own."""
    known, inverse = np.unique(codes, return_inverse=True)
    letters = np.fromiter((_is_letter(chr(int(code))) for code in known), bool, len(known))[inverse]
    symbols = ~letters & ~spaces & (codes >= _ASCII)
    before = np.zeros_like(letters)
    before[1:] = letters[:-1]
    return letters | symbols, (letters & ~before) | symbols


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def _character_grams(
    mixed: U64, rows: NDArray[np.int64], spaces: NDArray[np.bool_], lengths: Sequence[int]
) -> list[_Grams]:
    """N-grams within words, the space before and after them included."""
    found = []
    spaces_until = np.concatenate([[0], np.cumsum(spaces)])
    hashes = mixed
    for length in range(2, max(lengths, default=1) + 1):
        hashes = hashes[:-1] * np.uint64(_PRIME) + mixed[length - 1 :]
        if length in lengths:
            count = len(hashes)
            inner = spaces_until[length - 1 : length - 1 + count] - spaces_until[1 : count + 1]
            at = np.flatnonzero(inner == 0)
            buckets = mix(hashes[at] + np.uint64(length)) >> np.uint64(64 - _QUESTION_BITS + 1)
            found.append(_Grams(rows[at], buckets | np.uint64(QUESTION >> 1)))
    return found


def _word_grams(
    mixed: U64, rows: NDArray[np.int64], words: NDArray[np.bool_], starts: NDArray[np.bool_], window: int
) -> list[_Grams]:
    """Words, words with the next one, and unordered pairs of words that stand near one another."""
    at = np.flatnonzero(words)
    firsts = np.flatnonzero(starts[at])
    if not len(firsts):
        return []
    place = np.arange(len(at)) - firsts[np.cumsum(starts[at]) - 1]
    powers = np.cumprod(np.concatenate([[1], np.full(place.max(), _PRIME)]).astype(np.uint64), dtype=np.uint64)
    hashes = mix(np.add.reduceat(mixed[at] * powers[place], firsts))
    row = rows[at[firsts]]
    found = [_Grams(row, mix(hashes) >> np.uint64(64 - _QUESTION_BITS + 2))]
    early = np.arange(len(row)) - np.searchsorted(row, row) < PAIRED_WORDS
    for distance in range(1, min(window, len(row) - 1) + 1):
        same = row[distance:] == row[:-distance]
        left, right = hashes[:-distance][same], hashes[distance:][same]
        if distance == 1:
            found.append(
                _Grams(row[1:][same], mix(left * np.uint64(_PRIME) + right) >> np.uint64(64 - _QUESTION_BITS + 2))
            )
        near = early[distance:][same]
        left, right = left[near], right[near]
        pairs = mix((left + right) ^ (left * right)) >> np.uint64(64 - _QUESTION_BITS + 2)
        found.append(_Grams(row[distance:][same][near], pairs | np.uint64(QUESTION >> 2)))
    return found


def group_of(ids: NDArray[np.uint32]) -> NDArray[np.intp]:
    """What each feature is: 0 a word or two in order, 1 a pair of words, 2 a character n-gram, 3 a word said before."""
    return np.searchsorted(np.array([QUESTION >> 2, QUESTION >> 1, QUESTION], np.uint32), ids, side="right")
