"""Names that the service gives: of files, jobs, events, and of fine-tuned models."""

from __future__ import annotations

import re
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits

#: What stands in a model's name for the organization, and in a job for `organization_id`.
ORGANIZATION = "local"


def new_id(prefix: str, length: int = 24) -> str:
    """`prefix` and so many random letters and digits: `file-…`, `ftjob-…`, `ftevent-…`, `ftckpt_…`, `upload_…`."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


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
