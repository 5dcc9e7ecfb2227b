"""`fttool cost`, and the cost that `create` tells, asks about and refuses."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import KEY, Scripted, job, page
from own_service import own, own_state  # noqa: F401

Call = Callable[..., Any]

MODEL = "gpt-4.1-mini-2025-04-14"
PRICED = "prices.generic/big"


def chats(count: int = 20) -> str:
    return "".join(
        json.dumps(
            {
                "messages": [
                    {"role": "user", "content": f"{chr(97 + n % 26)} question of its own, number {n}?"},
                    {"role": "assistant", "content": f"answer {n} to it"},
                ]
            }
        )
        + "\n"
        for n in range(count)
    )


@pytest.fixture
def train(work: Path) -> str:
    (work / "train.jsonl").write_text(chats())
    return "train.jsonl"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No rs-bpe, no vocabulary, and a proxy that never answers."""
    import sys

    from fttool.dataset import tokens

    monkeypatch.setitem(sys.modules, "rs_bpe", None)
    monkeypatch.setitem(sys.modules, "rs_bpe.bpe", None)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "vocabularies"))
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.getsockname()[1]}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    tokens.forget()
    yield
    server.close()
    tokens.forget()


def test_the_cost_of_a_model(call: Call, train: str) -> None:
    result = call("cost", train, "-m", MODEL)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].startswith("train.jsonl: 20 examples, ")
    assert lines[1].startswith("  user ")
    assert lines[1].endswith("(o200k_base)")
    assert f"{MODEL} on openai, supervised" in lines
    assert "  5 epochs (chosen by the service; OpenAI: cookbook on data preparation)" in lines
    assert "  price of training: $5.00 per 1M tokens (OpenAI: pricing page (a copy), seen 2026-11-29)" in lines
    assert "tokens of an example" not in result.out  # a histogram is for terminals


def test_as_json(call: Call, train: str) -> None:
    shown = json.loads(call("cost", train, "-m", MODEL, "--n_epochs", "2", "--json").out)
    assert (shown["service"], shown["n_epochs"], shown["epochs_from"]) == ("openai", 2, "given")
    assert shown["billed_tokens"] == 2 * shown["tokens"]["total"]
    assert shown["total"] == pytest.approx(shown["billed_tokens"] * 5 / 1e6)
    assert shown["price"]["seen"] == "2026-11-29"
    assert (shown["exact"], shown["unknown"], shown["currency"]) == (True, None, "USD")
    assert sum(each["examples"] for each in shown["tokens"]["histogram"]) == 20


