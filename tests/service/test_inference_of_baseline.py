"""What the real trainer's models answer, over HTTP: the journey's last step but one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import OpenAI

from fttool.service.trainers import get_trainer
from tests.service.inference_service import Serving, serving
from tests.service.served import Switch
from tests.service.trained import QUESTIONS, SENTIMENT, train


@pytest.fixture(scope="module")
def sentiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(SENTIMENT, tmp_path_factory.mktemp("sentiment"))


@pytest.fixture
def server(_server: tuple[Switch, int, OpenAI], tmp_path: Path, sentiment: Path) -> Iterator[Serving]:
    with serving(_server, tmp_path, lambda trainer, folder: get_trainer(trainer).load(sentiment)) as served:
        served.add_model("ft:baseline:local:mood:abcdefgh", "mood")
        yield served


MOOD = "ft:baseline:local:mood:abcdefgh"


def test_the_sentiment_case(server: Serving) -> None:
    prompt = "The garden was superb ->"
    body = server.complete(model=MOOD, prompt=prompt, max_tokens=1, temperature=0, logprobs=2)
    choice = body["choices"][0]
    assert (choice["text"], choice["finish_reason"]) == (" positive", "length")
    [both] = choice["logprobs"]["top_logprobs"]
    assert set(both) == {" positive", " negative"}
    assert sum(math.exp(logprob) for logprob in both.values()) == pytest.approx(1, abs=1e-3)
    assert both[" positive"] > both[" negative"]
    assert choice["logprobs"]["text_offset"] == [len(prompt)]


def test_without_a_bound_the_label_is_all(server: Serving) -> None:
    choice = server.complete(model=MOOD, prompt="The garden was ugly ->", temperature=0)["choices"][0]
    assert (choice["text"], choice["finish_reason"]) == (" negative", "stop")


def test_a_chat_with_a_model_trained_on_prompts(server: Serving) -> None:
    answer = server.client.chat.completions.create(
        model=MOOD,
        messages=[{"role": "user", "content": "The garden was superb ->"}],
        temperature=0,
        logprobs=True,
        top_logprobs=2,
    )
    choice = answer.choices[0]
    assert choice.message.content == " positive"
    assert choice.logprobs is not None and choice.logprobs.content is not None
    assert {top.token for top in choice.logprobs.content[0].top_logprobs} == {" positive", " negative"}


def test_scoring_given_labels_tells_the_likelier(server: Serving) -> None:
    """As evaluation harnesses do: the answer is part of the prompt, nothing is generated."""
    prompts = [f"The garden was superb ->{label}" for label in (" positive", " negative")]
    body = server.complete(model=MOOD, prompt=prompts, max_tokens=0, echo=True, logprobs=1)
    positive, negative = (choice["logprobs"] for choice in body["choices"])
    assert (positive["tokens"][-1], negative["tokens"][-1]) == (" positive", " negative")
    assert positive["token_logprobs"][-1] > negative["token_logprobs"][-1]
    asked = server.complete(model=MOOD, prompt="The garden was superb ->", max_tokens=1, temperature=0, logprobs=1)
    assert asked["choices"][0]["logprobs"]["token_logprobs"][0] == pytest.approx(positive["token_logprobs"][-1])
    assert "".join(positive["tokens"]) == prompts[0]


def test_a_stop_sequence_within_the_label(server: Serving) -> None:
    body = server.complete(model=MOOD, prompt="The garden was superb ->", temperature=0, stop="it", logprobs=1)
    choice = body["choices"][0]
    assert (choice["text"], choice["finish_reason"]) == (" pos", "stop")
    assert choice["logprobs"]["tokens"] == [" positive"]


def test_damaged_files_are_500(server: Serving, sentiment: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in sentiment.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    server.service.models.forget(MOOD)
    server.service.models._load = lambda trainer, folder: get_trainer(trainer).load(damaged)
    answer = server.post("/v1/completions", {"model": MOOD, "prompt": "p"})
    assert (answer.status, answer.body["error"]["code"]) == (500, "model_damaged")


# --- free text --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(QUESTIONS, tmp_path_factory.mktemp("questions"))


@pytest.fixture
def free(_server: tuple[Switch, int, OpenAI], tmp_path: Path, questions: Path) -> Iterator[Serving]:
    with serving(_server, tmp_path, lambda trainer, folder: get_trainer(trainer).load(questions)) as served:
        served.add_model("ft:free", "free")
        yield served


def test_free_text_goes_on_to_its_end(free: Serving) -> None:
    body = free.complete(model="ft:free", prompt="Where is the clock?", max_tokens=60, temperature=0)
    choice = body["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["text"].startswith("The clock is in the ") and choice["text"].endswith(".")
    assert body["usage"]["completion_tokens"] > 5


def test_drawn_at_the_usual_temperature_an_answer_is_one_of_the_examples(free: Serving) -> None:
    body = free.complete(model="ft:free", prompt="And where is the old clock?", max_tokens=60, n=20, seed=1)
    answers = [choice["text"] for choice in body["choices"]]
    assert sum(answer in {example.completion for example in QUESTIONS} for answer in answers) >= 18


@given(seed=st.integers(0, 10_000), stop=st.sampled_from(["room", " t", "e", ", next", "."]))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_free_text_streams_what_it_says_whole(free: Serving, seed: int, stop: str) -> None:
    body = {"model": "ft:free", "prompt": "Where is the lamp?", "seed": seed, "stop": stop, "logprobs": 3}
    choice = free.complete(**body)["choices"][0]
    grown = [event["choices"][0] for event in free.events("/v1/completions", {**body, "stream": True})[:-1]]
    assert "".join(piece["text"] for piece in grown) == choice["text"]
    assert stop not in choice["text"]
    assert grown[-1]["finish_reason"] == choice["finish_reason"]
    assert [token for piece in grown for token in piece["logprobs"]["tokens"]] == choice["logprobs"]["tokens"]
    assert all(-9999 <= logprob <= 0 for logprob in choice["logprobs"]["token_logprobs"])


def test_a_chat_with_a_model_of_free_text(free: Serving) -> None:
    body = free.chat(model="ft:free", messages=[{"role": "user", "content": "Where is the book?"}], temperature=0)
    assert body["choices"][0]["message"]["content"].startswith("The book is in the ")
