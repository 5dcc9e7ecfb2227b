"""The rows of a block that are kept whole (chats, preferences, prompts for reinforcement), and their texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from fttool.dataset.examples import Failures, read_rows
from fttool.dataset.formats.base import Block
from fttool.dataset.identity import hash_bytes
from fttool.dataset.shapes import Layout
from fttool.dataset.steps import Step, change_rows
from fttool.dataset.values import ENCODER, encode_object
from fttool.records.dataset import Shape
from fttool.rules.chat import ROW_KEYS

Row = dict[str, Any]


class Hit(NamedTuple):
    """A place that a check is about: the row (a position), the path inside it, and what is wrong there."""

    at: int
    path: str
    message: str


@dataclass
class Rows:
    """Rows with their positions in the block: `index[i]` is that of row i (rows may have been dropped).

    `data[i]` is row i as JSON, in which its strings stand in UTF-8 (lone surrogates as escapes). `keys[i]` is a hash of
    what is asked, `answers[i]` of the whole row. `broken` are the rows that hold half a character. `failed` are the
    rows of the block that cannot be converted, and are none of these; `left_out` what conversions leave out.
    """

    rows: list[Row]
    index: Sequence[int]
    data: list[bytes]
    keys: list[int]
    answers: list[int]
    broken: list[int]
    failed: list[Hit] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)

    @cached_property
    def joined(self) -> bytes:
        """All rows as JSON, one a line."""
        return b"\n".join(self.data)


def read_kept_rows(block: Block, layout: Layout, steps: Sequence[Step], gone: bytes | None) -> Rows:
    """The rows of a block after `steps`, without those flagged in `gone` and those that cannot be converted."""
    failed: Failures = {}
    left_out: set[str] = set()
    rows = change_rows(steps, read_rows(block, layout, failed, left_out))
    index: Sequence[int] = range(len(rows))
    if failed or (gone is not None and any(gone)):
        index = [at for at in index if at not in failed and not (gone and gone[at])]
        rows = [rows[at] for at in index]
    shape = layout.shape
    kept = Rows(rows, index, [], [], [], [], failures(failed), left_out)
    for at, row in enumerate(rows):
        try:
            asked, rest = _encoded(row, shape, ENCODER.encode)
        except UnicodeEncodeError:
            kept.broken.append(at)
            asked, rest = _encoded(row, shape, encode_object)
        whole = asked + rest
        kept.data.append(whole)
        kept.keys.append(hash_bytes(asked or whole))
        kept.answers.append(hash_bytes(whole))
    return kept


def failures(failed: Failures) -> list[Hit]:
    """The places of what cannot be converted."""
    return [Hit(at, error.where, error.what) for at, error in failed.items()]


def changed_rows(block: Block, layout: Layout, steps: Sequence[Step]) -> list[Row]:
    """The rows of a block after the steps that change whole rows."""
    return change_rows(steps, read_rows(block, layout))


def _encoded(row: Row, shape: Shape, encode: Any) -> tuple[bytes, bytes]:
    """What is asked, and the rest: of a chat all before the last answer, of others `input` or `messages`.

    Which tools there are belongs to what is asked.
    """
    if shape == "chat":
        messages = row.get("messages")
        if not isinstance(messages, list) or not messages:
            return b"", encode(row)
        last = messages[-1]
        if not isinstance(last, dict) or last.get("role") != "assistant":
            return b"", encode(row)
        asked, answer = encode(messages[:-1]), encode(last)
        if len(row) == 1:
            return asked, answer
        known, others = _parted(row, "messages")
        return asked + encode(known), answer + encode(others)
    first = "input" if shape == "preference" else "messages"
    if first not in row:
        return b"", encode(row)
    known, others = _parted(row, first)
    return encode(row[first]) + (encode(known) if known else b""), encode(others)


def _parted(row: Row, first: str) -> tuple[Row, Row]:
    """A row without the key `first`: what says which tools there are, and the rest."""
    known = {name: row[name] for name in ROW_KEYS if name in row and name != first}
    return known, {name: value for name, value in row.items() if name != first and name not in known}


def texts_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of a row, with its path. Not by recursion: rows may be nested deeply."""
    waiting: list[tuple[str, Any]] = [("", row)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, Mapping):
            waiting.extend((f"{path}.{key}" if path else key, inner) for key, inner in reversed(list(value.items())))
        elif isinstance(value, list):
            waiting.extend((f"{path}[{number}]", value[number]) for number in range(len(value) - 1, -1, -1))


def texts_where(rows: Rows, may_hold: Callable[[bytes], object]) -> Iterator[tuple[int, str, str]]:
    """Row, path and text of every text in the rows whose JSON may hold something: asked of all, then of each."""
    if may_hold(rows.joined):
        for at, data in enumerate(rows.data):
            if may_hold(data):
                for path, text in texts_of(rows.rows[at]):
                    yield at, path, text
