"""What looks like a secret key, and how a text that may hold one is shown.

Source of the forms: what their issuers say of them, as secret scanners (GitHub, Yelp's detect-secrets) use it.
"""

from __future__ import annotations

import re

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("an Anthropic API key", re.compile(r"\bsk-ant-[\w-]{20,}", re.ASCII)),
    # With a digit and a capital: `sk-folding-cube-container` is the name of a style.
    (
        "an OpenAI API key",
        re.compile(r"\bsk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,}", re.ASCII),
    ),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})", re.ASCII)),
    ("a GitLab token", re.compile(r"\bglpat-[\w-]{20,}", re.ASCII)),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[\w-]{10,}", re.ASCII)),
    ("a Google API key", re.compile(r"\bAIza[\w-]{35}", re.ASCII)),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}", re.ASCII)),
    ("a Stripe key", re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}")),
    ("a JSON web token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}", re.ASCII)),
)

#: No secret is shorter.
_SHORTEST = 15


def masked(secret: str) -> str:
    """A secret as it may be shown: its first few letters and its length."""
    return f"`{secret[:4]}…` ({len(secret)} characters)" if not secret.startswith("-") else "`-----BEGIN …`"


def without_secrets(text: str) -> str:
    """The text with what looks like secrets masked. For texts that are shown: short ones."""
    if len(text) >= _SHORTEST:
        for _, pattern in KINDS:
            text = pattern.sub(lambda found: masked(found[0]).strip("`"), text)
    return text
