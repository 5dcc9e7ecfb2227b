"""One job's training in this process: what is measured and saved at which step."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fttool.service.jobs import phases, recovery, training
from fttool.service.jobs.fault import JobFault
from fttool.service.jobs.watch import Ended, stop_file
from fttool.service.records import FileRow, JobRow
from fttool.service.trainers import Validation

from .jobs_bench import Place, contents, some_rows, use_toy


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    use_toy()
    before = signal.getsignal(signal.SIGTERM)
    yield Place(tmp_path / "state")
    signal.signal(signal.SIGTERM, before)


def do(place: Place, job_id: str) -> JobRow:
    """Both phases, as far as they are still to do."""
    place.state.job(job_id).mkdir(exist_ok=True)
    if place.job(job_id).status == "validating_files":
        phases.validate(place, place.job(job_id))
    phases.train(place, place.job(job_id))
    return place.job(job_id)


def test_what_is_measured_when(place: Place) -> None:
    """25 steps an epoch: a batch of the validation file every second step, all of it at each epoch's end."""
    job_id = place.add(some_rows(100), valid=some_rows(9), n_epochs=2)
    assert do(place, job_id).status == "succeeded"
    steps = list(place.store.steps(job_id))
    assert [step.step for step in steps] == list(range(1, 51))
    assert [step.step for step in steps if step.full_valid_loss is not None] == [25, 50]
    assert {step.step for step in steps if step.valid_loss is not None} == {*range(2, 51, 2), 25}
    assert [step.elapsed_examples for step in steps] == [4 * step for step in range(1, 51)]
    assert all(step.train_loss and step.train_sequence_accuracy == 0.25 for step in steps)
    checkpoints = place.store.checkpoints(job_id, 10).rows
    assert [row.step for row in checkpoints] == [50, 25]
    last = steps[-1]
    assert checkpoints[0].metrics == {
        "step": 50,
        "train_loss": last.train_loss,
        "train_mean_token_accuracy": 0.5,
        "valid_loss": last.valid_loss,
        "valid_mean_token_accuracy": 0.5,
        "full_valid_loss": last.full_valid_loss,
        "full_valid_mean_token_accuracy": 0.5,
    }


def test_the_last_three_checkpoints_are_kept(place: Place) -> None:
    job_id = place.add(n_epochs=6, suffix="my suffix")
    name = do(place, job_id).fine_tuned_model
    assert name is not None and name.startswith("ft:baseline:local:my-suffix:")
    checkpoints = place.store.checkpoints(job_id, 10).rows
    assert [row.step for row in checkpoints] == [60, 50, 40]
    assert [row.model for row in checkpoints] == [f"{name}:ckpt-step-{step}" for step in (60, 50, 40)]
    assert {row.id for row in place.store.models()} == {name, *(row.model for row in checkpoints)}
    place.assert_clean(job_id)
    model = place.store.model(name)
    assert model is not None
    final, last = place.state.model(model.folder), place.state.model(checkpoints[0].folder)
    assert contents(final) == contents(last)
    assert (final / "more" / "bulk").stat().st_ino == (last / "more" / "bulk").stat().st_ino  # no space twice


def test_without_a_validation_file_nothing_is_validated(place: Place) -> None:
    job_id = place.add()
    do(place, job_id)
    assert all(step.valid_loss is None and step.full_valid_loss is None for step in place.store.steps(job_id))


def test_an_infinite_validation_loss_is_left_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import toy_trainer

    monkeypatch.setattr(toy_trainer.ToyRun, "validate", lambda run, full: Validation(float("inf"), 0.5, 0.5))
    job_id = place.add(valid=some_rows(3))
    assert do(place, job_id).status == "succeeded"
    steps = list(place.store.steps(job_id))
    assert all(step.valid_loss is None and step.valid_accuracy == 0.5 for step in steps)


