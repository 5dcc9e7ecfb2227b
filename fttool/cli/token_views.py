"""What counts of tokens look like: a line, the parts by role, and a histogram on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fttool.cli import output

if TYPE_CHECKING:
    from fttool.records.tokens import TokenCount

_WIDTH = 30

#: Eighths of a bar.
_EIGHTHS = " ▏▎▍▌▋▊▉"


def number(tokens: TokenCount) -> str:
    """`8,210 tokens`, `≈ 8,200 tokens`."""
    return f"{'' if tokens.exact else '≈ '}{tokens.total:,} token{'' if tokens.total == 1 else 's'}"


def lines(tokens: TokenCount) -> Iterator[str]:
    """How they were counted, what they are, and on a terminal how long the examples are."""
    if tokens.examples:
        if not tokens.exact:
            yield f"  {method(tokens)}"
        yield f"  {parts(tokens)}{f' ({tokens.encoding})' if tokens.exact else ''}"
        if tokens.images:
            yield f"  {tokens.images:,} image{'' if tokens.images == 1 else 's'} not counted"
        if tokens.over_limit:
            yield f"  {cut(tokens)}"
        if output.is_terminal(sys.stdout):
            yield from histogram(tokens)


def method(tokens: TokenCount) -> str:
    """How they were counted if that is not exact, and how far off it may be."""
    if tokens.method == "estimate":
        return f"estimated by bytes; there may be {_percent(tokens.low)} to {_percent(tokens.high)}"
    if tokens.sampled:
        error = "" if tokens.high is None else f", ± {tokens.high * 100:.1f} %"
        return f"a sample was counted with {tokens.encoding}{error}; `--tokens exact` counts all"
    return f"counted with {tokens.encoding}; the model has a vocabulary of its own"


def parts(tokens: TokenCount) -> str:
    """`user 5,210, assistant 420, format 2,580; 420 are learned; the longest example has 93`."""
    named = [f"{role} {count:,}" for role, count in tokens.roles.items() if count]
    if tokens.overhead:
        named.append(f"format {tokens.overhead:,}")
    known = "" if not tokens.sampled else "known "
    return (
        f"{', '.join(named) or 'nothing'}; {tokens.trained:,} {'is' if tokens.trained == 1 else 'are'} learned; "
        f"the longest {known}example has {tokens.longest:,}"
    )


def cut(tokens: TokenCount) -> str:
    """`3 examples are longer than 65,536 tokens; cut there, they lose 1,200`."""
    one = tokens.over_limit == 1
    which = "1 example is" if one else f"{tokens.over_limit:,} examples are"
    return (
        f"{which} longer than {tokens.limit:,} tokens; cut there, {'it loses' if one else 'they lose'} {tokens.lost:,}"
    )


def histogram(tokens: TokenCount) -> Iterator[str]:
    """The lengths of the examples, a bar for each bin."""
    bins = tokens.histogram
    if len(bins) < 2:
        return
    most = max(each.examples for each in bins)
    width = len(f"{bins[-1].most:,}")
    yield "  tokens of an example:"
    for each in bins:
        bar = _bar(each.examples / most)
        yield f"  {each.least:>{width},} – {each.most:>{width},}  {bar} {each.examples:,}"


def _bar(share: float) -> str:
    eighths = max(round(share * _WIDTH * 8), 1 if share else 0)
    if not _has_blocks():
        return "#" * -(-eighths // 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _has_blocks() -> bool:
    try:
        "█▏".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _percent(share: float | None) -> str:
    """`13 % fewer`, `75 % more`."""
    if share is None:
        return "any number"
    return f"{abs(share) * 100:.0f} % {'fewer' if share < 0 else 'more'}"
