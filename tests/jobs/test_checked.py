"""Answers become records, or an error; never records full of None."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fttool.errors import ServiceError
from fttool.jobs import checked

from . import scripted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
READERS = [checked.job, checked.event, checked.checkpoint, checked.file, checked.upload, checked.model, checked.part]
NOT_THINGS = [None, "", "<html>", [], [{}], 3, {}, {"object": "list", "data": []}, {"id": None}, {"id": ""}, {"id": 7}]


@pytest.mark.parametrize("answer", NOT_THINGS, ids=repr)
@pytest.mark.parametrize("read", [each for each in READERS if each is not checked.event])
def test_what_is_none_of_it(read, answer):
    with pytest.raises(ServiceError, match="the service answered something that is not") as caught:
        read(answer)
    assert caught.value.temporary


@given(JSON, st.sampled_from(READERS), st.sampled_from(sorted(scripted.job())))
def test_odd_values_never_break_it(value, read, name):
    odd = {**scripted.job(), "message": "m", name: value}
    try:
        found = read(odd)
    except ServiceError:
        return
    assert found == odd["id"] or found.raw == odd


def test_a_job_as_azure_has_it():
    odd = scripted.job(
        status="pausing", result_files=None, integrations=None, organization_id=None, hyperparameters={"n_epochs": -1}
    )
    found = checked.job(odd)
    assert (found.status, found.finished, found.result_files) == ("pausing", False, ())


@pytest.mark.parametrize("error", [None, {}, [], "no", {"code": None, "message": None}])
def test_no_error(error):
    assert checked.job(scripted.job(error=error)).error is None


def test_an_error():
    found = checked.job(scripted.job(error={"code": "c", "message": "m", "param": "p"})).error
    assert (found.code, found.message, found.param, str(found)) == ("c", "m", "p", "m")


@pytest.mark.parametrize(("given_", "seconds"), [(5, 5), (5.9, 5), (None, None), (True, None), ("5", None)])
def test_times(given_, seconds):
    assert checked.job(scripted.job(created_at=given_)).created_at == seconds


def test_pages():
    assert checked.page({"data": [{"id": "a"}], "has_more": True}, "jobs") == ([{"id": "a"}], True)
    assert checked.page({"data": [{"id": "a"}, None, 3]}, "jobs") == ([{"id": "a"}], None)
    assert checked.page([{"id": "a"}], "jobs") == ([{"id": "a"}], False)


@pytest.mark.parametrize("answer", [{}, None, "<html>", {"data": None}, {"error": "x"}])
def test_no_page(answer):
    with pytest.raises(ServiceError, match="not a list of jobs"):
        checked.page(answer, "jobs")


@pytest.mark.parametrize(("answer", "yes"), [({"deleted": True}, True), ({"deleted": False}, False), (None, True)])
def test_deletions(answer, yes):
    assert checked.deleted(answer) is yes


def test_what_the_sdk_returns_can_be_read_too():
    from openai.types.fine_tuning import FineTuningJob

    assert checked.job(FineTuningJob.construct(**scripted.job(new_field=1))).raw["new_field"] == 1
    with pytest.raises(ServiceError):
        checked.job(FineTuningJob.construct())
