"""POST /fine_tuning/jobs: what is asked for is what is stored and answered; every bad field is named."""

from __future__ import annotations

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, RateLimitError

from fttool.service.api.service import Limits
from fttool.service.records import ModelRow
from tests.service.served import Served
from tests.service.test_jobs_api import messages

AUTO = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}


def test_a_job_is_what_was_asked_for(served: Served) -> None:
    training, validation = served.upload(), served.upload(name="valid.jsonl")
    integrations = [{"type": "wandb", "wandb": {"project": "p", "tags": ["t"]}}]
    hyperparameters = {"n_epochs": 3, "batch_size": 256, "learning_rate_multiplier": 0.1}
    job = served.client.fine_tuning.jobs.create(
        model="baseline",
        training_file=training,
        validation_file=validation,
        method={"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
        suffix="my-model",
        seed=0,
        integrations=integrations,
        metadata={"team": "a", "": ""},
    )
    assert job.id.startswith("ftjob-") and len(job.id) == 30
    assert job.to_dict() == {
        "object": "fine_tuning.job",
        "id": job.id,
        "model": "baseline",
        "created_at": job.created_at,
        "finished_at": None,
        "fine_tuned_model": None,
        "organization_id": "local",
        "result_files": [],
        "status": "validating_files",
        "validation_file": validation,
        "training_file": training,
        "hyperparameters": hyperparameters,
        "trained_tokens": None,
        "error": None,
        "user_provided_suffix": "my-model",
        "seed": 0,
        "estimated_finish": None,
        "integrations": integrations,
        "metadata": {"team": "a", "": ""},
        "usage_metrics": None,
        "shared_with_openai": False,
        "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
    }
    assert served.client.fine_tuning.jobs.retrieve(job.id) == job
    assert messages(served, job.id) == [f"Created fine-tuning job: {job.id}"]


def test_what_is_left_open_is_auto_and_a_seed_is_drawn(served: Served) -> None:
    one, other = (served.get(f"/v1/fine_tuning/jobs/{served.job().id}").body for _ in range(2))
    assert one["hyperparameters"] == AUTO
    assert one["method"] == {"type": "supervised", "supervised": {"hyperparameters": AUTO}}
    assert one["seed"] != other["seed"] and 0 <= one["seed"] < 2**31
    assert (one["integrations"], one["metadata"], one["user_provided_suffix"]) == ([], None, None)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ({"hyperparameters": {"n_epochs": 2}}, {"type": "supervised", **AUTO, "n_epochs": 2}),
        ({"hyperparameters": {"n_epochs": None}}, {"type": "supervised", **AUTO}),
        (
            {"method": {"type": "supervised"}, "hyperparameters": {"batch_size": 1}},
            {"type": "supervised", **AUTO, "batch_size": 1},
        ),
        ({"method": {"type": "dpo"}}, {"type": "dpo", **AUTO, "beta": "auto"}),
        (
            {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 2, "n_epochs": 50}}}},
            {"type": "dpo", **AUTO, "beta": 2.0, "n_epochs": 50},
        ),
        ({"method": None, "hyperparameters": None, "seed": None, "suffix": None}, {"type": "supervised", **AUTO}),
    ],
)
def test_every_way_to_say_how_to_train(served: Served, asked: dict[str, Any], stored: dict[str, Any]) -> None:
    assert served.job(**asked).method == stored


BAD = [
    ({"model": None}, "model", "invalid_type"),
    ({"model": ""}, "model", "invalid_value"),
    ({"training_file": 3}, "training_file", "invalid_type"),
    ({"training_file": "file-none"}, "training_file", "invalid_value"),
    ({"validation_file": "file-none"}, "validation_file", "invalid_value"),
    ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs", "invalid_value"),
    ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs", "invalid_value"),
    ({"hyperparameters": {"n_epochs": 1.5}}, "hyperparameters.n_epochs", "invalid_type"),
    ({"hyperparameters": {"n_epochs": True}}, "hyperparameters.n_epochs", "invalid_type"),
    ({"hyperparameters": {"n_epochs": "many"}}, "hyperparameters.n_epochs", "invalid_value"),
    ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size", "invalid_value"),
    ({"hyperparameters": {"learning_rate_multiplier": 0}}, "hyperparameters.learning_rate_multiplier", "invalid_value"),
    ({"hyperparameters": {"epochs": 1}}, "hyperparameters.epochs", "unknown_parameter"),
    ({"hyperparameters": []}, "hyperparameters", "invalid_type"),
    (
        {"hyperparameters": {"n_epochs": 1}, "method": {"type": "supervised", "supervised": {"hyperparameters": {}}}},
        "hyperparameters",
        "invalid_value",
    ),
    ({"method": {}}, "method.type", "missing_required_parameter"),
    ({"method": {"type": "magic"}}, "method.type", "invalid_value"),
    ({"method": {"type": "supervised", "dpo": {}}}, "method.dpo", "invalid_value"),
    (
        {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 2.1}}}},
        "method.dpo.hyperparameters.beta",
        "invalid_value",
    ),
    ({"method": {"type": "reinforcement", "reinforcement": {"grader": {}}}}, "method.type", "not_supported"),
    ({"suffix": ""}, "suffix", "invalid_value"),
    ({"suffix": "x" * 65}, "suffix", "invalid_value"),
    ({"seed": -1}, "seed", "invalid_value"),
    ({"seed": 2**31}, "seed", "invalid_value"),
    ({"integrations": [{"type": "mlflow"}]}, "integrations[0].type", "invalid_value"),
    ({"integrations": [{"type": "wandb", "wandb": {}}]}, "integrations[0].wandb.project", "missing_required_parameter"),
    ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}] * 6}, "integrations", "invalid_value"),
    ({"metadata": {"k": 1}}, "metadata", "invalid_type"),
    ({"metadata": {"k" * 65: "v"}}, "metadata", "invalid_value"),
    ({"metadata": {"k": "v" * 513}}, "metadata", "invalid_value"),
    ({"metadata": {str(at): "" for at in range(17)}}, "metadata", "invalid_value"),
    ({"sufix": "x"}, "sufix", "unknown_parameter"),
]


