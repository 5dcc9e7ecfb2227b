"""Following a job: an iterator of its events, each once and in time order, and of the job whenever it changes.

    follow = Follow(ClientSource(client, job_id), client.service)
    for record in follow:               # JobView or EventView
        ...
    follow.job                          # as it ended

It survives cuts: what fails for a while is tried again with growing pauses, until nothing was heard for as long as
`give_up_after` says. It reads no more than it must: of a list that begins with the newest, only as far as something it
knows; and once more in whole when the job has ended, for whatever was missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol, TypeVar

from fttool.errors import FttoolError, ServiceError
from fttool.jobs.checked import Page
from fttool.jobs.client import Client
from fttool.jobs.event_reader import EventReader
from fttool.jobs.listing import events_page, get_job
from fttool.jobs.services.base import Service
from fttool.records.jobs import EventView, JobView, Trouble

#: Seconds without any answer after which following ends.
GIVE_UP_AFTER = 1800.0

#: Seconds that a request may take while a job is followed: a service that hangs is asked again.
REQUEST_TIMEOUT = 30.0

#: Seconds between attempts (less where jobs are looked at more often): doubled each time, up to the last.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

#: How long a job that has succeeded may go without its model's name. It came late by seconds where it was seen to.
NAME_WITHIN = 30.0

#: After this no event comes. Source: recorded answers of OpenAI; other services may say something else.
LAST_WORD = "The job has successfully completed"

#: A job that was there is not gone for good at the first 404: copies of a database lag behind.
MISSED_AT_MOST = 3

T = TypeVar("T")


class Clock:
    """The time, in seconds; tests have one that does not wait."""

    def now(self) -> float:
        """Seconds since some fixed point."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Source(Protocol):
    """Where a job and its events come from."""

    def job(self) -> JobView:
        """The job as it is now."""

    def events(self, after: str | None) -> Page:
        """A page of its events."""

    def renew(self) -> None:
        """Called before another attempt when there was no connection."""


class ClientSource:
    """A job on a service. `reopen` makes a new client after a cut, for a service whose address may have changed."""

    def __init__(self, client: Client, job_id: str, reopen: Callable[[], Client] | None = None) -> None:
        self.job_id = job_id
        self._reopen = reopen
        self._use(client)

    def job(self) -> JobView:
        """The job as it is now."""
        return get_job(self._client, self.job_id, self._sdk)

    def events(self, after: str | None) -> Page:
        """A page of its events."""
        return events_page(self._client, self.job_id, self._sdk)(after)

    def renew(self) -> None:
        """Look for the service anew, if it is one that moves."""
        if self._reopen is not None:
            self._use(self._reopen())

    def _use(self, client: Client) -> None:
        self._client = client
        self._sdk = client.patient(REQUEST_TIMEOUT)


class Follow:
    """One job, followed to its end.

    `tell` hears of each failed attempt, before the pause after it, and of None when the service answers again.
    `before_pause` is called when what there is was given out and nothing more comes for a while.
    """

    def __init__(
        self,
        source: Source,
        service: Service,
        *,
        give_up_after: float = GIVE_UP_AFTER,
        tell: Callable[[Trouble | None], None] = lambda trouble: None,
        before_pause: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
        job: JobView | None = None,
    ) -> None:
        self.job = job
        self._source = source
        self._service = service
        self._give_up_after = give_up_after
        self._tell = tell
        self._before_pause = before_pause
        self._clock = clock or Clock()
        self._reader = EventReader(lambda after: self._ask(lambda: source.events(after)), service.events_first)
        self._last_word = False

    def __iter__(self) -> Iterator[JobView | EventView]:
        """Raises ServiceError when it gives up, or at once if the service says that there is no such job."""
        job = self._look()
        yield job
        while not job.finished:
            yield from self._events()
            self._pause(self._service.poll)
            before, job = job, self._look()
            if job.raw != before.raw:
                yield job
        yield from self._events(whole=True)
        yield from self._late(job)

    def _late(self, job: JobView) -> Iterator[JobView | EventView]:
        """What still comes after the end: last events, and the name of the model."""
        waited, pause = 0.0, min(1.0, self._service.poll)
        while waited < self._patience(job):
            self._pause(pause)
            waited += pause
            newer = self._look()
            if newer.finished and newer.raw != job.raw:
                job = newer
                yield job
            self.job = job
            yield from self._events()
        if waited:
            yield from self._events(whole=True)

    def _patience(self, job: JobView) -> float:
        """For how many seconds something may still come."""
        if job.status == "succeeded" and job.fine_tuned_model is None and self._service.names_model:
            return NAME_WITHIN
        return 0.0 if self._last_word else self._service.settle

    def _events(self, *, whole: bool = False) -> Iterator[EventView]:
        for event in self._reader.new(whole=whole):
            self._last_word = self._last_word or event.message == LAST_WORD
            yield event

    def _pause(self, seconds: float) -> None:
        self._before_pause()
        self._clock.sleep(seconds)

    def _look(self) -> JobView:
        self.job = self._ask(self._source.job)
        return self.job

    def _ask(self, request: Callable[[], T]) -> T:
        """What `request` returns; tried again as long as that may help."""
        attempt = missed = 0
        since = self._clock.now()
        while True:
            try:
                found = request()
            except ServiceError as error:
                missed += error.status == 404
                if not self._may_pass(error, missed):
                    raise
                attempt += 1
                self._wait(error, attempt, self._clock.now() - since)
            else:
                if attempt:
                    self._tell(None)
                return found

    def _may_pass(self, error: ServiceError, missed: int) -> bool:
        return error.temporary or (error.status == 404 and self.job is not None and missed <= MISSED_AT_MOST)

    def _wait(self, error: ServiceError, attempt: int, silent: float) -> None:
        """Pause before the next attempt. Raises ServiceError if nothing was heard for too long."""
        left = self._give_up_after - silent
        if left <= 0:
            raise ServiceError(
                f"nothing was heard for {_duration(silent)}: {error.message}",
                hint="\n".join(filter(None, ("the job goes on; `--give-up-after` waits longer", error.hint))),
                status=error.status,
                code=error.code,
                request_id=error.request_id,
                temporary=True,
            ) from error
        growing = min(FIRST_PAUSE, self._service.poll) * 2 ** min(attempt - 1, 20)
        pause = min(max(min(growing, LONGEST_PAUSE), error.retry_after or 0.0), left)
        self._tell(Trouble(error.message, pause, attempt, error.hint))
        self._pause(pause)
        if error.status is None:
            self._renew()

    def _renew(self) -> None:
        with suppress(FttoolError):  # the next attempt says what is wrong
            self._source.renew()


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
