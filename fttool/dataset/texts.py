"""Facts about pieces of text that several checks share: words, common ends, upper case, odd characters."""

from __future__ import annotations

import os.path
from collections import Counter
from collections.abc import Sequence

_UPPER = bytes(range(ord("A"), ord("Z") + 1))
_LOWER = bytes(range(ord("a"), ord("z") + 1))
_CONTROL = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r")
_ASCII = bytes(range(0x80))
_ORDINARY = bytes(code for code in _ASCII if code not in _UPPER and code not in _CONTROL)

#: Maps each control character other than tab and line ends to nothing, for str.translate.
CONTROL_TABLE = {code: None for code in _CONTROL}

# Characters that glue a word together; a label such as `card_arrival` or `e-mail` is one word.
_GLUE = "_-'’"


def is_word(character: str) -> bool:
    """Whether a character stands inside words."""
    return character.isalnum() or character in _GLUE


def trim_to_word_end(prefix: str) -> str:
    """Cut a common prefix back to where a word ends: `Answer: p` (of `positive`, `poor`) becomes `Answer: `."""
    return prefix[: len(prefix) - len(_word_tail(prefix))]


def trim_to_instruction_end(prefix: str) -> str:
    """Cut a common prefix back to where an instruction ends, if one does: after a line end or a colon.

    What comes after that may be how the texts themselves begin (`Question: Is it …`, `Question: Is there …`).
    """
    words = trim_to_word_end(prefix)
    end = max(words.rfind("\n"), words.rfind(":")) + 1
    rest = words[end:]
    return words[: end + len(rest) - len(rest.lstrip())] if end else words


def trim_to_word_start(suffix: str) -> str:
    """Cut a common suffix to where a word begins: `tive` (of `positive`, `negative`) becomes nothing."""
    return suffix[len(_word_tail(suffix[::-1])) :]


def _word_tail(text: str) -> str:
    """The run of word characters at the end of `text`."""
    cut = len(text)
    while cut and is_word(text[cut - 1]):
        cut -= 1
    return text[cut:]


def common_prefix(texts: Sequence[str]) -> str:
    """The longest prefix of all `texts` ("" for none): that of the least and the greatest is that of all."""
    return os.path.commonprefix([min(texts), max(texts)]) if texts else ""  # noqa: RUF071 - characters are meant


def common_suffix(texts: Sequence[str]) -> str:
    """The longest suffix of all `texts` ("" for none)."""
    if not texts:
        return ""
    suffix = texts[0]
    for text in texts:
        if not text.endswith(suffix):
            suffix = shared_end(suffix, text)
            if not suffix:
                break
    return suffix


def shared_end(left: str, right: str) -> str:
    """The longest common suffix of two texts."""
    return os.path.commonprefix([left[::-1], right[::-1]])[::-1]  # noqa: RUF071 - characters are meant


def encode(text: str) -> bytes:
    """UTF-8, with lone surrogates kept as the three bytes they would be: good for counting and hashing."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def encode_all(texts: Sequence[str]) -> list[bytes]:
    """Each text as UTF-8, lone surrogates as in `encode`."""
    try:
        return [text.encode() for text in texts]
    except UnicodeEncodeError:
        return [encode(text) for text in texts]


def beyond_ascii(data: bytes) -> bytes:
    """The bytes of all characters beyond ASCII in a UTF-8 text, in order: what stands together stays together."""
    return b"" if data.isascii() else data.translate(None, _ASCII)


class Characters:
    """Counts of the kinds of characters in a UTF-8 text, taken on bytes: a fraction of a nanosecond each.

    `upper`, `lower`: letters of either case; `control`: control characters other than tab, newline and carriage
    return, NUL included; `foreign`: the bytes of all characters beyond ASCII, in order.
    """

    __slots__ = ("control", "foreign", "lower", "upper")

    def __init__(self, data: bytes) -> None:
        rest = data.translate(None, _LOWER)  # one pass over everything; what follows works on a quarter of it
        odd = rest.translate(None, _ORDINARY)
        self.lower = len(data) - len(rest)
        self.foreign = b"" if data.isascii() else odd.translate(None, _ASCII)
        plain = odd.translate(None, _UPPER)
        self.upper = len(odd) - len(plain)
        self.control = len(plain) - len(self.foreign)
        if self.foreign:
            for character, count in Counter(self.foreign.decode("utf-8", "surrogatepass")).items():
                if character.isupper() and character.lower() != character:  # 𝐀 has no lower case
                    self.upper += count
                elif character.islower():
                    self.lower += count


def show(text: str, limit: int = 60) -> str:
    """A text as it can be shown on one line: line ends as `\\n`, cut in the middle when longer than `limit`."""
    flat = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if len(flat) <= limit:
        return flat
    half = (limit - 1) // 2
    return f"{flat[:half]}…{flat[len(flat) - half :]}"
