"""/models: what there is, and how it goes."""

from __future__ import annotations

import string
from collections import Counter

import pytest
from openai import ConflictError, NotFoundError, PermissionDeniedError

from fttool.service.ids import checkpoint_name, model_name, new_id
from fttool.service.records import CheckpointRow, ModelRow
from tests.service.served import Served

NAME = "ft:baseline:local:demo:abcdefgh"


def add(served: Served, name: str = NAME, folder: str = "one", **more: str) -> ModelRow:
    row = ModelRow(name, 1_700_000_000, "local", None, "baseline", "baseline", folder, **more)
    served.service.store.add_model(row)
    path = served.service.state.model(folder)
    path.mkdir(exist_ok=True)
    (path / "weights").write_text("w")
    return row


def test_models_are_listed_and_found(served: Served) -> None:
    add(served)
    add(served, checkpoint_name(NAME, 7), "two", shutdown_date="2027-01-06")
    base, model, checkpoint = served.client.models.list()
    assert (base.id, base.owned_by) == ("baseline", "fttool")
    assert model.to_dict() == {
        "id": NAME,
        "object": "model",
        "created": 1_700_000_000,
        "owned_by": "local",
        "shutdown_date": None,
    }
    assert checkpoint.id == f"{NAME}:ckpt-step-7"
    assert str(checkpoint.shutdown_date) == "2027-01-06"
    assert [served.client.models.retrieve(one.id) for one in (base, model, checkpoint)] == [base, model, checkpoint]


def test_names_come_in_any_spelling_of_a_url(served: Served) -> None:
    add(served, "ft:baseline:local:a/b:abcdefgh")
    assert served.client.models.retrieve("ft:baseline:local:a/b:abcdefgh").object == "model"
    for path in ("ft:baseline:local:a/b:abcdefgh", "ft%3Abaseline%3Alocal%3Aa%2Fb%3Aabcdefgh"):
        assert served.get(f"/v1/models/{path}").status == 200
        assert served.get(f"/models/{path}").status == 200


def test_a_deleted_model_is_gone_with_its_folder(served: Served) -> None:
    row = add(served)
    gone = served.client.models.delete(NAME)
    assert (gone.id, gone.object, gone.deleted) == (NAME, "model", True)
    assert not served.service.state.model(row.folder).exists()
    for call in (served.client.models.retrieve, served.client.models.delete):
        with pytest.raises(NotFoundError) as failed:
            call(NAME)
        assert failed.value.body == {
            "message": f"The model '{NAME}' does not exist",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }


def test_a_folder_that_another_model_has_too_stays(served: Served) -> None:
    row = add(served)
    add(served, checkpoint_name(NAME, 1))
    served.client.models.delete(NAME)
    assert served.service.state.model(row.folder).exists()
    served.client.models.delete(checkpoint_name(NAME, 1))
    assert not served.service.state.model(row.folder).exists()


def test_a_base_model_stays(served: Served) -> None:
    with pytest.raises(PermissionDeniedError, match="cannot be deleted"):
        served.client.models.delete("baseline")
    assert served.client.models.retrieve("baseline").id == "baseline"


def test_a_model_that_a_job_goes_on_from_stays_until_it_ends(served: Served) -> None:
    add(served)
    job = served.job(model=NAME)
    with pytest.raises(ConflictError, match=job.id) as failed:
        served.client.models.delete(NAME)
    assert failed.value.code == "model_in_use"
    served.client.fine_tuning.jobs.cancel(job.id)
    assert served.client.models.delete(NAME).deleted


def test_a_checkpoint_that_a_job_may_go_on_from_stays_until_it_ends(served: Served) -> None:
    job = served.job()
    store = served.service.store
    store.change(job.id, ["validating_files"], "running")
    name = checkpoint_name(NAME, 1)
    model = ModelRow(name, 1, "local", job.id, "baseline", "baseline", "one")
    store.add_checkpoint(CheckpointRow(new_id("ftckpt_"), 1, job.id, name, 1, {}, "one"), 1, model)
    with pytest.raises(ConflictError):
        served.client.models.delete(name)
    store.change(job.id, ["running"], "succeeded", fine_tuned_model=NAME)
    assert served.client.models.delete(name).deleted
    assert served.client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model == NAME
    assert len(served.client.fine_tuning.jobs.checkpoints.list(job.id).data) == 1


def test_a_model_in_memory_is_forgotten(served: Served) -> None:
    forgotten: list[str] = []

    class Cache:
        forget = staticmethod(forgotten.append)

    served.service.models = Cache()
    add(served)
    served.client.models.delete(NAME)
    assert forgotten == [NAME]


@pytest.mark.parametrize(
    ("base", "suffix", "begins"),
    [
        ("baseline", None, "ft:baseline:local::"),
        ("baseline", "my-model_1.0", "ft:baseline:local:my-model_1.0:"),
        ("ft:baseline:local:x:abcdefgh:ckpt-step-3", "Ünser: Modell/2", "ft:baseline:local:-nser-Modell-2:"),
    ],
)
def test_the_suffix_forms_the_name(base: str, suffix: str | None, begins: str) -> None:
    name = model_name(base, suffix)
    assert name.startswith(begins)
    ending = name.removeprefix(begins)
    assert len(ending) == 8 and ending.isalnum()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/fine_tuning/alpha/graders/run"),
        ("POST", "/fine_tuning/alpha/graders/validate"),
        ("GET", f"/fine_tuning/checkpoints/{NAME}/permissions"),
        ("POST", f"/fine_tuning/checkpoints/{NAME}/permissions"),
        ("DELETE", f"/fine_tuning/checkpoints/{NAME}/permissions/cp_1"),
    ],
)
def test_what_this_service_does_not_have_is_said(served: Served, method: str, path: str) -> None:
    for prefix in ("", "/v1"):
        answer = served.ask(method, prefix + path, {})
        assert (answer.status, answer.error["code"]) == (400, "not_supported")
        assert "is not supported by this service" in answer.error["message"]


def test_ids_are_letters_and_digits_all_alike_by_chance() -> None:
    ids = [new_id("x-") for _ in range(3_000)]
    assert len(set(ids)) == len(ids) and {len(id_) for id_ in ids} == {26}
    counts = Counter("".join(id_[2:] for id_ in ids))
    assert set(counts) == set(string.ascii_letters + string.digits)
    assert max(counts.values()) < 1.4 * min(counts.values())  # 1,161 of each, give or take 34
    assert len(new_id("", 500)) == 500