def test_on_a_terminal_there_is_a_histogram(terminal: Call, work: Path) -> None:
    rows = [{"prompt": "word " * (4 * at), "completion": "yes"} for at in range(1, 21)]
    (work / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = terminal("cost", "pairs.jsonl", "-m", "babbage-002", env={"NO_COLOR": "1"}).err.splitlines()
    at = shown.index("  tokens of an example:")
    assert [line.split()[:3] for line in shown[at + 1 : at + 6]] == [
        ["4", "–", "7"],
        ["8", "–", "15"],
        ["16", "–", "31"],
        ["32", "–", "63"],
        ["64", "–", "127"],
    ]
    assert sum(int(line.split()[-1]) for line in shown[at + 1 : at + 6]) == 20
    assert "█" * 30 in shown[at + 4]


@pytest.mark.skipif(date.today() >= date(2027, 1, 6), reason="OpenAI trains no model any more")
def test_without_a_model_all_are_compared(call: Call, train: str) -> None:
    result = call("cost", train)
    assert result.code == 0
    rows = [line.split("\t") for line in result.out.splitlines() if "\t" in line]
    assert [row[0] for row in rows] == [
        "gpt-4.1-2025-04-14",
        "gpt-4.1-mini-2025-04-14",
        "gpt-4o-2024-08-06",
        "gpt-4o-mini-2024-07-18",
    ]
    assert rows[1][2:] == ["5", "5", "65,536", "2027-01-06", "2027-01-14"]
    shown = json.loads(call("cost", train, "--json").out)
    assert [each["model"] for each in shown["models"]] == [row[0] for row in rows]


def test_models_that_take_another_shape_are_not_compared(call: Call, work: Path) -> None:
    (work / "pairs.jsonl").write_text('{"prompt":"a","completion":"b"}\n' * 3)
    result = call("cost", "pairs.jsonl")
    assert result.code == 0
    assert "cost: unknown: fttool knows no model that openai" in result.out


def test_the_setting_model_is_taken(call: Call, train: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTTOOL_MODEL", "gpt-4o")
    assert "gpt-4o on openai" in call("cost", train).out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--service", "azure", "-m", "gpt-4.1"], "cost: unknown: no price is known for training gpt-4.1"),
        (["--service", "generic", "-m", "x"], "cost: unknown: no price is known"),
        (["--service", "generic"], "cost: unknown: fttool knows no model"),
        (["-m", MODEL, "--no-tokens"], "cost: unknown: the tokens are not counted"),
        (["-m", MODEL, "--tokens", "off"], "cost: unknown: the tokens are not counted"),
        (["-m", MODEL, "--method", "dpo"], "cost: unknown: how often openai goes through"),
        (["-m", "o4-mini", "--method", "reinforcement"], "billed by the hour ($100)"),
    ],
)
def test_unknown_says_unknown_and_is_no_failure(call: Call, train: str, arguments: list[str], says: str) -> None:
    result = call("cost", train, *arguments)
    assert result.code == 0
    assert says in result.out


def test_the_own_service_costs_nothing(call: Call, train: str) -> None:
    for way in (["--local"], ["--service", "local"], ["--profile", "local"]):
        assert "cost: nothing (fttool: it runs on your machine)" in call("cost", train, *way).out


def test_a_price_of_ones_own(call: Call, train: str) -> None:
    assert (
        "`fttool config set prices.azure/gpt-4.1 USD`" in call("cost", train, "--service", "azure", "-m", "gpt-4.1").err
    )
    call("config", "set", "prices.azure/gpt-4.1", "20")
    shown = json.loads(call("cost", train, "--service", "azure", "-m", "gpt-4.1", "--n_epochs", "1", "--json").out)
    assert shown["total"] == pytest.approx(shown["tokens"]["total"] * 20 / 1e6)
    assert shown["price"]["source"].startswith("your setting, ")


def test_standard_input_and_several_files(call: Call, train: str) -> None:
    one = json.loads(call("cost", train, "-m", MODEL, "--json").out)
    result = call("cost", "-", train, "-m", MODEL, stdin=chats())
    assert result.out.startswith("standard input, train.jsonl: 40 examples, ")
    assert json.loads(call("cost", "-", "-m", MODEL, "--json", stdin=chats()).out) == one
    assert call("cost", "-", "-v", "-", stdin=chats()).code == 2


def test_a_validation_file_is_not_billed(call: Call, train: str) -> None:
    assert "  the validation file is not billed" in call("cost", train, "-v", train, "-m", MODEL).out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["missing.jsonl"], 3, "missing.jsonl"),
        (["table.csv"], 3, "table.csv: these are no training examples: there is no `prompt` and no `completion`"),
        (["broken.jsonl"], 3, "`fttool prepare_data broken.jsonl --skip-bad-rows`"),
        (["train.jsonl", "--tokens", "some"], 2, "--tokens takes"),
        (["train.jsonl", "--tokens", "exact", "--no-tokens"], 2, "exclude each other"),
        (["train.jsonl", "--service", "opnai"], 2, "unknown service `opnai`"),
        (["train.jsonl", "--local", "--profile", "x"], 2, "exclude each other"),
        (["train.jsonl", "--method", "sft"], 2, "--method takes"),
        (["train.jsonl", "--n_epochs", "0"], 2, "n_epochs"),
    ],
)
def test_what_is_refused(call: Call, train: str, work: Path, arguments: list[str], code: int, says: str) -> None:
    (work / "table.csv").write_text("text,label\na,b\n")
    (work / "broken.jsonl").write_text('{"messages":[]}\n{broken\n')
    result = call("cost", *arguments)
    assert result.code == code
    assert says in result.err


