"""Examples become questions, and a plan how to ask them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.cli.evaluate_asking import Asking, plan_for
from fttool.errors import DataError, UsageError
from fttool.jobs.evaluate.examples import TextEnds, questions, survey
from fttool.jobs.evaluate.plan import make_plan
from fttool.jobs.evaluate.run import Sample


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def pairs(*completions: str, times: int = 4) -> list[dict[str, str]]:
    return [{"prompt": f"{at} {each} ->", "completion": each} for at in range(times) for each in completions]


def test_prompt_and_completion(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"prompt": "a ->", "completion": " x END"}\r\n\r\n{"completion": " y END", "id": 1}\n'
    )
    first, second = questions(path, stop=" END")
    assert (first.index, first.line, first.prompt, first.expected) == (0, 1, "a ->", " x")
    assert (second.index, second.line, second.prompt, second.expected) == (1, 3, "", " y")
    found = survey(path)
    assert (found.rows, found.kind, found.labels) == (2, "completion", {" x END": 1, " y END": 1})
    assert found.completions.suffix == " END" and found.completions.longest == 6


def test_a_chat_is_asked_up_to_its_last_answer(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "1"},
        {"role": "assistant", "content": "one", "weight": 0},
        {"role": "user", "content": [{"type": "text", "text": "2"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "tw"}, {"type": "text", "text": "o"}]},
        {"role": "user", "content": "thanks"},
    ]
    (asked,) = questions(write(tmp_path / "c.jsonl", [{"messages": messages, "tools": tools, "other": 1}]))
    assert asked.expected == "two" and asked.prompt is None
    assert asked.messages == [*messages[:2], {"role": "assistant", "content": "one"}, messages[3]]
    assert asked.extra == {"tools": tools}


def test_the_same_example_has_the_same_row_anywhere(tmp_path: Path) -> None:
    one = list(questions(write(tmp_path / "1.jsonl", pairs(" a", " b"))))
    other = list(questions(write(tmp_path / "2.jsonl", pairs(" b", " a", " c"))))
    assert len({each.row for each in one}) == len(one)
    assert {each.row for each in one} < {each.row for each in other}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"prompt,completion", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"prompt": "a"}', "`completion` is missing"),
        (b'{"prompt": 1, "completion": "a"}', "`prompt` is no text"),
        (b'{"prompt": "a", "completion": null}', "`completion` is missing"),
        (b'{"messages": [{"content": "a"}]}', "`messages` is a list"),
        (b'{"messages": [{"role": "user", "content": "a"}]}', "no message of the assistant"),
        (b'{"messages": [{"role": "assistant", "content": "a"}]}', "nothing before"),
        (b'{"prompt": "\xff", "completion": "a"}', "not UTF-8"),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_line(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "x.jsonl"
    good = b'{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}\n'
    path.write_bytes((good if b"messages" in line else b'{"prompt": "a", "completion": "b"}\n') + b"\n" + line)
    with pytest.raises(DataError, match=said) as caught:
        survey(path)
    assert (caught.value.file, caught.value.line) == (str(path), 3)


def test_a_file_is_of_one_kind(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    with pytest.raises(DataError, match="mixed"):
        survey(write(tmp_path / "x.jsonl", [chat, *pairs(" a")]))
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(DataError, match="no example"):
        survey(tmp_path / "empty.jsonl")


def test_few_different_completions_are_labels(tmp_path: Path) -> None:
    found = survey(write(tmp_path / "x.jsonl", [*pairs(" yes", " no"), *pairs(" yes", times=2)]))
    plan = make_plan(found)
    assert (plan.task, plan.labels, plan.one_token, plan.logprobs) == ("classification", (" yes", " no"), True, 5)
    assert plan.stops == ("\n",) and plan.max_tokens == 18
    text = make_plan(found, task="text")
    assert (text.labels, text.one_token, text.logprobs, text.stops) == ((), False, None, ())
    different = survey(write(tmp_path / "y.jsonl", pairs(*(f" {each}" for each in range(9)), times=1)))
    assert make_plan(different).task == "text"
    assert make_plan(different, task="classification").task == "classification"
    long = survey(write(tmp_path / "z.jsonl", pairs("x" * 101)))
    assert make_plan(long).task == "text"
    with pytest.raises(UsageError, match="no labels"):
        make_plan(long, task="classification")


def test_a_label_that_begins_another_is_asked_whole(tmp_path: Path) -> None:
    found = survey(write(tmp_path / "x.jsonl", pairs(" card", " card_lost", " other")))
    assert not make_plan(found).one_token
    assert not make_plan(survey(write(tmp_path / "y.jsonl", pairs(" a", " b"))), max_tokens=3).one_token


def test_the_stop_sequence_is_what_all_completions_end_with(tmp_path: Path) -> None:
    def stop(*completions: str, **asking: Any) -> str | None:
        return plan_for(survey(write(tmp_path / "x.jsonl", pairs(*completions))), Asking(**asking)).stop

    assert stop(" a b END", " c d END", " e END") == " END"
    assert stop(" positive", " negative") is None  # the end of labels is none
    assert stop(" One. Two.", " Three.") is None  # it would cut the first after its first sentence
    assert stop(" a\n", " b\n") == "\n"
    assert stop(" a\nb\n", " c\n") is None
    assert stop(" a END", " b", stop="###") == "###"


@given(st.lists(st.text("ab \n", max_size=5), min_size=1))
def test_the_common_end_of_texts(texts: list[str]) -> None:
    ends = TextEnds()
    for text in texts:
        ends.see(text)
    shared = [text for text in (texts[0][at:] for at in range(6)) if all(each.endswith(text) for each in texts)]
    assert ends.suffix == shared[0]
    assert (ends.texts, ends.longest) == (len(texts), max(map(len, texts)))


def test_a_larger_sample_holds_the_smaller() -> None:
    small, large = Sample(20, 7).indexes(500), Sample(50, 7).indexes(500)
    assert small is not None and large is not None
    assert len(small) == 20 and small < large
    assert Sample(20, 8).indexes(500) != small
    assert small == Sample(20, 7).indexes(500)
    assert Sample(500).indexes(500) is None and Sample().indexes(3) is None
