"""What the rules call an error is refused by the service, with the rule's id; what they accept, it accepts."""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.fine_tuning import FineTuningJob

from fttool import DataError, prepare
from fttool.rules import RULES, errors
from fttool.rules.table import REINFORCEMENT
from fttool.service.examples.read import FileExamples, inspect
from fttool.service.jobs.fault import JobFault
from fttool.service.jobs.queue import Queue
from tests.dataset.cases import NAMES, ROOT
from tests.service.rule_rows import ANSWERED, ASKED, METHODS, PAIRS, Pair, chat
from tests.service.served import Served

SHAPES = tuple(METHODS)

#: The largest row is looked at once, not in every random test.
SMALL = [each for each in PAIRS if each.rule != "image-size"]

QUICK = {"n_epochs": 1, "batch_size": 64}


def name_of(path: Path) -> str:
    """The name of a case."""
    return path.parent.name


def data(*rows: dict[str, Any] | bytes) -> bytes:
    """JSONL of these rows."""
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


@pytest.fixture
def working(served: Served) -> Iterator[Served]:
    """The service, with a queue that works on its jobs."""
    queue = Queue(served.service.store, served.service.state)
    queue.start()
    yield served
    queue.stop()


def create(served: Served, method: str, training: bytes, validation: bytes | None = None) -> str:
    """A job, as any user of the SDK creates it; its id."""
    more: dict[str, Any] = {} if validation is None else {"validation_file": served.upload(validation, "valid.jsonl")}
    job = served.client.fine_tuning.jobs.create(
        model="baseline",
        training_file=served.upload(training),
        method={"type": method, method: {"hyperparameters": QUICK}},  # type: ignore[misc]
        **more,
    )
    return job.id


