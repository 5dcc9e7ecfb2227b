"""Which writing texts are in, told from their bytes: fast, and coarse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

LATIN = "Latin"

#: The first byte of a character in UTF-8, and the writing that characters beginning so mostly belong to.
_SCRIPTS: dict[int, str] = {
    **dict.fromkeys(range(0xC3, 0xCA), LATIN),
    **dict.fromkeys((0xCE, 0xCF), "Greek"),
    **dict.fromkeys(range(0xD0, 0xD4), "Cyrillic"),
    **dict.fromkeys((0xD6, 0xD7), "Hebrew"),
    **dict.fromkeys(range(0xD8, 0xDC), "Arabic"),
    **dict.fromkeys(range(0xE4, 0xEA), "Chinese or Japanese"),
    0xE0: "a script of South Asia",
    0xE3: "Chinese or Japanese",
    **dict.fromkeys((0xEA, 0xEB, 0xEC), "Korean"),
}

#: A text of which fewer bytes than this share are beyond ASCII is Latin: names, quotes and smileys make no other one.
_SHARE = 1 / 3


def other_scripts(joined: bytes, separator: bytes, lengths: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The texts that are not in Latin, by their numbers, each with its writing.

    `joined` is all texts as UTF-8 with an ASCII `separator`, a byte that none of them holds, between them; `lengths`
    are their lengths in bytes.
    """
    if joined.isascii():
        return
    ascii_ = bytes(code for code in range(0x80) if code != separator[0])
    for number, (foreign, length) in enumerate(zip(joined.translate(None, ascii_).split(separator), lengths)):  # noqa: B905
        if len(foreign) > _SHARE * length and (script := _script(foreign)) != LATIN:
            yield number, script


def _script(foreign: bytes) -> str:
    """The writing of most of the characters."""
    counts: Counter[str] = Counter()
    for byte, count in Counter(foreign).items():
        if script := _SCRIPTS.get(byte):
            counts[script] += count
    return counts.most_common(1)[0][0] if counts else LATIN
