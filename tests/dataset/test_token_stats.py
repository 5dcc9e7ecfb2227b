"""Statistics of tokens: by role, learned, by length; of all rows or of a sample."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.dataset.count import count_tokens
from fttool.dataset.row_tokens import count_row
from fttool.dataset.token_stats import COUNTED_BYTES, TokenStats, merged, share_to_count
from fttool.dataset.tokens import Counter
from fttool.errors import DataError

from .strategies import quick

#: Counts characters: what is expected can be read off the texts.
LETTERS = len

EXACT = Counter("o200k_base", "rs-bpe")


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def say(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def test_a_chat_as_the_cookbook_counts_it() -> None:
    row = chat(say("system", "abc"), say("user", "de", name="Al"), say("assistant", "fghi"))
    found = count_row(row, LETTERS)
    assert found.roles == {"system": 3, "user": 2, "assistant": 4}
    # 3 for each message and its role, 3 for the example, 1 for a name and the name
    assert found.overhead == 3 * 3 + len("systemuserassistant") + 3 + 1 + 2
    assert found.trained == 4
    assert found.total == 9 + found.overhead


def test_the_cookbooks_own_count() -> None:
    """num_tokens_from_messages, as OpenAI's cookbook has it, over the vocabulary."""
    count = EXACT.function()
    messages = [say("system", "You are helpful."), say("user", "Hello?", name="Ada"), say("assistant", "Good day!")]
    theirs = 3
    for message in messages:
        theirs += 3
        for key, value in message.items():
            theirs += count(value)
            theirs += 1 if key == "name" else 0
    assert count_row(chat(*messages), count).total == theirs


def test_what_is_learned() -> None:
    row = chat(say("assistant", "ab", weight=0), say("assistant", "cde", weight=1), say("assistant", "f"))
    assert count_row(row, LETTERS).trained == 4
    assert count_row({"prompt": "abc", "completion": "de"}, LETTERS).trained == 2
    preference = {
        "input": {"messages": [say("user", "a"), say("assistant", "xx"), say("user", "b")]},
        "preferred_output": [say("assistant", "cde")],
        "non_preferred_output": [say("assistant", "fg")],
    }
    found = count_row(preference, LETTERS)
    assert found.roles == {"user": 2, "assistant": 2, "preferred_output": 3, "non_preferred_output": 2}
    assert found.trained == 5
    assert count_row(chat(say("user", "abc"), answer="d"), LETTERS).trained == 0  # reinforcement


def test_parts_tools_and_images() -> None:
    parts = [{"type": "text", "text": "abc"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    tools = [{"type": "function", "function": {"name": "f"}}]
    row = chat(say("user", parts), say("assistant", None, tool_calls=calls), say("tool", "ok"), tools=tools)
    found = count_row(row, LETTERS)
    assert found.images == 1
    written = json.dumps(calls, separators=(",", ":"))
    assert found.roles["assistant"] == found.trained == len(written)
    assert found.roles["tools"] == len(json.dumps(tools, separators=(",", ":")))
    assert (found.roles["user"], found.roles["tool"]) == (3, 2)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"messages": None},
        {"messages": [None, 3, {"role": 5, "content": 7}, {}]},
        {"prompt": None, "completion": 3},
        {"input": [], "preferred_output": "x"},
        {"messages": [{"role": "user", "content": [None, {"text": 3}]}], "tools": 4},
    ],
)
def test_rows_that_are_wrong_do_not_stop_it(row: dict[str, Any]) -> None:
    assert count_row(row, LETTERS).trained == 0


def stats(rows: list[Any], limit: int | None = None, share: float = 1.0) -> TokenStats:
    found = TokenStats(limit)
    found.add_rows(rows, LETTERS, share)
    return found


def pair(length: int) -> dict[str, str]:
    return {"prompt": "p" * (length - 1), "completion": "c"}


def test_lengths() -> None:
    result = stats([pair(length) for length in (1, 2, 3, 4, 7, 30)], limit=5).result(EXACT)
    assert result.total == 47
    assert [(each.least, each.most, each.examples) for each in result.histogram] == [
        (1, 1, 1),
        (2, 3, 2),
        (4, 7, 2),
        (8, 15, 0),
        (16, 31, 1),
    ]
    assert (result.longest, result.over_limit, result.lost) == (30, 2, 2 + 25)
    assert result.billed == 20
    assert (result.exact, result.low, result.high, result.sampled) == (True, 0.0, 0.0, False)
    assert result.examples == 6
    assert stats([]).result(EXACT).histogram == ()


