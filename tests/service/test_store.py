"""The store: what goes in comes out, and every change happens whole or not at all."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fttool.errors import ConfigError
from fttool.service.records import (
    FINISHED,
    UNFINISHED,
    FileRow,
    JobRow,
    ModelRow,
    NewEvent,
    Page,
    StepRow,
)
from fttool.service.refusals import Refusal
from fttool.service.state import StateDir, default_root
from fttool.service.store import Store
from tests.service.store_rows import METHOD, checkpoint, new_file, new_job, said


def test_rows_come_back_as_they_were(store: Store) -> None:
    row = JobRow(
        id="ftjob-1",
        created_at=1,
        model="m",
        requested_model="r",
        trainer="t",
        training_file="f",
        training_sha="s",
        method={**METHOD, "learning_rate_multiplier": 0.1},
        seed=2**31 - 1,
        status="running",
        finished_at=2,
        attempt=3,
        crashes=1,
        parent="p",
        validation_file="v",
        validation_sha="w",
        resolved={"n_epochs": 1},
        suffix="é\n\U0001f600",
        integrations=[{"type": "wandb", "wandb": {"project": "p"}}],
        metadata={"": ""},
        fine_tuned_model="ft",
        result_files=["r"],
        trained_tokens=2**53 + 1,
        error={"code": "c", "message": "m", "param": None},
        estimated_finish=4,
        steps_done=5,
        total_steps=6,
    )
    store.add_job(row)
    assert store.job("ftjob-1") == row
    assert store.job("ftjob-2") is None
    step = StepRow(1, 2, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 9, 10, 11)
    store.record_steps("ftjob-1", 3, [step])
    assert list(store.steps("ftjob-1")) == [step]
    file = new_file(store, expires_at=2**40)
    assert store.file(file.id) == file
    model = ModelRow("ft:x", 1, "local", None, "baseline", "baseline", "folder", "2027-01-06")
    store.add_model(model)
    assert (store.model("ft:x"), store.models()) == (model, [model])


def test_the_folder_and_all_in_it_are_the_users_own(state: StateDir, store: Store) -> None:
    new_file(store)
    if os.name != "posix":
        pytest.skip("no such permissions here")
    for path in [state.root, state.blobs, state.incoming, state.jobs, state.models]:
        assert path.stat().st_mode & 0o777 == 0o700
    files = [path for path in state.root.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"service.db", "service.db-wal", "service.db-shm"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_where_the_state_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_root({"FTTOOL_STATE_DIR": str(tmp_path)}) == tmp_path
    assert default_root({}).parts[-2:] == ("fttool", "service")
    monkeypatch.chdir(tmp_path)
    assert StateDir(Path("s")).root == tmp_path / "s"
    for name in ("", "..", "a/b", "/a", "a\\b", ".hidden", "a\n", "C:x"):
        with pytest.raises(ValueError, match="plain"):
            StateDir(tmp_path).model(name)


def test_a_folder_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        Store(StateDir(tmp_path / "file" / "state"))


def test_a_database_of_a_newer_fttool_is_refused(state: StateDir) -> None:
    Store(state).close()
    connection = sqlite3.connect(state.database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigError, match="newer fttool"):
        Store(state)


def test_what_is_no_database_is_refused(state: StateDir) -> None:
    state.make()
    state.database.write_bytes(b"not a database at all " * 100)
    with pytest.raises(ConfigError, match="not a database"):
        Store(state)


STATUSES = (*UNFINISHED, *FINISHED)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.sampled_from(STATUSES),
    frm=st.sets(st.sampled_from(STATUSES)),
    to=st.sampled_from(STATUSES),
    attempt=st.sampled_from([None, 0, 1]),
)
def test_a_change_happens_whole_or_not_at_all(
    store: Store, status: str, frm: set[str], to: str, attempt: int | None
) -> None:
    job_id = new_job(store, status)
    before = store.job(job_id)
    done = store.change(job_id, frm, to, attempt=attempt, events=[NewEvent("changed")], crashes=7)
    after = store.job(job_id)
    assert before is not None and after is not None
    assert done == (status in frm and attempt in (None, 0))
    if not done:
        assert after == before
        assert said(store, job_id) == ["created"]
        return
    assert (after.status, after.crashes) == (to, 7)
    assert after.attempt == (1 if to == "running" else 0)
    assert (after.finished_at is not None) == (to in FINISHED)
    assert said(store, job_id) == ["created", "changed"]


def test_a_column_that_does_not_exist_is_a_bug_and_changes_nothing(store: Store) -> None:
    job_id = new_job(store)
    with pytest.raises(TypeError, match="statuss"):
        store.change(job_id, ["validating_files"], "queued", events=[NewEvent("x")], statuss="x")
    assert said(store, job_id) == ["created"]
    assert store.update("ftjob-none", frm=["queued"], crashes=1) is False


def test_steps_are_replaced_and_their_events_are_not_repeated(store: Store) -> None:
    job_id = new_job(store, "running")
    assert store.record_steps(job_id, 0, [StepRow(step, 4, 1.0) for step in (1, 2, 3)])
    store.drop_steps_after(job_id, 1)
    assert [step.step for step in store.steps(job_id)] == [1]
    job = store.job(job_id)
    assert job is not None and (job.steps_done, job.total_steps) == (1, 4)
    assert store.record_steps(job_id, 0, [StepRow(step, 4, 2.0) for step in (2, 3, 4)])
    assert [(step.step, step.train_loss) for step in store.steps(job_id)] == [(1, 1.0), (2, 2.0), (3, 2.0), (4, 2.0)]
    assert said(store, job_id)[1:] == [
        "Step 1/4: training loss=1.0000",
        "Step 2/4: training loss=1.0000",
        "Step 3/4: training loss=1.0000",
        "Step 4/4: training loss=2.0000",
    ]


@pytest.mark.parametrize("status", STATUSES)
def test_steps_of_a_job_that_is_just_paused_are_kept_those_of_a_finished_one_are_not(store: Store, status: str) -> None:
    job_id = new_job(store, status)
    assert store.record_steps(job_id, 1, [StepRow(1, 2, 1.0)]) is False  # of another attempt
    assert list(store.steps(job_id)) == []
    assert store.record_steps(job_id, 0, [StepRow(1, 2, 1.0)]) is (status == "running")
    assert len(list(store.steps(job_id))) == (1 if status in UNFINISHED else 0)
    assert (checkpoint(store, job_id, 1) is None) is (status in FINISHED)
    assert checkpoint(store, job_id, 1, attempt=1) is None


def test_many_steps_are_read_in_order(store: Store) -> None:
    job_id = new_job(store, "running")
    store.record_steps(job_id, 0, [StepRow(step, 2500, 1.0) for step in range(2500, 0, -1)])
    assert [step.step for step in store.steps(job_id)] == list(range(1, 2501))


def test_the_last_three_checkpoints_stay(store: Store) -> None:
    job_id = new_job(store, "running")
    assert [checkpoint(store, job_id, step) for step in (1, 2, 3, 4, 5)] == [[], [], [], ["c1"], ["c2"]]
    assert [row.step for row in store.checkpoints(job_id, 10).rows] == [5, 4, 3]
    assert [model.folder for model in store.models()] == ["c3", "c4", "c5"]
    last = store.last_checkpoint(job_id)
    assert last is not None and last.step == 5
    assert checkpoint(store, job_id, 5, folder="again") == ["c5"]  # done anew after a crash
    assert store.folders_in_use() == {"c3", "c4", "again"}
    page = store.checkpoints(job_id, 1)
    assert page.has_more
    assert [row.step for row in store.checkpoints(job_id, 5, page.rows[0].id).rows] == [4, 3]


def test_a_folder_stays_as_long_as_anything_needs_it(store: Store) -> None:
    job_id = new_job(store, "running")
    checkpoint(store, job_id, 1)
    store.add_model(ModelRow("ft:final", 1, "local", job_id, "baseline", "baseline", "c1"))
    for step in (2, 3, 4):
        assert checkpoint(store, job_id, step) == []  # the model has the folder of the first checkpoint
    follower = new_job(store, "queued", parent="c1")
    store.change(job_id, ["running"], "succeeded")
    with pytest.raises(Refusal, match=follower):
        store.delete_model("ft:final")
    assert store.unused_folders(["c1", "c9"]) == ["c9"]
    store.change(follower, ["queued"], "cancelled")
    assert store.delete_model("ft:final") is not None
    assert store.delete_model("ft:final") is None
    assert store.unused_folders(["c1"]) == ["c1"]


def test_bytes_are_in_use_by_files_parts_and_unfinished_jobs(store: Store) -> None:
    file = new_file(store, sha="1" * 64)
    expiring = new_file(store, sha="2" * 64, expires_at=100)
    job_id = new_job(store, validation_sha="3" * 64, validation_file="file-v")
    assert store.shas_in_use() == {"1" * 64, "2" * 64, "3" * 64, "a" * 64}
    assert store.expire(100) == ["2" * 64]
    assert store.expire(100) == []
    assert store.file(expiring.id) is None
    store.delete_file(file.id)
    store.change(job_id, ["validating_files"], "failed")
    assert store.shas_in_use() == set()


def pages(store: Store, **query: Any) -> list[str]:
    """All ids of a list of files, page by page."""
    ids: list[str] = []
    while True:
        page: Page[FileRow] = store.files(after=ids[-1] if ids else None, **query)
        ids += [row.id for row in page.rows]
        if not page.has_more:
            return ids


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    purposes=st.lists(st.sampled_from(["fine-tune", "batch"]), max_size=12),
    gone=st.sets(st.integers(0, 11)),
    limit=st.integers(1, 13),
    purpose=st.sampled_from([None, "fine-tune", "batch"]),
)
def test_pages_of_any_size_have_each_file_once_in_order(
    store: Store, purposes: Sequence[str], gone: set[int], limit: int, purpose: str | None
) -> None:
    for old in pages(store, limit=1000):
        store.delete_file(old)
    rows = [new_file(store, purpose=one) for one in purposes]
    wanted = [row.id for at, row in enumerate(rows) if at not in gone and purpose in (None, row.purpose)]
    for at in gone & set(range(len(rows))):
        store.delete_file(rows[at].id)
    assert pages(store, limit=limit, purpose=purpose, order="asc") == wanted
    assert pages(store, limit=limit, purpose=purpose) == wanted[::-1]


def test_jobs_are_taken_oldest_first(store: Store) -> None:
    ids = [new_job(store, status) for status in ("queued", "running", "paused", "queued", "succeeded")]
    assert [job.id for job in store.jobs_in("queued", "paused")] == [ids[0], ids[2], ids[3]]
    assert store.unfinished() == 4


def test_json_columns_are_json(state: StateDir, store: Store) -> None:
    """Whoever looks into the database with other tools can read it."""
    job_id = new_job(store, metadata={"k": "v"})
    connection = sqlite3.connect(state.database)
    (text,) = connection.execute("SELECT metadata FROM jobs WHERE id = ?", (job_id,)).fetchone()
    connection.close()
    assert json.loads(text) == {"k": "v"}
