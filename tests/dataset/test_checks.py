"""Every check: when it speaks up, about which rows, what its fix does, and that it can be decided alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttool.dataset.checks import BY_ID, CHECKS

from . import test_large
from .cases import NAMES, ROOT, Case, brief

Call = Callable[..., Any]
IDS = [check.id for check in CHECKS]

#: What each fix is called in the report, for those that have one; None: nothing can be done about it here.
LEVELS = {
    "few-examples": None,
    "file-size": None,
    "converted": "required",
    "cannot-convert": "optional",
    "column-case": "required",
    "extra-columns": "required",
    "missing-prompt": "required",
    "value-type": "required",
    "empty-completion": "required",
    "empty-prompt": None,
    "chat-messages": "optional",
    "unknown-key": "optional",
    "null-key": "recommended",
    "chat-role": "optional",
    "chat-role-case": "recommended",
    "chat-content": "optional",
    "empty-content": "optional",
    "chat-name": "optional",
    "chat-weight": "optional",
    "chat-order": "optional",
    "chat-turns": "optional",
    "chat-last": "optional",
    "chat-no-answer": "optional",
    "chat-surrogate": "optional",
    "content-part": "optional",
    "part-not-trained": "optional",
    "image-role": "optional",
    "image-url": "optional",
    "image-format": "optional",
    "image-size": "optional",
    "image-count": "optional",
    "tool-definition": "optional",
    "tool-schema": "optional",
    "tool-duplicate": "optional",
    "tool-legacy": None,
    "tool-call": "optional",
    "tool-undeclared": "optional",
    "tool-arguments": "optional",
    "tool-arguments-encoding": "recommended",
    "tool-arguments-schema": "optional",
    "tool-answer": "optional",
    "tool-unanswered": "optional",
    "tool-call-id": "optional",
    "parallel-tool-calls": "optional",
    "parallel-calls-off": "optional",
    "preference-input": "optional",
    "preference-output": "optional",
    "preference-text": "optional",
    "preference-same": "optional",
    "reinforcement-last": "optional",
    "reference-missing": "optional",
    "image-examples": None,
    "reference-uniform": "optional",
    "grader-field": None,
    "lone-surrogate": "recommended",
    "control-characters": "recommended",
    "mojibake": None,
    "invisible-characters": None,
    "other-script": None,
    "special-token": None,
    "secret": None,
    "cut-off": None,
    "edge-space": "recommended",
    "upper-case-prompt": "recommended",
    "upper-case-completion": "recommended",
    "duplicate-rows": "recommended",
    "prompt-conflict": None,
    "leakage": "recommended",
    "near-leakage": "optional",
    "over-long": "recommended",
    "model-shape": None,
    "identical-texts": None,
    "separator-inside": None,
    "prompt-separator": "recommended",
    "prompt-prefix": "recommended",
    "completion-prefix": "recommended",
    "stop-sequence": "recommended",
    "leading-space": "recommended",
    "small-classes": None,
    "class-balance": None,
    "first-token": None,
}

#: Checks that large files are needed for: their cases are made in test_large.py.
MADE = ("file-size", "image-size", "image-examples")

FIXABLE = [one for one, level in LEVELS.items() if level in ("recommended", "optional") and one not in MADE]


def prepare_case(case: Case, place: Path, call: Call, *args: str) -> dict[str, Any]:
    case.copy_to(place)
    done = call("prepare_data", case.input, "--json", *args)
    report: dict[str, Any] = json.loads(done.out)
    assert done.code == exit_code(report), done.err
    return report


def exit_code(report: dict[str, Any]) -> int:
    """1 if an error remains that only the user can mend, but for more examples, which may come."""
    settled = {"few-examples", *applied(report)}
    return int(any(one["severity"] == "error" and one["id"] not in settled for one in report["findings"]))


def applied(report: dict[str, Any]) -> set[str]:
    return {one["id"] for one in report["findings"] if one["fix"] and one["fix"]["applied"]}


def levels(report: dict[str, Any]) -> dict[str, str | None]:
    return {one["id"]: one["fix"] and one["fix"]["level"] for one in report["findings"]}


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, place: Path, call: Call) -> None:
    case = Case.named(name)
    inputs = case.copy_to(place)
    before = {one: (place / one).read_bytes() for one in inputs}
    done = call("prepare_data", case.input, "--json", *case.args)
    report = json.loads(done.out)
    assert done.code == exit_code(report), done.err
    wanted = case.report
    assert {one["id"]: brief(one) for one in report["findings"]} == wanted.pop("findings")
    assert {key: report[key] for key in wanted} == wanted
    after = {path.name: path.read_bytes() for path in place.iterdir()}
    assert {one: data for one, data in after.items() if one not in inputs} == case.expected
    assert {one: after[one] for one in inputs} == before


@pytest.mark.parametrize("one", IDS)
def test_no_check_is_forgotten(one: str) -> None:
    assert one in LEVELS
    if one in MADE:
        assert callable(getattr(test_large, f"test_{one.replace('-', '_')}"))
        return
    assert one in Case(ROOT / one).report["findings"]
    assert one not in Case(ROOT / f"{one}-not").report["findings"]


@pytest.mark.parametrize("one", [one for one in IDS if one not in MADE])
def test_level(one: str) -> None:
    assert Case.named(one).report["findings"][one].get("fix") == LEVELS[one]


def test_ids_are_unique_and_in_the_order_of_the_legacy_tool() -> None:
    assert len(BY_ID) == len(CHECKS)
    legacy = ["few-examples", "column-case", "extra-columns", "empty-completion"]
    legacy += ["upper-case-prompt", "upper-case-completion", "duplicate-rows", "over-long", "prompt-separator"]
    legacy += ["prompt-prefix", "completion-prefix", "stop-sequence", "leading-space"]
    assert [one for one in IDS if one in legacy] == legacy


@pytest.mark.parametrize("one", FIXABLE)
def test_fix_applies_it_alone(one: str, place: Path, call: Call) -> None:
    case = Case.named(one)
    args = [arg for arg in case.args if arg not in ("-y", "--fix", one)]
    report = prepare_case(case, place, call, *args, "--fix", one)
    chosen = {name for name in applied(report) if levels(report)[name] != "required"}
    assert chosen == {one}


@pytest.mark.parametrize("one", FIXABLE)
def test_no_fix_leaves_it_out_alone(one: str, place: Path, call: Call) -> None:
    case = Case.named(one)
    args = [arg for arg in case.args if arg not in ("-y", "--fix", one)]
    report = prepare_case(case, place, call, *args, "-y", "--no-fix", one)
    others = {name for name, level in levels(report).items() if level in ("recommended", "required")} - {one}
    assert one not in applied(report)
    assert applied(report) == others


@pytest.mark.parametrize("one", [one for one in FIXABLE if LEVELS[one] == "optional"])
def test_yes_leaves_optional_fixes_out(one: str, place: Path, call: Call) -> None:
    case = Case.named(one)
    args = [arg for arg in case.args if arg not in ("-y", "--fix", one)]
    report = prepare_case(case, place, call, *args, "-y")
    assert levels(report)[one] == "optional"
    assert one not in applied(report)


@pytest.mark.parametrize("one", [one for one, level in LEVELS.items() if level == "required"])
def test_required_fixes_are_always_applied(one: str, place: Path, call: Call) -> None:
    assert one in applied(prepare_case(Case.named(one), place, call))


@pytest.mark.parametrize("one", [one for one, level in LEVELS.items() if level == "recommended"])
def test_recommended_fixes_wait_for_a_yes(one: str, place: Path, call: Call) -> None:
    case = Case.named(one)
    args = [arg for arg in case.args if arg != "-y"]
    report = prepare_case(case, place, call, *args)
    assert levels(report)[one] == "recommended"
    assert one not in applied(report)


@pytest.mark.parametrize("option", ["--fix", "--no-fix"])
def test_unknown_check_is_named_with_the_nearest(option: str, place: Path, call: Call) -> None:
    case = Case.named("few-examples")
    case.copy_to(place)
    done = call("prepare_data", case.input, option, "duplicate-row")
    assert done.code == 2
    assert "`duplicate-row`" in done.err
    assert "`duplicate-rows`" in done.err


def test_fix_and_no_fix_of_the_same_check(place: Path, call: Call) -> None:
    case = Case.named("few-examples")
    case.copy_to(place)
    assert call("prepare_data", case.input, "--fix", "split", "--no-fix", "split").code == 2


@pytest.mark.parametrize("one", ["extra-columns", "empty-completion"])
def test_a_required_fix_cannot_be_left_out(one: str, place: Path, call: Call) -> None:
    case = Case.named(one)
    case.copy_to(place)
    done = call("prepare_data", case.input, "--no-fix", one)
    assert done.code == 2
    assert one in done.err
