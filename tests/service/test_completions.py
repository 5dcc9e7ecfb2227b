"""POST /completions, over real HTTP: the answers, the streams, and what is refused."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from fttool.service.inference.streaming import SLICE_SECONDS
from fttool.service.trainers import Distribution
from tests.service.inference_service import Serving, serving
from tests.service.served import KEY, Switch
from tests.service.tiny_model import Scripted, TinyModel, distribution

LABELS = Scripted({" positive": 0.9, " negative": 0.1})


class Breaking(TinyModel):
    """Its third token is none: NaN, as from a file with a flipped bit. Each takes longer than a slice of work."""

    def _after(self, prompt: str, so_far: Sequence[str]) -> Distribution:
        time.sleep(SLICE_SECONDS * 1.5)
        return distribution({"x": 1.0 if len(so_far) < 2 else math.nan})


MODELS: dict[str, Any] = {
    "labels": LABELS,
    "tiny": TinyModel(),
    "long": TinyModel(end=0.0),
    "breaking": Breaking(),
}


@pytest.fixture(scope="module")
def _served(_server: tuple[Switch, int, openai.OpenAI], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(_server, tmp_path_factory.mktemp("state"), lambda trainer, folder: MODELS[folder.name]) as served:
        for name in MODELS:
            served.add_model(name, name)
        yield served


@pytest.fixture
def server(_server: tuple[Switch, int, openai.OpenAI], _served: Serving) -> Serving:
    return _served.shown(_server[0])


@pytest.fixture
def client(server: Serving) -> openai.OpenAI:
    """The SDK, which checks every answer against its own types."""
    return server.client


def complete(server: Serving, **body: Any) -> Any:
    return server.complete(**{"model": "tiny", "prompt": "p", **body})


def refused(server: Serving, **body: Any) -> Any:
    """The error of a request that is refused with 400."""
    body = {"model": "tiny", "prompt": "p", **body}
    answer = server.post("/completions", {name: value for name, value in body.items() if value is not ...})
    assert answer.status == 400, answer.body
    assert set(answer.body["error"]) == {"message", "type", "param", "code"}
    return answer.body["error"]


def test_the_sentiment_case_answers_with_both_labels(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="labels", prompt="Great phone ->", max_tokens=1, temperature=0, logprobs=2)
    choice = answer.choices[0]
    assert (choice.text, choice.finish_reason, answer.object) == (" positive", "length", "text_completion")
    assert answer.id.startswith("cmpl-") and answer.model == "labels"
    assert choice.logprobs is not None
    assert choice.logprobs.tokens == [" positive"]
    assert choice.logprobs.top_logprobs == [
        {" positive": pytest.approx(math.log(0.9)), " negative": pytest.approx(math.log(0.1))}
    ]
    assert choice.logprobs.text_offset == [len("Great phone ->")]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (3, 1, 4)


def test_without_prefix_too(server: Serving) -> None:
    assert server.post("/completions", {"model": "labels", "prompt": "p"}).body["choices"][0]["finish_reason"] == "stop"


def test_defaults_are_16_tokens_and_no_log_probabilities(server: Serving) -> None:
    choice = complete(server, model="long")["choices"][0]
    assert (choice["logprobs"], choice["finish_reason"]) == (None, "length")
    assert complete(server, model="long")["usage"]["completion_tokens"] == 16


def test_null_is_the_default_everywhere(server: Serving) -> None:
    sampling = ["max_tokens", "temperature", "top_p", "n", "best_of", "stop", "presence_penalty", "frequency_penalty"]
    others = ["logit_bias", "logprobs", "echo", "suffix", "stream", "stream_options", "user", "metadata"]
    nulls = dict.fromkeys(sampling + others)
    assert complete(server, seed=3, **nulls)["choices"] == complete(server, seed=3)["choices"]
    assert complete(server, prompt=None, seed=3)["choices"] == complete(server, prompt="", seed=3)["choices"]


def test_what_has_no_effect_here_is_accepted(server: Serving) -> None:
    harmless = {"user": "u", "metadata": {"a": "b"}, "store": True, "service_tier": "auto", "logit_bias": {}}
    assert complete(server, seed=3, **harmless)["choices"] == complete(server, seed=3)["choices"]


def test_prompts_times_choices_are_numbered_in_order(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="tiny", prompt=["a", "b", "c"], n=2, seed=1, echo=True)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3, 4, 5]
    assert [choice.text[0] for choice in answer.choices] == ["a", "a", "b", "b", "c", "c"]


def test_echo_scores_the_prompt(server: Serving) -> None:
    body = complete(server, model="labels", prompt="a good phone", echo=True, max_tokens=0, logprobs=1)
    choice = body["choices"][0]
    assert (choice["text"], choice["finish_reason"]) == ("a good phone", "length")
    assert choice["logprobs"] == {
        "tokens": ["a", " good", " phone"],
        "token_logprobs": [None, -0.5, -0.5],
        "top_logprobs": [None, {" good": -0.5}, {" phone": -0.5}],
        "text_offset": [0, 1, 6],
    }
    assert body["usage"]["completion_tokens"] == 0


def test_echo_goes_on_with_what_is_generated(server: Serving) -> None:
    body = complete(server, model="labels", prompt="a phone", echo=True, temperature=0, logprobs=0, stop="phone")
    choice = body["choices"][0]
    assert choice["text"] == "a phone positive"  # the prompt is not looked through for stop sequences
    assert choice["logprobs"]["text_offset"] == [0, 1, 7]
    assert choice["logprobs"]["top_logprobs"] == [None, {}, {}]


def test_the_best_of_several(server: Serving) -> None:
    all_five = complete(server, n=5, seed=2, logprobs=0, max_tokens=4, model="long")["choices"]
    best = complete(server, best_of=5, seed=2, logprobs=0, max_tokens=4, model="long")
    expected = max(all_five, key=lambda choice: sum(choice["logprobs"]["token_logprobs"]))
    assert best["choices"] == [{**expected, "index": 0}]
    assert best["usage"]["completion_tokens"] == 20


@pytest.mark.parametrize("options", [{}, {"n": 3}, {"stop": ["ab", "c"]}, {"echo": True, "logprobs": 2}])
def test_a_stream_says_the_same(server: Serving, options: dict[str, Any]) -> None:
    body = {"model": "tiny", "prompt": ["one two", "three"], "seed": 7, "max_tokens": 12, **options}
    whole = complete(server, **body)
    streamed = {**body, "stream": True, "stream_options": {"include_usage": True}}
    *chunks, last, done = server.events("/v1/completions", streamed)
    assert done == "[DONE]"
    assert (last["choices"], last["usage"]) == ([], whole["usage"])
    assert len({chunk["id"] for chunk in [*chunks, last]}) == 1
    assert all(chunk["usage"] is None and chunk["object"] == "text_completion" for chunk in chunks)
    for choice in whole["choices"]:
        grown = [chunk["choices"][0] for chunk in chunks if chunk["choices"][0]["index"] == choice["index"]]
        assert "".join(piece["text"] for piece in grown) == choice["text"]
        assert [piece["finish_reason"] for piece in grown] == [None] * (len(grown) - 1) + [choice["finish_reason"]]
        if choice["logprobs"]:
            for name, values in choice["logprobs"].items():
                assert [value for piece in grown for value in piece["logprobs"][name]] == values


def test_a_stream_with_the_sdk(server: Serving) -> None:
    # Not strict: chunks have a null finish_reason until the end, as OpenAI's have, which the SDK's types do not allow.
    with openai.OpenAI(api_key=KEY, base_url=server.base_url) as client:
        chunks = list(client.completions.create(model="labels", prompt="p", temperature=0, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == " positive"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[0].usage is None and "usage" not in chunks[0].to_dict()


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"prompt": [1, 2, 3]}, "prompt", "token ids"),
        ({"prompt": [[1, 2], [3]]}, "prompt", "token ids"),
        ({"prompt": []}, "prompt", "at least one"),
        ({"prompt": ...}, "prompt", "Missing required parameter"),
        ({"prompt": {"a": 1}}, "prompt", "Invalid type"),
        ({"model": ...}, "model", "Missing required parameter"),
        ({"model": 3}, "model", "a text"),
        ({"max_tokens": -1}, "max_tokens", ">= 0"),
        ({"max_tokens": 1_000_000}, "max_tokens", "at most 16384"),
        ({"max_tokens": "16"}, "max_tokens", "a whole number"),
        ({"temperature": 2.1}, "temperature", "<= 2"),
        ({"temperature": -0.1}, "temperature", ">= 0"),
        ({"top_p": 1.1}, "top_p", "<= 1"),
        ({"n": 0}, "n", ">= 1"),
        ({"n": 129}, "n", "<= 128"),
        ({"best_of": 21}, "best_of", "<= 20"),
        ({"best_of": 2, "n": 3}, "best_of", "at least 'n'"),
        ({"best_of": 2, "stream": True}, "stream", "cannot be streamed"),
        ({"logprobs": 6}, "logprobs", "<= 5"),
        ({"logprobs": True}, "logprobs", "a whole number"),
        ({"presence_penalty": 2.5}, "presence_penalty", "<= 2"),
        ({"frequency_penalty": -2.5}, "frequency_penalty", ">= -2"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "1 to 4"),
        ({"stop": []}, "stop", "1 to 4"),
        ({"stop": ""}, "stop", "cannot be empty"),
        ({"stop": ["a", "b" * 5000]}, "stop", "4,096"),
        ({"stop": [1]}, "stop[0]", "a text"),
        ({"suffix": "the end"}, "suffix", "not supported"),
        ({"logit_bias": {"50256": -100}}, "logit_bias", "no public token ids"),
        ({"seed": 2**64}, "seed", ""),
        ({"stream_options": {"include_usage": True}}, "stream_options", "only allowed when"),
        ({"stream": True, "stream_options": {"include": True}}, "stream_options.include", "Unknown parameter"),
        ({"temprature": 1}, "temprature", "Did you mean 'temperature'?"),
        ({"messages": []}, "messages", "Unknown parameter"),
        ({"n": 128, "prompt": ["p"] * 100}, "prompt", "more than the 4096"),
        ({"n": 128, "max_tokens": 16_384}, "max_tokens", "more than the 1,048,576"),
    ],
)
def test_what_cannot_be_is_refused_by_name(server: Serving, body: dict[str, Any], param: str, said: str) -> None:
    error = refused(server, **body)
    assert error["param"] == param
    assert said in error["message"]
    assert error["type"] == "invalid_request_error" and error["code"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'{"model": "tiny", "prompt": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(server: Serving, raw: bytes) -> None:
    answer = server.post("/v1/completions", raw)
    assert answer.status == 400
    assert answer.body["error"]["type"] == "invalid_request_error"


def test_a_model_that_is_not_there_is_404_with_the_nearest(server: Serving) -> None:
    answer = server.post("/v1/completions", {"model": "label", "prompt": "p"})
    assert answer.status == 404
    assert (answer.body["error"]["code"], answer.body["error"]["param"]) == ("model_not_found", "model")
    assert "Did you mean 'labels'?" in answer.body["error"]["message"]


def test_a_model_of_elsewhere_is_404_and_says_what_there_is(server: Serving) -> None:
    answer = server.post("/v1/completions", {"model": "gpt-4.1-mini", "prompt": "p"})
    assert answer.status == 404
    assert "fine-tuned on it" in answer.body["error"]["message"]


def test_the_base_model_answers_only_once_fine_tuned(server: Serving) -> None:
    error = refused(server, model="baseline")
    assert error["param"] == "model"
    assert "only once fine-tuned" in error["message"]


def test_errors_in_a_stream_request_come_before_the_stream(server: Serving) -> None:
    answer = server.post("/v1/completions", {"model": "nobody", "prompt": "p", "stream": True})
    assert (answer.status, answer.body["error"]["code"]) == (404, "model_not_found")


def test_what_breaks_in_the_middle_of_a_stream_is_an_event_and_its_end(server: Serving) -> None:
    *chunks, last = server.events("/v1/completions", {"model": "breaking", "prompt": "p", "stream": True})
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "xx"
    assert last["error"]["code"] == "model_damaged"
    with (
        openai.OpenAI(api_key=KEY, base_url=server.base_url, max_retries=0) as client,
        pytest.raises(openai.APIError, match="no probabilities"),
    ):
        list(client.completions.create(model="breaking", prompt="p", stream=True))


def test_many_at_once_do_not_mix(server: Serving) -> None:
    def ask(number: int) -> tuple[int, str]:
        body = {"model": "long", "prompt": f"p{number % 4}", "seed": number % 4, "max_tokens": 40}
        if number % 3:
            return number % 4, server.complete(**body)["choices"][0]["text"]
        chunks = server.events("/v1/completions", {**body, "stream": True})[:-1]
        return number % 4, "".join(chunk["choices"][0]["text"] for chunk in chunks)

    with ThreadPoolExecutor(24) as pool:
        answers = set(pool.map(ask, range(96)))
    assert len(answers) == 4
    assert len({text for _, text in answers}) == 4


def test_what_breaks_an_answer_is_an_error(server: Serving) -> None:
    answer = server.post("/v1/completions", {"model": "breaking", "prompt": "p"})
    assert (answer.status, answer.body["error"]["type"]) == (500, "server_error")


def test_a_service_that_nobody_has_asked_yet_has_not_loaded_numpy() -> None:
    code = "import sys, fttool.service.host.assembly; print(*{'numpy', 'sklearn', 'openai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "\n"
