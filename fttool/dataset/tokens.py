"""Token counts and limits: by tiktoken where its vocabulary is on this machine, else an estimate that says so.

Nothing here goes over the network: a vocabulary that tiktoken has not fetched before is not fetched.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fttool.records.dataset import Shape

#: The longest training example in tokens, by the beginning of the model's name (the first that fits).
#: Source: OpenAI fine-tuning guide, "Token limits" (2023-2025 editions); 2,048 is the legacy guide's limit.
LIMITS = (
    ("gpt-4.1", 65_536),
    ("gpt-4o", 65_536),
    ("gpt-4-0613", 8_192),
    ("gpt-3.5-turbo-0613", 4_096),
    ("gpt-3.5-turbo", 16_385),
    ("babbage-002", 16_384),
    ("davinci-002", 16_384),
)
LEGACY_LIMIT = 2_048
CHAT_LIMIT = 65_536

#: The legacy tool called an example of more than 10,000 characters longer than 2,048 tokens.
_CHARS_PER_TOKEN = 10_000 / 2_048

#: Where tiktoken fetches each vocabulary from; the name of its cache file is the SHA-1 of this.
_VOCABULARIES = {
    name: f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
    for name in ("o200k_base", "cl100k_base", "r50k_base")
}

#: What byte-pair vocabularies never merge across: a word with the space before it, digits, a run of other signs.
_FIRST_PIECE = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\s\w]+|\s+|.", re.DOTALL)


#: Base models that take prompt and completion; the others that OpenAI trains take chats.
COMPLETION_MODELS = ("babbage-002", "davinci-002", "ada", "babbage", "curie", "davinci")
CHAT_MODELS = ("gpt-3.5-turbo", "gpt-4", "gpt-5", "o1", "o3", "o4")


def shape_of(model: str) -> Shape | None:
    """The shape a base model is trained on; None for a model that is not known."""
    base = base_name(model)
    if base in COMPLETION_MODELS:
        return "completion"
    return "chat" if base.startswith(CHAT_MODELS) else None


def base_name(model: str) -> str:
    """The base model of a fine-tuned one: `ft:gpt-4o-mini:org::id` -> `gpt-4o-mini`."""
    return model.split(":")[1] if model.startswith("ft:") and ":" in model[3:] else model


def encoding_name(model: str | None, shape: Shape) -> str:
    """The vocabulary of a model; without one, that of today's chat models or of the legacy completion models."""
    if model is None:
        return "o200k_base" if shape == "chat" else "r50k_base"
    base = base_name(model)
    if base.startswith(("gpt-3.5", "gpt-4-", "babbage-002", "davinci-002")) or base == "gpt-4":
        return "cl100k_base"
    return "r50k_base" if base in ("ada", "babbage", "curie", "davinci") else "o200k_base"


@lru_cache(maxsize=4)
def _counter(name: str) -> Callable[[str], list[int]] | None:
    """The encoder of a vocabulary that is already on this machine."""
    folder = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    cache = Path(folder) if folder else Path(tempfile.gettempdir(), "data-gym-cache")
    url = _VOCABULARIES.get(name)
    if url is None or not (cache / hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()).is_file():
        return None
    try:
        import tiktoken

        return tiktoken.get_encoding(name).encode_ordinary
    except Exception:  # noqa: BLE001 - a damaged cache, whatever it raises, means: estimate
        return None


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """The most tokens an example may have, and the vocabulary to count them with. Picklable."""

    tokens: int
    encoding: str

    @classmethod
    def of(cls, model: str | None, shape: Shape) -> TokenLimit:
        """The limit of a model; without one, of the models that take this shape."""
        default = CHAT_LIMIT if shape == "chat" else LEGACY_LIMIT
        if model is not None:
            default = next((limit for start, limit in LIMITS if base_name(model).startswith(start)), default)
        return cls(default, encoding_name(model, shape))

    @property
    def exact(self) -> bool:
        """Whether tokens are counted, not estimated."""
        return _counter(self.encoding) is not None

    def exceeded(self, *texts: str) -> bool:
        """Whether the texts together have more tokens than allowed."""
        chars = sum(map(len, texts))
        count = _counter(self.encoding)
        if count is None:
            return chars > self.tokens * _CHARS_PER_TOKEN
        return sum(len(count(text)) for text in texts) > self.tokens


def first_token(text: str, encoding: str) -> tuple[str, bool]:
    """What stands for the first token of a text, and whether that is exact.

    Without the vocabulary it is the piece the vocabulary never merges across. Texts that share that piece share
    their first token for certain; texts that do not may still share it.
    """
    count = _counter(encoding)
    if count is not None:
        tokens = count(text)
        return (str(tokens[0]) if tokens else "", True)
    piece = _FIRST_PIECE.match(text)
    return (piece.group() if piece else "", False)