def rows_of(count: int) -> list[dict[str, str]]:
    draw = random.Random(3)
    return [pair(draw.randint(1, 400)) for _ in range(count)]


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_parts_merge_to_the_whole(share: float) -> None:
    rows = rows_of(300)
    parts = [stats(rows[at : at + 60], 350, share) for at in range(0, 300, 60)]
    whole = merged(parts, 350)
    again = merged([merged(parts[:2], 350), merged(parts[2:], 350)], 350)
    assert whole == again
    assert whole.rows == 300
    assert whole.result(EXACT) == stats(rows, 350, share).result(EXACT)


def words(text: str) -> int:
    return len(text.split())


def test_a_sample_tells_the_whole_within_its_error() -> None:
    draw = random.Random(3)
    # words of different length, so that tokens are no fixed share of the bytes
    rows = [
        {"prompt": " ".join(draw.choices(["a", "bbbb", "cccccccc"], k=draw.randint(1, 80))), "completion": "c"}
        for _ in range(20_000)
    ]
    whole, part = TokenStats(None), TokenStats(None)
    whole.add_rows(rows, words)
    part.add_rows(rows, words, 0.05)
    truth, guess = whole.result(EXACT), part.result(EXACT)
    assert guess.sampled
    assert not guess.exact
    assert guess.high is not None
    assert 0 < guess.high < 0.05
    assert abs(guess.total / truth.total - 1) < 2 * guess.high
    assert guess.examples == truth.examples
    assert sum(each.examples for each in guess.histogram) == pytest.approx(20_000, rel=0.01)


def test_rows_that_may_be_too_long_are_all_counted() -> None:
    rows = [pair(20)] * 500 + [pair(9_000)] * 3
    result = stats(rows, limit=5_000, share=0.02).result(EXACT)
    assert (result.over_limit, result.lost, result.longest) == (3, 3 * 4_000, 9_000)


def test_what_is_estimated_says_how_far_it_may_be_off() -> None:
    result = stats([pair(100)]).result(Counter("o200k_base", "estimate"))
    assert (result.exact, result.low, result.high) == (False, -0.429, 0.149)
    assert result.encoding is None
    strange = stats([pair(100)]).result(Counter("o200k_base", "rs-bpe", own=False))
    assert (strange.exact, strange.low, strange.high) == (False, None, None)


def test_a_sample_without_rows_falls_back_to_bytes() -> None:
    result = stats([pair(100)], share=1e-18).result(EXACT)
    assert result.sampled
    assert result.total > 0
    assert result.high is None


def test_how_much_is_counted() -> None:
    assert share_to_count(COUNTED_BYTES) == 1.0
    assert share_to_count(200_000_000) == 0.005
    assert share_to_count(200_000_000, all_rows=True) == 1.0


def test_files(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.csv"
    one.write_text('{"prompt":"hello","completion":" world"}\n' * 3)
    two.write_text("prompt,completion\nhello, world\n")
    found = count_tokens([one, two], "babbage-002", 16_384)
    assert (found.total, found.trained, found.examples, found.exact) == (8, 4, 4, True)
    assert found.encoding == "cl100k_base"
    assert not count_tokens([one], "babbage-002", None, estimate=True).exact


def test_files_that_hold_no_examples(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,label\na,b\n")
    with pytest.raises(DataError, match="no training examples"):
        count_tokens([path], None, None)


def test_big_files_are_sampled(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl"
    line = '{"prompt":"%d %s","completion":"yes"}\n'
    with path.open("w") as file:
        for at in range(30_000):
            file.write(line % (at, "word " * (at % 300)))
    assert path.stat().st_size > COUNTED_BYTES
    sampled, every = count_tokens([path], None, None), count_tokens([path], None, None, all_rows=True)
    assert (sampled.sampled, every.sampled) == (True, False)
    assert sampled.high is not None
    assert abs(sampled.total / every.total - 1) < 2 * sampled.high < 0.1


@quick
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=12)), max_size=30), st.integers(1, 20))
def test_pairs_are_counted_as_rows_are(pairs: list[tuple[str, str]], limit: int) -> None:
    fast, slow = TokenStats(limit), TokenStats(limit)
    fast.add_pairs([prompt for prompt, _ in pairs], [completion for _, completion in pairs], LETTERS)
    slow.add_rows([{"prompt": prompt, "completion": completion} for prompt, completion in pairs], LETTERS)
    counter = Counter("o200k_base", "tiktoken")
    assert fast.result(counter) == slow.result(counter)