@pytest.mark.parametrize(("change", "param", "code"), BAD)
def test_every_bad_field_is_named(served: Served, change: dict[str, Any], param: str, code: str) -> None:
    answer = served.post("/v1/fine_tuning/jobs", {"model": "baseline", "training_file": served.upload(), **change})
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, code), answer.error
    assert answer.error["type"] == "invalid_request_error"
    assert served.service.store.jobs(10).rows == []


def test_messages_say_what_would_be_right(served: Served) -> None:
    def message(**change: Any) -> str:
        return str(
            served.post("/v1/fine_tuning/jobs", {"model": "baseline", "training_file": "f", **change}).error["message"]
        )

    assert message(sufix="x") == "Unknown parameter: 'sufix'. Did you mean 'suffix'?"
    assert message(hyperparameters={"n_epoch": 1}) == (
        "Unknown parameter: 'hyperparameters.n_epoch'. Did you mean 'hyperparameters.n_epochs'?"
    )
    assert message(hyperparameters={"n_epochs": 1.5}) == (
        "Invalid type for 'hyperparameters.n_epochs': expected a whole number or 'auto', got a number."
    )
    assert message(hyperparameters={"n_epochs": 99}) == (
        "Invalid value for 'hyperparameters.n_epochs': expected a number <= 50."
    )
    assert message(method={"type": "magic"}) == (
        "Invalid value for 'method.type': 'magic'; supported is 'supervised', 'dpo', 'reinforcement'."
    )
    assert message(method={"type": "reinforcement"}) == "Reinforcement fine-tuning is not supported by this service"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'"x"', b"[" * 100_000, b'{"model": "\\ud800"}'])
def test_a_body_that_is_none_is_refused(served: Served, body: bytes) -> None:
    answer = served.post("/v1/fine_tuning/jobs", body)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")


def test_files_must_be_there_and_for_fine_tuning(served: Served) -> None:
    other = served.upload(name="a.txt", purpose="user_data")
    with pytest.raises(BadRequestError, match="purpose 'user_data'") as failed:
        served.client.fine_tuning.jobs.create(model="baseline", training_file=other)
    assert failed.value.param == "training_file"
    gone = served.upload()
    served.client.files.delete(gone)
    with pytest.raises(BadRequestError, match=f"No such File object: {gone}") as failed:
        served.client.fine_tuning.jobs.create(model="baseline", training_file=served.upload(), validation_file=gone)
    assert failed.value.param == "validation_file"


@pytest.mark.parametrize(
    "name",
    ["ada", "gpt-4.1-mini-2025-04-14", "text-davinci-003", "o4-mini-2025-04-16", "meta-llama/Llama-3.1-8B", "mine"],
)
def test_names_of_elsewhere_train_the_baseline_and_the_job_says_so(served: Served, name: str) -> None:
    served.service.aliases = {"mine": "baseline"}
    job = served.job(model=name)
    assert (job.model, job.requested_model, job.trainer, job.parent) == ("baseline", name, "baseline", None)
    assert messages(served, job.id) == [
        f"Created fine-tuning job: {job.id}",
        f"The model '{name}' is not on this service: 'baseline' is trained in its place",
    ]


@pytest.mark.parametrize(
    "name", ["mistral", "ft:gpt-4o-mini:acme::abcdefgh", "ft:baseline:local::abcdefgh", "Baseline"]
)
def test_other_names_are_not_found(served: Served, name: str) -> None:
    with pytest.raises(NotFoundError) as failed:
        served.client.fine_tuning.jobs.create(model=name, training_file=served.upload())
    assert (failed.value.code, failed.value.param) == ("model_not_found", "model")


def test_a_fine_tuned_model_is_gone_on_from(served: Served) -> None:
    name = "ft:baseline:local:first:abcdefgh"
    served.service.store.add_model(ModelRow(name, 1, "local", None, "baseline", "baseline", "folder-1"))
    job = served.job(model=name)
    assert (job.model, job.trainer, job.parent) == (name, "baseline", "folder-1")
    assert messages(served, job.id) == [f"Created fine-tuning job: {job.id}"]


def test_too_many_jobs_are_refused_for_now(served: Served) -> None:
    served.service.limits = Limits(unfinished_jobs=2)
    first = served.job()
    served.job()
    with pytest.raises(RateLimitError) as failed:
        served.client.fine_tuning.jobs.create(model="baseline", training_file=first.training_file)
    assert failed.value.code == "rate_limit_exceeded"
    assert failed.value.response.headers["retry-after"] == "10"
    served.client.fine_tuning.jobs.cancel(first.id)
    assert served.job()
