"""`fttool evaluate --show`: one table by itself, and the picture."""

from __future__ import annotations

import json
import math

import pytest

from fttool.cli import confusion_plot, metric_tables
from fttool.errors import UsageError
from fttool.jobs.metrics.measure import Wanted, measure
from fttool.records.evaluation import Answer


def measured(**more):
    pairs = [("a", "a")] * 3 + [("b", "a"), ("b", "b"), ("b", "B!\tx")]
    chances = {"a": math.log(0.75), "b": math.log(0.25)}
    made = [Answer(at, at + 1, "0", *pair, logprobs=chances) for at, pair in enumerate(pairs)]
    return measure(made, Wanted("classification", **more))


def shown(capsys, name):
    metric_tables.show(measured(), name)
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_confusions(capsys):
    assert shown(capsys, "confusion") == [
        ["expected", "a", "b", "(no label)"],
        ["a", "3", "0", "0"],
        ["b", "1", "1", "1"],
    ]


def test_classes(capsys):
    head, first, second = shown(capsys, "classes")
    assert head == ["class", "precision", "recall", "f1", "support", "predicted"]
    assert (first[0], float(first[1]), float(first[2]), first[4:]) == ("a", 0.75, 1.0, ["3", "4"])
    assert (second[0], float(second[1]), second[4:]) == ("b", 1.0, ["3", "1"])


def test_metrics_have_their_intervals(capsys):
    head, *rows = shown(capsys, "metrics")
    assert head == ["metric", "value", "low", "high", "examples"]
    assert rows[0][0] == "classification/accuracy"
    assert float(rows[0][1]) == pytest.approx(4 / 6)
    assert float(rows[0][2]) < 4 / 6 < float(rows[0][3])


def test_calibration_and_unknown_answers(capsys):
    head, *rows = shown(capsys, "calibration")
    assert head == ["above", "to", "answers", "sure", "right"]
    assert [row[2] for row in rows] == ["1", "4"]
    assert shown(capsys, "unknown")[1] == ["1", r"B!\tx", "6", ""]


def test_nothing_to_show_is_said(capsys):
    found = measure([Answer(0, 1, "0", "a b c", "a b")], Wanted("text"))
    metric_tables.show(found, "confusion")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "nothing to show: these answers have no confusion\n")


def test_a_table_that_there_is_not(call, work):
    with pytest.raises(UsageError):
        metric_tables.check("graph")
    (work / "valid.jsonl").write_text(json.dumps({"prompt": "a", "completion": " b"}) + "\n")
    done = call("evaluate", "m", "-f", "valid.jsonl", "--local", "--show", "graph")
    assert (done.code, "`--show` takes metrics, classes" in done.err) == (2, True)
    done = call("evaluate", "m", "-f", "valid.jsonl", "--local", "--show", "classes", "--json")
    assert (done.code, "one table of one model" in done.err) == (2, True)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_has_confusions_and_calibration(work, ending):
    path = work / f"picture.{ending}"
    confusion_plot.draw(measured(), "model $x$", path, overwrite=False)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    if ending == "svg":
        text = data.decode()
        assert text.count('id="axes_') == 3  # the matrix, its colours, the calibration