@pytest.mark.usefixtures("offline")
def test_offline_nothing_hangs(call: Call, train: str) -> None:
    started = time.perf_counter()
    result = call("cost", train, "-m", MODEL)
    assert time.perf_counter() - started < 10
    assert result.code == 0
    assert "fetching the vocabulary o200k_base from openaipublic.blob.core.windows.net (once)" in result.err
    assert "tokens are estimated: openaipublic.blob.core.windows.net does not answer" in result.err
    assert "pip install 'fttool[tokens]'" in result.err
    assert "estimated by bytes; there may be 43 % fewer to 15 % more" in result.out
    assert "cost: ≈ $" in result.out
    assert "(at most $" in result.out
    started = time.perf_counter()
    again = call("cost", train, "-m", MODEL)
    assert time.perf_counter() - started < 2  # not tried again for an hour
    assert (again.code, again.out) == (0, result.out)
    assert "fetching" not in again.err
    assert "tokens are estimated: openaipublic.blob.core.windows.net could not be reached lately" in again.err


@pytest.mark.usefixtures("offline")
def test_what_must_be_exact_is_not_estimated(call: Call, train: str) -> None:
    result = call("cost", train, "-m", MODEL, "--tokens", "exact")
    assert (result.code, result.out) == (2, "")
    assert "tokens cannot be counted: " in result.err


@pytest.mark.usefixtures("offline")
def test_an_estimate_that_is_asked_for_does_not_try_the_network(call: Call, train: str) -> None:
    started = time.perf_counter()
    assert call("cost", train, "-m", MODEL, "--tokens", "estimate").err == ""
    assert call("cost", train, "-m", MODEL, "--tokens", "off").err == ""
    assert time.perf_counter() - started < 2


# create


@pytest.fixture
def service(scripted: Scripted, call: Call) -> Scripted:  # noqa: F811
    """A service that takes files and jobs, with a price of one dollar a token."""
    file = {"object": "file", "id": "file-1", "filename": "train.jsonl", "purpose": "fine-tune", "status": "processed"}
    scripted.on("POST", "/files", {**file, "bytes": None, "created_at": int(time.time())})
    scripted.on("GET", "/files/file-1", {**file, "bytes": None, "created_at": int(time.time())})
    scripted.on("GET", "/files", page())
    scripted.on("GET", "/fine_tuning/jobs", page())
    scripted.on("POST", "/fine_tuning/jobs", job(status="validating_files"))
    assert call("config", "set", PRICED, "1000000").code == 0
    return scripted


@pytest.fixture
def create(call: Call, service: Scripted, train: str) -> Call:
    def create(*arguments: str) -> Any:
        return call("create", "-t", train, "-m", "big", *service.options, "--no-follow", *arguments)

    return create


def sent(service: Scripted) -> bool:
    return bool(service.asked("POST", "/files") or service.asked("POST", "/fine_tuning/jobs"))


def test_the_cost_is_told_before_anything_is_sent(create: Call, service: Scripted) -> None:
    result = create("--n_epochs", "2")
    assert result.code == 0
    assert result.err.index("cost: ≈ $") < result.err.index("uploaded train.jsonl")
    assert "2 epochs, $1,000,000.00 per 1M tokens (your setting, " in result.err
    assert sent(service)


def test_a_cost_that_is_not_known_is_told(create: Call, service: Scripted) -> None:
    result = create()
    assert result.code == 0
    assert "cost: unknown: how often generic goes through the examples" in result.err
    assert sent(service)


