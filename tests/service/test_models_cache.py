"""Models in memory: loaded once, forgotten in time, and what happens when their files are damaged."""

from __future__ import annotations

import gc
import http.client
import json
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from fttool.service.inference.models_cache import ModelCache
from fttool.service.records import ModelRow
from fttool.service.refusals import Refusal
from fttool.service.state import StateDir
from tests.service.inference_service import Serving, serving
from tests.service.served import KEY, Switch
from tests.service.tiny_model import TinyModel


class Loads:
    """Loads models of the size their folder has; keeps a list of what was loaded."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.folders: list[str] = []

    def __call__(self, trainer: str, folder: Path) -> Any:
        self.folders.append(folder.name)
        time.sleep(self.seconds)
        (folder / "weights").stat()  # as any trainer would find out
        return TinyModel()


def row(name: str) -> ModelRow:
    return ModelRow(f"ft:{name}", 0, "local", None, "baseline", "baseline", name)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    state = StateDir(tmp_path)
    state.make()
    for name in "abcdef":
        (state.models / name).mkdir()
        (state.models / name / "weights").write_bytes(b"x" * 100)
    return state


def test_a_model_is_loaded_once(state: StateDir) -> None:
    loads = Loads()
    cache = ModelCache(state, load=loads)
    assert cache.get(row("a")) is cache.get(row("a"))
    assert loads.folders == ["a"]


def test_many_that_ask_at_once_share_one_load(state: StateDir) -> None:
    loads = Loads(0.05)
    cache = ModelCache(state, load=loads)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: cache.get(row("a")), range(16)))
    assert len({id(model) for model in found}) == 1
    assert loads.folders == ["a"]


def test_one_slow_load_does_not_keep_other_models_waiting(state: StateDir) -> None:
    release = threading.Event()

    def load(trainer: str, folder: Path) -> Any:
        if folder.name == "a":
            assert release.wait(10)
        return TinyModel()

    cache = ModelCache(state, load=load)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(cache.get, row("a"))
        assert cache.get(row("b")) is cache.get(row("b"))
        assert not slow.done()
        release.set()
        assert slow.result(10) is cache.get(row("a"))


def test_the_one_used_least_lately_goes_first(state: StateDir) -> None:
    loads = Loads()
    cache = ModelCache(state, most_models=2, load=loads)
    for name in ["a", "b", "a", "c", "a", "b"]:
        cache.get(row(name))
    assert loads.folders == ["a", "b", "c", "b"]


def test_their_files_together_are_bounded(state: StateDir) -> None:
    loads = Loads()
    cache = ModelCache(state, most_bytes=250, load=loads)
    for name in ["a", "b", "c", "b", "c", "a"]:
        cache.get(row(name))
    assert loads.folders == ["a", "b", "c", "a"]


def test_a_model_larger_than_the_bound_answers_too(state: StateDir) -> None:
    cache = ModelCache(state, most_bytes=10, load=(loads := Loads()))
    cache.get(row("a"))
    cache.get(row("a"))
    assert loads.folders == ["a"]


def test_a_model_that_goes_leaves_the_memory(state: StateDir) -> None:
    cache = ModelCache(state, most_models=1, load=Loads())
    gone = weakref.ref(cache.get(row("a")))
    cache.get(row("b"))
    gc.collect()
    assert gone() is None


def test_a_deleted_model_is_forgotten(state: StateDir) -> None:
    cache = ModelCache(state, load=(loads := Loads()))
    cache.get(row("a"))
    cache.forget("ft:a")
    cache.forget("ft:never-there")
    assert cache.peek(row("a")) is None
    cache.get(row("a"))
    assert loads.folders == ["a", "a"]


@pytest.mark.parametrize("problem", [ValueError("bad header"), KeyError("weights"), OSError("gone"), EOFError()])
def test_damaged_files_are_an_error_of_the_service_each_time(state: StateDir, problem: Exception) -> None:
    calls = []

    def load(trainer: str, folder: Path) -> Any:
        calls.append(folder)
        raise problem

    cache = ModelCache(state, load=load)
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            cache.get(row("a"))
        assert (caught.value.status, caught.value.code) == (500, "model_damaged")
        assert "ft:a" in caught.value.message
    assert len(calls) == 2  # not remembered: the files may be mended


def test_a_folder_that_leads_elsewhere_is_not_looked_at(state: StateDir) -> None:
    cache = ModelCache(state, load=(loads := Loads()))
    with pytest.raises(Refusal):
        cache.get(ModelRow("ft:x", 0, "local", None, "baseline", "baseline", "../../etc"))
    assert loads.folders == []


def test_what_fails_to_load_for_one_fails_for_all_who_wait_and_blocks_no_one(state: StateDir) -> None:
    def load(trainer: str, folder: Path) -> Any:
        time.sleep(0.02)
        raise ValueError("no")

    cache = ModelCache(state, load=load)

    def ask(_: int) -> int:
        with pytest.raises(Refusal):
            cache.get(row("a"))
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(4))) == 4


# --- over HTTP --------------------------------------------------------------------------------------------------------


class Slow(TinyModel):
    """Takes its time over each token, and says how many it was asked for."""

    def __init__(self) -> None:
        super().__init__(end=0.0)
        self.asked = 0

    def _after(self, prompt: str, so_far: Any) -> Any:
        self.asked += 1
        time.sleep(0.002)
        return super()._after(prompt, so_far)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def server(_server: tuple[Switch, int, OpenAI], tmp_path: Path, slow: Slow) -> Iterator[Serving]:
    def load(trainer: str, folder: Path) -> Any:
        if folder.name == "damaged":
            raise ValueError("not the bytes that were written")
        if folder.name == "going":
            running.service.store.delete_model("going")
            raise FileNotFoundError(folder)
        return slow if folder.name == "slow" else TinyModel()

    with serving(_server, tmp_path, load) as running:
        for name in ("good", "damaged", "slow"):
            running.add_model(name, name)
        yield running


def test_a_damaged_model_is_500_and_the_others_answer(server: Serving) -> None:
    answer = server.post("/v1/completions", {"model": "damaged", "prompt": "p"})
    assert (answer.status, answer.body["error"]["code"]) == (500, "model_damaged")
    assert "not the bytes" not in answer.body["error"]["message"]
    assert server.post("/v1/completions", {"model": "good", "prompt": "p"}).status == 200


def test_a_deleted_model_is_gone_at_once(server: Serving) -> None:
    assert server.post("/v1/completions", {"model": "good", "prompt": "p"}).status == 200
    assert server.delete("/v1/models/good").status == 200
    assert server.post("/v1/completions", {"model": "good", "prompt": "p"}).status == 404


def test_a_model_deleted_while_it_is_loaded_is_gone_and_not_damaged(server: Serving) -> None:
    server.add_model("going", "going")
    answer = server.post("/v1/completions", {"model": "going", "prompt": "x"})
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_the_work(server: Serving, slow: Slow, stream: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    body = {"model": "slow", "prompt": "p", "max_tokens": 10_000, "stream": stream}
    connection.request("POST", "/v1/completions", json.dumps(body), {"Authorization": f"Bearer {KEY}"})
    deadline = time.monotonic() + 10
    while slow.asked < 20 and time.monotonic() < deadline:
        time.sleep(0.005)
    connection.close()
    time.sleep(0.15)
    asked = slow.asked
    time.sleep(0.15)
    assert 20 <= asked == slow.asked


def test_a_long_answer_does_not_keep_a_short_one_waiting(server: Serving) -> None:
    assert server.post("/v1/completions", {"model": "good", "prompt": "p"}).status == 200
    long = {"model": "slow", "prompt": "p", "max_tokens": 200}  # 6 of them: a second on two threads
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(server.post, "/v1/completions", long) for _ in range(6)]
        time.sleep(0.1)
        began = time.monotonic()
        assert server.post("/v1/completions", {"model": "good", "prompt": "p", "max_tokens": 4}).status == 200
        took = time.monotonic() - began
        assert not any(answer.done() for answer in answers)
        assert all(answer.result(30).status == 200 for answer in answers)
    assert took < 0.4
