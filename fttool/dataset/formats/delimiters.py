"""Which character separates the columns of a text, and where a quote was left open."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from fttool.dataset.formats import base
from fttool.errors import UsageError

#: In order of preference.
DELIMITERS = (",", "\t", ";", "|", ":")
_WORDS = {"comma": ",", "tab": "\t", "\\t": "\t", "semicolon": ";", "pipe": "|", "colon": ":", "space": " "}
_SAMPLE_ROWS = 50
#: So much of the sample must have the header's width; `:` and `|` are common in prose, and only count if it all has.
_ENOUGH = 0.5


def named_delimiter(word: str) -> str:
    """The delimiter the user asked for, as itself or by name. UsageError when it cannot be one."""
    char = _WORDS.get(word.lower(), word)
    if len(char) != 1 or char in '"\r\n\0':
        hint = "give one character, or one of comma, semicolon, tab, pipe, colon"
        raise UsageError(f"`{word}` cannot be a delimiter", hint=hint)
    return char


def find_delimiter(sample: str, preferred: str) -> tuple[str | None, bool]:
    """The delimiter that splits the sample's rows into the same number of columns, more than one.

    `sample` is the start of the text; `preferred` wins a tie. Returns (None, True) for a single column; the second
    part tells whether every row agreed.
    """
    best: tuple[float, int, str] | None = None
    order = sorted(DELIMITERS, key=lambda char: char != preferred)
    for rank, char in enumerate(order):
        share, width = _agreement(sample, char)
        if width > 1 and (share == 1 or (share >= _ENOUGH and char not in "|:")):
            best = max(best or (0.0, 0, ""), (share, -rank, char))
    if best is not None:
        return best[2], best[0] == 1
    share, width = _agreement(sample, preferred)
    return (preferred, False) if width > 1 else (None, True)


def _agreement(sample: str, delimiter: str) -> tuple[float, int]:
    """How large a share of the sample's rows is as wide as the first, and how wide that is."""
    csv.field_size_limit(base.MAX_LINE_BYTES)
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    widths: list[int] = []
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                widths.append(len(row))
            if len(widths) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    if not widths:
        return 0.0, 0
    rest = widths[1:]
    return (rest.count(widths[0]) / len(rest) if rest else 1.0), widths[0]


def whole_lines(head: str, complete: bool) -> str:
    """The head of a text without its last line, which may be cut, unless it is all there is."""
    if complete:
        return head
    cut = max(head.rfind("\n"), head.rfind("\r")) + 1
    return head[:cut] or head


def open_quote(lines: Iterable[str], delimiter: str, first: int) -> int:
    """The number of the line where the quote was opened that is never closed; `lines` start with number `first`."""
    inside = False
    opened = first
    for number, line in enumerate(lines, start=first):
        at = 0
        while at >= 0:
            if inside:
                at = line.find('"', at)
                if at >= 0 and line.startswith('""', at):
                    at += 2
                elif at >= 0:
                    inside, at = False, at + 1
            elif at == 0 and line.startswith('"'):
                inside, opened, at = True, number, 1
            else:
                at = line.find(delimiter + '"', at)
                if at >= 0:
                    inside, opened, at = True, number, at + 2
    return opened