def test_states_for_recovery_within_an_epoch(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a crash late in a long epoch costs little. They do not outlive the job."""
    monkeypatch.setattr(training, "RECOVERY_EVERY", 0.0)
    monkeypatch.setattr(training, "_SAVING_SHARE", 0)
    saved: list[int] = []
    save = recovery.save
    monkeypatch.setattr(recovery, "save", lambda job, step, write: (saved.append(step), save(job, step, write)))
    job_id = place.add(some_rows(first="7 error"), n_epochs=1)
    with pytest.raises(ValueError, match="broken"):
        do(place, job_id)
    assert saved == [1, 2, 3, 4, 5, 6, 7]
    found = recovery.latest(place.state.job(job_id))
    assert found is not None and found.step == 7
    assert [path.name for path in place.state.job(job_id).glob("recovery-*")] == ["recovery-7"]
    assert training.start_point(place.store, place.state, place.job(job_id)) == found


def test_goes_on_from_whichever_is_later(place: Place) -> None:
    job_id = place.add(some_rows(first="17 error"), crashes=2)
    with pytest.raises(ValueError, match="broken"):
        do(place, job_id)
    assert place.job(job_id).crashes == 0  # since there is a checkpoint
    folder = place.state.job(job_id)
    for step, expected in ((4, 10), (12, 12)):
        recovery.save(folder, step, lambda path: None)
        saved = training.start_point(place.store, place.state, place.job(job_id))
        assert saved is not None and saved.step == expected
        assert max(row.step for row in place.store.steps(job_id)) == expected or step == 12


def test_a_job_that_is_taken_away_ends(place: Place) -> None:
    job_id = place.add(step=0.05)
    place.state.job(job_id).mkdir()
    phases.validate(place, place.job(job_id))
    place.store.change(job_id, ("queued",), "cancelled")
    with pytest.raises(Ended):
        phases.train(place, place.job(job_id))
    assert not place.store.checkpoints(job_id, 10).rows


@pytest.mark.parametrize("to", ["cancelled", "paused"])
def test_taken_away_at_the_last_moment(place: Place, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    """The model and the result file are there, but the job does not run any more: it must not end as succeeded."""
    job_id = place.add()
    add_file = place.store.add_file

    def and_then(row: FileRow) -> None:
        add_file(row)
        assert place.store.change(job_id, ("running",), to)

    monkeypatch.setattr(place.store, "add_file", and_then)
    with pytest.raises(Ended):
        do(place, job_id)
    job = place.job(job_id)
    assert (job.status, job.fine_tuned_model, list(job.result_files)) == (to, None, [])
    if to == "cancelled":
        assert not place.store.files(10).rows and len(place.store.models()) == 3
        assert {path.name for path in place.state.models.iterdir()} == place.store.folders_in_use()
    else:
        assert place.store.change(job_id, ("paused",), "queued")
        assert do(place, job_id).status == "succeeded"
        place.assert_clean(job_id)


def test_asked_to_stop_by_file(place: Place) -> None:
    """Where there are no signals, or the worker is another service's."""
    job_id = place.add()
    place.state.job(job_id).mkdir()
    stop_file(place.state, job_id).touch()
    with pytest.raises(Ended):
        do(place, job_id)
    assert place.job(job_id).status == "queued"
    stop_file(place.state, job_id).unlink()
    assert do(place, job_id).status == "succeeded"


def test_says_when_it_will_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttool.service.jobs.recorder.ESTIMATE_EVERY", 0.0)
    monkeypatch.setattr("fttool.service.jobs.recorder.EVERY", 0.0)
    job_id = place.add(some_rows(first="29 error"), step=0.01)
    with pytest.raises(ValueError, match="broken"):
        do(place, job_id)
    finish = place.job(job_id).estimated_finish
    assert finish is not None and -1 <= finish - time.time() <= 3


def test_bytes_that_are_gone(place: Place) -> None:
    job_id = place.add()
    place.blobs.path(place.job(job_id).training_sha).unlink()
    with pytest.raises(JobFault) as raised:
        do(place, job_id)
    assert raised.value.code == "invalid_training_file"
