"""Completions that are free text: what is learnt, and what is answered."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

import numpy as np
import pytest

from fttool.service.trainers import END, Example, get_trainer
from tests.service.trainers.helpers import answer, begin, finish, moods, questions, save, trained


def test_training_prompts_give_back_their_completions(tmp_path: Path) -> None:
    rows = questions()
    model = trained(rows, tmp_path)
    for row in rows:
        assert "".join(answer(model, row.prompt)) == row.completion


def test_a_prompt_near_a_training_prompt_is_answered_alike(tmp_path: Path) -> None:
    model = trained(questions(), tmp_path)
    assert "number 17" in "".join(answer(model, "where did you put number 17 of the chairs"))


def test_learns_and_says_so_in_its_metrics(tmp_path: Path) -> None:
    run = begin(questions(), tmp_path, valid=questions(count=40))
    assert "free text" in run.note
    first, *_, last = finish(run)
    assert first.loss > 3 > 2 > last.loss > 0.05
    assert first.token_accuracy < 0.3 < 0.5 < last.token_accuracy < 1
    assert run.validate(full=True).sequence_accuracy == 1
    assert run.validate(full=False).loss < 0.2


def test_no_example_is_its_own_neighbour(tmp_path: Path) -> None:
    """Noise cannot be learnt: later epochs must not find what they look for in the example itself."""
    random = Random(3)
    words = ["".join(random.choices("abcdefghij", k=6)) for _ in range(200)]
    rows = [
        Example(" ".join(random.choices(words, k=6)), " " + " ".join(random.choices(words, k=8))) for _ in range(80)
    ]
    run = begin(rows, tmp_path, epochs=4, batch=8)
    metrics = finish(run)
    assert all(step.loss > 4 for step in metrics)
    assert all(step.sequence_accuracy == 0 for step in metrics)


def test_the_first_epoch_knows_only_what_came_before(tmp_path: Path) -> None:
    rows = [
        Example(f"a question about thing {i % 2}", f" the long answer about thing {i % 2}, word for word")
        for i in range(5)
    ]
    rows += [Example(f"{i} other", f" {i} no") for i in range(6)]
    first = finish(begin(rows, tmp_path, epochs=1, batch=len(rows)))
    assert first[0].loss == pytest.approx(math.log(1 + 2 + len({t for t in _tokens(rows)})), rel=0.01)


def _tokens(rows: list[Example]) -> list[str]:
    from fttool.service.trainers.baseline.tokens import tokenize

    return [token for row in rows for token in tokenize(row.completion)]


def test_probabilities_sum_to_one_everywhere(tmp_path: Path) -> None:
    model = trained(questions(), tmp_path)
    for prompt in (questions()[3].prompt, "", "something else"):
        continuation = model.begin(prompt)
        said: list[str] = []
        for _ in range(12):
            tokens, logprobs, _ = continuation.next(said)
            assert len(set(tokens)) == len(tokens) == len(logprobs)
            assert END in tokens
            assert np.exp(logprobs.astype(float)).sum() == pytest.approx(1, abs=1e-4)
            said.append(" never seen" if len(said) == 5 else next(token for token in tokens if token != END))


def test_open_ended_text(tmp_path: Path) -> None:
    rows = [
        Example("", f" Once there was a {thing} who {verb} {i} times.")
        for i in range(25)
        for thing, verb in (("cat", "slept"), ("dog", "barked"))
    ]
    model = trained(rows, tmp_path)
    assert "".join(answer(model, "")).startswith(" Once there was a ")
    assert "".join(answer(model, "Tell me a story")).startswith(" Once there was a ")


@pytest.mark.parametrize("prompt", ["\x00", "\ud800", "🙂", "这部电影", "great " * 20_000])
def test_any_prompt_is_answered(tmp_path: Path, prompt: str) -> None:
    model = trained(questions(count=20), tmp_path, epochs=1)
    assert len(answer(model, prompt, 10)) <= 10


def test_odd_texts_are_trained_on(tmp_path: Path) -> None:
    texts = ["", " ", "\ud800 x", "\u0000", "🙂 👍🏽", "这部电影很好", "كتاب جديد", "x" * 5_000, "a\n\n\nb\t c"]
    rows = [Example(f"question {i} {text[:50]}", text) for i, text in enumerate(texts)]
    model = trained(rows, tmp_path)
    for row in rows:
        assert "".join(answer(model, row.prompt, 2_000)) == row.completion


def test_a_run_that_was_cut_goes_on_bit_for_bit(tmp_path: Path) -> None:
    rows = questions(count=50)
    for name, at in (("first", 4), ("later", 13)):
        whole = begin(rows, tmp_path / name / "whole", epochs=3, batch=6, valid=rows[:10])
        cut = begin(rows, tmp_path / name / "cut", epochs=3, batch=6, valid=rows[:10])
        expected = finish(whole)
        assert finish(cut, at) == expected[:at]
        checkpoint = save(cut, tmp_path / name / "checkpoint")
        resumed = begin(rows, tmp_path / name / "again", epochs=3, batch=6, valid=rows[:10], resume=checkpoint)
        assert finish(resumed) == expected[at:]
        assert resumed.validate(full=True) == whole.validate(full=True)
        files = [save(run, tmp_path / name / which) for run, which in ((whole, "1"), (resumed, "2"))]
        for path in files[0].iterdir():
            assert path.read_bytes() == (files[1] / path.name).read_bytes(), path.name


def test_a_checkpoint_in_the_first_epoch_is_a_model_of_what_was_seen(tmp_path: Path) -> None:
    rows = questions()
    run = begin(rows, tmp_path / "scratch", epochs=2, batch=10)
    finish(run, 3)
    model = get_trainer("baseline").load(save(run, tmp_path / "checkpoint"))
    right = sum("".join(answer(model, row.prompt)) == row.completion for row in rows)
    assert 28 <= right <= 36


def test_a_model_goes_on_with_new_texts(tmp_path: Path) -> None:
    run = begin(questions(count=30), tmp_path / "first")
    finish(run)
    parent = save(run, tmp_path / "parent")
    fresh = [
        Example(f"Who lives in house {i}?\n\n###\n\n", f" In house {i} lives family {i * 7}. END") for i in range(30)
    ]
    run = begin(fresh, tmp_path / "second", parent=parent)
    finish(run)
    model = get_trainer("baseline").load(save(run, tmp_path / "child"))
    for row in [*questions(count=30), *fresh]:
        assert "".join(answer(model, row.prompt)) == row.completion


def test_a_second_question_is_answered_like_a_first_one(tmp_path: Path) -> None:
    model = trained(questions(), tmp_path)
    first, *others = (row.prompt for row in questions(count=20))
    for other in others:
        chat = f"user: {first}\nassistant: In the cellar, near shelf 37.\nuser: {other}"
        assert answer(model, chat) == answer(model, other)


def test_a_parent_of_labels_is_not_continued(tmp_path: Path) -> None:
    parent = save(begin(moods(), tmp_path / "first"), tmp_path / "parent")
    assert "starts anew" in begin(questions(), tmp_path / "second", parent=parent).note


def test_echoed_text_is_scored(tmp_path: Path) -> None:
    model = trained(questions(), tmp_path)
    scored = model.score("Where did the zebra")
    assert [token.token for token in scored] == ["Where", " did", " the", " zebra"]
    assert scored[-1].logprob == min(token.logprob for token in scored)
    assert scored[0].top[0][1] >= scored[0].logprob
