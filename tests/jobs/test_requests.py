"""The request that creates a job: what each service gets, and what is refused before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.errors import UsageError
from fttool.jobs.hyperparameters import KNOWN, parse, plain
from fttool.jobs.requests import JobOptions, make_request, pairs
from fttool.jobs.services import SERVICES, named

#: OpenAI's own document; it is not part of this repository, so where it is not there, its checks are left out.
_DOCUMENT = Path(__file__).parents[3] / "shared" / "api" / "openapi.fine-tuning.json"

MODEL = "gpt-4o-mini"


def body(service: str = "openai", **options: Any) -> dict[str, Any]:
    request = make_request(JobOptions(**{"model": MODEL, **options}), named(service))
    return request.with_files("file-train", options.get("validation"))


def warnings(service: str = "openai", **options: Any) -> list[str]:
    return list(make_request(JobOptions(**{"model": MODEL, **options}), named(service)).warnings)


def fits_the_document(request: dict[str, Any]) -> bool:
    if not _DOCUMENT.exists():
        return True
    from jsonschema import Draft202012Validator

    document = json.loads(_DOCUMENT.read_bytes())
    schema = {**document, "$ref": "#/components/schemas/CreateFineTuningJobRequest"}
    errors = [f"{list(error.path)}: {error.message}" for error in Draft202012Validator(schema).iter_errors(request)]
    assert not errors, errors
    return True


def test_what_is_not_given_is_not_sent() -> None:
    assert body() == {"model": MODEL, "training_file": "file-train"}


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"suffix": "people", "seed": 0}, {"suffix": "people", "seed": 0}),
    (
        {"hyperparameters": {"n_epochs": "4", "batch_size": "auto", "learning_rate_multiplier": "1.5", "beta": None}},
        {
            "method": {
                "type": "supervised",
                "supervised": {
                    "hyperparameters": {"n_epochs": 4, "batch_size": "auto", "learning_rate_multiplier": 1.5}
                },
            }
        },
    ),
    ({"method": "supervised"}, {"method": {"type": "supervised"}}),
    (
        {"method": "dpo", "hyperparameters": {"beta": "0.1", "n_epochs": "2"}},
        {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1, "n_epochs": 2}}}},
    ),
    (
        {
            "method": "reinforcement",
            "method_json": {
                "grader": {
                    "type": "string_check",
                    "name": "same",
                    "input": "{{sample.output_text}}",
                    "reference": "{{item.answer}}",
                    "operation": "eq",
                },
                "hyperparameters": {"eval_interval": 3, "n_epochs": 9},
            },
            "hyperparameters": {"reasoning_effort": "low", "eval_samples": "5", "n_epochs": "1"},
        },
        {
            "method": {
                "type": "reinforcement",
                "reinforcement": {
                    "hyperparameters": {
                        "eval_interval": 3,
                        "n_epochs": 1,
                        "reasoning_effort": "low",
                        "eval_samples": 5,
                    },
                    "grader": {
                        "type": "string_check",
                        "name": "same",
                        "input": "{{sample.output_text}}",
                        "reference": "{{item.answer}}",
                        "operation": "eq",
                    },
                },
            }
        },
    ),
    (
        {"method_json": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 1}}}},
        {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 1}}}},
    ),
    ({"metadata": {"team": "data", "run": ""}}, {"metadata": {"team": "data", "run": ""}}),
    (
        {"integrations": ["wandb:people", "wandb:people:first:me", "wandb:people::me"]},
        {
            "integrations": [
                {"type": "wandb", "wandb": {"project": "people"}},
                {"type": "wandb", "wandb": {"project": "people", "name": "first", "entity": "me"}},
                {"type": "wandb", "wandb": {"project": "people", "entity": "me"}},
            ]
        },
    ),
]


@pytest.mark.parametrize(("options", "expected"), CASES)
def test_the_request_for_openai(options: dict[str, Any], expected: dict[str, Any]) -> None:
    request = body(**options)
    assert request == {"model": MODEL, "training_file": "file-train", **expected}
    assert fits_the_document(request)
    assert warnings(**options) == []


def test_a_validation_file() -> None:
    request = make_request(JobOptions(model=MODEL), named("openai")).with_files("file-1", "file-2")
    assert request == {"model": MODEL, "training_file": "file-1", "validation_file": "file-2"}
    assert fits_the_document(request)


def test_services_with_the_older_form_get_it() -> None:
    assert body("generic") == {"model": MODEL, "training_file": "file-train"}
    request = body("generic", hyperparameters={"n_epochs": "4"})
    assert request == {"model": MODEL, "training_file": "file-train", "hyperparameters": {"n_epochs": 4}}
    assert body("generic", method="supervised", hyperparameters={"n_epochs": "4"}) == request
    assert fits_the_document(request)
    assert body("generic", method="dpo")["method"] == {"type": "dpo"}


def test_what_only_one_service_has() -> None:
    request = body("azure", extra={"trainingType": "globalstandard"})
    assert request["trainingType"] == "globalstandard"
    assert warnings("azure", extra={"trainingType": "globalstandard"}) == []
    assert "trainingType" in warnings("openai", extra={"trainingType": "globalstandard"})[0]
    request = body("nebius", hyperparameters={"n_epochs": "100"}, extra_hyperparameters={"lora": "true", "lora_r": "8"})
    assert request["hyperparameters"] == {"n_epochs": 100, "lora": True, "lora_r": 8}
    assert "`lora`" in warnings("openai", extra_hyperparameters={"lora": "true"})[0]


def test_legacy_options_are_warned_of() -> None:
    legacy = {"prompt_loss_weight": 0.1}
    assert body(legacy=legacy) == body()
    (told,) = warnings(legacy=legacy)
    assert "--prompt_loss_weight (services learn from the completion alone)" in told
    assert warnings(legacy={"prompt_loss_weight": None}) == []


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("openai", {"suffix": ""}, "1 to 64 characters, not 0"),
    ("openai", {"suffix": "x" * 65}, "not 65"),
    ("azure", {"suffix": "x" * 41}, "1 to 40"),
    ("azure", {"suffix": "a b"}, "no suffix like `a b`"),
    ("openai", {"suffix": "a\nb"}, "no suffix"),
    ("openai", {"seed": -1}, "--seed"),
    ("openai", {"seed": 2**31}, "--seed"),
    ("openai", {"method": "magic"}, "supervised, dpo or reinforcement"),
    ("local", {"method": "reinforcement"}, "does not train with `reinforcement`"),
    ("openai", {"method": "reinforcement"}, "needs a grader"),
    ("openai", {"method": "dpo", "method_json": {"type": "supervised"}}, "`dpo`.*`supervised`"),
    ("openai", {"hyperparameters": {"beta": "0.1"}}, "--beta goes with `--method dpo`"),
    ("openai", {"method": "dpo", "hyperparameters": {"eval_samples": "3"}}, "--eval_samples goes with"),
    ("openai", {"integrations": ["wandb"]}, "wandb:PROJECT"),
    ("openai", {"integrations": ["wandb:a:b:c:d"]}, "wandb:PROJECT"),
    ("openai", {"integrations": ["mlflow:x"]}, "no integration `mlflow`"),
    ("openai", {"integrations": ["wandb:x"] * 6}, "at most 5"),
    ("openai", {"metadata": {str(n): "" for n in range(17)}}, "at most 16"),
    ("openai", {"metadata": {"k" * 65: ""}}, "65 characters"),
    ("openai", {"metadata": {"k": "v" * 513}}, "513 characters"),
    *(
        ("openai", {"method": method, "hyperparameters": {name: text}}, f"--{name} takes")
        for method, name, text in [
            ("supervised", "n_epochs", "0"),
            ("supervised", "n_epochs", "51"),
            ("supervised", "n_epochs", "1.5"),
            ("supervised", "n_epochs", "many"),
            ("supervised", "batch_size", "257"),
            ("supervised", "learning_rate_multiplier", "0"),
            ("supervised", "learning_rate_multiplier", "-1"),
            ("supervised", "learning_rate_multiplier", "nan"),
            ("supervised", "learning_rate_multiplier", "inf"),
            ("dpo", "beta", "0"),
            ("dpo", "beta", "2.1"),
            ("reinforcement", "compute_multiplier", "0.00001"),
            ("reinforcement", "compute_multiplier", "11"),
            ("reinforcement", "eval_interval", "0"),
            ("reinforcement", "reasoning_effort", "auto"),
        ]
    ),
]


@pytest.mark.parametrize(("service", "options", "message"), REFUSED)
def test_what_would_be_refused_is_refused_here(service: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        body(service, **options)


@given(
    st.sampled_from(sorted(KNOWN)),
    st.one_of(st.integers(-5, 300).map(str), st.floats(-1, 20).map(str), st.just("auto")),
    st.sampled_from(["supervised", "dpo", "reinforcement"]),
)
def test_what_is_let_through_fits_the_document(name: str, text: str, method: str) -> None:
    try:
        values = parse({name: text}, method, strict=True)
    except UsageError:
        return
    inner: dict[str, Any] = {"hyperparameters": values}
    if method == "reinforcement":
        check = {"type": "string_check", "name": "x", "input": "a", "reference": "b", "operation": "eq"}
        inner["grader"] = check
    request = {"model": MODEL, "training_file": "file-1", "method": {"type": method, method: inner}}
    assert fits_the_document(request)


def test_pairs() -> None:
    assert pairs(["a=b", "c=", "d=e=f"], "--metadata") == {"a": "b", "c": "", "d": "e=f"}
    for wrong in (["a"], ["=b"], ["a=b", "a=c"]):
        with pytest.raises(UsageError, match="--metadata"):
            pairs(wrong, "--metadata")
    assert [plain(text) for text in ("1", "1.5", "true", "x", "nan", "1e999")] == [1, 1.5, True, "x", "nan", "1e999"]


def test_every_service_takes_a_plain_request() -> None:
    for name in SERVICES:
        assert fits_the_document(body(name, hyperparameters={"n_epochs": "3"}, suffix="people", seed=1))


def test_a_file_with_a_grader_alone_is_a_method() -> None:
    grader = {"type": "string_check", "name": "g", "operation": "eq", "input": "{{ sample.output_text }}"}
    made = make_request(
        JobOptions(model="o4-mini-2025-04-16", method="reinforcement", method_json=grader), SERVICES["openai"]
    )
    assert made.body["method"] == {"type": "reinforcement", "reinforcement": {"grader": grader}}
