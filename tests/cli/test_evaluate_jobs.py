"""Metrics of a job: measured after training, by checkpoint, and shown with its results."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import Scripted, job, page
from own_service import own, own_state  # noqa: F401

WORDS = {"fruit": ("apple", "pear", "plum", "cherry"), "tool": ("hammer", "saw", "drill", "wrench")}
ROWS = [
    {"prompt": f"{how} {word} ->", "completion": f" {label}"}
    for label, words in WORDS.items()
    for word in words
    for how in ("a", "the", "my", "one", "this", "that")
]

METRICS = [
    "--compute_classification_metrics",
    "--classification_positive_class",
    " tool",
    "--classification_betas",
    "2",
]
NAMES = [f"classification/{name}" for name in ("accuracy", "weighted_f1_score", "precision", "recall", "f1", "f2")]
NAMES += ["classification/auroc", "classification/auprc"]

_MADE: dict[Path, str] = {}


@pytest.fixture
def files(work: Path) -> list[str]:
    for name, rows in (("train.jsonl", ROWS), ("valid.jsonl", ROWS[::2])):
        (work / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ["-t", "train.jsonl", "-v", "valid.jsonl"]


@pytest.fixture
def made(own, files, call):  # noqa: F811
    """A job that has succeeded, without metrics; its id."""
    if own not in _MADE:
        done = call("create", *files, "--n_epochs", "2", "--seed", "1", "--local", "--json")
        assert done.code == 0, done.err
        _MADE[own] = json.loads(done.out.splitlines()[-1])["id"]
    return _MADE[own]


def evaluations(call: Any, job_id: str) -> list[dict[str, Any]]:
    return json.loads(call("results", job_id, "--local", "--json").out)["evaluations"]


def test_create_measures_when_the_job_has_succeeded(own, files, call):  # noqa: F811
    done = call("create", *files, "--n_epochs", "2", "--local", *METRICS, "--checkpoints")
    assert done.code == 0, done.err
    model = done.out.splitlines()[-1]  # the answer is still the model
    assert model.startswith("ft:baseline:") and "not sent" not in done.err
    assert f"{model} (best)" in done.err and "  classification/f2  100.0%" in done.err
    assert list(Path().glob("*.answers.jsonl")) == []
    job_id = json.loads(call("list", "--local", "--json").out)["data"][0]["id"]
    first, last = evaluations(call, job_id)
    assert (first["model"], last["model"]) == (f"{model}:ckpt-step-{first['step']}", model)
    assert last["step"] == 2 * first["step"]
    assert list(last["values"]) == NAMES and last["values"]["classification/accuracy"] == 1.0

    text = call("results", job_id, "--local").out
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0])[-len(NAMES) :] == NAMES
    measured = {int(row["step"]): row["classification/accuracy"] for row in rows if row["classification/accuracy"]}
    assert measured == {each["step"]: repr(each["values"]["classification/accuracy"]) for each in (first, last)}
    assert call("results", job_id, "--local", "-o", "r.csv").out.count("best by classification/accuracy") == 1
    assert Path("r.csv").read_text() == text
    old = call("api", "fine_tunes.results", "-i", job_id, "--local").out
    assert "classification/accuracy" in old.splitlines()[0] and "training_loss" in old.splitlines()[0]


def test_quiet_and_json_say_nothing_of_it_but_keep_it(own, files, call):  # noqa: F811
    done = call("create", *files, "--n_epochs", "1", "--local", *METRICS, "-q")
    assert (done.code, done.err) == (0, "") and done.out.count("\n") == 1
    done = call("create", *files, "--n_epochs", "1", "--local", *METRICS, "--json")
    assert (done.code, done.err) == (0, "")
    ended = json.loads(done.out.splitlines()[-1])
    assert ended["status"] == "succeeded" and len(evaluations(call, ended["id"])) == 1


def test_the_legacy_spelling_measures_too(own, files, call):  # noqa: F811
    options = ["-t", "train.jsonl", "-v", "valid.jsonl", "--n_epochs", "1", "--suffix", "old"]
    done = call("api", "fine_tunes.create", *options, *METRICS, "--local")
    assert done.code == 0, done.err
    assert "  classification/auroc  100.0%" in done.err


def test_a_job_is_evaluated_afterwards(made, call):
    done = call("evaluate", "--job", made, "--local")  # its own validation file
    assert done.code == 0, done.err
    assert "valid.jsonl: 24 examples, 2 labels" in done.err and f"`fttool results {made} --local` shows it" in done.err
    (kept,) = evaluations(call, made)
    assert (kept["file"], kept["examples"], kept["failed"], kept["step"]) == ("valid.jsonl", 24, 0, None)
    rows = list(csv.DictReader(call("results", made, "--local").out.splitlines()))
    assert [bool(row["classification/accuracy"]) for row in rows] == [False] * (len(rows) - 1) + [True]


def test_checkpoints_are_evaluated_by_step(made, call):
    done = call("evaluate", "-i", made, "--checkpoints", "-f", "valid.jsonl", "--local", "--csv", "m.csv")
    assert done.code == 0, done.err
    lines = [line.split("\t") for line in done.out.splitlines()]
    steps = [int(line[0]) for line in lines]
    assert len(steps) == 2 and steps[1] == 2 * steps[0]
    assert lines[0][-1].endswith(f":ckpt-step-{steps[0]}") and ":ckpt" not in lines[1][-1]
    assert "best by classification/accuracy: " in done.err
    assert [row["step"] for row in csv.DictReader(Path("m.csv").read_text().splitlines())] == [
        line[0] for line in lines
    ]
    found = json.loads(call("evaluate", "-i", made, "--checkpoints", "-f", "valid.jsonl", "--local", "--json").out)
    assert [each["step"] for each in found["checkpoints"]] == steps
    assert found["best"]["model"] in {each["model"] for each in found["checkpoints"]}
    assert [each["asked"] for each in found["checkpoints"]] == [0, 0]
    kept = {each["model"]: each for each in evaluations(call, made)}
    assert {each["step"] for each in kept.values()} == set(steps)


def test_a_sample_is_not_kept_with_the_job(own, files, call):  # noqa: F811
    done = call("create", *files, "--n_epochs", "1", "--local", "--json")
    job_id = json.loads(done.out.splitlines()[-1])["id"]
    assert call("evaluate", "--job", job_id, "--limit", "5", "--local").code == 0
    assert evaluations(call, job_id) == []


# --- what cannot work, and services that do not answer -------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["-t", "train.jsonl", METRICS[0]], 2, "needs a validation file"),
        (["-t", "train.jsonl", "-v", "valid.jsonl", "--checkpoints"], 2, f"goes with `{METRICS[0]}`"),
        (["-t", "train.jsonl", "-v", "valid.jsonl", METRICS[0], "--classification_n_classes", "1"], 2, "at least 2"),
        (["-t", "train.jsonl", "-v", "valid.jsonl", METRICS[0], METRICS[1], "maybe"], 2, "none of the labels"),
        (["-t", "train.jsonl", "-v", "valid.jsonl", METRICS[0], METRICS[3], "-1"], 2, "above 0"),
        (["-t", "train.jsonl", "-v", "long.jsonl", METRICS[0]], 2, "no labels"),
    ],
)
def test_wrong_options_are_told_before_anything_is_sent(scripted: Scripted, files, call, options, code, said):  # noqa: F811
    long = [{"prompt": f"{at} ->", "completion": f" {at} " + "long " * 30} for at in range(20)]
    Path("long.jsonl").write_text("".join(json.dumps(row) + "\n" for row in long))
    done = call("create", *options, "-m", "m", *scripted.options)
    assert done.code == code and said in done.err, done.err
    assert [each for each in scripted.requests if each.method == "POST"] == []


def succeeded(service: Scripted) -> None:
    """A service on which every job is done at once, but whose model does not answer."""
    service.on("GET", "/files", page())
    service.on("POST", "/files", lambda request: {"id": "file-1", "object": "file", "status": "processed"})
    service.on("GET", "/files/file-1", {"id": "file-1", "object": "file", "status": "processed"})
    done = job(status="succeeded", fine_tuned_model="ft:m", validation_file="file-1")
    service.on("GET", "/fine_tuning/jobs", page())
    service.on("POST", "/fine_tuning/jobs", done)
    service.on("GET", "/fine_tuning/jobs/ftjob-1", done)
    service.on("GET", "/fine_tuning/jobs/ftjob-1/events", page())
    service.on("GET", "/fine_tuning/jobs/ftjob-1/checkpoints", page())


def test_a_model_that_does_not_answer_is_said_with_the_way_out(scripted: Scripted, files, call):  # noqa: F811
    succeeded(scripted)
    done = call("create", *files, "-m", "m", *METRICS, *scripted.options)
    assert done.code == 5
    assert "the job has succeeded, but its metrics are missing: `fttool evaluate --job ftjob-1" in done.err
    assert "--positive-class ' tool' --beta 2" in done.err


def test_without_following_the_command_for_later_is_named(scripted: Scripted, files, call):  # noqa: F811
    succeeded(scripted)
    options = [METRICS[0], "--classification_n_classes", "3", "--no-follow"]
    done = call("create", *files, "-m", "m", *options, *scripted.options)
    assert (done.code, done.out) == (0, "ftjob-1\n")
    assert "warning: valid.jsonl has 2 classes, not 3 as --classification_n_classes says" in done.err
    assert "when it has succeeded, `fttool evaluate --job ftjob-1 --task classification -f valid.jsonl" in done.err
