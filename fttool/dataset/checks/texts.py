"""What stands in texts and should not: special tokens, keys and passwords, characters that no one sees.

Each check looks for bytes first, in a whole block at once; most blocks hold none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fttool.dataset.checks.base import EVERY, Check, Spec, State, Verdict, plural
from fttool.dataset.examples import Pairs
from fttool.dataset.rows import Hit, Rows, texts_where
from fttool.dataset.texts import beyond_ascii
from fttool.records.dataset import Severity
from fttool.rules.secrets import KINDS, masked


class TextCheck(Check):
    """A check of texts wherever they stand. Subclasses say what to look for, in bytes and in a text."""

    shapes = EVERY
    severity: Severity = "warning"
    #: Whether it is about characters beyond ASCII alone.
    foreign = False

    def may_hold(self, data: bytes) -> bool:
        """Whether UTF-8 text may hold it: fast, and never wrong when it says no."""
        raise NotImplementedError

    def find(self, text: str) -> str | None:
        """What is wrong with a text, in words; None if nothing is."""
        raise NotImplementedError

    def hits(self, pairs: Pairs, spec: Spec) -> Iterator[Hit]:
        prompt, completion = pairs.prompt_bytes, pairs.completion_bytes
        if self.foreign:  # known already
            prompt, completion = pairs.prompt_kinds.foreign, pairs.completion_kinds.foreign
        for field, whole, data, texts in (
            ("prompt", prompt, pairs.prompt_data, pairs.prompts),
            ("completion", completion, pairs.completion_data, pairs.completions),
        ):
            if self.may_hold(whole):
                for at, text in enumerate(texts):
                    if self.may_hold(data[at]) and (found := self.find(text)):
                        yield Hit(at, field, found)

    def row_hits(self, rows: Rows, spec: Spec) -> Iterator[Hit]:
        for at, path, text in texts_where(rows, self.may_hold):
            if found := self.find(text):
                yield Hit(at, path, found)

    def said(self, count: int) -> str:
        """The finding about so many rows."""
        raise NotImplementedError

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        return Verdict(self.severity, self.said(len(rows)), rows) if rows else None


class SpecialToken(TextCheck):
    """Tokens that models use to mark where texts and messages begin and end, written as text.

    They are cut into ordinary pieces where they are training text, so that the model learns to write their letters; a
    service may also refuse them. Source: tiktoken's encodings, and the chat formats of Llama, Qwen and GPT models.
    """

    id = "special-token"
    _names = (
        "endoftext|startoftext|fim_prefix|fim_middle|fim_suffix|fim_pad|endofprompt|im_start|im_end|im_sep|start|end"
        "|message|channel|constrain|call|return|refusal|system|user|assistant|begin_of_text|end_of_text|start_header_id"
        "|end_header_id|eot_id|eom_id|python_tag|finetune_right_pad_id|reserved_\\d+|eos|bos|pad|unk"
    )
    _token = re.compile(rf"<\|(?:{_names})\|>")

    def may_hold(self, data: bytes) -> bool:
        return b"|" in data and b"<|" in data

    def find(self, text: str) -> str | None:
        found = self._token.search(text)
        return f"holds `{found[0]}`" if found else None

    def said(self, count: int) -> str:
        return f"{plural(count, 'row holds', 'rows hold')} special tokens of language models as text"


class Secret(TextCheck):
    """What looks like an API key, a token or a private key: a model that is trained on it may tell it to anyone."""

    id = "secret"
    #: Turns what keys are made of into one letter: a run of it is what to look for.
    _flat = bytes(ord("k") if (chr(code).isalnum() and code < 128) or chr(code) in "_-" else 32 for code in range(256))
    _run = b"k" * 15

    def may_hold(self, data: bytes) -> bool:
        return self._run in data.translate(self._flat) or b"-----BEGIN" in data

    def find(self, text: str) -> str | None:
        for kind, pattern in KINDS:
            if found := pattern.search(text):
                return f"holds what looks like {kind}: {masked(found[0])}"
        return None

    def said(self, count: int) -> str:
        return f"{plural(count, 'row holds', 'rows hold')} what looks like a secret key"


class InvisibleCharacters(TextCheck):
    """Characters that no one sees: zero-width spaces, marks that turn the direction of text, tags.

    They come with copied web pages, split words into rare tokens, and can hide text from whoever reads the data
    (Unicode Technical Standard 39; CVE-2021-42574). Joiners, which some scripts and emoji need, are left alone.
    """

    id = "invisible-characters"
    severity = "hint"
    foreign = True
    #: What their UTF-8 begins with: U+200B, U+202A to U+202E, U+2060 to U+206F, U+FEFF, U+E0000 to U+E007F.
    _marks = (
        *(b"\xe2\x80\x8b", b"\xe2\x80\xaa", b"\xe2\x80\xab", b"\xe2\x80\xac", b"\xe2\x80\xad", b"\xe2\x80\xae"),
        *(b"\xe2\x81\xa0", b"\xe2\x81\xa6", b"\xe2\x81\xa7", b"\xe2\x81\xa8", b"\xe2\x81\xa9"),
        *(b"\xef\xbb\xbf", b"\xf3\xa0\x80", b"\xf3\xa0\x81"),
    )
    _found = re.compile("[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\U000e0001-\U000e007f]")
    #: England, Scotland and Wales have flags of a black flag and tags.
    _flag = re.compile("\U0001f3f4[\U000e0061-\U000e007a]+\U000e007f")

    def may_hold(self, data: bytes) -> bool:
        foreign = beyond_ascii(data)
        return bool(foreign) and any(mark in foreign for mark in self._marks)

    def find(self, text: str) -> str | None:
        found = self._found.search(self._flag.sub("", text))
        return f"holds U+{ord(found[0]):04X}" if found else None

    def said(self, count: int) -> str:
        return f"{plural(count, 'row holds', 'rows hold')} characters that no one sees"
