"""Metrics of free text, the user's own, and two models on the same rows."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from scipy.stats import binomtest

from fttool.errors import UsageError
from fttool.jobs.metrics import curves, custom, disagreements, paired
from fttool.jobs.metrics.labels import Labels
from fttool.jobs.metrics.measure import Wanted, measure, measured
from fttool.jobs.metrics.text import overlap, words
from fttool.jobs.metrics.usage import usage
from fttool.records.evaluation import Answer

from .metric_helpers import answers

CLOSE = {"rel": 1e-9, "abs": 1e-9}
WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "mat", ",", "."]), min_size=1, max_size=12).map(" ".join)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=15))
@settings(deadline=None, max_examples=40)
def test_bleu_and_chrf_are_sacrebleus(pairs):
    found = measure(answers(pairs), Wanted("text", resamples=0))
    expected, said = (list(side) for side in zip(*pairs, strict=True))
    assert found.value("text/bleu") == pytest.approx(BLEU().corpus_score(said, [expected]).score, **CLOSE)
    mean = np.mean([CHRF().sentence_score(answer, [text]).score for text, answer in pairs])
    assert found.value("text/chrf") == pytest.approx(mean, **CLOSE)


def test_matches_and_words():
    pairs = [("It is open.", "It is open."), ("It is open.", " it is OPEN! "), ("It is open.", "It is shut, open it")]
    found = measure(answers(pairs), Wanted("text"))
    assert found.value("text/exact_match") == pytest.approx(1 / 3)
    assert found.value("text/normalized_match") == pytest.approx(2 / 3)
    assert found.value("text/token_f1") == pytest.approx((1 + 1 + 6 / 8) / 3)
    assert found.value("text/rouge1") == pytest.approx((1 + 1 + 6 / 8) / 3)
    assert (found.task, found.classes, found.confusion) == ("text", (), ())


def test_words_of_other_scripts_count():
    assert words("Größe: 10 m²") == words("GRÖSSE 10 m2") == ["grösse", "10", "m2"]
    assert words("営業中です") == ["営", "業", "中", "で", "す"]
    assert overlap(words("営業中"), words("営業")) == pytest.approx(4 / 5)
    assert overlap([], []) == 1.0
    assert overlap(["a"], []) == 0.0
    found = measure(answers([("Да, открыто", "да открыто")]), Wanted("text", resamples=0))
    assert found.value("text/rougeL") == 1.0


def test_without_the_extra_the_rest_is_measured(monkeypatch):
    monkeypatch.setattr("fttool.jobs.metrics.text.find_spec", lambda name: None)
    found = measure(answers([("a b", "a b")]), Wanted("text"))
    assert [each.name for each in found.metrics] == ["text/exact_match", "text/normalized_match", "text/token_f1"]
    assert found.notes == (
        "not measured: BLEU and chrF and ROUGE; `python -m pip install sacrebleu rouge-score` adds them",
    )


# --- the user's own


def own(folder, text, name="score"):
    path = folder / "mine.py"
    path.write_text(text)
    return f"{path}:{name}"


def test_a_metric_of_rows(tmp_path, capsys):
    (tmp_path / "beside.py").write_text("LIMIT = 3\n")
    spec = own(
        tmp_path,
        "from beside import LIMIT\nprint('loaded')\n"
        "def score(expected, answer):\n    print('called')\n"
        "    return None if expected == 'x' else len(answer) <= LIMIT\n",
    )
    metric = custom.load(spec)
    found = measure(answers([("a", "abc"), ("a", "abcd"), ("x", "abc")]), Wanted("text", custom=(metric,)))
    (mine,) = [each for each in found.metrics if each.name == "custom/score"]
    assert (mine.value, mine.examples) == (0.5, 2)
    said = capsys.readouterr()
    assert said.out == ""
    assert "called" in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside.py", "mine.py"]


def test_a_metric_of_all_rows(tmp_path):
    metric = custom.load(
        own(tmp_path, "def score(rows):\n    return len({answer for _, answer in rows}) / len(rows)\n")
    )
    found = measure(
        answers([("a", "a"), ("b", "a"), ("a", "b"), ("b", None)]), Wanted("classification", custom=(metric,))
    )
    assert found.value("custom/score") == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "def score(expected, answer):\n    return 1 / 0\n",
            "mine.py:2: `score` failed at the example of line 1: Zero",
        ),
        ("def score(expected, answer):\n    return 'good'\n", "`score` gave 'good' at the example of line 1"),
        ("def score(expected, answer):\n    return float('nan')\n", "gave nan"),
        ("def score(rows):\n    raise KeyError('k')\n", "mine.py:2: `score` failed of all rows: KeyError: 'k'"),
        ("def score(a, b, c):\n    pass\n", "takes neither"),
        ("def other(a, b):\n    pass\n", "there is no `score` in it"),
        ("score = 5\n", "is no function, but 5"),
        ("def score(:\n", "mine.py:1: this is not Python"),
        ("import nowhere_at_all\n", "mine.py:1: it cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_with_a_metric_is_said(tmp_path, text, says):
    with pytest.raises(UsageError) as failure:
        measure(answers([("a", "b")]), Wanted("text", custom=(custom.load(own(tmp_path, text)),)))
    assert says in str(failure.value)


@pytest.mark.parametrize("spec", ["mine.py", "mine.py:", ":score", "mine.py:a-b"])
def test_a_metric_is_a_file_and_a_name(spec):
    with pytest.raises(UsageError, match="is no metric"):
        custom.load(spec)


def test_a_file_that_is_not_there():
    with pytest.raises(UsageError, match=r"nowhere\.py: cannot read it"):
        custom.load("nowhere.py:score")


# --- two models


def two(first, other, labels="ab"):
    """Rows that are all expected to be the first label, right where there is a 1."""
    sides = [
        [
            (labels[0] if at % 2 else labels[1], labels[(at + 1 + int(right == "0")) % 2])
            for at, right in enumerate(side)
        ]
        for side in (first, other)
    ]
    return [measured(answers(pairs), Wanted("classification")) for pairs in sides]


def test_accuracy_is_tested_by_mcnemar():
    models = two("1" * 60 + "0" * 12 + "1" * 2, "1" * 60 + "1" * 12 + "0" * 2)
    accuracy = paired.compare(*models, Wanted("classification"))[0]
    assert (accuracy.metric, accuracy.wins, accuracy.losses) == ("classification/accuracy", 12, 2)
    assert accuracy.p_value == pytest.approx(binomtest(12, 14, 0.5).pvalue)
    assert accuracy.verdict == "better"
    assert accuracy.difference == pytest.approx(10 / 74)
    assert accuracy.interval.low < 10 / 74 < accuracy.interval.high
    back = paired.compare(*reversed(models), Wanted("classification"))[0]
    assert (back.verdict, back.difference) == ("worse", -accuracy.difference)


def test_few_rows_decide_nothing():
    accuracy = paired.compare(*two("1" * 20 + "0" * 3, "1" * 20 + "1" * 3), Wanted("classification"))[0]
    assert (accuracy.verdict, accuracy.p_value) == ("undecided", 0.25)


def test_the_same_answers_are_the_same():
    models = two("1101", "1101")
    assert {each.verdict for each in paired.compare(*models, Wanted("classification"))} == {"same"}


def test_only_rows_that_both_answered_are_compared():
    first = measured(answers([("a", "a"), ("b", "b"), ("a", None), ("b", "a")]), Wanted("classification"))
    other = measured(answers([("a", None), ("b", "a"), ("a", "a"), ("b", "b")])[::-1], Wanted("classification"))
    accuracy = paired.compare(first, other, Wanted())[0]
    assert (accuracy.examples, accuracy.wins, accuracy.losses) == (2, 1, 1)
    nobody = measured(answers([("a", None), ("b", None)]), Wanted("classification"))
    assert paired.compare(first, nobody, Wanted()) == ()


def test_chance_is_called_a_difference_about_once_in_twenty():
    lot = random.Random(5)
    called = {"accuracy": 0, "weighted_f1_score": 0}
    for seed in range(100):
        sides = ["".join(lot.choice("0111") for _ in range(120)) for _ in range(2)]
        for each in paired.compare(*two(*sides), Wanted("classification", resamples=400, seed=seed)):
            name = each.metric.rpartition("/")[2]
            if name in called:
                called[name] += each.verdict in ("better", "worse")
    assert max(called.values()) <= 12


def test_texts_are_compared_row_by_row():
    lot = random.Random(3)
    rows = [f"the quick brown fox number {at} sleeps in the warm sun" for at in range(60)]
    worse = [" ".join(word for word in row.split() if lot.random() < 0.8) for row in rows]
    first = measured(answers(zip(rows, worse, strict=True)), Wanted("text"))
    other = measured(answers(zip(rows, rows, strict=True)), Wanted("text"))
    found = {each.metric: each for each in paired.compare(first, other, Wanted("text"))}
    for name in ("text/exact_match", "text/token_f1", "text/chrf", "text/rougeL", "text/bleu"):
        assert found[name].verdict == "better", name
        assert found[name].value == pytest.approx(other.measures.value(name))
        assert found[name].difference == pytest.approx(other.measures.value(name) - first.measures.value(name))


def test_rankings_are_compared():
    lot = random.Random(4)
    truth = [lot.random() < 0.5 for _ in range(150)]

    def told(noise):
        made = []
        for at, yes in enumerate(truth):
            odds = (2 if yes else -2) + lot.gauss(0, noise)
            chance = 1 / (1 + math.exp(-odds))
            logprobs = {"yes": math.log(chance), "no": math.log1p(-chance)}
            text = "yes" if odds > 0 else "no"
            made.append(Answer(at, at + 1, str(at), "yes" if yes else "no", text, logprobs))
        return measured(made, Wanted("classification"))

    good, bad = told(1.0), told(6.0)
    found = {each.metric: each for each in paired.compare(bad, good, Wanted())}
    assert found["classification/auroc"].verdict == found["classification/auprc"].verdict == "better"
    assert found["classification/auroc"].value == pytest.approx(good.measures.value("classification/auroc"))
    ranking = curves.Ranking(truth, np.asarray(good.columns.score))
    ones = np.ones((1, len(truth)))
    assert ranking.by_row(ones) == pytest.approx(ranking.resampled(ranking.counts[None].astype(float)))


def test_disagreements_are_labels_that_differ_and_not_spellings_of_them():
    labels = Labels(["no", "yes"])
    sides = [
        answers([("yes", " yes"), ("no", "no"), ("yes", "no"), ("no", "eh"), ("no", None)]),
        answers([("yes", "yes"), ("no", "yes"), ("yes", "no"), ("no", "hm"), ("no", "no")]),
    ]
    rows = [disagreements.rows(each, 5, "classification", labels) for each in sides]
    assert disagreements.find(rows).tolist() == [1, 3]
    assert rows[0].right.tolist() == [True, True, False, False, False]
    assert disagreements.texts(sides[1], {1: 0, 3: 1}) == ["yes", "hm"]


def test_usage_is_summed():
    told = answers([("a", "a")] * 3, prompt_tokens=1000, completion_tokens=1, latency=0.5)
    found = usage([*told, *answers([("a", None)])], (0.4, 1.6))
    assert (found.prompt_tokens, found.completion_tokens, found.latency_median) == (3000, 3, 0.5)
    assert found.cost == pytest.approx((3000 * 0.4 + 3 * 1.6) / 1e6)
    assert usage(answers([("a", "b")]), (1, 1)).cost is None
