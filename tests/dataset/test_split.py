"""Which examples are held out: seeded, by class, never one prompt on both sides, and as many as asked for."""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool import Report, UsageError, prepare
from fttool.dataset.blocks import GONE, TRAIN, VALID
from fttool.dataset.identity import hash_bytes
from fttool.dataset.split import SplitOptions, assign

from .helpers import pair, tidy, write_jsonl, written
from .strategies import quick


def hashed(texts: list[Any]) -> array[int]:
    return array("Q", [hash_bytes(str(text).encode()) for text in texts])


def assigned(
    prompts: list[Any], labels: list[Any], *, stratify: bool = True, gone: Any = (), **asked: Any
) -> bytearray:
    fates = bytearray(GONE if at in gone else TRAIN for at in range(len(prompts)))
    marked = assign(fates, hashed(prompts), hashed(labels), SplitOptions(**asked), stratify=stratify)
    assert marked == fates.count(VALID)
    return fates


def sides(values: list[Any], fates: bytearray) -> tuple[set[Any], set[Any]]:
    """What stands in the training rows, and in the validation rows."""
    found: dict[int, set[Any]] = {TRAIN: set(), VALID: set(), GONE: set()}
    for value, fate in zip(values, fates, strict=True):
        found[fate].add(value)
    return found[TRAIN], found[VALID]


