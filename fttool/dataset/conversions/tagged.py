"""Calls that stand as tagged text in a turn, as Nous' Hermes models write them: `<tool_call>{…}</tool_call>`."""

from __future__ import annotations

from fttool.dataset.conversions.base import Row
from fttool.dataset.conversions.tools import calls_in
from fttool.errors import ConversionError


def tagged_calls(said: str, where: str) -> tuple[str | None, list[Row]]:
    """What is said before the calls (None for nothing), and the functions that are called; none if there is no tag."""
    start = said.find("<tool_call>")
    if start < 0:
        return said, []
    written, end = _blocks("tool_call", said, start)
    if said[end:].strip():
        raise ConversionError("goes on after its calls, which must come last", where)
    functions = [function for one in written for function in calls_in(one, where)]
    return said[:start].rstrip() or None, functions


def tagged_answers(said: str) -> list[str]:
    """The answers of tools in a turn: what stands between the tags, or all of it where there is none."""
    written, end = _blocks("tool_response", said, 0)
    return written if written and not said[end:].strip() else [said]


def _blocks(tag: str, said: str, at: int) -> tuple[list[str], int]:
    """What stands in the tags that follow each other from `at` on, and where they end."""
    begin, end = f"<{tag}>", f"</{tag}>"
    found = []
    while (start := said.find(begin, at)) >= 0 and not said[at:start].strip():
        stop = said.find(end, start)
        if stop < 0:
            break
        found.append(said[start + len(begin) : stop].strip())
        at = stop + len(end)
    return found, at
