"""`follow`: what it prints where, and its exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import Answer, event, job, page, step

JOBS = "/fine_tuning/jobs"
ONE = f"{JOBS}/ftjob-1"
MODEL = "ft:gpt-4o-mini:o::x"
LAST = event(9, "The job has successfully completed")
DONE = job(status="succeeded", fine_tuned_model=MODEL, finished_at=1_700_000_060)


pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone cannot be changed here")


@pytest.fixture(autouse=True)
def local_time(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def service(scripted, monkeypatch):  # noqa: F811
    """A job that has succeeded, on a service that is quick to follow."""
    monkeypatch.setenv("FTTOOL_SERVICE", "local")
    monkeypatch.setenv("OPENAI_BASE_URL", scripted.base_url)
    scripted.on("GET", ONE, DONE)
    scripted.on("GET", f"{ONE}/events", page(LAST, step(2, 2, at=2), step(1, 2, at=1), event(0, "Created")))
    return scripted


def test_in_a_pipe(service, call):
    result = call("follow", "ftjob-1")
    assert result.code == 0
    assert result.out == (
        "[2023-11-14 22:13:20] Created\n"
        "[2023-11-14 22:13:21] Step 1/2: training loss=1.00\n"
        "[2023-11-14 22:13:22] Step 2/2: training loss=0.50\n"
        "[2023-11-14 22:13:29] The job has successfully completed\n"
        f"{MODEL}\n"
    )
    assert f"`fttool complete -m {MODEL} " in result.err
    assert "`fttool results ftjob-1`" in result.err


def test_suggestions_reach_the_same_service(service, call):
    result = call("follow", "ftjob-1", "-b", service.base_url, "--project", "p 1")
    assert f"`fttool chat -m {MODEL} --base-url {service.base_url} --project 'p 1'`" in result.err


def test_as_json(service, call):
    result = call("follow", "-i", "ftjob-1", "--json")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert (result.code, result.err) == (0, "")
    assert lines == [event(0, "Created"), step(1, 2, at=1), step(2, 2, at=2), LAST, DONE]


def test_as_json_on_a_terminal_it_is_a_line_each_too(service, terminal):
    lines = terminal("follow", "ftjob-1", "--json").err.splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert ids == ["ftevent-0", "ftevent-s1", "ftevent-s2", "ftevent-9", "ftjob-1"]


def test_quietly(service, call):
    result = call("follow", "ftjob-1", "-q")
    assert (result.code, result.out, result.err) == (0, f"{MODEL}\n", "")


@pytest.mark.parametrize("options", [[], ["-q"]])
def test_a_job_that_fails(service, call, options):
    error = {"code": "invalid_training_file", "message": "line 3 is no JSON", "param": "training_file"}
    service.on("GET", ONE, job(status="failed", error=error))
    result = call("follow", "ftjob-1", *options)
    assert result.code == 1
    assert "error: job ftjob-1 failed: line 3 is no JSON\n" in result.err
    assert MODEL not in result.out


def test_a_job_that_fails_as_json(service, call):
    service.on("GET", ONE, job(status="failed", error={"code": "c", "message": "m"}))
    result = call("follow", "ftjob-1", "--json")
    assert result.code == 1
    assert json.loads(result.out.splitlines()[-1])["status"] == "failed"
    assert json.loads(result.err)["error"]["exit_code"] == 1


def test_a_job_that_is_cancelled(service, call):
    service.on("GET", ONE, job(status="cancelled"))
    result = call("follow", "ftjob-1")
    assert result.code == 1
    assert "error: job ftjob-1 was cancelled\n" in result.err


def test_the_newest_unfinished_job(service, call):
    service.on("GET", JOBS, page(job(id="ftjob-3", status="failed"), job(id="ftjob-1")))
    result = call("follow")
    assert (result.code, result.out.splitlines()[-1]) == (0, MODEL)
    assert result.err.startswith("following ftjob-1\n")


def test_the_newest_if_all_are_finished(service, call):
    service.on("GET", JOBS, page(DONE, job(id="ftjob-0", status="failed")))
    result = call("follow", "-q")
    assert (result.code, result.out) == (0, f"{MODEL}\n")
    assert result.err == "no job is unfinished; the newest is ftjob-1\n"


def test_no_job_at_all(service, call):
    service.on("GET", JOBS, page())
    result = call("follow")
    assert result.code == 5
    assert "there is no job to follow" in result.err


def test_a_job_that_does_not_exist(service, call):
    service.on("GET", f"{JOBS}/x", Answer(404, {"error": {"message": "Could not find fine tune: x", "code": "f"}}))
    assert call("follow", "x").code == 5


def test_troubles_are_told_and_survived(service, call, monkeypatch):
    monkeypatch.setattr("fttool.jobs.follow.FIRST_PAUSE", 0.01)
    service.on("GET", ONE, Answer(500), job(), Answer(drop=True), {}, DONE)
    result = call("follow", "ftjob-1")
    assert (result.code, result.out.splitlines()[-1]) == (0, MODEL)
    assert result.err.count("warning: ") == 3
    assert result.err.count("the service answers again") == 2
    assert len(result.out.splitlines()) == 5


def test_giving_up(service, call, monkeypatch):
    monkeypatch.setattr("fttool.jobs.follow.FIRST_PAUSE", 0.01)
    service.on("GET", ONE, Answer(500))
    result = call("follow", "ftjob-1", "--give-up-after", "0.05s")
    assert result.code == 5
    assert "nothing was heard for 0 seconds" in result.err


def test_a_paused_job_is_waited_for(service, call):
    service.on("GET", ONE, job(status="paused"), job(status="paused"), DONE)
    result = call("follow", "ftjob-1")
    assert result.code == 0
    assert result.err.startswith("job ftjob-1 is paused; still waiting (`fttool resume ftjob-1` goes on with it)\n")


def test_azure_models_are_deployed_first(service, call, monkeypatch):
    monkeypatch.setenv("FTTOOL_SERVICE", "azure")
    result = call("follow", "ftjob-1")
    assert "az cognitiveservices account deployment create" in result.err
    assert MODEL in result.err
    assert "fttool complete" not in result.err


def test_a_base_model_that_ends_soon_is_said(service, call, monkeypatch):
    monkeypatch.setenv("FTTOOL_SERVICE", "openai")
    result = call("follow", "ftjob-1")
    assert "warning: gpt-4o-mini-2024-07-18 and what is tuned from it answer until 2027-01-14" in result.err


def test_a_name_that_never_comes(service, call, monkeypatch):
    monkeypatch.setenv("FTTOOL_SERVICE", "nebius")
    service.on("GET", ONE, {**DONE, "fine_tuned_model": None})
    result = call("follow", "ftjob-1")
    assert result.code == 0
    assert "Nebius Token Factory does not say the name of the model" in result.err


NOTE = "import os; print(*(os.environ[n] for n in ('FTTOOL_JOB_ID', 'FTTOOL_JOB_STATUS', 'FTTOOL_FINE_TUNED_MODEL')))"


def test_a_command_at_the_end(service, run):
    command = f'"{sys.executable}" -c "{NOTE}; print(\'$HOME;\')"'
    result = run("follow", "ftjob-1", "-q", "--notify", command)
    assert (result.code, result.out) == (0, f"{MODEL}\n")
    assert result.err == f"ftjob-1 succeeded {MODEL}\n$HOME;\n"  # no shell had its hands on it


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (f'"{sys.executable}" -c "exit(3)"', "ended with exit code 3"),
        ("no-such-program-here x", "there is no program `no-such-program-here`"),
    ],
)
def test_a_command_that_fails_is_a_warning(service, run, command, text):
    result = run("follow", "ftjob-1", "-q", "--notify", command)
    assert (result.code, result.out) == (0, f"{MODEL}\n")
    assert result.err.startswith("warning: `--notify`: ")
    assert text in result.err


@pytest.mark.parametrize(
    "options", [["--notify", ""], ["--notify", "a 'b"], ["--give-up-after", "soon"], ["-i", "ftjob-2"]]
)
def test_called_wrongly(service, call, options):
    assert call("follow", "ftjob-1", *options).code == 2
    assert not service.requests


def start(*args):
    return subprocess.Popen(
        [sys.executable, "-m", "fttool", "follow", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_leaves_the_job_alone(service):
    service.on("GET", ONE, job())
    process = start("ftjob-1", "-b", service.base_url)
    assert process.stdout.readline().endswith("Created\n")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert f"`fttool follow ftjob-1 --base-url {service.base_url}` shows it again" in told
    assert f"`fttool cancel ftjob-1 --base-url {service.base_url}` cancels it" in told
    assert "Traceback" not in told
    assert not service.asked("POST", f"{ONE}/cancel")


@pytest.mark.skipif(os.name == "nt", reason="a broken pipe shows itself otherwise there")
def test_a_reader_that_went_away(service):
    service.on("GET", ONE, job())
    number = iter(range(1000))
    service.on("GET", f"{ONE}/events", lambda request: page(event(next(number))))
    process = start("ftjob-1")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


def test_on_a_terminal(service, terminal):
    service.on("GET", ONE, job(), job(), DONE)
    steps = [step(number, 30, at=number, train_mean_token_accuracy=number / 30) for number in range(1, 21)]
    now = page(*reversed(steps), event(0, "Created"))
    service.on("GET", f"{ONE}/events", now, page(LAST, *reversed(steps), event(0, "Created")))
    result = terminal("follow", "ftjob-1", env={"COLUMNS": "100", "LINES": "30"})
    assert result.code == 0
    shown = result.err
    assert "step 20/30  ━━━━━━━━━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌  67%  1.0 steps/s" in shown
    assert re.search(r"loss     0\.0500  █▄.*▁", shown)
    assert re.search(r"accuracy 0\.6667  ▁.*█", shown)
    # when all is over every message stands there once, in order
    left = on_screen(shown)
    messages = [line.split("] ")[1] for line in left if line.startswith("[2023")]
    assert messages == ["Created", *(each["message"] for each in steps), "The job has successfully completed"]
    head = next(at for at, line in enumerate(left) if line.startswith("ftjob-1 · succeeded"))
    assert left[head - 1].endswith("The job has successfully completed")
    assert left.index(MODEL) > head


def on_screen(text):
    """The lines that a terminal shows in the end: of the codes, those are obeyed that rich takes lines away with."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", text):
        if part == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
            elif row > len(lines):
                raise AssertionError
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part and part != "\r" and not part.startswith("\x1b"):
            lines[row] += part
    return lines


