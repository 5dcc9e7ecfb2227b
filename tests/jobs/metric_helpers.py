"""Answers to measure, without a service."""

from __future__ import annotations

from collections.abc import Iterable

from fttool.records.evaluation import Answer


def answers(pairs: Iterable[tuple[str, str | None]], **more: object) -> list[Answer]:
    """Answers to rows of (expected, answer)."""
    return [
        Answer(index=at, line=at + 1, row=f"{at:016x}", expected=expected, text=text, **more)
        for at, (expected, text) in enumerate(pairs)
    ]
