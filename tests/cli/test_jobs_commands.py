"""`list`, `get`, `events`, `checkpoints`, `cancel`, `pause` and `resume`, as a person and as a script see them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Answer, event, job, page

JOBS = "/fine_tuning/jobs"
MISSING = Answer(404, {"error": {"message": "Could not find fine tune: x", "code": "fine_tune_not_found"}})


@pytest.fixture
def service(scripted):  # noqa: F811
    """Three jobs, newest first."""
    now = int(time.time())
    scripted.on(
        "GET",
        JOBS,
        page(
            job(id="ftjob-3", created_at=now - 10, model="babbage-002", status="queued"),
            job(id="ftjob-2", created_at=now - 4000, metadata={"team": "search"}),
            job(
                id="ftjob-1",
                created_at=now - 3 * 86_400,
                status="succeeded",
                fine_tuned_model="ft:gpt-4o-mini:o::x",
                trained_tokens=5049,
            ),
        ),
    )
    return scripted


def test_list_in_a_pipe(service, call):
    result = call("list", *service.options)
    assert (result.code, result.err) == (0, "")
    assert re.sub("1[0-9]s", "10s", result.out) == (
        "ftjob-3\t10s\tqueued\tbabbage-002\t\t\n"
        "ftjob-2\t1h\trunning\tgpt-4o-mini-2024-07-18\t\t\n"
        "ftjob-1\t3d\tsucceeded\tgpt-4o-mini-2024-07-18\tft:gpt-4o-mini:o::x\t5049\n"
    )


def test_list_on_a_terminal(service, terminal):
    shown = terminal("list", *service.options).err
    assert "id       age  status     model                   fine-tuned model     tokens" in shown
    assert "\nftjob-1  3d   \x1b[32msucceeded\x1b[0m  gpt-4o-mini-2024-07-18  ft:gpt-4o-mini:o::x  5049" in shown


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--status", "running"], ["ftjob-2"]),
        (["--status", "running", "--status", "queued"], ["ftjob-3", "ftjob-2"]),
        (["--model", "babbage"], ["ftjob-3"]),
        (["-m", "gpt-4o-mini"], ["ftjob-2", "ftjob-1"]),
        (["--since", "2h"], ["ftjob-3", "ftjob-2"]),
        (["--since", "2020-01-01"], ["ftjob-3", "ftjob-2", "ftjob-1"]),
        (["--since", "2020-01-01T00:00:00Z", "--limit", "1"], ["ftjob-3"]),
        (["--metadata", "team=search"], ["ftjob-2"]),
        (["--metadata", "team=search", "--metadata", "x=y"], []),
        (["--limit", "2"], ["ftjob-3", "ftjob-2"]),
        (["--all"], ["ftjob-3", "ftjob-2", "ftjob-1"]),
    ],
)
def test_list_selects(service, call, options, ids):
    result = call("list", "-q", *options, *service.options)
    assert (result.code, result.out.split()) == (0, ids)


def test_list_as_json_is_what_the_service_said(service, call):
    shown = json.loads(call("list", "--json", "--limit", "2", *service.options).out)
    assert (shown["object"], shown["has_more"]) == ("list", True)
    assert shown["data"][0] == {**job(id="ftjob-3", model="babbage-002", status="queued"), **shown["data"][0]}
    assert not json.loads(call("list", "--json", *service.options).out)["has_more"]


def test_metadata_is_passed_on_where_the_service_selects_by_it(service, call, monkeypatch):
    call("list", "--metadata", "team=search", *service.options)
    monkeypatch.setenv("FTTOOL_SERVICE", "openai")
    call("list", "--metadata", "team=search", *service.options)
    assert [each.query.get("metadata[team]") for each in service.requests] == [None, "search"]


def test_a_service_that_begins_with_the_oldest(service, call):
    now = int(time.time())
    jobs = [job(id=f"ftjob-{number}", created_at=now - 86_400 * (60 - number)) for number in range(60)]

    def answer(request):
        start = 0 if "after" not in request.query else 1 + int(request.query["after"].removeprefix("ftjob-"))
        return page(*jobs[start : start + 20], has_more=start + 20 < len(jobs))

    service.on("GET", JOBS, answer)
    assert call("list", "-q", "--limit", "2", *service.options).out == "ftjob-59\nftjob-58\n"
    assert call("list", "-q", "--since", "50h", *service.options).out == "ftjob-59\nftjob-58\n"
    service.on("GET", JOBS, lambda request: page(*reversed(jobs)))
    assert call("list", "-q", "--since", "50h", *service.options).out == "ftjob-59\nftjob-58\n"


def test_an_empty_list_is_success(service, call):
    service.on("GET", JOBS, page())
    assert call("list", *service.options).code == 0
    assert json.loads(call("list", "--json", *service.options).out)["data"] == []


def test_list_stops_where_pages_repeat(service, call):
    service.on("GET", JOBS, page(job(), has_more=True))
    assert call("list", "--all", "-q", *service.options).out == "ftjob-1\n"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--since", "yesterday"], "`--since` takes a time like 2h"),
        (["--metadata", "team"], "`--metadata` takes KEY=VALUE"),
        (["--limit", "0"], "--limit"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_list_called_wrongly(service, call, options, text):
    result = call("list", *options, *service.options)
    assert result.code == 2
    assert text in result.err
    assert not service.requests


def test_a_key_that_is_refused(service, call):
    error = {"message": "Incorrect API key provided.", "code": "invalid_api_key"}
    service.on("GET", JOBS, Answer(401, {"error": error}))
    result = call("list", *service.options)
    assert result.code == 4
    assert "environment variable OPENAI_API_KEY" in result.err
    assert KEY not in result.err


def test_no_key(call):
    result = call("list", "-b", "http://127.0.0.1:9/v1")
    assert result.code == 4
    assert "no API key" in result.err


@pytest.mark.parametrize("key", ["sk-some-OTHER-key-0123456789abc", KEY])
def test_no_key_in_any_output(service, call, key):
    service.on("GET", JOBS, Answer(401, {"error": {"message": f"Incorrect API key provided: {key}"}}))
    for options in ([], ["--json"]):
        result = call("list", "-k", key, *options, *service.options)
        assert result.code == 4
        assert key not in result.out + result.err


def test_no_one_there(call, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    result = call("list", "-b", "http://name:secret-word@127.0.0.1:9/v1", "--retries", "0")
    assert result.code == 5
    assert "no connection to http://…@127.0.0.1:9/v1" in result.err
    assert "secret-word" not in result.err


def test_get(service, call):
    error = {"code": "c", "message": "bad file", "param": None}
    service.on("GET", f"{JOBS}/ftjob-1", job(error=error, status="failed"))
    result = call("get", "ftjob-1", *service.options)
    assert result.code == 0
    lines = dict(line.split(":", 1) for line in result.out.splitlines())
    assert lines["status"].strip() == "failed"
    assert lines["error"].strip() == "bad file [c]"
    assert lines["method"].strip() == "n_epochs auto, batch_size auto, learning_rate_multiplier auto"


@pytest.mark.parametrize("spelling", [["ftjob-1"], ["-i", "ftjob-1"], ["--id", "ftjob-1"]])
def test_ids_in_every_spelling(service, call, spelling):
    service.on("GET", f"{JOBS}/ftjob-1", job())
    assert json.loads(call("get", *spelling, "--json", *service.options).out) == job()


def test_get_several_of_which_one_is_missing(service, call):
    service.on("GET", f"{JOBS}/ftjob-1", job())
    service.on("GET", f"{JOBS}/ftjob-2", job(id="ftjob-2"))
    service.on("GET", f"{JOBS}/x", MISSING)
    result = call("get", "-q", "ftjob-1", "x", "ftjob-2", *service.options)
    assert (result.code, result.out) == (5, "ftjob-1\nftjob-2\n")
    assert "could not get job `x`: Could not find fine tune: x (404)" in result.err
    shown = json.loads(call("get", "ftjob-1", "x", "ftjob-2", "--json", *service.options).out)
    assert [each["id"] for each in shown["data"]] == ["ftjob-1", "ftjob-2"]


@pytest.mark.parametrize("command", ["get", "events", "checkpoints", "cancel", "pause", "resume"])
def test_an_id_is_needed(service, call, command):
    result = call(command, *service.options)
    assert result.code == 2
    assert "the id of a job is needed" in result.err
    assert call(command, " ", *service.options).code == 2
    assert not service.requests


def test_errors_as_json(service, call):
    service.on("GET", f"{JOBS}/x", MISSING)
    result = call("get", "x", "--json", *service.options)
    error = json.loads(result.err)["error"]
    assert (result.code, result.out) == (5, "")
    assert (error["status"], error["code"], error["exit_code"]) == (404, "fine_tune_not_found", 5)


def test_events_begin_with_the_oldest(service, call):
    service.on("GET", f"{JOBS}/ftjob-1/events", page(event(3), event(2), event(1)))
    result = call("events", "ftjob-1", *service.options)
    assert [line.split("] ")[1] for line in result.out.splitlines()] == ["event 1", "event 2", "event 3"]
    assert call("events", "ftjob-1", "--limit", "1", *service.options).out.endswith("] event 3\n")
    shown = json.loads(call("events", "ftjob-1", "--json", "--limit", "2", *service.options).out)
    assert shown == {"object": "list", "data": [event(2), event(3)], "has_more": True}


def test_checkpoints(service, call):
    def checkpoint(step):
        metrics = {"train_loss": 1 / step, "valid_loss": None}
        name = f"ft:x:ckpt-step-{step}"
        return {"id": f"ftckpt-{step}", "fine_tuned_model_checkpoint": name, "step_number": step, "metrics": metrics}

    service.on("GET", f"{JOBS}/ftjob-1/checkpoints", page(checkpoint(10), checkpoint(30), checkpoint(20)))
    result = call("checkpoints", "ftjob-1", *service.options)
    assert result.out.splitlines()[0] == "30\tft:x:ckpt-step-30\t0.0333\t\t\t\tftckpt-30"
    shown = json.loads(call("checkpoints", "ftjob-1", "--json", *service.options).out)
    assert [each["step_number"] for each in shown["data"]] == [30, 20, 10]
    assert call("checkpoints", "ftjob-1", "-q", *service.options).out.split()[0] == "ft:x:ckpt-step-30"


@pytest.mark.parametrize(("action", "status"), [("cancel", "cancelled"), ("pause", "paused"), ("resume", "queued")])
def test_actions(service, call, action, status):
    service.on("POST", f"{JOBS}/ftjob-1/{action}", job(status=status))
    result = call(action, "ftjob-1", *service.options)
    assert (result.code, result.out) == (0, f"ftjob-1 is {status}\n")
    assert call(action, "-i", "ftjob-1", "-q", *service.options).out == "ftjob-1\n"
    assert json.loads(call(action, "ftjob-1", "--json", *service.options).out)["status"] == status


def test_one_that_fails_does_not_stop_the_others(service, call):
    service.on("POST", f"{JOBS}/x/cancel", MISSING)
    service.on("POST", f"{JOBS}/ftjob-1/cancel", job(status="cancelled"))
    result = call("cancel", "x", "ftjob-1", *service.options)
    assert (result.code, result.out) == (5, "ftjob-1 is cancelled\n")


def test_a_cancel_whose_answer_was_lost_is_done(service, call):
    refused = Answer(400, {"error": {"message": "it is cancelled", "code": "invalid_status"}})
    service.on("POST", f"{JOBS}/ftjob-1/cancel", Answer(drop=True), refused)
    service.on("GET", f"{JOBS}/ftjob-1", job(status="cancelled"))
    result = call("cancel", "ftjob-1", "-b", service.base_url, "--retries", "1")
    assert (result.code, result.out) == (0, "ftjob-1 is cancelled\n")


def test_a_job_that_has_ended_is_not_cancelled(service, call):
    refused = Answer(400, {"error": {"message": "it has succeeded", "code": "invalid_status"}})
    service.on("POST", f"{JOBS}/ftjob-1/cancel", refused)
    service.on("GET", f"{JOBS}/ftjob-1", job(status="succeeded"))
    result = call("cancel", "ftjob-1", *service.options)
    assert result.code == 5
    assert "it has succeeded (400)" in result.err


def test_pausing_where_there_is_no_such_thing(service, call, monkeypatch):
    monkeypatch.setenv("FTTOOL_SERVICE", "nebius")
    service.on("POST", f"{JOBS}/ftjob-1/pause", Answer(404, {"detail": "Not Found"}))
    result = call("pause", "ftjob-1", *service.options)
    assert result.code == 5
    assert "Nebius Token Factory cannot pause jobs" in result.err


def test_closed_fine_tuning_gets_a_real_answer(service, call):
    error = {"message": "Fine-tuning is not available", "code": "training_not_available"}
    service.on("GET", JOBS, Answer(403, {"error": error}))
    result = call("list", *service.options)
    assert result.code == 4
    assert "hint: the same file trains elsewhere: `--local` on this machine" in result.err


def test_options_of_the_sdk_are_passed_on(service, call):
    call("list", *service.options, "--organization", "org-1", "--project", "proj-1")
    headers = service.requests[0].headers
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj-1")


PROBE = """
import atexit, sys
from fttool.cli import main
atexit.register(lambda: sys.stderr.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules}))))
sys.exit(main())
"""


@pytest.mark.parametrize("command", [["list"], ["get", "ftjob-1"], ["follow", "ftjob-1", "-q"]])
def test_they_import_the_sdk_and_little_else(service, command):
    service.on("GET", f"{JOBS}/ftjob-1", job(status="succeeded", fine_tuned_model="ft:x"))
    service.on("GET", f"{JOBS}/ftjob-1/events", page(event(1, "The job has successfully completed")))
    done = subprocess.run([sys.executable, "-c", PROBE, *command, *service.options], capture_output=True, text=True)
    assert done.returncode == 0
    loaded = set(done.stderr.split())
    assert "openai" in loaded
    assert not loaded & {"rich", "numpy", "sklearn", "starlette", "uvicorn", "sqlite3", "tiktoken", "tomlkit"}


ODD_IDS = ["..", ".", "", " ", "a b", "ftjob-a\nb", "\x1b[2J", "\udcff"]


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize(
    "command",
    ["get", "cancel", "events", "follow", "results", "delete -y", "files get", "files download", "models get"],
)
def test_what_is_no_id_is_not_sent(scripted, call, command, odd):  # noqa: F811
    """The characters that an address leaves out would make it the id of another thing."""
    result = call(*command.split(), *scripted.options, "--", odd)
    assert result.code == 2
    assert "is not an id" in result.err
    assert scripted.requests == []


@pytest.mark.parametrize(
    "command",
    [
        ["complete", "\udcff", "-m", "m"],
        ["chat", "\udcff", "-m", "m"],
        ["complete", "x", "-m", "m", "--stop", "\udcff"],
        ["list", "--metadata", "a=\udcff"],
        ["list", "--organization", "é"],
        ["create", "-t", "file-1", "-m", "m", "--metadata", "a=\udcff"],
        ["create", "-t", "file-1", "-m", "..", "--no-follow"],
        ["list", "--timeout", "nan"],
        ["list", "--timeout", "inf"],
        ["list", "--timeout", "1e300"],
        ["complete", "x", "-m", "m", "--temperature", "nan"],
        ["complete", "x", "-m", "m", "--top-p", "nan"],
    ],
)
def test_what_cannot_be_sent_is_no_bug(scripted, call, monkeypatch, command):  # noqa: F811
    monkeypatch.setenv("FTTOOL_SERVICE", "openai")
    scripted.on("GET", JOBS, page())
    scripted.on("POST", JOBS, job())
    result = call(*command, *scripted.options)
    assert result.code == (0 if ".." in command else 2), result.err
    assert "bug" not in result.err


@pytest.mark.parametrize("command", [["get", "ftjob-file-model"], ["results", "ftjob-file-model"]])
def test_hints_lead_to_the_same_service(scripted, call, command):  # noqa: F811
    refusal = {"error": {"message": "none", "code": "not_found", "type": "x", "param": None}}
    scripted.on("GET", f"{JOBS}/ftjob-file-model", Answer(404, refusal))
    result = call(*command, "--base-url", scripted.base_url, "--project", "a b")
    assert f"hint: `fttool list --base-url {scripted.base_url} --project 'a b'` shows what is there" in result.err


def test_errors_of_json_stand_alone(scripted, call):  # noqa: F811
    """Which job was chosen is in the document; on stderr there is one JSON object and nothing else."""
    scripted.on("GET", JOBS, page(job(status="succeeded", fine_tuned_model="ft:m")))
    for command in (["follow", "--give-up-after", "0"], ["results"], ["complete", "x"], ["chat", "x"]):
        result = call(*command, "--json", *scripted.options)
        assert result.code == 5
        assert list(json.loads(result.err)) == ["error"]


def test_a_refused_key_is_replaced_where_it_is_kept(scripted, call, isolated):  # noqa: F811
    """`fttool login` alone would store the new key for another service."""
    (isolated).mkdir(parents=True, exist_ok=True)
    (isolated / "config.toml").write_text(f'[profiles.other]\nbase_url = "{scripted.base_url}"\n')
    scripted.on("GET", JOBS, Answer(401, {"error": {"message": "no", "code": "invalid_api_key"}}))
    result = call("list", "--profile", "other", "-k", KEY)
    assert result.code == 4
    assert "`fttool login --profile other` stores another" in result.err


@pytest.mark.parametrize("service_name", ["openai", "generic"])
def test_a_model_that_is_missing_is_looked_for_among_the_models(scripted, call, monkeypatch, service_name):  # noqa: F811
    monkeypatch.setenv("FTTOOL_SERVICE", service_name)
    refusal = {"error": {"message": "no such model", "code": "model_not_found"}}
    scripted.on("GET", JOBS, page())
    scripted.on("POST", JOBS, Answer(404, refusal))
    result = call("create", "-t", "file-1", "-m", "m", *scripted.options)
    assert f"`fttool models list --base-url {scripted.base_url}` shows what is there" in result.err
