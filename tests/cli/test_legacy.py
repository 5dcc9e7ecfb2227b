"""The legacy spelling calls the same code."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(("options", "yes"), [([], False), (["-q"], True), (["--quiet"], True)])
@pytest.mark.parametrize("spelling", ["fine_tunes.prepare_data", "fine-tunes.prepare-data"])
def test_prepare_data(call, monkeypatch, options, yes, spelling):
    seen = []

    def prepare_data(files: list[Path], yes: bool) -> int:
        seen.append((files, yes))
        return 1

    monkeypatch.setattr("fttool.cli.prepare_data.prepare_data", prepare_data)
    assert call("tools", spelling, "-f", "people.csv", *options).code == 1
    assert seen == [([Path("people.csv")], yes)]


def test_it_really_prepares(call, work):
    rows = "".join(f"question {number},answer {number}\n" for number in range(20))
    (work / "people.csv").write_text(f"prompt,completion\n{rows}")
    assert call("tools", "fine_tunes.prepare_data", "-f", "people.csv", "-q").code == 0
    assert list(work.glob("people_prepared*.jsonl"))


def test_it_needs_a_file(call):
    result = call("tools", "fine_tunes.prepare_data")
    assert (result.code, result.err.splitlines()[0]) == (2, "error: missing option `-f` / `--file`")
