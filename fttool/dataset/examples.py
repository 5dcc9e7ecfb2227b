"""From the columns of a block to examples: prompts and completions as text, or conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any

from fttool.dataset.conversions import CONVERSIONS
from fttool.dataset.formats.base import MISSING, Block
from fttool.dataset.shapes import Layout, Template
from fttool.dataset.texts import Characters, encode_all
from fttool.dataset.values import to_text
from fttool.errors import ConversionError, DataError

Row = dict[str, Any]

#: Rows that cannot be converted: by their positions in a block.
Failures = dict[int, ConversionError]


@dataclass
class Pairs:
    """Prompt/completion examples of one block, with their positions in it.

    `index[i]` is the position in the block of example i (rows may have been dropped). `missing_prompt` and `converted`
    are positions in the block: a null or absent prompt, a value that was no text. `failed` are those of rows that
    cannot be converted, and why; until they are dropped, their prompt and completion are empty.
    """

    prompts: list[str]
    completions: list[str]
    index: Sequence[int]
    missing_prompt: list[int] = field(default_factory=list)
    converted: list[int] = field(default_factory=list)
    failed: Failures = field(default_factory=dict)

    def keep(self, wanted: Sequence[bool | int]) -> None:
        """Drop the examples whose flag is false; one flag for each example."""
        self.prompts = [text for text, want in zip(self.prompts, wanted, strict=True) if want]
        self.completions = [text for text, want in zip(self.completions, wanted, strict=True) if want]
        self.index = [place for place, want in zip(self.index, wanted, strict=True) if want]

    # Each text is encoded once, for hashing and for all that is counted and looked for in bytes. NUL keeps the texts
    # apart in the joined bytes: nothing that is looked for holds one.

    @cached_property
    def prompt_data(self) -> list[bytes]:
        """Each prompt as UTF-8."""
        return encode_all(self.prompts)

    @cached_property
    def completion_data(self) -> list[bytes]:
        """Each completion as UTF-8."""
        return encode_all(self.completions)

    @cached_property
    def prompt_bytes(self) -> bytes:
        """All prompts as UTF-8, with NUL between them."""
        return b"\0".join(self.prompt_data)

    @cached_property
    def completion_bytes(self) -> bytes:
        """All completions as UTF-8, with NUL between them."""
        return b"\0".join(self.completion_data)

    @cached_property
    def prompt_kinds(self) -> Characters:
        """Kinds of characters in all prompts; the NULs between them count as control characters."""
        return Characters(self.prompt_bytes)

    @cached_property
    def completion_kinds(self) -> Characters:
        """Kinds of characters in all completions; the NULs between them count as control characters."""
        return Characters(self.completion_bytes)


def read_pairs(block: Block, layout: Layout) -> Pairs:
    """The prompts and completions of a block; null or absent values become "".

    Raises:
        DataError: a chat that is no single question and answer.
    """
    rows = len(block.lines)
    if layout.shape == "chat":
        failed: Failures = {}
        turns = [
            ("", "") if at in failed else _single_turn(row, layout.system, line)
            for at, (row, line) in enumerate(zip(read_rows(block, layout, failed), block.lines, strict=True))
        ]
        return Pairs([prompt for prompt, _ in turns], [answer for _, answer in turns], range(rows), failed=failed)
    assert layout.prompt is not None and layout.completion is not None
    converted: list[int] = []
    prompts, no_prompt = _texts(block, layout.prompt, rows, converted)
    completions, _ = _texts(block, layout.completion, rows, converted)  # none there is empty, and found as that
    return Pairs(prompts, completions, range(rows), no_prompt, sorted(set(converted)))


def _texts(block: Block, source: str | Template, rows: int, converted: list[int]) -> tuple[list[str], list[int]]:
    """Texts of one field, and the positions where nothing was there."""
    if isinstance(source, str):
        return _column(block, source, rows, converted)
    if not source.columns:
        return [source.texts[0]] * rows, []
    texts = list(repeat(source.texts[0], rows))
    absent: set[int] = set()
    for name, literal in zip(source.columns, source.texts[1:], strict=True):
        values, gone = _column(block, name, rows, converted)
        absent.update(gone)
        texts = [text + value + literal for text, value in zip(texts, values, strict=True)]
    return texts, sorted(absent)


def _column(block: Block, name: str, rows: int, converted: list[int]) -> tuple[list[str], list[int]]:
    values = block.columns.get(name)
    if values is None:
        return [""] * rows, list(range(rows))
    if set(map(type, values)) <= {str}:
        return values, []
    absent = [place for place, value in enumerate(values) if value is None or value is MISSING]
    converted.extend(
        place
        for place, value in enumerate(values)
        if not isinstance(value, str) and value is not None and value is not MISSING
    )
    return ["" if value is None or value is MISSING else to_text(value) for value in values], absent


def _single_turn(row: dict[str, Any], system: str | None, line: int) -> tuple[str, str]:
    """Prompt and completion of a chat of one user and one assistant message, after the system message named."""
    messages = row.get("messages")
    turns = [
        (message.get("role"), message.get("content")) if isinstance(message, dict) else (None, None)
        for message in (messages if isinstance(messages, list) else [])
    ]
    if system is not None and turns and turns[0] == ("system", system):
        turns = turns[1:]
    if [role for role, _ in turns] == ["user", "assistant"]:
        prompt, completion = turns[0][1], turns[1][1]
        if isinstance(prompt, str) and isinstance(completion, str):
            return prompt, completion
    raise DataError(
        "this chat cannot become a prompt and a completion: it is not one user and one assistant message of text",
        line=line,
        hint="a system message is left out if `--system` gives its text; other chats stay chats (leave out `--to`)",
    )


def read_rows(
    block: Block, layout: Layout | None = None, failed: Failures | None = None, left_out: set[str] | None = None
) -> list[Row]:
    """The rows of a block as objects, without the keys they do not have; converted where the layout says so.

    A row that cannot be converted is {}; `failed` takes in why, `left_out` the parts that conversions leave out.
    """
    names = list(block.columns)
    if not names:
        return [{} for _ in block.lines]
    rows = [
        {name: value for name, value in zip(names, values, strict=True) if value is not MISSING}
        for values in zip(*block.columns.values(), strict=True)
    ]
    if layout is None or layout.conversion is None:
        return rows
    conversion = CONVERSIONS[layout.conversion]
    for at, row in enumerate(rows):
        try:
            rows[at] = conversion.convert(row)
            if left_out is not None:
                left_out.update(conversion.parts(row))
            continue
        except ConversionError as error:
            reason = error
        except RecursionError:
            reason = ConversionError("the row is nested too deeply")
        rows[at] = {}
        if failed is not None:
            failed[at] = reason
    return rows
