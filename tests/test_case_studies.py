"""The case studies in examples/ run from end to end, and give the metrics that docs/case_studies.md reads."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sh")

#: One row of the smallest validation file, and a little: what another processor may decide otherwise.
NEAR = 0.07


@pytest.fixture
def study(tmp_path):
    """Run a case study; gives the metrics that it prints, by model, and all it printed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "fttool"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fttool "$@"\n')
    program.chmod(0o755)
    environ = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def study(name: str) -> tuple[dict[str, float], str]:
        command = ["sh", str(EXAMPLES / "case_studies.sh"), name, str(tmp_path / name)]
        done = subprocess.run(
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        rows = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
        found = {row[0]: float(row[1]) for row in rows if len(row) == 2 and "/" in row[0]}
        return found, done.stdout + done.stderr

    return study


def test_true_ads(study, tmp_path):
    found, _ = study("ads")
    assert found["classification/accuracy"] == pytest.approx(0.53, abs=NEAR)
    assert found["classification/auroc"] == pytest.approx(0.64, abs=NEAR)
    assert {"classification/precision", "classification/recall", "classification/f1", "classification/f0.5"} < set(
        found
    )
    (row,) = csv.DictReader((tmp_path / "ads" / "ads_metrics.csv").read_text().splitlines())
    assert {name: float(row[name]) for name in found} == found
    results = (tmp_path / "ads" / "ads_results.csv").read_text().splitlines()
    assert "classification/auroc" in results[0]
    assert f"{found['classification/accuracy']:.6f}"[:6] in results[-1]


def test_sentiment(study, tmp_path):
    _, shown = study("sentiment")
    accuracy = [line.split("\t") for line in shown.splitlines() if "\tclassification/accuracy\t" in line]
    assert [float(row[2]) for row in accuracy] == pytest.approx([0.78, 0.61], abs=NEAR)
    assert float(accuracy[1][5]) < 0  # trained longer, and worse
    assert "\n negative\n" in shown
    assert (tmp_path / "sentiment" / "sentiment.html").read_text().startswith("<!doctype html>")


def test_emails(study):
    found, shown = study("emails")
    assert found["classification/accuracy"] == pytest.approx(0.47, abs=NEAR)
    assert found["classification/weighted_f1_score"] == pytest.approx(0.45, abs=NEAR)
    assert "43 examples, 12 labels" in shown


def test_descriptions(study):
    found, shown = study("items")
    assert found["text/exact_match"] == 0
    assert found["text/token_f1"] == pytest.approx(0.23, abs=NEAR)
    assert found["text/chrf"] == pytest.approx(23.5, abs=3)
    assert found["custom/numbers"] == pytest.approx(0.02, abs=NEAR)
    assert r'completions end with "\n"' in shown


def rows(name):
    with (EXAMPLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_data_are_as_the_page_says():
    ads = [*rows("ads"), *rows("ads_valid")]
    assert Counter(row["supported"] for row in ads) == {"yes": 50, "no": 50}
    assert set(Counter((row["company"], row["product"]) for row in ads).values()) == {2}
    assert not {row["company"] for row in rows("ads")} & {row["company"] for row in rows("ads_valid")}
    assert Counter(row["label"] for row in rows("sentiment")) == {"positive": 60, "negative": 60}
    assert Counter(row["category"] for row in rows("emails")) == {str(number): 12 for number in range(1, 13)}
    for name, column in (("ads", "ad"), ("sentiment", "text"), ("emails", "body"), ("items", "description")):
        texts = [row[column] for row in rows(name)]
        assert len(set(texts)) == len(texts)
    for row in rows("items"):
        assert row["price"] in row["description"]