def test_a_dumb_terminal_gets_plain_lines(service, terminal):
    shown = terminal("follow", "ftjob-1", env={"TERM": "dumb"}).err
    assert shown.startswith("[2023-11-14 22:13:20] Created\n")
    assert "\x1b" not in shown


def test_control_characters_do_not_reach_the_terminal(service, terminal):
    service.on("GET", f"{ONE}/events", page(event(1, "bell \x07 and \x1b]0;title\x07")))
    shown = terminal("follow", "ftjob-1").err
    assert "bell \\x07 and \\x1b]0;title" in shown
    assert "\x07" not in shown


def test_on_a_narrow_terminal_nothing_is_broken_apart(service, terminal):
    """What is copied from the terminal must be whole: it breaks long lines itself."""
    name = f"ft:gpt-4o-mini:organization:{'long-' * 10}name::x"
    service.on("GET", ONE, {**DONE, "fine_tuned_model": name})
    service.on("GET", f"{ONE}/events", page(LAST, event(1, f"New fine-tuned model created: {name}")))
    shown = terminal("follow", "ftjob-1", env={"COLUMNS": "20", "NO_COLOR": "1"}).err
    assert f"[2023-11-14 22:13:21] New fine-tuned model created: {name}\n" in shown
    assert "\x1b[1m" not in shown
