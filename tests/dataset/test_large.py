"""Checks that need large files, which are made here. Their limits are lowered where the real one would take long."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from fttool import prepare
from fttool.dataset.checks import size
from fttool.rules import Limits
from fttool.rules.parts import MOST_IMAGE_BYTES, MOST_IMAGE_EXAMPLES

from .helpers import Row, find, found, lines_of, tidy, to_mend, write_jsonl


def test_limits_are_those_of_the_guides() -> None:
    assert (Limits().file_bytes, Limits().images) == (8_000_000_000, 10)
    assert MOST_IMAGE_BYTES == 10_000_000
    assert MOST_IMAGE_EXAMPLES == 50_000


def test_file_size(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", tidy(20))
    report = prepare(path, check=True)
    assert report.tokens is not None
    assert find(report, "file-size") is None
    texts = sum(len(row["prompt"]) + len(row["completion"]) for row in tidy(20))
    assert find(prepare(path, check=True, limits=Limits(file_bytes=texts)), "file-size") is None
    finding = found(prepare(path, check=True, limits=Limits(file_bytes=texts - 1)), "file-size")
    assert (finding.severity, finding.fix, finding.details["bytes"]) == ("error", None, texts)


def seen(url: str, number: int = 0) -> Row:
    content = [{"type": "text", "text": f"What is it? ({number})"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "A loaf."}]}


def picture(count: int) -> str:
    """A data URL of what begins as a JPEG, in so many bytes."""
    return "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff".ljust(count, b"\0")).decode()


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_image_size(padding: int, tmp_path: Path) -> None:
    rows = [seen(picture(MOST_IMAGE_BYTES - padding)), seen(picture(MOST_IMAGE_BYTES + 1 + padding), 1)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), check=True)
    finding = found(report, "image-size")
    assert finding.severity == "error"
    assert lines_of(finding) == [2]
    (place,) = finding.places
    assert place.path == "messages[0].content[1].image_url.url"
    assert place.message == f"has {MOST_IMAGE_BYTES + 1 + padding:,} bytes; at most 10,000,000 are taken"
    assert finding.fix is not None
    assert finding.fix.level == "optional"
    assert to_mend(report) == ["few-examples", "image-size"]


def test_image_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text: dict[str, Any] = {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "image_url"}]
    }
    rows = [*(seen(f"https://example.com/{one}.png", one) for one in range(8)), text]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    monkeypatch.setattr(size, "MOST_IMAGE_EXAMPLES", 8)
    assert find(prepare(path, check=True), "image-examples") is None
    monkeypatch.setattr(size, "MOST_IMAGE_EXAMPLES", 7)
    finding = found(prepare(path, check=True), "image-examples")
    assert (finding.severity, finding.fix) == ("error", None)
    assert "8 examples hold images" in finding.message
