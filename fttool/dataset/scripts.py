"""Which writing a text is in, told from its bytes: fast, and coarse."""

from __future__ import annotations

from collections import Counter

_ASCII = bytes(range(0x80))

#: The first byte of a character in UTF-8, and the writing that characters beginning so mostly belong to.
_SCRIPTS: dict[int, str] = {
    **dict.fromkeys(range(0xC3, 0xCA), "Latin"),
    **dict.fromkeys((0xCE, 0xCF), "Greek"),
    **dict.fromkeys(range(0xD0, 0xD4), "Cyrillic"),
    **dict.fromkeys((0xD6, 0xD7), "Hebrew"),
    **dict.fromkeys(range(0xD8, 0xDC), "Arabic"),
    **dict.fromkeys(range(0xE4, 0xEA), "Chinese or Japanese"),
    0xE0: "a script of South Asia",
    0xE3: "Chinese or Japanese",
    **dict.fromkeys((0xEA, 0xEB, 0xEC), "Korean"),
}

#: Fewer bytes of other writings than this, for each byte of ASCII, make no text of another writing.
_SHARE = 0.5


def script_of(data: bytes) -> str:
    """The writing of most letters of a UTF-8 text, in which JSON's own words may stand; Latin if nothing else shows."""
    if data.isascii():
        return "Latin"
    foreign = data.translate(None, _ASCII)
    if len(foreign) < _SHARE * (len(data) - len(foreign)):
        return "Latin"
    counts: Counter[str] = Counter()
    for byte, count in Counter(foreign).items():
        if script := _SCRIPTS.get(byte):
            counts[script] += count
    return counts.most_common(1)[0][0] if counts else "Latin"
