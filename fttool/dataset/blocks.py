"""What is done with one block: profile it, or change and encode its examples.

Both functions are pure and their arguments picklable: the same code runs in one process or in several.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from fttool.dataset.checks import CHECKS, Check
from fttool.dataset.checks.base import Spec
from fttool.dataset.counting import Counting, Tokens
from fttool.dataset.examples import Pairs, read_pairs
from fttool.dataset.formats.base import Block
from fttool.dataset.identity import hash_all, normalised, spread
from fttool.dataset.profile import LABEL_CHARS, SEPARATORS, STOPS, Profile, text_stats
from fttool.dataset.row_profile import profile_rows
from fttool.dataset.rows import changed_rows, failures
from fttool.dataset.scripts import other_scripts
from fttool.dataset.steps import Step, apply_steps
from fttool.dataset.values import ENCODER, encode_object

#: What becomes of a row: it goes into the training file, into the validation file, or nowhere.
TRAIN, VALID, GONE = 0, 1, 2

_PAIR_SCANS = tuple(check for check in CHECKS if type(check).scan is not Check.scan)
_PAIR_HITS = tuple(check for check in CHECKS if type(check).hits is not Check.hits)


class PairRow(msgspec.Struct, gc=False):
    """A line of a prompt/completion file."""

    prompt: str
    completion: str


class Message(msgspec.Struct, gc=False):
    """One message of a chat."""

    role: str
    content: str


class ChatRow(msgspec.Struct, gc=False):
    """A line of a chat file."""

    messages: list[Message]


def prepared_pairs(block: Block, spec: Spec, gone: bytes | None) -> Pairs:
    """The examples of a block after the early steps, without the rows flagged in `gone`."""
    pairs = read_pairs(block, spec.layout)
    if spec.steps:
        pairs.prompts, pairs.completions = apply_steps(spec.steps, pairs.prompts, pairs.completions)
    if gone is not None or pairs.failed:
        pairs.keep([at not in pairs.failed and not (gone and gone[at]) for at in pairs.index])
    return pairs


def profile_block(block: Block, spec: Spec, gone: bytes | None = None) -> Profile:
    """The profile of one block; rows flagged in `gone` are left out."""
    return profile_rows(block, spec, gone) if spec.layout.keeps_rows else _profile_pairs(block, spec, gone)


def _profile_pairs(block: Block, spec: Spec, gone: bytes | None) -> Profile:
    pairs = prepared_pairs(block, spec, gone)
    profile = Profile(rows=len(block.lines), columns=set(block.columns))
    profile.hit("missing-prompt", pairs.missing_prompt)
    profile.hit("value-type", pairs.converted)
    for hit in failures(pairs.failed):
        profile.note("cannot-convert", hit)
    empty = [not text or text.isspace() for text in pairs.completions]
    if any(empty):
        profile.hit("empty-completion", [place for place, is_empty in zip(pairs.index, empty, strict=True) if is_empty])
        pairs.keep([not is_empty for is_empty in empty])
    for check in _PAIR_SCANS:
        found = check.scan(pairs, spec)
        profile.hit(check.id, [pairs.index[at] for at in found])
    for check in _PAIR_HITS:
        for hit in sorted(check.hits(pairs, spec), key=lambda hit: hit.at):
            profile.note(check.id, hit._replace(at=pairs.index[hit.at]))
    answers = hash_all(pairs.completion_data)
    keys = _keys(pairs, answers, spec)
    profile.keys = spread(keys, pairs.index, profile.rows)
    profile.answers = spread(answers, pairs.index, profile.rows)
    if spec.compare:
        profile.near = spread(hash_all([normalised(text) for text in pairs.prompts]), pairs.index, profile.rows)
    profile.labels = {
        one: text for one, text in zip(answers, pairs.completions, strict=True) if len(text) <= LABEL_CHARS
    }
    profile.prompt = text_stats(pairs.prompts, pairs.index, pairs.prompt_bytes, pairs.prompt_kinds, SEPARATORS)
    profile.completion = text_stats(
        pairs.completions, pairs.index, pairs.completion_bytes, pairs.completion_kinds, STOPS
    )
    if profile.completion.spaced:
        profile.bare = set(hash_all([text[1:] for text in pairs.completion_data if text.startswith(b" ")]))
    for number, script in other_scripts(pairs.prompt_bytes, b"\0", list(map(len, pairs.prompt_data))):
        profile.scripts.setdefault(script, array("I")).append(pairs.index[number])
    profile.size = profile.prompt.size + profile.completion.size
    return profile


def _keys(pairs: Pairs, answers: list[int], spec: Spec) -> list[int]:
    """What makes examples belong together: their prompt; their completion where there is no prompt."""
    keys = hash_all(pairs.prompt_data)
    nothing = {"", apply_steps(spec.steps, [""], [""])[0][0]}  # a separator alone is no prompt either
    if nothing.isdisjoint(pairs.prompts):
        return keys
    return [
        answer if prompt in nothing else key for key, prompt, answer in zip(keys, pairs.prompts, answers, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Encoded:
    """The lines of one block for each output file."""

    train: bytes
    valid: bytes
    n_train: int
    n_valid: int
    tokens: Tokens | None = None

    def pack(self) -> tuple[tuple[bytes, bytes], Callable[[bytes], Encoded]]:
        """The bytes, to be handed over apart from the rest (see workers.Bulky)."""
        return (self.train, self.valid), partial(_unpack, len(self.train), self.n_train, self.n_valid, self.tokens)


def _unpack(border: int, n_train: int, n_valid: int, tokens: Tokens | None, data: bytes) -> Encoded:
    return Encoded(data[:border] if border < len(data) else data, data[border:], n_train, n_valid, tokens)


def encode_block(block: Block, spec: Spec, steps: tuple[Step, ...], counting: Counting | None, fates: bytes) -> Encoded:
    """Change the examples of a block, encode them as JSON lines, and count their tokens if that is wanted.

    `fates` holds TRAIN, VALID or GONE for each row.
    """
    train, valid = _examples(block, spec, steps, fates)
    lines = encode_lines(train), encode_lines(valid) if valid else b""
    tokens = None
    if counting is not None:
        tokens = Tokens(counting.stats(train, lines[0]), counting.stats(valid, lines[1]))
    return Encoded(*lines, len(train), len(valid), tokens)


def count_block(block: Block, spec: Spec, steps: tuple[Step, ...], counting: Counting, fates: bytes) -> Tokens:
    """Count the tokens of the examples that `encode_block` would make."""
    train, valid = _examples(block, spec, steps, fates)
    return Tokens(counting.stats(train), counting.stats(valid))


def _examples(block: Block, spec: Spec, steps: tuple[Step, ...], fates: bytes) -> tuple[list[Any], list[Any]]:
    """The examples of a block in the shape to write: those to train on, and those to validate with."""
    kept = [fate for fate in fates if fate != GONE]
    if spec.layout.keeps_rows:
        changed = changed_rows(block, spec.layout, spec.steps)
        rows: list[Any] = [row for row, fate in zip(changed, fates, strict=True) if fate != GONE]
    else:
        pairs = prepared_pairs(block, spec, bytes(fate == GONE for fate in fates) if GONE in fates else None)
        prompts, completions = apply_steps(steps, pairs.prompts, pairs.completions)
        rows = _shaped(prompts, completions, spec)
    if VALID not in kept:
        return rows, []
    train = [row for row, fate in zip(rows, kept, strict=True) if fate == TRAIN]
    valid = [row for row, fate in zip(rows, kept, strict=True) if fate == VALID]
    return train, valid


def _shaped(prompts: list[str], completions: list[str], spec: Spec) -> list[Any]:
    """Rows of the shape to write."""
    if spec.layout.to == "completion":
        return list(map(PairRow, prompts, completions))
    system = [] if spec.layout.system is None else [Message("system", spec.layout.system)]
    return [
        ChatRow([*system, Message("user", prompt), Message("assistant", completion)])
        for prompt, completion in zip(prompts, completions, strict=True)
    ]


def encode_lines(rows: list[Any]) -> bytes:
    """JSON lines in UTF-8. A row with a lone surrogate, which UTF-8 cannot hold, is written with escapes."""
    try:
        return ENCODER.encode_lines(rows)
    except UnicodeEncodeError:
        return b"".join(encode_object(row) + b"\n" for row in rows)
