"""`fttool evaluate` on models that fttool's own service has trained."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs.scripted import Answer, Request, Scripted
from own_service import own, own_state  # noqa: F401

DATA = Path(__file__).parents[3] / "shared" / "data"

WORDS = {"fruit": ("apple", "pear", "plum", "cherry"), "tool": ("hammer", "saw", "drill", "wrench")}
ROWS = [
    {"prompt": f"{how} {word} ->", "completion": f" {label}"}
    for label, words in WORDS.items()
    for word in words
    for how in ("a", "the", "my", "one", "this", "that")
]
TEXTS = [
    {"prompt": f"describe {word} ->", "completion": f" A {word} is a {label} that one has at home. END"}
    for label, words in WORDS.items()
    for word in words
    for _ in range(2)
]

_MADE: dict[tuple[Path, str], str] = {}


def write(name: str, rows: list[Any]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


@pytest.fixture
def model(own, call):  # noqa: F811
    """A model of labels, trained once; `valid.jsonl` is in the current folder."""
    write("valid.jsonl", ROWS[::2])
    return trained(own, call, "labels", ROWS)


def trained(own: Path, call: Any, kind: str, rows: list[Any]) -> str:  # noqa: F811
    if (own, kind) not in _MADE:
        done = call("create", "-t", write("train.jsonl", rows), "--n_epochs", "3", "--seed", "1", "--local", "-q")
        assert done.code == 0, done.err
        _MADE[own, kind] = done.out.strip()
    return _MADE[own, kind]


def test_in_a_pipe_the_metrics_come_in_full(model, call):
    done = call("evaluate", model, "-f", "valid.jsonl", "--local")
    assert done.code == 0, done.err
    head, *lines = done.out.splitlines()
    assert head == model
    values = dict(line.split("\t") for line in lines)
    assert list(values) == [
        f"classification/{name}" for name in ("accuracy", "weighted_f1_score", "precision", "recall", "f1")
    ] + ["classification/auroc", "classification/auprc"]
    assert float(values["classification/accuracy"]) == 1.0
    assert 'valid.jsonl: 24 examples, 2 labels; prompts end with " ->"' in done.err
    assert re.search(r"asked 24 in [\d.]+ s \([\d.,]+ a second\); [\d,]+ tokens\n", done.err)
    name = f"valid.{model.replace(':', '-').replace('--', '-')}.answers.jsonl"
    assert f"answers: {name}" in done.err and Path(name).exists()


def test_on_a_terminal_there_are_tables(model, terminal, own):  # noqa: F811
    env = {"NO_COLOR": "1", "COLUMNS": "120", "FTTOOL_STATE_DIR": str(own)}
    shown = terminal("evaluate", model, "-f", "valid.jsonl", "--local", env=env).err
    assert re.search(r"classification/accuracy +100\.0% +\d+\.\d% to 100\.0%", shown)
    assert re.search(r"class +precision +recall +F1 +support\nfruit +100\.0% +100\.0% +100\.0% +12\n", shown)
    assert re.search(r"expected \\ answered +fruit +tool\nfruit +12 +0\ntool +0 +12\n", shown)


def test_json_has_the_legacy_names(model, call):
    options = ["--positive-class", " fruit", "--beta", "0.5", "--beta", "2", "--price", "1000:2000"]
    done = call("evaluate", "-m", model, "-f", "valid.jsonl", "--local", "--json", *options)
    found = json.loads(done.out)
    assert done.err == ""
    names = ("accuracy", "weighted_f1_score", "precision", "recall", "f1", "f0.5", "f2", "auroc", "auprc")
    assert {name for name in found if name.startswith("classification/")} == {
        f"classification/{each}" for each in names
    }
    assert (found["object"], found["model"], found["positive_class"]) == ("fttool.evaluation", model, "fruit")
    assert (found["examples"], found["asked"], found["kept"], found["failed"]) == (24, 24, 0, 0)
    usage = found["usage"]
    assert found["cost"] == pytest.approx(usage["prompt_tokens"] / 1000 + usage["completion_tokens"] / 500)
    assert usage["completion_tokens"] == 24  # one token each
    assert found["confusion"] == [[12, 0, 0], [0, 12, 0]]


def test_the_newest_model_is_asked_if_none_is_named(model, call):
    done = call("evaluate", "-f", "valid.jsonl", "--local", "--limit", "3")
    assert done.code == 0 and "the newest fine-tuned model" in done.err


def test_a_sample_is_the_same_each_time_and_part_of_a_larger_one(model, call):
    def asked(*options: str) -> list[int]:
        done = call("evaluate", model, "-f", "valid.jsonl", "--local", "--json", "-o", "a.jsonl", *options)
        assert done.code == 0, done.err
        return sorted(json.loads(line)["index"] for line in Path("a.jsonl").read_text().splitlines()[1:])

    small = asked("--limit", "6", "--seed", "4")
    assert len(small) == 6 and asked("--limit", "6", "--seed", "4") == small
    assert set(small) < set(asked("--limit", "9", "--seed", "4"))
    assert asked() == list(range(24))


def test_chats(model, call):
    rows = [
        {
            "messages": [
                {"role": "user", "content": row["prompt"]},
                {"role": "assistant", "content": row["completion"][1:]},
            ]
        }
        for row in ROWS[::3]
    ]
    done = call("evaluate", model, "-f", write("chats.jsonl", rows), "--local", "--json")
    found = json.loads(done.out)
    assert found["classification/accuracy"] == 1.0 and found["settings"]["kind"] == "chat"
    assert found["classification/auroc"] == 1.0  # from the likelihoods


def test_free_text_with_a_stop_sequence(own, call):  # noqa: F811
    name = trained(own, call, "texts", TEXTS * 2)
    done = call("evaluate", name, "-f", write("texts.jsonl", TEXTS), "--task", "text", "--local", "--json")
    found = json.loads(done.out)
    assert found["settings"]["stop"] == [" END"]
    assert found["text/exact_match"] == 1.0
    answers = [json.loads(line) for line in Path(found["answers"]).read_text().splitlines()[1:]]
    assert {each["finish_reason"] for each in answers} == {"stop"}
    assert all(each["expected"] == each["text"] and "END" not in each["text"] for each in answers)


def test_a_separator_that_is_missing_is_put_there(model, call):
    bare = [{**row, "prompt": row["prompt"].removesuffix(" ->")} for row in ROWS]
    write("bare.jsonl", bare)
    told = call("evaluate", model, "-f", "bare.jsonl", "--local")
    assert "hint: the prompts have no separator" in told.err
    refused = call("evaluate", model, "-f", "bare.jsonl", "--local", "--separator", " ->")
    assert refused.code == 2 and 'other settings (separator none, now " ->")' in refused.err
    done = call("evaluate", model, "-f", "bare.jsonl", "--local", "--separator", " ->", "--anew")
    assert done.code == 0 and "classification/accuracy\t1.0" in done.out


def test_files_of_metrics_and_the_users_own(model, call):
    Path("mine.py").write_text("def short(expected, answer):\n    return len(answer) < 6\n")
    options = ["--metric", "mine.py:short", "--csv", "m.csv", "--plot-file", "confusion.svg"]
    done = call("evaluate", model, "-f", "valid.jsonl", "--local", *options)
    assert done.code == 0 and "custom/short\t0.5" in done.out
    (row,) = csv.DictReader(Path("m.csv").read_text().splitlines())
    assert (row["model"], row["examples"], row["classification/accuracy"]) == (model, "24", "1.0")
    assert float(row["custom/short"]) == 0.5
    assert "<svg" in Path("confusion.svg").read_text()
    again = call("evaluate", model, "-f", "valid.jsonl", "--local", *options)
    assert again.code == 3 and "`m.csv` exists" in again.err
    assert call("evaluate", model, "-f", "valid.jsonl", "--local", "--force", *options).code == 0


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["-f", "none.jsonl"], 3, "there is no such file"),
        (["-f", "vaild.jsonl"], 3, "did you mean `valid.jsonl`?"),
        ([], 2, "on which examples?"),
        (["-f", "-"], 2, "it is read twice"),
        (["-f", "valid.jsonl", "--price", "cheap"], 2, "--price takes two numbers"),
        (["-f", "valid.jsonl", "--task", "chat"], 2, "--task takes classification or text"),
        (["-f", "valid.jsonl", "--positive-class", "maybe"], 2, "none of the labels"),
        (["-f", "valid.jsonl", "--beta", "0"], 2, "above 0"),
        (["-f", "valid.jsonl", "--metric", "none.py:f"], 2, "none.py"),
        (["-f", "valid.jsonl", "--checkpoints"], 2, "whose checkpoints?"),
        (["-f", "valid.jsonl", "--plot-file", "c.gif"], 2, ".png or .svg"),
        (["-f", "valid.jsonl", "--task", "text", "--plot-file", "c.png"], 2, "is for labels"),
        (["-f", "valid.jsonl", "-m", "ft:none"], 5, "ft:none"),
        (["--job", "ftjob-none"], 5, "ftjob-none"),
    ],
)
def test_what_cannot_work_is_said(model, call, options, code, said):
    done = call("evaluate", *options, "--local")
    assert done.code == code and said in done.err, done.err
    assert code == 5 or list(Path().glob("*.answers.jsonl")) == []  # nothing was asked


# --- interrupted, and resumed -------------------------------------------------------------------------------------


class Proxy:
    """Stands before fttool's own service, and knows what it was asked."""

    def __init__(self, pause: float = 0.0) -> None:
        from fttool.cli.connection import open_client

        client = open_client(local=True)
        self._base, self._key, self._pause = client.base_url.rstrip("/"), client.api_key.reveal(), pause
        self.scripted = Scripted()
        for path in ("/completions", "/fine_tuning/jobs", "/models"):
            for method in ("GET", "POST"):
                self.scripted.on(method, path, self._pass_on)

    def _pass_on(self, request: Request) -> Answer:
        time.sleep(self._pause if request.method == "POST" else 0)
        url = f"{self._base}{request.path}"
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        sent = urllib.request.Request(url, data=request.body or None, headers=headers, method=request.method)
        try:
            with urllib.request.urlopen(sent) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    @property
    def asked(self) -> list[str]:
        """The prompts it was asked, in order."""
        return [each.json["prompt"] for each in self.scripted.asked("POST", "/completions")]


