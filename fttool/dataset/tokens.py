"""Token counts and limits: by tiktoken or rs-bpe where they have the vocabulary, else an estimate that says so.

Nothing here goes over the network: see `vocabularies`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal

from fttool.catalog.models import find_model, known_model, shape_of
from fttool.catalog.names import base_name
from fttool.dataset import vocabularies
from fttool.records.dataset import Shape

__all__ = ["Counter", "TokenLimit", "choose_counter", "first_token", "shape_of"]

Method = Literal["tiktoken", "rs-bpe", "estimate"]

#: The longest training example of models that are not known: today's for chats, the legacy guide's for completions.
LEGACY_LIMIT = 2_048
CHAT_LIMIT = 65_536

#: The legacy tool called an example of more than 10,000 characters longer than 2,048 tokens.
_CHARS_PER_TOKEN = 10_000 / 2_048

#: The estimate of a text: bytes of UTF-8 for a token.
BYTES_PER_TOKEN = 4

#: How far the estimate is off, as shares of the true number: from Chinese (-13 %) to Hindi (+75 %). Measured against
#: o200k_base: English +10 to +19 %, code +9, German -2, Chinese -13, Russian +49, Hindi +75.
ESTIMATE_ERROR = (-0.13, 0.75)

#: What byte-pair vocabularies never merge across: a word with the space before it, digits, a run of other signs.
_FIRST_PIECE = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\s\w]+|\s+|.", re.DOTALL)

#: Vocabularies that are built into rs-bpe.
_RS_BPE = ("o200k_base", "cl100k_base")


def vocabulary_of(model: str | None, shape: Shape) -> tuple[str, bool]:
    """The vocabulary to count a model's tokens with, and whether it is its own.

    Without a model it is that of today's chat models, or of the last that took prompt and completion.
    """
    if model is None:
        return ("cl100k_base" if shape == "completion" else "o200k_base"), True
    known = find_model(model)
    if known is not None:
        return known.vocabulary or "o200k_base", known.vocabulary is not None
    base = base_name(model)
    if base.startswith(("gpt-3.5", "gpt-4-")):
        return "cl100k_base", True
    return "o200k_base", shape_of(model) is not None


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts tokens. Picklable: each process finds its encoder by the name.

    `own`: the vocabulary is the model's, not only one like it.
    """

    encoding: str
    method: Method
    own: bool = True

    @property
    def exact(self) -> bool:
        """Whether it counts what the service will count."""
        return self.own and self.method != "estimate"

    def function(self) -> Callable[[str], int]:
        """The counting itself, for loops."""
        return _function(self.method, self.encoding)

    def count(self, text: str) -> int:
        """How many tokens a text has."""
        return _function(self.method, self.encoding)(text)


def choose_counter(model: str | None, shape: Shape, *, estimate: bool = False) -> Counter:
    """The best way to count a model's tokens that needs no network; `estimate` asks for the estimate."""
    encoding, own = vocabulary_of(model, shape)
    return Counter(encoding, "estimate" if estimate else _method(encoding), own)


def _method(encoding: str) -> Method:
    """What counts with a vocabulary here: all three give the same answer in every process of a run."""
    if vocabularies.is_here(encoding):
        return "tiktoken"
    return "rs-bpe" if encoding in _RS_BPE and find_spec("rs_bpe") is not None else "estimate"


@lru_cache(maxsize=8)
def _function(method: Method, encoding: str) -> Callable[[str], int]:
    encode = _tiktoken(encoding) if method == "tiktoken" else None
    if encode is not None:
        return lambda text: len(encode(text))
    tokenizer = _rs_bpe(encoding) if method == "rs-bpe" else None
    if tokenizer is None:
        return estimated
    count: Callable[[str], int] = tokenizer.count

    def counted(text: str) -> int:
        try:
            return count(text)
        except UnicodeEncodeError:  # half a character: tiktoken takes it for the replacement character
            return count(_whole(text))

    return counted


@lru_cache(maxsize=4)
def _tiktoken(encoding: str) -> Callable[[str], list[int]] | None:
    """The encoder of a vocabulary that is on this machine."""
    if not vocabularies.is_here(encoding):
        return None
    try:
        import tiktoken

        return tiktoken.get_encoding(encoding).encode_ordinary
    except Exception:  # noqa: BLE001 - whatever it raises means: count otherwise
        return None


@lru_cache(maxsize=4)
def _rs_bpe(encoding: str) -> Any:
    """The tokenizer of rs-bpe; None if that is not installed."""
    try:
        from rs_bpe.bpe import openai
    except ImportError:
        return None
    return getattr(openai, encoding)()


def forget() -> None:
    """Look again what is on this machine: a vocabulary has come."""
    for cached in (_function, _tiktoken, _rs_bpe, _here):
        cached.cache_clear()


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def estimated(text: str) -> int:
    """About how many tokens a text has, by its bytes; at least one unless it is empty."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return -(-size // BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """The most tokens an example may have, and the vocabulary to count them with. Picklable."""

    tokens: int
    encoding: str

    @classmethod
    def of(cls, model: str | None, shape: Shape, service: str | None = None) -> TokenLimit:
        """The limit of a model, on a service if one is meant; without a model, of those that take this shape."""
        default = CHAT_LIMIT if shape == "chat" else LEGACY_LIMIT
        known = None if model is None else known_model(model, service)
        longest = None if known is None else known.longest_example
        return cls(longest or default, vocabulary_of(model, shape)[0])

    @property
    def counter(self) -> Counter:
        """What counts with that vocabulary on this machine."""
        return _here(self.encoding)

    @property
    def exact(self) -> bool:
        """Whether tokens are counted, not estimated."""
        return self.counter.method != "estimate"

    def exceeded(self, *texts: str) -> bool:
        """Whether the texts together have more tokens than allowed."""
        counter = self.counter
        if counter.method == "estimate":
            return sum(map(len, texts)) > self.tokens * _CHARS_PER_TOKEN
        return sum(map(counter.function(), texts)) > self.tokens


@lru_cache(maxsize=4)
def _here(encoding: str) -> Counter:
    return Counter(encoding, _method(encoding))


def first_token(text: str, encoding: str) -> tuple[str, bool]:
    """What stands for the first token of a text, and whether that is exact.

    Without the vocabulary it is the piece the vocabulary never merges across. Texts that share that piece share
    their first token for certain; texts that do not may still share it.
    """
    method = _here(encoding).method
    encode = _tiktoken(encoding) if method == "tiktoken" else None
    if encode is None and method == "rs-bpe":
        encode = _rs_bpe(encoding).encode
    if encode is not None:
        tokens = encode(_whole(text))
        return (str(tokens[0]) if tokens else "", True)
    piece = _FIRST_PIECE.match(text)
    return (piece.group() if piece else "", False)
