"""Preparing what was prepared finds nothing to mend and writes nothing new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fttool import prepare

from .cases import NAMES, Case
from .helpers import Row, pair, tidy, to_mend, write_jsonl, written
from .strategies import folder, pairs, prepared, quick, with_repeats

pieces = ["abandon", "cities dare", "e.forget", "gentle-hello", "inside\njustice", "->kindness", "###letter", " more "]
clean_text = st.lists(st.sampled_from(pieces), min_size=1, max_size=4).map("".join).map(str.strip)
labels = st.sampled_from(["yes", "no", " yes", "maybe"])


def prepares_whole(case: Case) -> bool:
    """Whether it is prepared in full into one file, without an error that only the user can mend.

    The part held out may be another task, being smaller.
    """
    errors = [one for one in case.report["findings"].values() if one["severity"] == "error" and not one.get("applied")]
    return "-y" in case.args and len(case.expected) < 2 and not errors


WHOLE = [name for name in NAMES if prepares_whole(Case.named(name))]


def assert_nothing_to_mend(rows: list[Row], **options: Any) -> None:
    with folder() as place:
        first = prepared(rows, place, yes=True, split=False, output=place / "first.jsonl", **options)
        second = prepare(place / "first.jsonl", yes=True, split=False, processes=1)
        assert [one.id for one in second.findings if one.open_fix or (one.fix and one.fix.applied)] == []
        assert to_mend(second) == [one.id for one in second.findings if one.severity == "error"]
        assert second.outputs == ()
        assert written(second) == written(first)


def assume_differences(rows: list[Row]) -> None:
    assume(all(len({row[name].strip() for row in rows}) > 1 for name in ("prompt", "completion")))


@quick
@given(with_repeats(pairs(clean_text)))
def test_free_text(rows: list[Row]) -> None:
    assume_differences(rows)
    assert_nothing_to_mend(rows)


@quick
@given(with_repeats(pairs(clean_text, labels)))
def test_labels(rows: list[Row]) -> None:
    assume_differences(rows)
    assert_nothing_to_mend(rows)


@quick
@given(with_repeats(pairs(clean_text)))
def test_chats(rows: list[Row]) -> None:
    assume_differences(rows)
    assert_nothing_to_mend(rows, to="chat")


@pytest.mark.parametrize("name", WHOLE)
def test_cases(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
    monkeypatch.chdir(tmp_path)
    case = Case.named(name)
    case.copy_to(tmp_path)
    assert call("prepare_data", case.input, "-o", "once.jsonl", *case.args).code == 0
    outputs = sorted(tmp_path.glob("once*"))
    for output in outputs:
        done = call("prepare_data", output.name, "--check", "--json")
        assert done.code == 0, done.out
    assert outputs


HARD = {
    "a-separator-is-there": [pair("a ->", "one"), pair("b ->", "two")],
    "all-separators-inside": [pair("\n\n###\n\n===\n\n---\n\n===>\n\n--->\n\n" + one, one) for one in "abc"],
    "duplicates-hide-upper-case": [pair("a", "yes, it is"), pair("a", "yes, it is"), pair("b", "YES, IT IS")],
    "no-lower-case-to-write": [pair("𝐀𝐁𝐂", "one"), pair("𝐀𝐁𝐃", "two")],
    "labels-differ-in-a-space": [pair(f"{one}", ["a", " a", "b", " b"][one % 4]) for one in range(8)],
    "every-stop-but-one": [pair(one, f"\n . END *** +++ &&& $$$ @@@ {one} is long enough") for one in "xyz"],
    "one-row-with-a-line-end": [pair("a", "x\ny")],
    "end-is-upper-case": [pair("a", "it\nis."), pair("b", "no\nmo. so")],
    "prompt-prefix-leaves-space": [
        pair(f"Classify this text: {' ' * (one == 3)}{one}", "ab"[one % 2]) for one in range(14)
    ],
    "completion-prefix-leaves-space": [
        pair(f"{one}", f" Label: {' ' * (one == 3)}{'ab'[one % 2]}") for one in range(14)
    ],
    "completion-prefix-leaves-nothing": [
        pair("a", "Answer: yes"),
        pair("b", "Answer:   "),
        pair("c", "Answer: no way"),
    ],
    "control-before-space": [pair(f"\x00 p{one}", "ab"[one % 2]) for one in range(12)],
}

#: rows, and what goes wrong
KNOWN = {
    "spaces-of-labels-near-the-border": (
        [pair(f"{one}", ["a", " a", "b ", " b "][one % 4]) for one in range(10)],
        "what becomes a classification by its leading spaces keeps the others",
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_cases(name: str) -> None:
    assert_nothing_to_mend(HARD[name])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=why)) for name, (_, why) in KNOWN.items()]
)
def test_known_failures(name: str) -> None:
    assert_nothing_to_mend(KNOWN[name][0])


@pytest.mark.parametrize("options", [{}, {"yes": True}, {"check": True}])
def test_a_tidy_file_is_left_alone(options: dict[str, Any], tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", tidy(120))
    report = prepare(path, **options)
    assert not report.needs_work
    assert report.outputs == ()
    assert [one.name for one in tmp_path.iterdir()] == ["a.jsonl"]