@pytest.fixture
def proxy(own, monkeypatch) -> Iterator[Proxy]:  # noqa: F811
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-of-the-proxy-0123456789")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Proxy(pause=0.03)
    with made.scripted:
        yield made


def start(*args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "fttool", "evaluate", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for_answers(path: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() or path.read_bytes().count(b"\n") <= count:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)


def many(name: str = "many.jsonl") -> str:
    return write(name, [{**row, "prompt": f"{at} {row['prompt']}"} for at in range(5) for row in ROWS])


@pytest.mark.parametrize("number", [getattr(signal, "SIGKILL", signal.SIGTERM), signal.SIGINT])
def test_killed_and_resumed_nothing_is_asked_twice(model, proxy, number):
    rows, path = many(), Path("a.jsonl")
    options = [
        model,
        "-f",
        rows,
        "-o",
        str(path),
        "--concurrency",
        "4",
        "--base-url",
        proxy.scripted.base_url,
        "--json",
    ]
    process = start(*options)
    wait_for_answers(path, 60, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    if number == signal.SIGINT:
        assert process.returncode == 130 and b"Traceback" not in said
    kept = {json.loads(line)["index"] for line in path.read_bytes().splitlines()[1:]}
    assert 60 <= len(kept) < 240
    if number != signal.SIGINT:  # in the middle of a line
        with path.open("ab") as file:
            file.write(b'{"index": 239, "text": " fru')
    time.sleep(0.2)
    first = proxy.asked
    assert len(first) - len(kept) <= (4 if number != signal.SIGINT else 0)  # what was under way
    proxy.scripted.requests.clear()
    process = start(*options)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    found = json.loads(out)
    assert (found["kept"], found["asked"], found["examples"]) == (len(kept), 240 - len(kept), 240)
    answered = {json.loads(line)["prompt"] for at, line in enumerate(Path(rows).read_text().splitlines()) if at in kept}
    assert len(proxy.asked) == 240 - len(kept) and not answered & set(proxy.asked)
    assert len(path.read_bytes().splitlines()) == 241


def test_busy_and_failing_services_are_borne(model, run, own, tmp_path):  # noqa: F811
    """429 and 500 from the service itself: every example is answered all the same."""
    from fttool.service.host.daemon import stop
    from fttool.service.state import StateDir

    stop(StateDir(own))
    command = [sys.executable, "-m", "fttool", "serve", "--port", "0", "--state", str(own)]
    faults = ["--fault", "429=0.1", "--fault", "500=0.1", "--fault", "cut=0.05", "--fault", "seed=3"]
    service = subprocess.Popen([*command, *faults], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert service.stdout is not None and service.stdout.readline()
        done = run("evaluate", model, "-f", "valid.jsonl", "--local", "--json", "--concurrency", "12", timeout=120)
        assert done.code == 0, done.err
        found = json.loads(done.out)
        assert (found["examples"], found["failed"], found["classification/accuracy"]) == (24, 0, 1.0)
    finally:
        service.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            service.communicate(timeout=10)


@pytest.mark.skipif(not (DATA / "banking77_test.csv").exists(), reason="needs banking77")
def test_banking77(own, run):  # noqa: F811
    def rows(name: str, most: int) -> list[dict[str, str]]:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            found = [
                {"prompt": f"{row['text']} ->", "completion": f" {row['category']}"} for row in csv.DictReader(file)
            ]
        return found[:: max(1, len(found) // most)]

    train, test = (
        write("train.jsonl", rows("banking77_train.csv", 2500)),
        write("test.jsonl", rows("banking77_test.csv", 3080)),
    )
    made = run("create", "-t", train, "--local", "-q", "--no-check", "--n_epochs", "2", timeout=120)
    started = time.monotonic()
    done = run("evaluate", made.out.strip(), "-f", test, "--local", "--json", timeout=120)
    assert time.monotonic() - started < 60
    found = json.loads(done.out)
    assert (found["examples"], found["failed"], len(found["classes"])) == (3080, 0, 77)
    assert found["classification/accuracy"] > 0.8
    again = run("evaluate", made.out.strip(), "-f", test, "--local", "--json")
    assert json.loads(again.out)["asked"] == 0


def test_a_service_that_is_not_there(call, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-of-no-service-0123456789")
    write("few.jsonl", ROWS[:2])
    done = call("evaluate", "ft:m", "-f", "few.jsonl", "-b", "http://127.0.0.1:9/v1", "--retries", "0")
    assert done.code == 5 and "connection refused" in done.err
    assert "kept" not in done.err  # nothing was
