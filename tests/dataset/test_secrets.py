"""What looks like a key: each kind is found, named and masked. They are put together here: none stands in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from fttool import prepare

from .helpers import chat, found, pair, write_jsonl

KEYS = {
    "an OpenAI API key": "sk-" + "proj-Zx81mQ0pLk37Trw52Yvb94Ns",
    "an Anthropic API key": "sk-" + "ant-api03-Ab1Cd2Ef3Gh4Ij5Kl6Mn7",
    "an AWS access key": "AKIA" + "Q3EHSL7KJ2MZXW5D",
    "a GitHub token": "ghp" + "_" + "a1B2" * 9,
    "a GitLab token": "glpat" + "-x9Y8z7W6v5U4t3S2r1Q0",
    "a Slack token": "xoxb" + "-123456789012-abcdefABCDEF",
    "a Google API key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "a Hugging Face token": "hf" + "_qWeRtYuIoPaSdFgHjKlZxCvBnMqWeRtYuI",
    "a Stripe key": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz",
    "a private key": "-----BEGIN " + "EC PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", KEYS)
def test_keys_are_found_and_masked(kind: str, tmp_path: Path) -> None:
    secret = KEYS[kind]
    rows = [
        chat(("user", f"my key is {secret}, keep it"), ("assistant", "I will")),
        chat(("user", "a"), ("assistant", "b")),
    ]
    finding = found(prepare(write_jsonl(tmp_path / "a.jsonl", rows), check=True), "secret")
    (place,) = finding.places
    assert (place.line, place.path, finding.severity) == (1, "messages[0].content", "warning")
    assert kind in place.message
    assert secret[5:] not in str(finding)
    pairs = [pair("a ->", " b\n"), pair("c ->", f" {secret}\n")]
    finding = found(prepare(write_jsonl(tmp_path / "b.jsonl", pairs), check=True), "secret")
    assert [(place.line, place.path) for place in finding.places] == [(2, "completion")]


@pytest.mark.parametrize("kind", KEYS)
def test_the_beginning_of_a_key_is_none(kind: str, tmp_path: Path) -> None:
    secret = KEYS[kind]
    rows = [chat(("user", f"it begins with {secret[: len(secret) // 3]}"), ("assistant", "I will"))]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), check=True)
    assert "secret" not in [finding.id for finding in report.findings]
