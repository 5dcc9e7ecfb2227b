"""Models: which are fine-tuned, which end soon, which one is meant when none is named."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fttool.config import Setting
from fttool.errors import ServiceError, UsageError
from fttool.jobs import models
from fttool.records.jobs import ModelView

from .scripted import Answer, Scripted, job, page

AZURE = "gpt-4o-mini-2024-07-18.ft-0123456789abcdef0123456789abcdef-bank"


def model(name: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "openai", **changes}


@pytest.mark.parametrize(
    ("name", "fine_tuned"),
    [
        ("ft:gpt-4o-mini-2024-07-18:personal::Ajo5kvNY", True),
        ("ft:gpt-4o-mini-2024-07-18:personal::Ajo5kvNY:ckpt-step-90", True),
        ("ft:baseline:local:people:a1b2c3d4", True),
        ("curie:ft-personal-2023-02-20-16-37-45", True),
        (AZURE, True),
        ("gpt-4o-mini-2024-07-18", False),
        ("baseline", False),
        ("meta-llama/Llama-3.1-8B-Instruct", False),
        ("mixtral.ft-small", False),
    ],
)
def test_names_of_fine_tuned_models(name: str, fine_tuned: bool) -> None:
    assert models.is_fine_tuned(name) is fine_tuned


def test_list(scripted: Scripted) -> None:
    listed = [model("b"), model("ft:b:o::1", created=1_800_000_000), model("odd", created=None), model("b")]
    scripted.on("GET", "/models", page(*listed, has_more=None))
    assert [view.id for view in models.list_models(scripted.client())] == ["ft:b:o::1", "b", "odd"]
    assert [view.id for view in models.list_models(scripted.client(), fine_tuned=True)] == ["ft:b:o::1"]
    scripted.on("GET", "/models", {})
    with pytest.raises(ServiceError, match="not a list of models"):
        models.list_models(scripted.client())


def test_get_and_delete(scripted: Scripted) -> None:
    name = "ft:b:o::1"
    scripted.on("GET", f"/models/{name}", model(name))
    scripted.on("DELETE", f"/models/{name}", {"id": name, "object": "model", "deleted": True}, {"deleted": False})
    client = scripted.client()
    assert models.get_model(client, name).raw == model(name)
    assert models.delete_model(client, name) == {"id": name, "object": "model", "deleted": True}
    with pytest.raises(ServiceError, match="did not delete"):
        models.delete_model(client, name)
    with pytest.raises(ServiceError) as caught:
        models.get_model(client, "none")
    assert caught.value.status == 404


@pytest.mark.parametrize("owner", ["openai", "openai-internal", "system", "fttool", None])
def test_base_models_are_not_deleted(owner: str | None) -> None:
    with pytest.raises(UsageError, match="base model"):
        models.check_deletable(ModelView("gpt-4.1", owned_by=owner))
    models.check_deletable(ModelView("ft:gpt-4.1:o::1", owned_by=owner))


def test_a_deployment_of_ones_own_may_be_deleted() -> None:
    models.check_deletable(ModelView("my-model", owned_by="user-123"))


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("2027-01-14", "is shut down on 2027-01-14, in 54 days, and with it every model"),
        ("2026-11-22", "in 1 day,"),
        ("2026-11-21", "is shut down today"),
        ("2026-10-23", "was shut down on 2026-10-23"),
        ("2027-05-20", "in 180 days"),
        ("2027-05-21", None),
        ("soon", None),
        (None, None),
    ],
)
def test_shutdown_notice(end: str | None, says: str | None) -> None:
    notice = models.shutdown_notice(ModelView("gpt-4.1", shutdown_date=end), date(2026, 11, 21))
    assert notice is None if says is None else (notice is not None and says in notice and "`gpt-4.1`" in notice)


def setting(value: str | None) -> Setting:
    return Setting("model", value, "user file", "user")


NEWEST = "ft:gpt-4o:o::new"


@pytest.mark.parametrize(
    ("value", "jobs", "found"),
    [
        ("ft:gpt-4o:o::mine", [NEWEST], "ft:gpt-4o:o::mine"),
        ("gpt-4o", [None, NEWEST, "ft:gpt-4o:o::old"], NEWEST),  # a base model is what new jobs begin with
        (None, [NEWEST], NEWEST),
        ("gpt-4o", [], "gpt-4o"),
    ],
)
def test_which_model_is_meant(scripted: Scripted, value: str | None, jobs: list[str | None], found: str) -> None:
    made = [job(id=str(at), status="succeeded", fine_tuned_model=name) for at, name in enumerate(jobs)]
    unfinished = job(id="u", fine_tuned_model="ft:gpt-4o:o::not-yet")
    scripted.on("GET", "/fine_tuning/jobs", page(unfinished, *made))
    assert models.default_model(scripted.client(), setting(value))[0] == found


def test_a_deleted_model_is_not_meant(scripted: Scripted) -> None:
    made = [job(id=str(at), status="succeeded", fine_tuned_model=f"ft:m:o::{at}") for at in range(3)]
    scripted.on("GET", "/fine_tuning/jobs", page(*made))
    scripted.on("GET", "/models", page(model("m"), model("ft:m:o::2"), model("ft:m:o::1")))
    assert models.default_model(scripted.client(), setting(None))[0] == "ft:m:o::1"
    scripted.on("GET", "/models", page(model("m")))  # a service that does not list them
    assert models.default_model(scripted.client(), setting(None))[0] == "ft:m:o::0"


def test_no_model_is_meant(scripted: Scripted) -> None:
    scripted.on("GET", "/fine_tuning/jobs", page())
    with pytest.raises(UsageError, match="no job has made a model"):
        models.default_model(scripted.client(), setting(None))


def test_a_service_without_jobs_still_answers(scripted: Scripted) -> None:
    scripted.on("GET", "/fine_tuning/jobs", Answer(404, {"detail": "Not Found"}))
    assert models.default_model(scripted.client(), setting("gpt-4o"))[0] == "gpt-4o"
    with pytest.raises(ServiceError):
        models.default_model(scripted.client(), setting(None))
