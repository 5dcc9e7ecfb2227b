"""Names that the service gives: of files, jobs, events, and of fine-tuned models."""

from __future__ import annotations

import os
import re
import string

_ALPHABET = string.ascii_letters + string.digits

#: Random bytes to letters: six bits choose among 64, of which two are left out, so that all others are equally likely.
_LETTERS = bytes(ord(_ALPHABET[byte & 63]) if byte & 63 < len(_ALPHABET) else 0 for byte in range(256))
_LEFT_OUT = bytes(byte for byte in range(256) if byte & 63 >= len(_ALPHABET))

#: What stands in a model's name for the organization, and in a job for `organization_id`.
ORGANIZATION = "local"


def new_id(prefix: str, length: int = 24) -> str:
    """`prefix` and so many random letters and digits: `file-…`, `ftjob-…`, `ftevent-…`, `ftckpt_…`, `upload_…`."""
    letters = b""
    while len(letters) < length:  # hardly ever twice
        letters = os.urandom(length + length // 4 + 8).translate(_LETTERS, _LEFT_OUT)
    return prefix + letters[:length].decode()


def model_name(base: str, suffix: str | None) -> str:
    """A new name `ft:{base}:local:{suffix}:{8 letters and digits}`, as OpenAI forms them.

    `base` may itself be fine-tuned: the new name has its base. Characters of the suffix that would not go well in a
    name or a URL become `-`.
    """
    if base.startswith("ft:"):
        base = base.split(":")[1]
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", suffix or "")
    return f"ft:{base}:{ORGANIZATION}:{readable}:{new_id('', 8)}"


def checkpoint_name(model: str, step: int) -> str:
    """The name of the model that is a job's checkpoint: `…:ckpt-step-N`."""
    return f"{model}:ckpt-step-{step}"
