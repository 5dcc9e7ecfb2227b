"""Jobs from created to finished, by real workers: in what order, and whatever is asked of them on the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fttool.service.jobs.queue import Queue
from fttool.service.jobs.workers import works

from .jobs_bench import Place, queue, some_rows


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


def test_a_job_s_whole_life(place: Place) -> None:
    job_id = place.add(valid=some_rows(6))
    with queue(place):
        job = place.wait(job_id, "succeeded")
    place.assert_clean(job_id)
    assert place.said(job_id) == [
        f"Created fine-tuning job: {job_id}",
        "Validating training file: file-train and validation file: file-valid",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Trainer 'toy': a toy for tests. It counts words.",
        "Checkpoint created at step 10",
        "Checkpoint created at step 20",
        "Checkpoint created at step 30",
        f"New fine-tuned model created: {job.fine_tuned_model}",
        "The job has successfully completed",
    ]
    assert (job.steps_done, job.total_steps, job.trained_tokens, job.attempt) == (30, 30, 120, 1)
    assert job.finished_at is not None and job.estimated_finish is None and job.error is None
    assert job.resolved == {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.001}
    log = place.state.job(job_id) / "worker.log"
    assert log.read_text() == "" and stat.S_IMODE(log.stat().st_mode) == 0o600


def test_one_after_the_other_the_oldest_first(place: Place) -> None:
    ids = [place.add(n_epochs=1) for _ in range(3)]
    together = 0
    with queue(place, trainings=0):  # files are validated side by side: the last may be through first
        for job_id in ids:
            place.wait(job_id, "queued")
    with queue(place) as working:
        assert working.active() == 3
        while any(not place.job(job_id).finished for job_id in ids):
            together = max(together, len(place.store.jobs_in("running")))
        assert working.active() == 0
    assert together == 1
    starts = [next(e.created_at for e in place.events(i) if e.message == "Fine-tuning job started") for i in ids]
    assert starts == sorted(starts)
    assert [place.job(job_id).status for job_id in ids] == ["succeeded"] * 3


def test_two_trainings_at_once(place: Place) -> None:
    ids = [place.add(step=0.1) for _ in range(2)]
    with queue(place, trainings=2):
        for job_id in ids:
            place.wait(job_id, "running")
        assert len(place.store.jobs_in("running")) == 2


def test_a_bad_file_fails_the_job(place: Place) -> None:
    job_id = place.add(some_rows(9))
    with queue(place):
        job = place.wait(job_id, "failed")
    message = "Training file has 9 example(s), but must have at least 10 examples"
    assert job.error == {"code": "invalid_n_examples", "message": message, "param": "training_file"}
    assert job.finished_at is None
    last = place.events(job_id)[-1]
    assert (last.level, last.message) == ("error", message)


def test_what_is_not_learned_is_said(place: Place) -> None:
    asked = {"messages": [{"role": "user", "content": "q"}]}
    row = {
        "input": asked,
        "preferred_output": [{"role": "assistant", "content": "yes"}],
        "non_preferred_output": [{"role": "assistant", "content": "no"}],
    }
    silent = {**row, "preferred_output": [{"role": "assistant", "content": "yes", "weight": 0}]}
    job_id = place.add([row] * 12 + [silent], type="dpo", n_epochs=1)
    with queue(place):
        job = place.wait(job_id, "succeeded")
    assert job.trained_tokens == 12
    warnings = [event.message for event in place.events(job_id) if event.level == "warn"]
    assert len(warnings) == 2
    assert "beta, are not used" in warnings[0] and warnings[1].startswith("1 of 13 examples of the training file")


def test_calls_of_tools_are_trained_on_as_text_and_that_is_said(place: Place) -> None:
    function = {"name": "f", "arguments": "{}"}
    call = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": function}]}
    row = {
        "messages": [{"role": "user", "content": "q"}, call],
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }
    job_id = place.add([row] * 10, trainer="baseline", n_epochs=1)
    with queue(place):
        place.wait(job_id, "succeeded", timeout=60)
    (warning,) = [event.message for event in place.events(job_id) if event.level == "warn"]
    assert warning == (
        "10 of 10 examples of the training file have calls of tools among the answers: the trainer learns them as "
        "text, name(arguments)"
    )


def test_cancel_takes_two_seconds_at_most(place: Place) -> None:
    """Even if the trainer is deaf, in its beginning or in a step."""
    kinds = ("0 deaf", "12 deaf", "plain")
    ids = [place.add(some_rows(first=what), step=0.01, n_epochs=50) for what in kinds]
    with queue(place, trainings=3):
        for what, job_id in zip(kinds, ids, strict=True):
            least = 0 if what == "0 deaf" else 9
            place.wait(job_id, lambda job, least=least: job.status == "running" and job.steps_done >= least)  # type: ignore[misc]
        time.sleep(0.2)
        cancelled = time.monotonic()
        for job_id in ids:
            assert place.store.change(job_id, ("running",), "cancelled")
        while any(works(place.state, job_id) for job_id in ids):
            assert time.monotonic() - cancelled < 2
            time.sleep(0.01)
    for what, job_id in zip(kinds, ids, strict=True):
        job = place.job(job_id)
        assert job.status == "cancelled" and job.fine_tuned_model is None and not job.result_files
        assert not [path for path in place.state.job(job_id).iterdir() if path.is_dir()]
        kept = place.store.checkpoints(job_id, 10).rows
        assert all(place.state.model(row.folder).is_dir() for row in kept)  # they stay usable
        assert bool(kept) == (what != "0 deaf")


def test_paused_at_the_next_step_and_resumed(place: Place, tmp_path: Path) -> None:
    plain = Place(tmp_path / "plain")
    same = plain.add(valid=some_rows(5), step=0.02, id="ftjob-same")
    job_id = place.add(valid=some_rows(5), step=0.02, id="ftjob-same")
    with queue(plain), queue(place) as working:
        place.wait(job_id, lambda job: job.steps_done >= 13)
        assert place.store.change(job_id, ("running",), "paused")
        done = place.job(job_id).steps_done
        assert working.active() == 0
        time.sleep(0.5)
        paused = place.job(job_id)
        assert paused.status == "paused" and paused.steps_done <= done + 12  # 0.2 s in a batch, and one step
        time.sleep(0.2)
        assert place.job(job_id) == paused
        assert place.store.change(job_id, ("paused",), "queued")
        working.poke()
        assert place.wait(job_id, "succeeded").attempt == 2
        plain.wait(same, "succeeded")
    place.assert_clean(job_id)
    assert place.outcome(job_id) == plain.outcome(same)
    assert place.said(job_id) == plain.said(same)


def test_a_paused_job_that_is_cancelled_leaves_nothing_behind(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttool.service.jobs.queue.TIDY_EVERY", 0.2)
    job_id = place.add(step=0.05)
    folder = place.state.job(job_id)
    with queue(place) as working:
        place.wait(job_id, lambda job: job.steps_done >= 1)
        assert place.store.change(job_id, ("running",), "paused")
        place.wait(job_id, lambda job: not works(place.state, job_id))
        time.sleep(0.3)
        assert list(folder.glob("recovery-*"))
        assert place.store.change(job_id, ("paused",), "cancelled")
        working.poke()
        place.wait(job_id, lambda job: not list(folder.glob("recovery-*")))


def test_stopped_and_started_again(place: Place) -> None:
    job_id = place.add(step=0.02)
    with queue(place):
        place.wait(job_id, lambda job: job.steps_done >= 5)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    job = place.job(job_id)
    assert job.status == "queued" and job.crashes == 0
    with queue(place):
        place.wait(job_id, "succeeded")
    place.assert_clean(job_id)
    assert not [message for message in place.said(job_id) if "unexpectedly" in message]


def test_stopped_although_the_trainer_is_deaf(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fttool.service.jobs.queue.STOP_GRACE", 0.3)
    job_id = place.add(some_rows(first="3 deaf"))
    with queue(place):
        place.wait(job_id, lambda job: job.steps_done >= 1)
    assert place.job(job_id).status == "queued" and place.job(job_id).crashes == 0


GOES_WRONG = {
    "5 memory": ("out_of_memory", "not enough memory"),
    "5 error": ("server_error", "ValueError: the toy is broken"),
    "5 diverge": ("training_diverged", "step 5 is not a number"),
    "5 full": ("disk_full", "no space left for the job"),
    "5 kill": ("worker_crashed", "3 times in a row (the last time: signal 9, SIGKILL)"),
}


def test_trainings_that_go_wrong(place: Place) -> None:
    """Each fails with its reason; the queue goes on."""
    ids = {what: place.add(some_rows(first=what), n_epochs=1) for what in GOES_WRONG}
    following = place.add(n_epochs=1)
    with queue(place, trainings=3):
        failed = {what: place.wait(job_id, "failed") for what, job_id in ids.items()}
        place.wait(following, "succeeded")
    for what, job in failed.items():
        code, words = GOES_WRONG[what]
        assert job.error is not None and job.error["code"] == code and words in job.error["message"]
        assert job.finished_at is not None
        last = place.events(job.id)[-1]
        assert last.level == "error" and last.message == job.error["message"]
        crashes = [message for message in place.said(job.id) if "going on from the start" in message]
        assert len(crashes) == (2 if what == "5 kill" else 0)
        assert not [path for path in place.state.job(job.id).iterdir() if path.is_dir()]


def test_crashes_count_only_in_a_row(place: Place) -> None:
    """The third epoch's crashes are counted from the second one's checkpoint."""
    job_id = place.add(some_rows(first="15 kill"))
    with queue(place):
        job = place.wait(job_id, "failed")
    assert job.error is not None and "3 times" in job.error["message"]
    crashes = [message for message in place.said(job_id) if "unexpectedly" in message]
    assert len(crashes) == 3 and all("from step 10" in message for message in crashes[:2])


def test_continued_from_another_job_s_model(place: Place) -> None:
    first = place.add(n_epochs=1)
    with queue(place):
        place.wait(first, "succeeded")
        parent = place.store.model(place.job(first).fine_tuned_model or "")
        assert parent is not None
        second = place.add(n_epochs=1, parent=parent.folder)
        gone = place.add(n_epochs=1, parent="ftjob-none-final")
        place.wait(second, "succeeded")
        lost = place.wait(gone, "failed")
        (place.state.models / "ftjob-spoilt-final").mkdir()
        spoilt = place.wait(place.add(trainer="baseline", parent="ftjob-spoilt-final"), "failed")
    assert lost.error is not None and lost.error["code"] == "model_not_found"
    assert spoilt.error is not None and spoilt.error["code"] == "model_damaged"
    losses = [next(iter(place.store.steps(job_id))).train_loss or 0 for job_id in (first, second)]
    assert losses[1] < losses[0]


def test_workers_get_no_keys(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "FTTOOL_SERVE_KEY", "SOME_API_KEY", "OPENAI_ORG_ID"):
        monkeypatch.setenv(name, "zq7-not-for-workers")
    job_id = place.add(step=0.1)
    with queue(place) as working:
        place.wait(job_id, "running")
        pid = working._workers[job_id].process.pid
        if not Path("/proc").is_dir():
            pytest.skip("no /proc here")
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"zq7-not-for-workers" not in environ and b"OMP_NUM_THREADS=1" in environ
        assert os.getsid(pid) != os.getsid(0)  # Ctrl-C in our terminal is not for it
        assert os.getpriority(os.PRIO_PROCESS, pid) == 10
        assert works(place.state, job_id)


def test_a_queue_that_was_never_started_stops(place: Place) -> None:
    Queue(place.store, place.state).stop()


def test_a_worker_begins_light() -> None:
    """Files are validated without what only trainers need; and nothing of the service's HTTP is loaded."""
    code = "import sys, fttool.service.jobs.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "scipy", "sklearn", "uvicorn", "starlette", "openai", "typer"}.intersection(loaded)
