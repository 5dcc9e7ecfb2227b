"""Fifty clients at once list, follow and complete while a job trains: no error, no event lost or told twice."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from openai import OpenAI

from fttool.service.host import daemon
from fttool.service.state import StateDir
from tests.service.trained import SENTIMENT

STEPS = 50 * len(SENTIMENT) // 3  # batches of 3 for 50 epochs: 1,000 events
FINISHED = ("succeeded", "failed", "cancelled")


class Caller:
    """One client: a connection that is kept, and answers that must be good."""

    def __init__(self, endpoint: daemon.Endpoint) -> None:
        parts = urlsplit(endpoint.base_url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=30)
        self._headers = {"Authorization": f"Bearer {endpoint.key}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        self._connection.request(method, f"/v1{path}", json.dumps(body) if body else None, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[daemon.Endpoint]:
    state = StateDir(tmp_path / "state")
    yield daemon.ensure_running(state)
    daemon.stop(state)


def lists(call: Caller, job_id: str, model: str) -> list[str]:
    """List jobs until the job has ended."""
    while call("GET", "/fine_tuning/jobs?limit=5")["data"][0]["status"] not in FINISHED:
        time.sleep(0.05)
    return []


def completes(call: Caller, job_id: str, model: str) -> list[str]:
    """Ask the model that is there already until the job has ended."""
    body = {"model": model, "prompt": "The meal was superb ->", "max_tokens": 1, "temperature": 0}
    while call("GET", f"/fine_tuning/jobs/{job_id}")["status"] not in FINISHED:
        assert call("POST", "/completions", body)["choices"][0]["text"] == " positive"
        time.sleep(0.05)
    return []


def follows(call: Caller, job_id: str, model: str) -> list[str]:
    """Follow the job as a client does that knows that pages come newest first. Returns the events, in order."""
    seen: list[str] = []
    ended = False
    while not ended:
        ended = call("GET", f"/fine_tuning/jobs/{job_id}")["status"] in FINISHED
        new: list[str] = []
        page: dict[str, Any] = {"has_more": True}
        known = set(seen[-1:])
        while page["has_more"] and not known & set(new):
            query = {"limit": 50} | ({"after": new[-1]} if new else {})
            page = call("GET", f"/fine_tuning/jobs/{job_id}/events?{urlencode(query)}")
            new += [event["id"] for event in page["data"]]
        fresh = new[: new.index(seen[-1])] if seen else new
        seen += reversed(fresh)
        time.sleep(0.1)
    return seen


def test_fifty_clients_at_once(endpoint: daemon.Endpoint, tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": example.prompt, "completion": example.completion}) for example in SENTIMENT]
    with OpenAI(base_url=endpoint.base_url, api_key=endpoint.key) as client:
        file = client.files.create(file=("train.jsonl", "\n".join(lines).encode()), purpose="fine-tune")
        first = client.fine_tuning.jobs.create(model="baseline", training_file=file.id)
        while (first := client.fine_tuning.jobs.retrieve(first.id)).status not in FINISHED:
            time.sleep(0.1)
        model = str(first.fine_tuned_model)
        method: Any = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 50, "batch_size": 3}}}
        job = client.fine_tuning.jobs.create(model="baseline", training_file=file.id, method=method)

    found: list[list[str]] = []
    failures: list[BaseException] = []

    def work(does: Callable[[Caller, str, str], list[str]]) -> None:
        call = Caller(endpoint)
        try:
            found.append(does(call, job.id, model))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test tells it
            failures.append(error)
        finally:
            call.close()

    threads = [threading.Thread(target=work, args=[(lists, follows, completes)[number % 3]]) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and len(found) == 50
    followed = [events for events in found if events]
    call = Caller(endpoint)
    events = call("GET", f"/fine_tuning/jobs/{job.id}/events?limit=1000")
    more = call(
        "GET", f"/fine_tuning/jobs/{job.id}/events?{urlencode({'limit': 1000, 'after': events['data'][-1]['id']})}"
    )
    call.close()
    told = list(reversed(events["data"] + more["data"]))
    steps = Counter(event["data"]["step"] for event in told if event["type"] == "metrics")
    assert steps == Counter(range(1, STEPS + 1))
    assert all(events == [event["id"] for event in told] for events in followed) and len(followed) == 17
