"""Following: every event once, in time order, whatever the service does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fttool.errors import ServiceError
from fttool.jobs.follow import ClientSource, Follow
from fttool.jobs.services import SERVICES
from fttool.records.jobs import EventView, JobView

from .scripted import Answer, event, job, page, step
from .simulated import Habits, Simulated, Watch

OPENAI = SERVICES["openai"]


def follow(service: Simulated, kind: str = "generic", **options):
    told = []
    followed = Follow(service, SERVICES[kind], clock=service.watch, tell=told.append, **options)
    events = [record for record in followed if isinstance(record, EventView)]
    return followed, events, told


def what(events):
    """What the events say, by which one tells them apart here."""
    return [each["message"] if isinstance(each, dict) else each.message for each in events]


habits = st.builds(
    Habits,
    order=st.sampled_from(["newest", "oldest", "shuffled"]),
    cuts=st.sampled_from([0, 0.1, 0.5]),
    repeats=st.sampled_from([0, 0.1]),
    nulls=st.sampled_from([0, 0.05]),
    no_has_more=st.sampled_from([0, 0.3, 1]),
    page_size=st.sampled_from([2, 5, 100]),
    late_name=st.sampled_from([0, 12]),
    late_events=st.sampled_from([0, 1.5]),
    a_second=st.sampled_from([1, 3, 20]),
)


@settings(max_examples=1000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    habits=habits,
    seed=st.integers(0, 2**32),
    count=st.sampled_from([1, 2, 7, 25]),
    kind=st.sampled_from(["openai", "nebius", "local", "generic"]),
)
def test_in_a_thousand_follows_no_event_is_lost_or_told_twice(habits, seed, count, kind):
    if kind == "local":  # all its events are there when the job has ended; and it is quick
        habits = replace(habits, late_events=0, a_second=20)
    service = Simulated(Watch(), seed, count, habits)
    followed, events, _ = follow(service, kind)
    told = what(events)
    assert sorted(told) == sorted(what(service.all))
    assert followed.job.status == "succeeded"
    assert followed.job.fine_tuned_model == "ft:x" or kind == "nebius"


@settings(max_examples=200, deadline=None, database=None)
@given(
    order=st.sampled_from(["newest", "oldest", "shuffled"]),
    cuts=st.sampled_from([0, 0.5]),
    a_second=st.sampled_from([1, 20]),
    seed=st.integers(0, 2**32),
)
def test_they_come_in_the_order_of_their_times(order, cuts, a_second, seed):
    # where each page stands for itself, what comes while it is read is not missed
    size = 100 if order == "shuffled" else 5
    service = Simulated(Watch(), seed, 40, Habits(order=order, cuts=cuts, a_second=a_second, page_size=size))
    _, events, _ = follow(service)
    times = [each.created_at for each in events]
    assert times == sorted(times)
    if order != "shuffled":
        assert what(events) == what(service.all)


def test_a_long_list_is_not_read_again_and_again():
    service = Simulated(Watch(), 0, 2000, Habits(page_size=100, a_second=10))
    _, events, _ = follow(service, "openai")
    polls = 2000 / 10 / OPENAI.poll
    assert len(events) == 2000
    assert service.requests < 3 * polls + 2000 / 100 + 5  # the job, one page or two; and all of it once at the end


def test_a_long_list_that_begins_with_the_oldest_neither():
    service = Simulated(Watch(), 0, 2000, Habits(order="oldest", page_size=100, a_second=10))
    _, events, _ = follow(service, "nebius")
    assert len(events) == 2000
    assert service.requests < 4 * 20 + 2000 / 100 + 5


class Script:
    """A source whose answers are written down: jobs, and pages of events by poll."""

    def __init__(self, jobs, *pages):
        self.jobs, self.pages = list(jobs), list(pages)
        self.renewed = 0

    def job(self):
        return self._next(self.jobs)

    def events(self, after):
        return self._next(self.pages)

    def renew(self):
        self.renewed += 1

    def _next(self, answers):
        from fttool.jobs import checked

        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return checked.job(found) if "status" in found else checked.page(found, "events")


def run(source, service=OPENAI, **options):
    watch, told = Watch(), []
    followed = Follow(source, service, clock=watch, tell=told.append, **options)
    return followed, list(followed), told, watch


DONE = job(status="succeeded", fine_tuned_model="ft:x", finished_at=1_700_000_100)
CUT = ServiceError("cut", temporary=True)


def test_the_name_comes_late():
    nameless = {**DONE, "fine_tuned_model": None}
    followed, records, _, watch = run(Script([nameless, nameless, nameless, DONE], page(event(1))))
    assert followed.job.fine_tuned_model == "ft:x"
    assert [each.message for each in records if isinstance(each, EventView)] == ["event 1"]
    assert watch.time <= 5


def test_the_name_never_comes():
    followed, _, _, watch = run(Script([{**DONE, "fine_tuned_model": None}], page(event(1))))
    assert followed.job.fine_tuned_model is None
    assert 30 <= watch.time < 35


def test_nebius_never_says_it_and_is_not_waited_for():
    _, _, _, watch = run(Script([{**DONE, "fine_tuned_model": None}], page(event(1))), SERVICES["nebius"])
    assert watch.time <= 3


def test_after_the_last_word_there_is_nothing_to_wait_for():
    _, _, _, watch = run(Script([DONE], page(event(1, "The job has successfully completed"))))
    assert watch.time == 0


def test_statuses_no_one_has_heard_of_go_on():
    _, records, _, _ = run(Script([job(status="pondering"), job(status="paused"), DONE], page(event(1))))
    assert [each.status for each in records if isinstance(each, JobView)] == ["pondering", "paused", "succeeded"]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_other_ends(status):
    followed, records, _, _ = run(Script([job(status=status)], page(event(2), event(1))))
    assert followed.job.status == status
    assert [each.message for each in records[1:]] == ["event 1", "event 2"]


def test_pauses_grow_and_are_told():
    _, _, told, watch = run(Script([CUT] * 8 + [DONE], page(event(1, "The job has successfully completed"))))
    assert watch.slept == [1, 2, 4, 8, 16, 30, 30, 30]
    assert [each and each.attempt for each in told] == [1, 2, 3, 4, 5, 6, 7, 8, None]


def test_retry_after_is_obeyed():
    busy = ServiceError("busy", status=429, retry_after=17, temporary=True)
    _, _, _, watch = run(Script([busy, DONE], page(event(1, "The job has successfully completed"))))
    assert watch.slept == [17]


def test_it_gives_up():
    with pytest.raises(ServiceError, match="nothing was heard for 90 seconds: cut") as caught:
        run(Script([job()] + [CUT] * 100, page(event(1))), give_up_after=90)
    assert "--give-up-after" in caught.value.hint


def test_hearing_anything_starts_the_patience_anew():
    source = Script([job(), CUT, CUT, job(), CUT, CUT, job(), CUT, CUT, DONE], page(event(1)))
    assert run(source, give_up_after=5)[0].job.status == "succeeded"


def test_a_job_that_does_not_exist():
    with pytest.raises(ServiceError, match="no such job"):
        run(Script([ServiceError("no such job", status=404)], page()))


def test_a_job_that_was_there_may_be_missed_for_a_moment():
    missing = ServiceError("no such job", status=404)
    assert run(Script([job(), missing, missing, DONE], page(event(1))))[0].job.status == "succeeded"
    with pytest.raises(ServiceError, match="no such job"):
        run(Script([job(), missing], page(event(1))))


def test_a_service_that_moved_is_looked_for():
    source = Script([job(), CUT, DONE], page(event(1)))
    run(source)
    assert source.renewed == 1


def test_events_without_ids_and_times():
    nameless = [event(number, id=None) for number in (3, 2, 1)]
    timeless = [event(number, created_at=None) for number in (3, 2, 1)]
    for events in (nameless, timeless, [event(n, id=None, created_at=None) for n in (3, 2, 1)]):
        _, records, _, _ = run(Script([job(), job(), DONE], page(*events)))
        assert [each.message for each in records if isinstance(each, EventView)] == ["event 1", "event 2", "event 3"]


def test_events_that_say_nothing_are_left_out():
    empty = {name: None for name in event(1)}
    _, records, _, _ = run(Script([DONE], page(event(1), empty, {})))
    assert [each.message for each in records if isinstance(each, EventView)] == ["event 1"]


def test_steps_of_one_second_are_counted_upwards():
    steps = [step(number, 9, at=5) for number in (2, 9, 1, 3, 8)]
    _, records, _, _ = run(Script([DONE], page(*steps)))
    assert [each.number("step") for each in records if isinstance(each, EventView)] == [1, 2, 3, 8, 9]


def test_within_a_second_the_services_order_holds():
    same = [event(number, created_at=1_700_000_000) for number in (3, 2, 1)]
    _, newest, _, _ = run(Script([DONE], page(*same)), SERVICES["openai"])
    _, oldest, _, _ = run(Script([DONE], page(*reversed(same))), SERVICES["nebius"])
    for records in (newest, oldest):
        assert [each.message for each in records if isinstance(each, EventView)] == ["event 1", "event 2", "event 3"]


def test_over_http(scripted):
    """The same on a real connection: cut, hanging, cut short, HTML, {}; and every event once."""
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(500), {}, job(), Answer(drop=True), DONE)
    html = Answer(body="<html>", headers={"Content-Type": "text/html"})
    events = page(event(2, "The job has successfully completed"), event(1))
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1/events", Answer(body=events, keep=30), html, page(event(1)), events)
    watch = Watch()
    followed = Follow(ClientSource(scripted.client(), "ftjob-1"), OPENAI, clock=watch)
    events = [record.message for record in followed if isinstance(record, EventView)]
    assert events == ["event 1", "The job has successfully completed"]


def test_a_service_that_hangs_is_asked_again(scripted):
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1", Answer(hang=20), DONE)
    scripted.on("GET", "/fine_tuning/jobs/ftjob-1/events", page(event(1, "The job has successfully completed")))
    followed = Follow(ClientSource(scripted.client(timeout=0.2), "ftjob-1"), OPENAI, clock=Watch())
    assert len(list(followed)) == 2
