"""The vocabularies as files, for tests of tiktoken: made of rs-bpe's tokens, as there is no network here."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from rs_bpe.bpe import openai

#: How many tokens each has, without the special ones.
_SIZES = {"o200k_base": 199_998, "cl100k_base": 100_256}


@cache
def content(name: str) -> bytes:
    """The file that tiktoken would fetch."""
    pairs = getattr(openai, name)().bpe()
    return b"".join(base64.b64encode(pairs.decode_tokens([at])) + b" %d\n" % at for at in range(_SIZES[name]))


def digest(name: str) -> str:
    """Its SHA-256."""
    return hashlib.sha256(content(name)).hexdigest()