@st.composite
def classified(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Prompts, some again and again, each of one class."""
    prompts = draw(st.lists(st.integers(0, 60), min_size=1, max_size=120))
    classes = draw(st.integers(1, 12))
    return prompts, [prompt * prompt % classes for prompt in prompts]


@quick
@given(classified(), st.floats(0.01, 0.99), st.integers(-(2**70), 2**70), st.sets(st.integers(0, 119), max_size=20))
def test_classes_and_prompts(data: tuple[list[int], list[int]], fraction: float, seed: int, gone: set[int]) -> None:
    prompts, labels = data
    fates = assigned(prompts, labels, fraction=fraction, seed=seed, gone=gone)
    assert [fate == GONE for fate in fates] == [at in gone for at in range(len(prompts))]
    train, valid = sides(prompts, fates)
    assert not train & valid
    train_labels, valid_labels = sides(labels, fates)
    left = {(prompt, label) for at, (prompt, label) in enumerate(zip(prompts, labels, strict=True)) if at not in gone}
    counts = Counter(label for _, label in left)
    assert train_labels == set(counts)
    assert valid_labels == {label for label, count in counts.items() if count > 1}
    assert fates == assigned(prompts, labels, fraction=fraction, seed=seed, gone=gone)


@quick
@given(st.integers(2, 300), st.integers(1, 320), st.integers(0, 9))
def test_size_of_different_prompts(count: int, size: int, seed: int) -> None:
    prompts = list(range(count))
    if size >= count:
        with pytest.raises(UsageError, match="nothing to train on"):
            assigned(prompts, prompts, stratify=False, size=size, seed=seed)
    else:
        assert assigned(prompts, prompts, stratify=False, size=size, seed=seed).count(VALID) == size


@quick
@given(st.lists(st.integers(2, 40), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_size_of_classes(sizes: list[int], fraction: float) -> None:
    labels = [label for label, size in enumerate(sizes) for _ in range(size)]
    fates = assigned(list(range(len(labels))), labels, fraction=fraction)
    wanted = round(len(labels) * fraction)
    least, most = len(sizes), len(labels) - len(sizes)
    held_out = fates.count(VALID)
    assert least <= held_out <= most
    assert abs(held_out - min(max(wanted, least), most)) <= len(sizes)
    for label, size in enumerate(sizes):
        own = sum(fate == VALID for fate, one in zip(fates, labels, strict=True) if one == label)
        assert abs(own - size * fraction) <= max(1.0, len(sizes) / 2)


@quick
@given(st.lists(st.integers(0, 20), min_size=2, max_size=100), st.floats(0.01, 0.99))
def test_size_within_the_limits_of_groups(prompts: list[int], fraction: float) -> None:
    fates = assigned(prompts, prompts, stratify=False, fraction=fraction)
    groups = Counter(prompts)
    wanted = min(round(len(prompts) * fraction), len(prompts) - min(groups.values()))
    assert abs(fates.count(VALID) - wanted) <= max(groups.values())
    assert bool(fates.count(VALID)) == (len(groups) > 1)


@quick
@given(st.permutations(list(range(40))))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    _, expected = sides(list(range(40)), assigned(list(range(40)), list(range(40)), stratify=False, fraction=0.3))
    _, valid = sides(order, assigned(order, order, stratify=False, fraction=0.3))
    assert valid == expected


def test_different_seeds_differ() -> None:
    prompts = list(range(60))
    labels = [prompt % 3 for prompt in prompts]
    chosen = {bytes(assigned(prompts, labels, seed=seed)) for seed in range(50)}
    assert len(chosen) == 50
    held_out = Counter(at for fates in chosen for at, fate in enumerate(fates) if fate == VALID)
    assert len(held_out) == 60
    assert max(held_out.values()) < 25


@pytest.mark.parametrize(("count", "wanted"), [(10, 2), (100, 20), (101, 21), (4999, 1000), (20_000, 1000)])
def test_legacy_proportions(count: int, wanted: int) -> None:
    assert SplitOptions().wanted(count) == wanted


@pytest.mark.parametrize(
    "asked",
    [
        {"valid_fraction": 0.0},
        {"valid_fraction": 1.0},
        {"valid_fraction": float("nan")},
        {"valid_fraction": -0.1},
        {"valid_size": 0},
        {"valid_size": -3},
        {"valid_size": 10},
        {"valid_size": 3, "valid_fraction": 0.5},
        {"split": False, "valid_size": 3},
        {"split": False, "valid_fraction": 0.3},
    ],
)
def test_sizes_that_make_no_sense(asked: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        prepare(write_jsonl(tmp_path / "a.jsonl", tidy(10)), **asked)


def split_of(tmp_path: Path, count: int = 50, **options: Any) -> tuple[Report, list[Any], list[Any]]:
    rows = [pair(f"message {number} ->", f" {['good', 'bad'][number % 2]}") for number in range(count)]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), **options)
    train, valid = written(report), written(report, "validation")
    assert sorted(train + valid, key=str) == sorted(rows, key=str)
    return report, train, valid


@pytest.mark.parametrize(
    ("options", "held_out"),
    [
        ({}, 0),
        ({"yes": True}, 10),
        ({"split": True}, 10),
        ({"fix": ["split"]}, 10),
        ({"yes": True, "split": False}, 0),
        ({"yes": True, "no_fix": ["split"]}, 0),
        ({"valid_size": 7}, 7),
        ({"valid_fraction": 0.5}, 25),
        ({"valid_size": 1}, 2),
        ({"valid_size": 49}, 48),
    ],
)
def test_options(options: dict[str, Any], held_out: int, tmp_path: Path) -> None:
    report, _, valid = split_of(tmp_path, **options)
    assert len(valid) == held_out
    assert [output.role for output in report.outputs] == (["training", "validation"] if held_out else [])


def test_seed_is_kept(tmp_path: Path) -> None:
    first, again, default, other = (
        split_of(tmp_path, split=True, **seed)[2] for seed in ({"seed": 42}, {"seed": 42}, {}, {"seed": 43})
    )
    assert first == again == default
    assert first != other


def test_rows_keep_their_order(tmp_path: Path) -> None:
    _, train, valid = split_of(tmp_path, split=True)
    for rows in (train, valid):
        numbers = [int(row["prompt"].split()[1]) for row in rows]
        assert numbers == sorted(numbers)


def test_free_text_is_split_only_when_asked(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", tidy(50))
    assert prepare(path, yes=True).outputs == ()
    report = prepare(path, valid_fraction=0.1)
    assert [output.examples for output in report.outputs] == [45, 5]


def test_one_prompt_cannot_be_split(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [pair("same ->", f" {number}\n") for number in range(20)])
    report = prepare(path, split=True)
    assert [output.role for output in report.outputs] == ["training"] or report.outputs == ()


def test_chats_are_split_by_what_was_asked(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"{number // 2}"}, {"role": "assistant", "content": f"{number}"}]}
        for number in range(40)
    ]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), split=True)
    train, valid = (
        {row["messages"][0]["content"] for row in written(report, role)} for role in ("training", "validation")
    )
    assert len(valid) == 4
    assert not train & valid


@pytest.mark.xfail(strict=True, reason="classes whose prompts also stand in another class may be missing from a side")
def test_classes_with_contradicting_prompts(tmp_path: Path) -> None:
    rows = [pair(f"message {number} ->", f" {['good', 'bad'][number % 2]}") for number in range(40)]
    rows += [pair(*one) for one in (("p ->", " rare"), ("p ->", " odd"), ("q ->", " odd"), ("q ->", " rare"))]
    report = prepare(write_jsonl(tmp_path / "a.jsonl", rows), split=True)
    assert {" rare", " odd"} <= {row["completion"] for row in written(report, "validation")}
    assert {" rare", " odd"} <= {row["completion"] for row in written(report, "training")}
