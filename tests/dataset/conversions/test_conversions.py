"""Each conversion on rows as real exports have them: `NAME.jsonl` has rows, and what they become or why they cannot."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from fttool.dataset.conversions import CONVERSIONS, conversion_named, detect
from fttool.errors import ConversionError, DataError, UsageError

HERE = Path(__file__).parent


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def params(*, good: bool) -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}: {case['case']}")
        for name in CONVERSIONS
        for case in cases(name)
        if ("becomes" in case) is good
    ]


@pytest.mark.parametrize(("name", "case"), params(good=True))
def test_what_it_becomes(name: str, case: dict[str, Any]) -> None:
    row = copy.deepcopy(case["row"])
    assert CONVERSIONS[name].convert(row) == case["becomes"]
    assert row == case["row"]
    assert all(isinstance(part, str) for part in CONVERSIONS[name].parts(row))


@pytest.mark.parametrize(("name", "case"), params(good=False))
def test_what_cannot_become_anything(name: str, case: dict[str, Any]) -> None:
    with pytest.raises(ConversionError) as caught:
        CONVERSIONS[name].convert(case["row"])
    assert caught.value.where == case["where"]
    assert case["error"] in caught.value.message
    assert caught.value.message.startswith(case["where"])


@pytest.mark.parametrize(("name", "case"), params(good=True))
def test_it_is_recognised(name: str, case: dict[str, Any]) -> None:
    found = detect(list(case["row"]), case["row"])
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("name", CONVERSIONS)
def test_processes_can_share_it(name: str) -> None:
    assert pickle.loads(pickle.dumps(CONVERSIONS[name])) == CONVERSIONS[name]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"instruction": "a", "output": "b", "kto_tag": True}, "KTO"),
        ({"prompt": "a", "completion": "b", "label": False}, "KTO"),
        ({"instruction": "a", "input": "", "output": ["b", "c"]}, "ranked"),
        ({"prompt": "a", "responses": [{"text": "b"}], "ranks": [1]}, "ranked"),
        ({"instruction": "a", "completions": [{"response": "b", "overall_score": 8.5}]}, "ranked"),
        ({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {}}, "no answers to learn from"),
        ({"id": "b", "custom_id": "1", "response": {"body": {}}, "error": None}, "the questions are in the file"),
    ],
)
def test_what_is_refused(row: dict[str, Any], what: str) -> None:
    with pytest.raises(DataError, match=what) as caught:
        detect(list(row), row, file="a.jsonl")
    assert caught.value.file == "a.jsonl"
    assert caught.value.hint


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "a", "completion": "b"},
        {"prompt": "a", "completion": "b", "label": "spam"},
        {"Prompt": "a", "Completion": "b", "instruction": "c", "output": "d"},
        {"prompt": "a", "completion": "b", "chosen": "c", "rejected": "d"},
        {"messages": [], "tools": []},
        {"messages": [], "conversations": []},
        {"input": {}, "preferred_output": [], "non_preferred_output": [], "chosen": 1, "rejected": 2},
        {"question": "a", "answer": "b"},
        {"question": "a", "answers": ["b", "B"]},
        {"conversation": "A: Hi. B: Hi.", "summary": "They greet."},
        {"request": "Please pay.", "response": "No."},
        {"instruction": "a"},
        {"output": "a"},
        {"messages": "12 unread"},
    ],
)
def test_what_is_left_alone(row: dict[str, Any]) -> None:
    assert detect(list(row), row) is None


@pytest.mark.parametrize(
    ("name", "row", "parts"),
    [
        ("alpaca", {"instruction": "a", "output": "b", "text": "c"}, []),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "human", "value": "a", "timestamp": 1, "text": None},
                    {"from": "gpt", "value": "b", "id": 1},
                ]
            },
            ["conversations[].id", "conversations[].timestamp"],
        ),
        (
            "chosen-rejected",
            {"prompt": "a", "chosen": [{"role": "assistant", "content": "b", "model": "m"}], "rejected": "c"},
            ["chosen[].model"],
        ),
        (
            "openai-log",
            {
                "request": {"messages": [], "model": "m", "stop": None},
                "response": {
                    "id": "x",
                    "choices": [
                        {"index": 0, "message": {"content": "a", "reasoning_content": "b"}, "finish_reason": "stop"}
                    ],
                },
            },
            ["request.model", "response.id", "response.choices[0].message.reasoning_content"],
        ),
    ],
)
def test_what_is_left_out_is_named(name: str, row: dict[str, Any], parts: list[str]) -> None:
    assert list(CONVERSIONS[name].parts(row)) == parts


def test_a_python_list_in_a_cell_has_a_hint() -> None:
    with pytest.raises(ConversionError) as caught:
        CONVERSIONS["sharegpt"].convert({"conversations": "[{'from': 'human', 'value': 'a'}]"})
    assert "json.dumps" in (caught.value.hint or "")


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(UsageError) as caught:
        conversion_named("sharegtp")
    assert caught.value.hint == "did you mean `sharegpt`?"


def test_every_conversion_is_documented() -> None:
    page = (HERE.parents[2] / "docs" / "conversions.md").read_text(encoding="utf-8")
    for name in CONVERSIONS:
        assert f"\n### {name}\n\n<!-- conversions: {name} -->\n" in page


@pytest.mark.parametrize("name", CONVERSIONS)
def test_every_column_is_in_the_table(name: str) -> None:
    said = " ".join(part for pair in CONVERSIONS[name].table for part in pair)
    assert [
        column for column in CONVERSIONS[name].columns if f"`{column}" not in said and f".{column}" not in said
    ] == []
