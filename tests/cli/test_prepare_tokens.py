"""What `prepare_data` says of tokens and cost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fttool.dataset.row_tokens import count_row
from fttool.dataset.token_stats import COUNTED_BYTES
from fttool.dataset.tokens import Counter

Call = Callable[..., Any]

MODEL = "gpt-4.1-mini-2025-04-14"


def chat(number: int, words: int = 5) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"{chr(97 + number % 26)} question, number {number}: {'word ' * words}?"},
            {"role": "assistant", "content": f"answer {number}"},
        ]
    }


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.name


def counted(path: str, encoding: str = "o200k_base") -> int:
    """The tokens of a file, one row after the other."""
    count = Counter(encoding, "rs-bpe").function()
    return sum(count_row(json.loads(line), count).total for line in Path(path).read_text().splitlines())


def prepared(call: Call, *arguments: str) -> dict[str, Any]:
    result = call("prepare_data", *arguments, "--json")
    document: dict[str, Any] = json.loads(result.out)
    return document


def test_what_is_written_is_counted(call: Call, work: Path) -> None:
    """After the fixes, in the shape to write, and the training file apart from the validation file."""
    lines = ["question,answer", *(f"  what about {n}? ,{'yes' if n % 3 else 'no'}" for n in range(60)), "dropped,"]
    (work / "a.csv").write_text("\n".join(lines) + "\n")
    columns = ("--prompt-column", "question", "--completion-column", "answer")
    document = prepared(call, "a.csv", *columns, "--to", "chat", "--system", "Say yes or no.", "-y", "--split")
    train, valid = (counted(f"a_prepared_{one}.jsonl") for one in ("train", "valid"))
    assert valid > 0
    assert document["training_tokens"]["total"] == train
    assert document["tokens"]["total"] == train + valid
    assert document["tokens"]["examples"] == 60
    assert set(document["tokens"]["roles"]) == {"system", "user", "assistant"}


def test_a_check_counts_what_would_be_written(call: Call, work: Path) -> None:
    name = write(work / "a.jsonl", [chat(n) for n in range(30)])
    checked = prepared(call, name, "--check")["tokens"]
    assert checked["total"] == counted(name)
    assert prepared(call, name)["tokens"] == checked  # nothing to change: nothing is written


def test_validation_rows_of_a_file_of_their_own(call: Call, work: Path) -> None:
    train = write(work / "a.jsonl", [chat(n) for n in range(30)])
    valid = write(work / "b.jsonl", [chat(n) for n in range(100, 110)])
    document = prepared(call, train, "-v", valid)
    assert document["training_tokens"]["total"] == counted(train)
    assert document["tokens"]["total"] == counted(train) + counted(valid)


def test_any_number_of_processes_counts_the_same(call: Call, work: Path) -> None:
    name = write(work / "a.jsonl", [chat(n, n % 400) for n in range(27_000)])
    assert Path(name).stat().st_size > 24_000_000  # from there on in several processes
    one, two = (prepared(call, name, "--processes", n, "--check")["tokens"] for n in ("1", "2"))
    assert one == two
    assert one["sampled"]
    exact = prepared(call, name, "--check", "--tokens", "exact")["tokens"]
    assert exact["total"] == counted(name)
    assert (exact["exact"], exact["sampled"]) == (True, False)
    assert Path(name).stat().st_size > COUNTED_BYTES
    assert abs(one["total"] / exact["total"] - 1) < 2 * one["high"] < 0.05


def test_what_is_shown(call: Call, work: Path) -> None:
    name = write(work / "a.jsonl", [chat(n) for n in range(120)])
    out = call("prepare_data", name, "-m", MODEL).out.splitlines()
    total = counted(name)
    assert out[1] == f"120 rows; chat; {total:,} tokens"
    assert out[2].startswith("  system 360, user ")
    assert out[2].endswith("(o200k_base)")
    cost = next(line for line in out if line.startswith("cost: "))
    assert cost.startswith(f"cost: ${total * 3 * 5 / 1e6:.2g}: {total:,} tokens, 3 epochs (chosen by the service; ")
    assert out[-1] == "training time: unknown (it depends on the service)"


def test_without_a_model_the_command_that_compares_is_named(call: Call, work: Path) -> None:
    name = write(work / "a.jsonl", [chat(n) for n in range(120)])
    assert "cost: unknown until a model is named; `fttool cost a.jsonl` compares" in call("prepare_data", name).out


@pytest.mark.parametrize("arguments", [("--no-tokens",), ("--tokens", "off")])
def test_counts_can_be_switched_off(call: Call, work: Path, arguments: tuple[str, ...]) -> None:
    name = write(work / "a.jsonl", [chat(n) for n in range(120)])
    result = call("prepare_data", name, "-m", MODEL, *arguments)
    assert result.out.splitlines()[1] == "120 rows; chat"
    assert "cost: unknown: the tokens are not counted" in result.out
    document = prepared(call, name, *arguments)
    assert (document["tokens"], document["training_tokens"]) == (None, None)


def test_an_estimate_says_so(call: Call, work: Path) -> None:
    name = write(work / "a.jsonl", [chat(n) for n in range(120)])
    out = call("prepare_data", name, "-m", MODEL, "--tokens", "estimate").out
    assert "120 rows; chat; ≈ " in out
    assert "  estimated by bytes; there may be 43 % fewer to 15 % more" in out
    assert "cost: ≈ $" in out


def test_over_long_rows_of_every_shape(call: Call, work: Path) -> None:
    long = chat(3, 70_000)
    name = write(work / "a.jsonl", [*(chat(n) for n in range(20)), long])
    result = call("prepare_data", name, "--check", "-m", MODEL)
    tokens = count_row(long, Counter("o200k_base", "rs-bpe").function()).total
    assert result.code == 1
    assert f"  line 21: has {tokens:,} tokens, {tokens - 65_536:,} too many" in result.out
    assert f"  1 example is longer than 65,536 tokens; cut there, it loses {tokens - 65_536:,}" in result.out
    document = prepared(call, name, "--fix", "over-long", "-m", MODEL)
    assert (document["examples"], document["tokens"]["over_limit"]) == (20, 0)
    said = [{"role": "assistant", "content": f"{'word ' * 70_000}{n}"} for n in range(2)]
    pair = {"input": {"messages": [{"role": "user", "content": "hi"}]}, "preferred_output": said[:1]}
    name = write(work / "b.jsonl", [{**pair, "non_preferred_output": said[1:]}])
    assert "has 140,0" in call("prepare_data", name, "--check").out


def test_the_lines_on_a_terminal(terminal: Call, work: Path) -> None:
    rows = [chat(n, n) for n in range(120)]
    rows.append(rows[5])
    name = write(work / "a.jsonl", rows)
    shown = terminal("prepare_data", name, answers=[("duplicate", "y")], env={"NO_COLOR": "1"}).err
    before, _, after = shown.partition("next:")
    assert "; ≈ " in before  # counted when it is settled what is written
    assert f"{counted('a_prepared.jsonl'):,} tokens" in after
    assert "tokens of an example:" in after


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No vocabulary here, and none to be had."""
    import sys

    from fttool.dataset import tokens, vocabularies

    for name in ("rs_bpe", "rs_bpe.bpe"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "vocabularies"))
    monkeypatch.setattr(vocabularies, "url_of", lambda name: "http://127.0.0.1:9/x")
    tokens.forget()
    yield
    tokens.forget()


@pytest.mark.usefixtures("offline")
def test_offline_it_goes_on_with_an_estimate(call: Call, work: Path) -> None:
    name = write(work / "a.jsonl", [chat(n) for n in range(120)])
    started = time.perf_counter()
    result = call("prepare_data", name)
    assert time.perf_counter() - started < 10
    assert result.code == 0
    assert "tokens are estimated: openaipublic.blob.core.windows.net: cannot be reached" in result.err
    assert "≈ " in result.out


@pytest.mark.usefixtures("offline")
def test_from_python_nothing_is_fetched(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fttool import prepare
    from fttool.dataset import vocabularies

    monkeypatch.setattr(vocabularies, "fetch", None)  # to call it would be an error
    report = prepare(write(work / "a.jsonl", [chat(n) for n in range(120)]))
    assert report.tokens is not None
    assert report.tokens.method == "estimate"