def ended(served: Served, job_id: str) -> FineTuningJob:
    """The job when it has ended."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        job = served.client.fine_tuning.jobs.retrieve(job_id)
        if job.status in ("succeeded", "failed"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job_id} does not end")


def test_there_is_a_row_for_each_rule() -> None:
    wanted = {rule.id for rule in RULES.values() if rule.severity == "error" and rule.shapes != (REINFORCEMENT,)}
    assert [pair.rule for pair in PAIRS] == sorted(wanted, key=list(RULES).index)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.rule)
def test_each_row_has_that_fault_alone(pair: Pair) -> None:
    if not isinstance(pair.bad, bytes):
        assert {fault.rule for fault in errors(pair.bad, pair.shape)} == {pair.rule}
    assert list(errors(pair.good, pair.shape)) == []


def test_a_job_fails_for_each_error_and_succeeds_without(working: Served) -> None:
    twins = {shape: data(*[pair.good for pair in PAIRS if pair.shape == shape] * 4) for shape in SHAPES}
    plain = {shape: data(*[pair.good for pair in PAIRS if pair.shape == shape][:1] * 10) for shape in SHAPES}
    good = {shape: create(working, METHODS[shape], twins[shape], plain[shape]) for shape in SHAPES}
    bad = {pair.rule: create(working, METHODS[pair.shape], plain[pair.shape] + data(pair.bad)) for pair in PAIRS}
    held = create(working, "supervised", plain["chat"], data(PAIRS[0].good, PAIRS[0].bad))
    for job_id in bad.values():
        job = ended(working, job_id)
        assert job.status == "failed" and job.error is not None
        assert (job.error.code, job.error.param) == ("invalid_training_file", "training_file")
    said = {rule: str(ended(working, job_id).error) for rule, job_id in bad.items()}
    assert {rule: re.findall(r"Line (\d+): .*\[([\w-]+)\]", text) for rule, text in said.items()} == {
        rule: [("11", rule)] for rule in bad
    }
    error = ended(working, held).error
    assert error is not None and (error.code, error.param) == ("invalid_validation_file", "validation_file")
    assert error.message.endswith("Line 2: messages is an empty list [chat-messages]")
    assert {shape: (ended(working, job_id).status, ended(working, job_id).error) for shape, job_id in good.items()} == {
        shape: ("succeeded", None) for shape in SHAPES
    }


def test_prompts_for_reinforcement_are_refused(working: Served) -> None:
    rows = data(*[{"messages": [ASKED, ANSWERED, ASKED], "answer": "r"}] * 12)
    error = ended(working, create(working, "supervised", rows)).error
    assert error is not None and error.code == "invalid_training_file"
    assert "prompts for reinforcement" in error.message and "takes completion or chat examples" in error.message
    asked = {"model": "baseline", "training_file": working.upload(rows), "method": {"type": "reinforcement"}}
    answer = working.post("/v1/fine_tuning/jobs", asked)
    assert answer.status == 400 and "Reinforcement fine-tuning is not supported" in answer.error["message"]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.rule)
def test_the_look_at_a_file_says_the_same(tmp_path: Path, pair: Pair) -> None:
    path, method = tmp_path / "file", METHODS[pair.shape]
    path.write_bytes(data(pair.good, pair.good))
    found = inspect(path, role="validation", method=method)
    assert (found.shape, found.lines) == (pair.shape, 2)
    assert len(list(FileExamples(path, found.shape))) == found.examples
    path.write_bytes(data(pair.good, pair.bad))
    with pytest.raises(JobFault, match=rf"Line 2: .*\[{pair.rule}\]"):
        inspect(path, method=method)


@pytest.mark.parametrize("path", [path for name in NAMES for path in (ROOT / name).glob("input.jsonl")], ids=name_of)
def test_what_prepare_data_says_of_its_cases(path: Path) -> None:
    """Inputs of tests/cases with an error of a rule are refused, those without any error accepted."""
    try:
        report = prepare(path, check=True, processes=1)
    except DataError:  # JSON that is none, and the like
        return
    if report.shape == "completion" or report.conversion is not None:  # prepare_data makes of it what services take
        return
    found = {finding.id for finding in report.findings if finding.severity == "error"}
    try:
        inspect(path, role="validation", method="dpo" if report.shape == "preference" else "supervised")
    except JobFault as fault:
        named = set(re.findall(r"\[([a-z-]+)\](?:;|$| \(and)", fault.message))
        assert (named and named <= found) or report.shape == REINFORCEMENT, fault.message
    else:
        assert report.shape != REINFORCEMENT and not found & RULES.keys()


VALUES = st.sampled_from(
    [None, True, False, 0, 1, -1, 1.0, 0.5, 2**70, "", " ", "x", "user", "assistant", "{}", [], {}, [1], [{}], {"a": 1}]
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every list or object in a value, with a place in it."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from places(inner)


@st.composite
def spoilt(draw: Callable[..., Any]) -> tuple[Pair, dict[str, Any]]:
    """A row of the table, with a few values in it replaced, left out or added."""
    pair = draw(st.sampled_from(SMALL))
    row = copy.deepcopy(draw(st.sampled_from([each for each in pair[2:] if not isinstance(each, bytes)])))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(places(row)) or [(row, "")]))
        what = draw(st.sampled_from(["replace", "replace", "leave out", "add"]))
        if what == "replace":
            holder[key] = copy.deepcopy(draw(VALUES))
        elif what == "leave out":
            holder.pop(key, None) if isinstance(holder, dict) else holder.pop(key)
        elif isinstance(holder, dict):
            name = draw(
                st.sampled_from(["weight", "refusal", "tool_calls", "function_call", "name", "content", "role"])
            )
            holder[name] = copy.deepcopy(draw(VALUES))
    return pair, row


@given(spoilt())
def test_rules_and_service_agree_on_spoilt_rows(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    pair, row = drawn
    good = {"chat": chat(ASKED, ANSWERED)}.get(pair.shape, pair.good)
    path = tmp_path_factory.getbasetemp() / "spoilt"
    path.write_bytes(data(good, row))
    found = [fault.rule for fault in errors(row, pair.shape)]
    try:
        seen = inspect(path, role="validation", method=METHODS[pair.shape])
    except JobFault as fault:
        assert found, fault.message
    else:
        assert not found
        assert len(list(FileExamples(path, seen.shape))) == seen.examples
