"""The profile of a block of rows that are kept whole: the faults that the rules find, and what the checks judge."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import Any

from fttool.dataset.checks import CHECKS, Check
from fttool.dataset.checks.base import Spec
from fttool.dataset.formats.base import Block
from fttool.dataset.identity import hash_all, normalised, spread
from fttool.dataset.profile import LABEL_CHARS, Profile
from fttool.dataset.rows import Hit, Row, Rows, read_kept_rows, texts_of
from fttool.dataset.scripts import other_scripts
from fttool.records.dataset import Shape
from fttool.rules import faults
from fttool.rules.parts import count_images
from fttool.rules.reinforcement import reference_fields
from fttool.rules.surrogates import is_broken

_ROW_HITS = tuple(check for check in CHECKS if type(check).row_hits is not Check.row_hits)


def profile_rows(block: Block, spec: Spec, gone: bytes | None) -> Profile:
    """The profile of one block; rows flagged in `gone` are left out."""
    shape = spec.layout.shape
    rows = read_kept_rows(block, spec.layout, spec.steps, gone)
    profile = Profile(rows=len(block.lines), columns=set(block.columns), labels=None, left_out=rows.left_out)
    for hit in rows.failed:
        profile.note("cannot-convert", hit)
    for at, row in zip(rows.index, rows.rows, strict=True):
        for fault in faults(row, shape, spec.limits):
            profile.note(fault.rule, Hit(at, fault.path, fault.message))
    for check in _ROW_HITS:
        for hit in check.row_hits(rows, spec):
            profile.note(check.id, hit._replace(at=rows.index[hit.at]))
    for at in rows.broken:
        path = next((path for path, text in texts_of(rows.rows[at]) if is_broken(text)), "")
        profile.note("chat-surrogate", Hit(rows.index[at], path, "holds half a character"))
    profile.keys = spread(rows.keys, rows.index, profile.rows)
    profile.answers = spread(rows.answers, rows.index, profile.rows)
    profile.size = sum(map(len, rows.data))
    if spec.compare:
        near = hash_all([normalised(_asked(row, shape)) for row in rows.rows])
        profile.near = spread(near, rows.index, profile.rows)
    _count(profile, rows, spec)
    return profile


def _count(profile: Profile, rows: Rows, spec: Spec) -> None:
    """Fill in what only some checks count."""
    shape = spec.layout.shape
    if b"image_url" in rows.joined:
        profile.pictured = sum(1 for row in rows.rows if count_images(_messages(row, shape)))
    if shape == "chat":
        profile.endings = _endings(rows.rows)
    if shape == "reinforcement":
        profile.graded = spec.graded
        for at, row in zip(rows.index, rows.rows, strict=True):
            form = tuple(sorted(reference_fields(row).items()))
            profile.forms.setdefault(form, array("I")).append(at)
    for number, script in other_scripts(rows.joined, b"\n", list(map(len, rows.data))):
        profile.scripts.setdefault(script, array("I")).append(rows.index[number])


def _endings(rows: list[Row]) -> Counter[str] | None:
    """How often each last answer is given; None when there are too many, or long ones, for these to be labels."""
    counts: Counter[str] = Counter()
    for row in rows:
        messages = row.get("messages")
        last = messages[-1] if isinstance(messages, list) and messages else None
        content = last.get("content") if isinstance(last, dict) else None
        if not isinstance(content, str):
            continue
        if len(content) > LABEL_CHARS:
            return None
        counts[content] += 1
    return counts if len(counts) <= Profile.MAX_ENDINGS else None


def _messages(row: Row, shape: Shape) -> Any:
    holder = row.get("input") if shape == "preference" else row
    return holder.get("messages") if isinstance(holder, dict) else None


def _asked(row: Row, shape: Shape) -> str:
    """The texts of all that is asked, one after the other."""
    messages = _messages(row, shape)
    if not isinstance(messages, list):
        return ""
    last = messages[-1] if messages else None
    if shape == "chat" and isinstance(last, dict) and last.get("role") == "assistant":
        messages = messages[:-1]
    return "\n".join(
        text
        for message in messages
        if isinstance(message, dict)
        for path, text in texts_of({"content": message.get("content")})
    )