def test_above_max_cost_nothing_is_sent(create: Call, service: Scripted) -> None:
    result = create("--n_epochs", "1", "--max-cost", "5")
    assert (result.code, result.out) == (2, "")
    assert "which is more than --max-cost 5; nothing was sent" in result.err
    assert not sent(service)


def test_below_max_cost_it_goes_on(create: Call, service: Scripted) -> None:
    assert create("--n_epochs", "1", "--max-cost", "100000").code == 0
    assert sent(service)


@pytest.mark.parametrize(
    "arguments", [(), ("-m", "other", "--n_epochs", "1"), ("-t", "file-abc123", "--n_epochs", "1")]
)
def test_max_cost_refuses_what_is_not_known(create: Call, service: Scripted, arguments: tuple[str, ...]) -> None:
    result = create("--max-cost", "100000", *arguments)
    assert (result.code, result.out) == (2, "")
    assert "what it costs is not known: " in result.err
    assert not sent(service)


def test_a_dry_run_tells_and_refuses_too(create: Call, service: Scripted) -> None:
    assert "cost: ≈ $" in create("--n_epochs", "1", "--dry-run").err
    assert create("--n_epochs", "1", "--dry-run", "--max-cost", "1").code == 2


def test_max_cost_uploads_nothing_to_a_real_service(call: Call, own: Path, work: Path) -> None:  # noqa: F811
    """The embedded service, met as a stranger behind an address: its files are listed afterwards."""
    (work / "train.jsonl").write_text(chats())
    assert call("files", "list", "--local").code == 0
    status = json.loads(call("serve", "--status", "--json").out)
    way = ["--base-url", status["base_url"], "--api-key-file", status["key_file"]]
    assert call("config", "set", "prices.generic/baseline", "1000000").code == 0
    start = ["create", "-t", "train.jsonl", "-m", "baseline", "--n_epochs", "1", "--no-follow"]
    assert call(*start, *way, "--max-cost", "5").code == 2
    assert json.loads(call("files", "list", "--local", "--json").out)["data"] == []
    assert json.loads(call("list", "--local", "--json").out)["data"] == []
    # the same without a price of its own: it costs nothing there
    assert call(*start, "--local", "--max-cost", "0").code == 0
    assert len(json.loads(call("files", "list", "--local", "--json").out)["data"]) == 1


def test_a_terminal_is_asked_above_an_amount(terminal: Call, call: Call, service: Scripted, train: str) -> None:
    command = ["create", "-t", train, "-m", "big", *service.options, "--no-follow", "--n_epochs", "1"]
    asked = terminal(*command, answers=[("Train for", "n")])
    assert "Train for ≈ $" in asked.err
    assert asked.code == 1
    assert "nothing was sent" in asked.err
    assert not sent(service)
    assert "Train for" not in terminal(*command, "--yes").err
    assert sent(service)


def test_below_that_amount_nobody_is_asked(terminal: Call, call: Call, service: Scripted, train: str) -> None:
    assert call("config", "set", "ask_above", "1000000").code == 0
    command = ["create", "-t", train, "-m", "big", *service.options, "--no-follow", "--n_epochs", "1"]
    assert "Train for" not in terminal(*command).err


def test_the_legacy_spelling_tells_it_too(call: Call, service: Scripted, train: str) -> None:
    result = call(
        "-b", service.base_url, "api", "fine_tunes.create", "-t", train, "-m", "big", "--n_epochs", "1", "--no_follow"
    )
    assert "cost: ≈ $" in result.err


def test_files_of_jobs_without_a_price_are_not_counted(create: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from fttool.dataset import count

    monkeypatch.setattr(count, "count_tokens", None)  # to call it would be an error
    assert create("-m", "other").code == 0


def test_key_is_not_shown(create: Call) -> None:
    result = create("--n_epochs", "1")
    assert KEY not in result.out + result.err
