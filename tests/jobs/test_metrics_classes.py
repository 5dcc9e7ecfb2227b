"""Metrics of classes are scikit-learn's, whatever is expected and answered."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from fttool.errors import UsageError
from fttool.jobs.metrics import classification, curves, intervals
from fttool.jobs.metrics.calibration import calibrate
from fttool.jobs.metrics.labels import Labels, find_labels, guess_task, log_odds
from fttool.jobs.metrics.measure import Wanted, measure
from fttool.records.evaluation import Answer

from .metric_helpers import answers

CLOSE = {"rel": 1e-9, "abs": 1e-9}

#: Expected and answered labels of up to 6 classes; `?` is no label.
rows = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef?")), min_size=1, max_size=60)
two = st.lists(st.tuples(st.sampled_from(["no", "yes"]), st.sampled_from(["no", "yes", "maybe"])), min_size=1).filter(
    lambda pairs: {expected for expected, _ in pairs} == {"no", "yes"}
)
chances = st.floats(0.001, 0.999)


@given(rows)
@settings(deadline=None)
def test_classes_are_measured_as_scikit_learn_does(pairs):
    found = measure(answers(pairs), Wanted(task="classification", resamples=0))
    expected, answered = zip(*pairs, strict=True)
    names = sorted(set(expected))
    assert found.value("classification/accuracy") == pytest.approx(sk.accuracy_score(expected, answered), **CLOSE)
    weighted = sk.f1_score(expected, answered, labels=names, average="weighted", zero_division=0.0)
    assert found.value("classification/weighted_f1_score") == pytest.approx(weighted, **CLOSE)
    columns = sk.precision_recall_fscore_support(expected, answered, labels=names, average=None, zero_division=0.0)
    for each, precision, recall, f1, support in zip(found.classes, *columns, strict=True):
        assert (each.precision, each.recall, each.f1) == pytest.approx((precision, recall, f1), **CLOSE)
        assert each.support == support
    matrix = sk.confusion_matrix(expected, answered, labels=[*names, "g"])[:-1, :-1]  # "g": it warns about one label
    assert [list(row[:-1]) for row in found.confusion] == matrix.tolist()
    assert sum(map(sum, found.confusion)) == len(pairs)
    assert found.unknown == sum(each not in names for each in answered) == sum(row[-1] for row in found.confusion)


@given(two, st.sampled_from(["no", "yes"]), st.lists(st.floats(0.1, 10), max_size=3))
@settings(deadline=None)
def test_two_classes_have_precision_recall_and_f_beta(pairs, positive, betas):
    found = measure(answers(pairs), Wanted("classification", positive=positive, betas=tuple(betas), resamples=0))
    expected, answered = ([each == positive for each in side] for side in zip(*pairs, strict=True))
    given = {"zero_division": 0.0}
    assert found.positive == positive
    assert found.value("classification/precision") == pytest.approx(
        sk.precision_score(expected, answered, **given), **CLOSE
    )
    assert found.value("classification/recall") == pytest.approx(sk.recall_score(expected, answered, **given), **CLOSE)
    for beta in betas:
        score = sk.fbeta_score(expected, answered, beta=beta, **given)
        assert found.value(f"classification/f{beta:g}") == pytest.approx(score, **CLOSE)


@given(
    st.lists(st.tuples(st.booleans(), chances), min_size=2, max_size=60).filter(lambda r: len({t for t, _ in r}) == 2)
)
@settings(deadline=None)
def test_curves_are_scikit_learns(told):
    made = [
        Answer(
            index=at,
            line=at + 1,
            row=str(at),
            expected=" yes" if truth else " no",
            text=" yes" if chance > 0.5 else " no",
            logprobs={" yes": math.log(chance), " no": math.log(1 - chance)},
        )
        for at, (truth, chance) in enumerate(told)
    ]
    found = measure(made, Wanted(task="classification", resamples=0))
    truth = [each for each, _ in told]
    # the log-odds, which are what is ranked, may tell apart what the chance does not, and the reverse
    scores = [round(math.log(chance) - math.log(1 - chance), 9) for _, chance in told]
    rounded = [round(math.log(chance / (1 - chance)), 9) for _, chance in told]
    if len(set(scores)) == len({chance for _, chance in told}) and scores == rounded:
        assert found.value("classification/auroc") == pytest.approx(sk.roc_auc_score(truth, scores), **CLOSE)
        assert found.value("classification/auprc") == pytest.approx(sk.average_precision_score(truth, scores), **CLOSE)


@given(rows, st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_a_resample_is_measured_as_its_rows_would_be(pairs, seed):
    numbers = {name: at for at, name in enumerate("abcdef")} | {"?": -1}
    cells = classification.count_cells(*([numbers[each] for each in side] for side in zip(*pairs, strict=True)))
    drawn = next(intervals.multinomial(cells.counts, 3, seed))
    assert (drawn.sum(axis=1) == len(pairs)).all()
    found = classification.resampled(cells, drawn, 6, None, ())
    for counts, values in zip(drawn, found, strict=True):
        there = counts > 0
        chosen = classification.Cells(cells.expected[there], cells.answered[there], counts[there])
        assert values == pytest.approx(classification.values(chosen, 6, None, ()), **CLOSE)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40), st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_a_resample_of_scores_is_ranked_as_its_rows_would_be(told, seed):
    truth, scores = np.array([t for t, _ in told]), np.array([s for _, s in told], float)
    picked = np.random.default_rng(seed).integers(0, len(told), len(told))
    ranking = curves.Ranking(truth, scores)
    levels = {-score: at for at, score in enumerate(np.unique(-scores))}
    counts = np.zeros(len(ranking.counts))
    for at in picked:
        counts[2 * levels[scores[at]] + int(truth[at])] += 1
    found = ranking.resampled(counts[None])[0]
    wanted = curves.values(truth[picked], scores[picked])
    if None not in wanted:
        assert found == pytest.approx(wanted, **CLOSE)


def test_unknown_answers_are_counted_named_and_wrong():
    pairs = [("yes", " yes"), ("no", "No."), ("no", "No."), ("yes", "I cannot say"), ("no", "no"), ("yes", None)]
    found = measure(answers(pairs), Wanted("classification"))
    assert (found.examples, found.failed, found.unknown) == (6, 1, 3)
    assert found.value("classification/accuracy") == 2 / 5
    first, second = found.unknown_answers
    assert (first.text, first.count, first.line, first.close_to) == ("No.", 2, 2, "no")
    assert (second.text, second.count, second.line, second.close_to) == ("I cannot say", 1, 4, None)


def test_a_cut_answer_is_the_label_that_it_begins():
    labels = Labels([" billing", " bicycles", " repairs"])
    assert labels.names == ("bicycles", "billing", "repairs")
    assert labels.answered(" bill", "length") == 1
    assert labels.answered(" bill", "stop") == -1
    assert labels.answered(" bi", "length") == -1
    assert labels.answered(" ", "length") == -1
    assert Labels(["a", "ab"]).answered("a", "length") == 0


def test_tokens_give_what_they_have_to_the_label_they_begin():
    labels = Labels(["yes", "yesterday", "no"])
    found = labels.probabilities({" yes": math.log(0.5), "yes": math.log(0.2), " ": -1.0, "n": math.log(0.1), "x": -5})
    assert labels.names == ("no", "yes", "yesterday")
    assert found == pytest.approx({0: 0.1, 1: 0.7})
    assert labels.probabilities({"ye": -0.1}) == {}


def test_a_label_that_is_not_told_has_at_most_what_is_left():
    told = {"yes": math.log(0.9), "Yes": math.log(0.06)}
    odds = log_odds({1: 0.9}, told, 1)
    assert odds == pytest.approx(math.log(0.9 / 0.04))
    assert log_odds({}, told, 1) is None


def test_labels_are_in_order():
    assert find_labels(answers([("10", ""), ("9", ""), ("-1", "")])).names == ("-1", "9", "10")
    assert guess_task(4, 12) == "classification"
    assert guess_task(5, 12) == guess_task(1, 12) == "text"


def test_the_positive_class_must_be_one():
    with pytest.raises(UsageError, match="`maybe` is none of the labels"):
        measure(answers([("yes", "yes"), ("no", "no")]), Wanted("classification", positive="maybe"))


def test_a_positive_class_of_many_is_not_used_and_that_is_said():
    found = measure(answers([("a", "a"), ("b", "b"), ("c", "c")]), Wanted("classification", positive="a"))
    assert found.positive is None
    assert found.notes == ("the positive class is not used: it is for two classes, and there are 3",)


def test_calibration_is_the_mean_distance_over_bins():
    found = calibrate([0.05, 0.1, 0.95, 0.95, 1.0, 0.0], [0, 1, 1, 1, 0, 0])
    assert [(each.low, each.high, each.count) for each in found.bins] == [(0.0, 0.1, 3), (0.9, 1.0, 3)]
    assert found.error == pytest.approx(abs(0.05 - 1 / 3) / 2 + abs(2.9 / 3 - 2 / 3) / 2)
    assert calibrate([], []) is None


def test_calibration_has_the_probability_of_what_was_answered():
    made = answers([("yes", "yes")] * 3 + [("no", "yes")], logprobs={"yes": math.log(0.75), "no": math.log(0.25)})
    found = measure(made, Wanted("classification"))
    assert found.calibration.error == pytest.approx(0)
    assert found.calibration.examples == 4


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(7)
    held = 0
    for seed in range(100):
        truth = random.random(300) < 0.5
        right = random.random(300) < 0.8
        pairs = [("yes" if t else "no", "yes" if t == r else "no") for t, r in zip(truth, right, strict=True)]
        found = measure(answers(pairs), Wanted("classification", resamples=300, seed=seed))
        recall = next(each for each in found.metrics if each.name == "classification/recall")
        held += recall.interval.low <= 0.8 <= recall.interval.high
    assert 88 <= held <= 100


def test_the_same_seed_gives_the_same_intervals():
    made = answers([("a", "a"), ("a", "b"), ("b", "b"), ("b", "b"), ("c", "a")] * 10)
    assert measure(made) == measure(made)
    assert measure(made, Wanted(seed=1)).metrics[1] != measure(made).metrics[1]


def test_what_does_not_vary_has_no_interval_but_a_fraction_has():
    found = measure(answers([("a", "a"), ("b", "b")] * 10))
    assert [each.value for each in found.metrics] == [1.0] * 5
    assert found.metrics[0].interval.low == pytest.approx(0.839, abs=0.001)
    assert found.metrics[1].interval is None


def test_no_answers_no_metrics():
    found = measure(answers([("a", None), ("b", None)] * 3))
    assert (found.metrics, found.failed, found.notes) == ((), 6, ("no row was answered",))


def test_thousands_of_classes_have_no_matrix():
    pairs = [(f"class {at}", f"class {at + at % 2}") for at in range(1001)] * 3
    found = measure(answers(pairs), Wanted(resamples=50))
    assert found.task == "classification"
    assert found.confusion == ()
    assert len(found.classes) == 1001
    assert found.notes == ("no confusion matrix: 1,001 classes are too many for one",)
    assert found.value("classification/accuracy") == pytest.approx(501 / 1001)
    assert (found.classes[0].support, found.classes[0].predicted) == (3, 3)
