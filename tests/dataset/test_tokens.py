"""Counting tokens: exactly where there is a vocabulary, else by an estimate that says so."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from fttool.dataset import tokens, vocabularies
from fttool.dataset.tokens import Counter, TokenLimit, choose_counter, first_token
from tests.dataset import vocabulary

TEXTS = [
    "",
    "hello world",
    "<|endoftext|>",
    "  two  spaces\n\n\tand a tab\r\n",
    "Grüße aus Köln, 12345678 Mal",
    "привет мир",
    "नमस्ते दुनिया",
    "日本語のテキスト",
    "👩‍👩‍👧‍👦 ﷺ",
    "def f(x):\n    return x ** 2  # squared",
    "a" * 5_000,
    "\x00",
    "half \ud83d a character",
    "\ud83d\ude00 in two halves",
]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What is remembered about this machine, for it changes here."""
    cached = (tokens._function, tokens._tiktoken, tokens._rs_bpe, tokens._here)
    for each in cached:
        each.cache_clear()
    yield
    for each in cached:
        each.cache_clear()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for vocabularies."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def without_rs_bpe(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    import sys

    monkeypatch.setitem(sys.modules, "rs_bpe", None)
    monkeypatch.setitem(sys.modules, "rs_bpe.bpe", None)


def keep(name: str) -> None:
    path = vocabularies.file_of(name)
    assert path is not None
    path.write_bytes(vocabulary.content(name))


def test_what_counts(cache: Path) -> None:
    assert choose_counter(None, "chat") == Counter("o200k_base", "rs-bpe")
    keep("o200k_base")
    assert choose_counter(None, "chat") == Counter("o200k_base", "tiktoken")
    assert choose_counter(None, "completion") == Counter("cl100k_base", "rs-bpe")
    assert choose_counter(None, "chat", estimate=True) == Counter("o200k_base", "estimate")


@pytest.mark.usefixtures("without_rs_bpe")
def test_without_a_vocabulary_it_is_an_estimate(cache: Path) -> None:
    counter = choose_counter("gpt-4.1-mini", "chat")
    assert counter.method == "estimate"
    assert not counter.exact
    assert [counter.count(text) for text in ("", "a", "abcd", "abcde", "日本")] == [0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("model", "encoding", "own"),
    [
        ("gpt-4.1-mini", "o200k_base", True),
        ("ft:gpt-3.5-turbo-0125:org::id", "cl100k_base", True),
        ("babbage-002", "cl100k_base", True),
        ("davinci", "r50k_base", True),
        ("gpt-4-turbo", "cl100k_base", True),
        ("gpt-5.6-luna", "o200k_base", True),
        ("meta-llama/Llama-3.3-70B-Instruct", "o200k_base", False),
        ("baseline", "o200k_base", False),
        ("my-own", "o200k_base", False),
    ],
)
def test_vocabularies_of_models(model: str, encoding: str, own: bool) -> None:
    assert tokens.vocabulary_of(model, "chat") == (encoding, own)
    assert choose_counter(model, "chat", estimate=True).own is own


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_tiktoken_and_rs_bpe_count_the_same(cache: Path, name: str) -> None:
    keep(name)
    drawn = random.Random(5)
    texts = TEXTS + ["".join(drawn.choices("".join(TEXTS[:9]), k=80)) for _ in range(500)]
    ones, others = Counter(name, "tiktoken").function(), Counter(name, "rs-bpe").function()
    assert [ones(text) for text in texts] == [others(text) for text in texts]
    assert ones("hello world") == 2


def test_counters_travel(cache: Path) -> None:
    counter = choose_counter("gpt-4.1-mini", "chat")
    assert pickle.loads(pickle.dumps(counter)).count("hello world") == counter.count("hello world") == 2


def test_the_first_token(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_token(" billing", "cl100k_base") == first_token(" billing now", "cl100k_base")
    shown, exact = first_token(" billing", "cl100k_base")
    assert exact
    keep("cl100k_base")
    tokens._here.cache_clear()
    assert tokens._here("cl100k_base").method == "tiktoken"
    assert first_token(" billing", "cl100k_base") == (shown, True)
    assert first_token("", "cl100k_base") == ("", True)
    assert first_token(" billing", "r50k_base") == (" billing", False)  # not built into rs-bpe


def test_limits_come_from_the_table() -> None:
    assert TokenLimit.of("gpt-4.1-mini", "chat").tokens == 65_536
    assert TokenLimit.of("gpt-3.5-turbo-0613", "chat").tokens == 4_096
    assert TokenLimit.of("ft:babbage-002:org::id", "completion").tokens == 16_384
    assert TokenLimit.of(None, "completion").tokens == 2_048
    assert TokenLimit.of("whatever", "chat").tokens == 65_536


def test_the_limit_is_that_of_the_model_on_the_service() -> None:
    assert TokenLimit.of("gpt-4.1-nano", "chat", "azure").tokens == 32_768
    assert TokenLimit.of("gpt-4.1-nano", "chat", "openai").tokens == 65_536
    assert TokenLimit.of("gpt-4.1-nano", "chat", "generic").tokens == 65_536  # it does not say: as elsewhere
