"""Completions that are labels: what is learnt, and what is answered."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fttool.service.trainers import END, Example, Hyperparameters, Task, get_trainer
from tests.service.trainers.helpers import answer, begin, finish, moods, save, trained


def test_learns_and_says_so_in_its_metrics(tmp_path: Path) -> None:
    run = begin(moods(), tmp_path, valid=moods()[::5])
    assert "labels (3 different)" in run.note
    before = run.validate(full=True)
    metrics = finish(run)
    after = run.validate(full=True)
    assert metrics[0].loss == pytest.approx(math.log(3), abs=1e-4)
    assert metrics[-1].loss < 0.3
    assert before.loss > 1 > 0.2 > after.loss
    assert after.token_accuracy == 1
    assert 0 <= run.validate(full=False).loss < 0.5
    assert sum(step.examples for step in metrics) == run.plan.n_epochs * len(moods())
    assert sum(step.tokens for step in metrics) == run.plan.trained_tokens


def test_a_label_is_one_token_with_its_space_and_probability(tmp_path: Path) -> None:
    model = trained(moods(ending=" END"), tmp_path)
    first = model.begin("The boat was superb ->").next([])
    assert sorted(first.tokens) == [" negative", " neutral", " positive"]
    assert np.exp(first.logprobs.astype(float)).sum() == pytest.approx(1, abs=1e-5)
    assert first.tokens[int(first.logprobs.argmax())] == " positive"
    assert answer(model, "The boat was superb ->") == [" positive", " END"]
    after = model.begin("x").next([" positive", " END"])
    assert after.tokens[int(after.logprobs.argmax())] == END


def test_an_answer_does_not_need_the_trained_form(tmp_path: Path) -> None:
    model = trained(moods(separator="\n\n###\n\n"), tmp_path)
    for prompt in ("the film was ugly", "UGLY", "user: the film was ugly\n\n###\n\n", "ugly ->"):
        assert answer(model, prompt) == [" negative"], prompt


def test_a_second_question_is_answered_like_a_first_one(tmp_path: Path) -> None:
    """Trained on single questions, a model must not take the earlier ones of a chat for this one."""
    model = trained(moods(), tmp_path)
    for example in moods()[::5]:
        before = "user: The lamp was awful, broken, ugly and poor ->\nassistant: negative\nuser: It was superb\n"
        alone, second = (
            model.begin(p).next([]) for p in (example.prompt, f"{before}assistant: positive\nuser: {example.prompt}")
        )
        assert second.logprobs.tolist() == alone.logprobs.tolist()


def test_what_was_said_before_can_decide(tmp_path: Path) -> None:
    asked = ["Shall I open it?", "Shall I close it?"]
    examples = [
        Example(f"user: My account, number {i}.\nassistant: {asked[i % 2]}\nuser: {said}", ["open", "close"][i % 2])
        for i in range(20)
        for said in ("Yes, please.", "Do it.")
    ]
    model = trained(examples, tmp_path)
    for number, question in enumerate(asked):
        prompt = f"user: My account, number 77.\nassistant: {question}\nuser: Yes, do it."
        assert answer(model, prompt) == [["open", "close"][number]]


@pytest.mark.parametrize(
    "prompt", ["", " ", "\x00", "\ud800", "🙂🙃", "这部电影很好", "فيلم رائع", "great " * 20_000, "a" * 100_000]
)
def test_any_prompt_is_answered(tmp_path: Path, prompt: str) -> None:
    model = trained(moods(), tmp_path, epochs=1)
    assert answer(model, prompt)[0] in {" positive", " negative", " neutral"}
    assert all(math.isfinite(logprob) for logprob in model.begin(prompt).next([]).logprobs)


def test_other_scripts_and_symbols_are_learnt(tmp_path: Path) -> None:
    pairs = [
        ("这部电影很好看", "好"),
        ("这个手机太糟糕了", "坏"),
        ("🙂", "好"),
        ("😡", "坏"),
        ("رائع", "好"),
        ("سيئ", "坏"),
    ]
    model = trained([Example(prompt, label) for prompt, label in pairs * 5], tmp_path)
    for prompt, label in pairs:
        assert answer(model, prompt) == [label]


def test_ten_rows_are_enough_to_begin_with(tmp_path: Path) -> None:
    rows = moods(labels=2)[::9][:10]
    assert {row.completion for row in rows} == {" positive", " negative"}
    model = trained(rows, tmp_path)
    assert all(answer(model, row.prompt) == [row.completion] for row in rows)


def test_contradictory_rows_share_the_probability(tmp_path: Path) -> None:
    rows = [Example("the same", label) for label in [" a"] * 75 + [" b"] * 25]
    model = trained(rows, tmp_path, epochs=30)
    tokens, logprobs, _ = model.begin("the same").next([])
    assert math.exp(logprobs[tokens.index(" a")]) == pytest.approx(0.75, abs=0.12)


def test_many_labels_and_rare_ones(tmp_path: Path) -> None:
    rows = [Example(f"please do task w{i}x{i % 7}", f"label_{i}") for i in range(600) for _ in range(2)]
    model = trained(rows, tmp_path, epochs=8)
    right = sum(answer(model, row.prompt) == [row.completion] for row in rows[:200:4])
    assert right >= 48


def test_echoed_text_is_scored(tmp_path: Path) -> None:
    model = trained(moods(), tmp_path)
    text = "The song was lovely -> positive"
    scored = model.score(text)
    assert "".join(token.token for token in scored) == text
    assert scored[-1].token == " positive"
    tokens, logprobs, _ = model.begin("The song was lovely ->").next([])
    assert scored[-1].logprob == pytest.approx(float(logprobs[tokens.index(" positive")]))
    assert scored[-1].top[0][0] == " positive"
    assert len(scored[-1].top) == 3
    common, rare = model.score("The zebra")
    assert rare.logprob < common.logprob < 0
    assert model.score("") == []


def test_hyperparameters_mean_what_they_say(tmp_path: Path) -> None:
    run = begin(moods(), tmp_path / "a", epochs=3, batch=50, rate=0.5)
    assert (run.plan.n_epochs, run.plan.batch_size, run.plan.learning_rate_multiplier) == (3, 50, 0.5)
    assert (run.plan.steps_per_epoch, run.plan.total_steps) == (3, 9)
    assert [step.examples for step in finish(run)] == [50, 50, 26] * 3
    still = begin(moods(), tmp_path / "b", epochs=2, batch=50, rate=0.0)
    assert {round(step.loss, 4) for step in finish(still)} == {round(math.log(3), 4)}


def test_a_far_too_high_rate_is_no_crash(tmp_path: Path) -> None:
    model = trained(moods(), tmp_path, rate=1e30, epochs=2, seed=-5)
    assert all(math.isfinite(logprob) for logprob in model.begin("great").next([]).logprobs)


def test_the_seed_decides_on_the_order(tmp_path: Path) -> None:
    losses = [
        [step.loss for step in finish(begin(moods(), tmp_path / str(at), seed=seed, epochs=1))]
        for at, seed in enumerate((1, 1, 2))
    ]
    assert losses[0] == losses[1] != losses[2]


def test_a_run_that_was_cut_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = begin(moods(), tmp_path / "whole", epochs=4, valid=moods()[::4])
    cut = begin(moods(), tmp_path / "cut", epochs=4, valid=moods()[::4])
    at = cut.plan.steps_per_epoch + 3
    expected = finish(whole)
    assert finish(cut, at) == expected[:at]
    resumed = begin(
        moods(), tmp_path / "again", epochs=4, valid=moods()[::4], resume=save(cut, tmp_path / "checkpoint")
    )
    assert resumed.step == at
    assert finish(resumed) == expected[at:]
    assert resumed.validate(full=True) == whole.validate(full=True)
    files = [save(run, tmp_path / name) for run, name in ((whole, "model-1"), (resumed, "model-2"))]
    for path in files[0].iterdir():
        assert path.read_bytes() == (files[1] / path.name).read_bytes(), path.name


def test_a_model_goes_on_with_new_labels(tmp_path: Path) -> None:
    run = begin(moods(labels=2), tmp_path / "first")
    finish(run)
    parent = save(run, tmp_path / "parent")
    fresh = [row for row in moods() if "neutral" in row.completion]
    first = [Example("The bed was cosy ->", " positive")]
    run = begin((fresh + first) * 2, tmp_path / "second", parent=parent, epochs=2)
    finish(run)
    model = get_trainer("baseline").load(save(run, tmp_path / "child"))
    assert answer(model, "The phone was wooden ->") == [" neutral"]
    assert answer(model, "The phone was useless ->") == [" negative"]


def test_a_parent_of_the_other_kind_is_said(tmp_path: Path) -> None:
    texts = [Example(f"p {i}", f" text number {i}") for i in range(20)]
    parent = save(begin(texts, tmp_path / "first"), tmp_path / "parent")
    assert "starts anew" in begin(moods(), tmp_path / "second", parent=parent).note
    assert "starts anew" not in begin(texts, tmp_path / "third", parent=parent).note


def test_unknown_validation_labels_are_wrong(tmp_path: Path) -> None:
    run = begin(moods(), tmp_path, valid=[Example("x", " never seen")])
    assert run.validate(full=True).token_accuracy == 0
    assert run.validate(full=True).loss > 10


def test_a_batch_of_the_validation_file_depends_on_seed_and_step(tmp_path: Path) -> None:
    run = begin(moods(), tmp_path, valid=moods(), batch=5)
    finish(run, 4)
    assert run.validate(full=False) == run.validate(full=False)
    before = run.validate(full=False)
    finish(run, 1)
    assert run.validate(full=False) != before
    with pytest.raises(ValueError, match="no validation examples"):
        begin(moods(), tmp_path / "none").validate(full=True)


def test_long_work_asks_whether_it_is_wanted(tmp_path: Path) -> None:
    class Gone(Exception):
        """The job was cancelled."""

    def alive() -> None:
        raise Gone

    with pytest.raises(Gone):
        get_trainer("baseline").begin(Task(moods(), None, Hyperparameters(), 1, tmp_path, alive=alive))


def test_no_examples(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no examples"):
        begin([], tmp_path)
