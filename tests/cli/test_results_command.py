"""`fttool results`, as a person and as a script see it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import Answer, Scripted, job, page

Call = Callable[..., Any]

CSV = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n" + "".join(
    f"{step},{2 / step:.4f},{1 - 1 / step:.4f},{'' if step % 5 else 1 + abs(step - 20) / 20},\n"
    for step in range(1, 51)
)
MODEL = "ft:gpt-4o-mini-2024-07-18:o::abc"


@pytest.fixture
def service(scripted: Scripted) -> Scripted:  # noqa: F811
    """A service with one job that is done, and its results."""
    done = job(status="succeeded", fine_tuned_model=MODEL, result_files=["file-r"])
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", done)
    scripted.on("GET", "/fine_tuning/jobs", page(job(id="ftjob-2"), done))
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1/checkpoints", page())
    scripted.on("GET", "/files/file-r", {"id": "file-r", "object": "file", "filename": "step_metrics.csv", "bytes": 9})
    scripted.on("GET", "/files/file-r/content", Answer(body=CSV))
    return scripted


def test_in_a_pipe_the_file_comes_as_it_is(service: Scripted, run: Call) -> None:
    odd = b"\xef\xbb\xbfstep,note\r\n1,\xff\r\n"
    service.on("GET", "/files/file-r/content", Answer(body=odd))
    import subprocess
    import sys

    command = [sys.executable, "-m", "fttool", "results", "-i", "ftjob-1", *service.options]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (odd, b"")


def test_base64_is_decoded(service: Scripted, call: Call, tmp_path: Path) -> None:
    service.on("GET", "/files/file-r/content", Answer(body=base64.b64encode(CSV.encode())))
    target = tmp_path / "results.csv"
    done = call("results", "ftjob-1", "-o", str(target), *service.options)
    assert done.code == 0
    assert f"wrote {target}" in done.err
    assert target.read_text() == CSV


def test_without_an_id_the_newest_finished_job_is_meant_and_named(service: Scripted, call: Call) -> None:
    done = call("results", "--json", *service.options)
    assert done.code == 0
    assert json.loads(done.out)["job"]["id"] == "ftjob-1"
    assert done.err == ""
    assert call("results", *service.options).err == f"job ftjob-1 (succeeded, {MODEL}), the newest that is finished\n"


def test_json(service: Scripted, call: Call) -> None:
    checkpoints = [
        {
            "id": f"c{step}",
            "step_number": step,
            "fine_tuned_model_checkpoint": f"{MODEL}:ckpt-step-{step}",
            "metrics": {},
        }
        for step in (50, 25)
    ]
    service.on("GET", "/fine_tuning/jobs/ftjob-1/checkpoints", page(*checkpoints))
    done = call("results", "ftjob-1", "--json", *service.options)
    answer = json.loads(done.out)
    assert list(answer) == ["job", "file", "summary", "rows", "evaluations"]
    assert answer["file"] == {"id": "file-r", "object": "file", "filename": "step_metrics.csv", "bytes": 9}
    assert len(answer["rows"]) == 50
    assert answer["rows"][4] == {
        **{"step": 5, "train_loss": 0.4, "train_accuracy": 0.8, "train_sequence_accuracy": None, "valid_loss": 1.75},
        **{"valid_accuracy": None, "valid_sequence_accuracy": None, "full_valid_loss": None},
        **{"full_valid_accuracy": None, "elapsed_tokens": None, "elapsed_examples": None},
    }
    summary = answer["summary"]
    assert (summary["last"]["step"], summary["best"]["step"], summary["best_by"]) == (50, 50, "train_loss")
    assert (summary["best_validation"]["step"], summary["best_validation_by"]) == (20, "valid_loss")
    assert summary["overfitting"]["since"] == 20
    assert summary["better_checkpoint"] == f"{MODEL}:ckpt-step-25"


def test_on_a_terminal_there_is_a_summary_with_charts(service: Scripted, terminal: Call) -> None:
    done = terminal("results", "ftjob-1", *service.options, env={"NO_COLOR": "1"})
    assert done.code == 0
    assert f"ftjob-1: {MODEL}\nstep_metrics.csv: 50 steps\n" in done.err
    assert done.err.splitlines()[3:7] == [
        "                    last   best  best validation",
        "step                  50     50               20",
        "training loss       0.04   0.04              0.1",
        "training accuracy  98.0%  98.0%            95.0%",
    ]
    assert "warning: the validation loss has risen" in done.err
    assert "loss: ⠤⠤ training, o validation" in done.err
    assert "accuracy: ⠤⠤ training" in done.err
    assert "train_loss" not in done.err


def test_plot_and_no_plot(service: Scripted, call: Call, terminal: Call) -> None:
    piped = call("results", "ftjob-1", "--plot", *service.options)
    assert "step_metrics.csv: 50 steps" in piped.out and "loss: ⠤⠤ training" in piped.out
    shown = terminal("results", "ftjob-1", "--no-plot", *service.options)
    assert "50 steps" in shown.err and "⠤" not in shown.err


def test_in_a_pipe_the_summary_comes_where_the_csv_goes_to_a_file(service: Scripted, call: Call, work: Path) -> None:
    done = call("results", "ftjob-1", "-o", "metrics.csv", *service.options)
    assert done.out.startswith(f"ftjob-1: {MODEL}\nstep_metrics.csv: 50 steps\n")
    assert "training loss       0.04   0.04              0.1" in done.out and "⠤" not in done.out
    charts = call("results", "ftjob-1", "-o", "metrics.csv", "--force", "--plot", *service.options)
    assert "loss: ⠤⠤ training" in charts.out
    quiet = call("results", "ftjob-1", "-o", "metrics.csv", "--force", "-q", *service.options)
    assert quiet.out == "metrics.csv\n"
    assert (work / "metrics.csv").read_text() == CSV


def test_csv_on_a_terminal_when_asked_without_control_characters(service: Scripted, terminal: Call) -> None:
    service.on("GET", "/files/file-r/content", Answer(body="step,note\n1,\x1b[31mred\n"))
    done = terminal("results", "ftjob-1", "-o", "-", *service.options)
    assert done.err == "step,note\n1,\\x1b[31mred\n"


def test_nothing_is_replaced_unasked(service: Scripted, call: Call, tmp_path: Path) -> None:
    target = tmp_path / "results.csv"
    target.write_text("precious")
    done = call("results", "ftjob-1", "-o", str(target), *service.options)
    assert done.code == 3 and "exists" in done.err and "--force" in done.err
    assert target.read_text() == "precious"
    assert not service.requests  # said before anything is sent
    done = call("results", "ftjob-1", "-o", str(target), "--force", "-q", *service.options)
    assert (done.code, done.out, done.err) == (0, f"{target}\n", "")
    assert target.read_text() == CSV


def test_a_cut_download_leaves_nothing(service: Scripted, call: Call, tmp_path: Path) -> None:
    service.on("GET", "/files/file-r/content", Answer(body=CSV, keep=300))
    for arguments in (["-o", str(tmp_path / "results.csv")], []):
        done = call("results", "ftjob-1", *arguments, *service.options)
        assert (done.code, done.out) == (5, "")
        assert "the download of file `file-r` was cut" in done.err
    assert not list(tmp_path.glob("*.csv")) and not list(tmp_path.glob(".fttool*"))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["a", "-i", "b"], 2, "two ids are given"),
        (["ftjob-1", "-o", "-", "--json"], 2, "cannot take both"),
        (["ftjob-1", "--plot-file", "loss.pdf"], 2, ".png or .svg"),
        (["ftjob-1", "-o", "."], 3, "is a folder"),
        (["ftjob-1", "-o", "none/results.csv"], 3, "no such folder"),
        (["ftjob-1", "-o", "a.svg", "--plot-file", "a.svg"], 2, "cannot be the same file"),
        (["ftjob-1", "--result-file", "x.csv"], 2, "it has file-r (step_metrics.csv)"),
        (["ftjob-9"], 5, "nothing is scripted"),
    ],
)
def test_wrong_use(service: Scripted, call: Call, arguments: list[str], code: int, says: str) -> None:
    done = call("results", *arguments, *service.options)
    assert (done.code, done.out) == (code, "")
    assert says in done.err


def test_jobs_without_results(service: Scripted, call: Call) -> None:
    error = {"code": "invalid_training_file", "message": "row 3 is bad", "param": None}
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(status="failed", error=error))
    done = call("results", "ftjob-1", *service.options)
    assert (done.code, done.out) == (1, "")
    assert "row 3 is bad" in done.err
    service.on("GET", "/fine_tuning/jobs/ftjob-1", job(status="running"))
    done = call("results", "ftjob-1", "--json", *service.options)
    assert done.code == 5
    assert "`fttool follow ftjob-1 --base-url " in json.loads(done.err)["error"]["hint"]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_plot_file(service: Scripted, call: Call, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("matplotlib")
    target = tmp_path / f"loss.{kind}"
    done = call("results", "ftjob-1", "--plot-file", str(target), *service.options)
    assert done.code == 0
    if kind == "png":
        assert target.read_bytes().startswith(b"\x89PNG")
    else:
        assert ElementTree.fromstring(target.read_text()).tag.endswith("svg")
    done = call("results", "ftjob-1", "--plot-file", str(target), *service.options)
    assert done.code == 3 and "exists" in done.err


def test_plot_file_without_matplotlib(service: Scripted, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = call("results", "ftjob-1", "--plot-file", "loss.png", *service.options)
    assert done.code == 2 and "needs matplotlib" in done.err
    assert not service.requests


def test_an_unknown_format_still_comes_raw(service: Scripted, call: Call, terminal: Call) -> None:
    service.on("GET", "/files/file-r/content", Answer(body="epoch,loss\n1,2\n"))
    done = call("results", "ftjob-1", "--json", *service.options)
    assert done.code == 5 and "has no column `step`" in done.err
    done = call("results", "ftjob-1", "-o", "raw.csv", *service.options)
    assert Path("raw.csv").read_text() == "epoch,loss\n1,2\n"
    done = terminal("results", "ftjob-1", "-o", "raw.csv", "--force", *service.options)
    assert done.code == 0 and "no summary: " in done.err
    assert call("results", "ftjob-1", "--plot", *service.options).code == 5


def test_no_key_in_any_output(service: Scripted, call: Call) -> None:
    from jobs.scripted import KEY

    for reply in (Answer(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}), Answer(body=f"<p>{KEY}")):
        service.on("GET", "/files/file-r/content", reply)
        done = call("results", "ftjob-1", *service.options)
        assert done.code in (4, 5)
        assert KEY not in done.out + done.err
