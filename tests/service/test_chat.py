"""POST /chat/completions, over real HTTP: the answers, the streams, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.service.inference_service import Serving, serving
from tests.service.served import Switch
from tests.service.tiny_model import Scripted, TinyModel

MODELS: dict[str, Any] = {
    "labels": Scripted({"positive": 0.9, "negative": 0.1}),
    "tiny": TinyModel(),
    "long": TinyModel(end=0.0),
}
QUESTION = [{"role": "user", "content": "How is it?"}]


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


def chat(server: Serving, **body: Any) -> Any:
    return server.chat(**{"model": "tiny", "messages": QUESTION, **body})


def test_an_answer_with_log_probabilities(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="labels", messages=QUESTION, temperature=0, logprobs=True, top_logprobs=2
    )
    choice = answer.choices[0]
    assert answer.id.startswith("chatcmpl-") and answer.object == "chat.completion"
    assert (choice.message.role, choice.message.content, choice.message.refusal) == ("assistant", "positive", None)
    assert choice.finish_reason == "stop"
    assert choice.logprobs is not None and choice.logprobs.content is not None
    token = choice.logprobs.content[0]
    assert (token.token, token.logprob, token.bytes) == (
        "positive",
        pytest.approx(math.log(0.9)),
        list(b"positive"),
    )
    assert [best.token for best in token.top_logprobs] == ["positive", "negative"]
    assert answer.usage is not None and answer.usage.completion_tokens_details is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 1)


def test_the_keys_that_openai_requires_are_there(server: Serving) -> None:
    choice = chat(server)["choices"][0]
    assert set(choice) == {"index", "message", "logprobs", "finish_reason"}
    assert choice["logprobs"] is None
    assert {"role", "content", "refusal"} <= set(choice["message"])


def test_the_model_sees_the_chat_as_in_training(server: Serving) -> None:
    """A lone question is its text; more is one line each, as (so the tokens count) `service.render` has it."""
    assert chat(server)["usage"]["prompt_tokens"] == 3
    longer = [{"role": "system", "content": "Be brief."}, *QUESTION]
    rendered = "system: Be brief.\nuser: How is it?"
    assert chat(server, messages=longer)["usage"]["prompt_tokens"] == len(rendered.split())


def test_content_in_parts_is_its_text(server: Serving) -> None:
    parts = [{"type": "text", "text": "How "}, {"type": "text", "text": "is it?"}]
    in_parts = chat(server, messages=[{"role": "user", "content": parts}], seed=4)
    assert in_parts["choices"] == chat(server, seed=4)["choices"]


def test_an_answer_can_be_sent_back_as_it_came(client: openai.OpenAI, server: Serving) -> None:
    answer = client.chat.completions.create(model="tiny", messages=QUESTION)
    back = answer.choices[0].message.to_dict()
    assert chat(server, messages=[*QUESTION, back, {"role": "user", "content": "And?"}])["choices"]


def test_an_earlier_call_of_a_tool_is_part_of_the_prompt(server: Serving) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"in": "Rome"}'}}
    messages = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]
    text = 'user: How is it?\nassistant: weather({"in": "Rome"})\ntool: sunny'
    assert chat(server, messages=messages)["usage"]["prompt_tokens"] == len(text.split())


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_length_may_be_bounded_by_either_name(server: Serving, name: str) -> None:
    body = chat(server, model="long", **{name: 3})
    assert (body["usage"]["completion_tokens"], body["choices"][0]["finish_reason"]) == (3, "length")


def test_several_choices_and_stop_sequences(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="long", messages=QUESTION, n=4, seed=9, stop=["a"], max_tokens=30)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert all("a" not in (choice.message.content or "") for choice in answer.choices)
    assert {choice.finish_reason for choice in answer.choices} == {"stop"}
    again = client.chat.completions.create(model="long", messages=QUESTION, n=4, seed=9, stop=["a"], max_tokens=30)
    assert [choice.message.content for choice in again.choices] == [choice.message.content for choice in answer.choices]


@pytest.mark.parametrize("options", [{}, {"n": 3}, {"stop": ["ab", "c"]}, {"logprobs": True, "top_logprobs": 2}])
def test_a_stream_says_the_same(client: openai.OpenAI, server: Serving, options: dict[str, Any]) -> None:
    body = {"model": "tiny", "messages": QUESTION, "seed": 7, "max_tokens": 12, **options}
    whole = chat(server, **body)
    stream = client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True})
    *chunks, last = [chunk.to_dict() for chunk in stream]
    assert (last["choices"], last["usage"]) == ([], whole["usage"])
    assert len({chunk["id"] for chunk in [*chunks, last]}) == 1  # type: ignore[arg-type]
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)
    for choice in whole["choices"]:
        grown: list[Any] = [chunk["choices"][0] for chunk in chunks if chunk["choices"][0]["index"] == choice["index"]]
        assert grown[0]["delta"]["role"] == "assistant"
        assert all("role" not in piece["delta"] for piece in grown[1:])
        assert "".join(piece["delta"].get("content", "") for piece in grown) == choice["message"]["content"]
        assert [piece["finish_reason"] for piece in grown] == [None] * (len(grown) - 1) + [choice["finish_reason"]]
        if choice["logprobs"]:
            tokens = [token for piece in grown if piece["logprobs"] for token in piece["logprobs"]["content"]]
            assert tokens == choice["logprobs"]["content"]


def test_a_stream_as_it_goes_over_the_wire(server: Serving) -> None:
    body = {"model": "labels", "messages": QUESTION, "temperature": 0, "stream": True}
    first, second, third, done = server.events("/v1/chat/completions", body)
    assert [first["choices"][0]["delta"], second["choices"][0]["delta"], third["choices"][0]["delta"]] == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "positive"},
        {},
    ]
    assert (third["choices"][0]["finish_reason"], done) == ("stop", "[DONE]")
    assert "usage" not in third


def test_harmless_parameters_are_accepted(server: Serving) -> None:
    harmless = {
        "user": "u",
        "metadata": {"a": "b"},
        "store": False,
        "service_tier": "auto",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "parallel_tool_calls": True,
        "modalities": ["text"],
        "response_format": {"type": "text"},
        "reasoning_effort": "low",
        "verbosity": "low",
        "logit_bias": None,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "none",
        "functions": [],
    }
    assert chat(server, seed=3, **harmless)["choices"] == chat(server, seed=3)["choices"]


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"messages": []}, "messages", "length >= 1"),
        ({"messages": "hi"}, "messages", "a list"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "robot", "content": "b"}]}, "messages[1].role", ""),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "Missing"),
        ({"messages": [{"content": "a"}]}, "messages[0].role", "Missing"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content", "a text or a list"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages[0].content[0]",
            "text only",
        ),
        ({"messages": [{"role": "assistant", "content": None}]}, "messages[0].content", "Missing"),
        ({"max_tokens": 1, "max_completion_tokens": 1}, "max_tokens", "cannot both be set"),
        ({"max_tokens": 0}, "max_tokens", ">= 1"),
        ({"max_completion_tokens": 100_000}, "max_completion_tokens", "at most 16384"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "<= 20"),
        ({"top_logprobs": 2}, "top_logprobs", "needs 'logprobs'"),
        ({"logprobs": 2}, "logprobs", "true or false"),
        ({"response_format": {"type": "json_object"}}, "response_format", "only 'text'"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format", "only 'text'"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools", "no tools"),
        ({"functions": [{"name": "f"}]}, "functions", "no functions"),
        ({"modalities": ["text", "audio"]}, "modalities", "text only"),
        ({"audio": {"voice": "x", "format": "wav"}}, "audio", "text only"),
        ({"web_search_options": {}}, "web_search_options", "not supported"),
        ({"n": 129}, "n", "<= 128"),
        ({"temperature": 3}, "temperature", "<= 2"),
        ({"prompt": "p"}, "prompt", "Unknown parameter"),
        ({"max_token": 5}, "max_token", "Did you mean 'max_tokens'?"),
    ],
)
def test_what_cannot_be_is_refused_by_name(server: Serving, body: dict[str, Any], param: str, said: str) -> None:
    answer = server.post("/chat/completions", {"model": "tiny", "messages": QUESTION, **body})
    assert answer.status == 400, answer.body
    assert answer.body["error"]["param"] == param
    assert said in answer.body["error"]["message"]


def test_an_unknown_model_is_404(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4.1", messages=QUESTION)
    assert caught.value.code == "model_not_found"
