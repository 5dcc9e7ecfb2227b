"""Jobs, their events and their checkpoints: asked for, checked, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from fttool.jobs import checked
from fttool.jobs.checked import Page
from fttool.jobs.client import Client
from fttool.jobs.event_reader import sorted_way
from fttool.jobs.events import First
from fttool.jobs.paging import FetchPage, each
from fttool.records.jobs import CheckpointView, EventView, JobView

if TYPE_CHECKING:
    from openai import OpenAI

#: Items a page. More than this no service documents.
PAGE_SIZE = 100


def get_job(client: Client, job_id: str, sdk: OpenAI | None = None) -> JobView:
    """The job with that id. Raises ServiceError if there is none."""
    with client.speaking(f"get job `{job_id}`"):
        return checked.job((sdk or client.sdk).fine_tuning.jobs.with_raw_response.retrieve(job_id))


def list_jobs(
    client: Client, metadata: Mapping[str, str] | None = None, page_size: int = PAGE_SIZE
) -> Iterator[JobView]:
    """All jobs, newest first, as far as they are asked for.

    `metadata` is passed on where the service can select by it, and looked at here in any case. A service that begins
    with the oldest is read in whole.
    """
    wanted = dict(metadata or {})
    options: dict[str, Any] = {"metadata": wanted} if wanted and client.service.metadata_filter else {}
    way: First | None = None

    def fetch(after: str | None) -> Page:
        nonlocal way
        if after is not None:
            options["after"] = after
        with client.speaking("list jobs"):
            jobs = client.sdk.fine_tuning.jobs.with_raw_response.list(limit=page_size, **options)
            page = checked.page(jobs, "jobs")
        way = way or sorted_way(page.items, "newest")
        return page

    found = map(checked.job, each(fetch))
    first = next(found, None)  # with it the first page is there, and the way it is sorted
    jobs: Iterator[JobView] = chain([first] if first is not None else (), found)
    if way == "oldest":
        jobs = iter(sorted(jobs, key=lambda job: job.created_at or 0, reverse=True))
    for job in jobs:
        if all(job.metadata.get(key) == value for key, value in wanted.items()):
            yield job


def events_page(client: Client, job_id: str, sdk: OpenAI | None = None, page_size: int = PAGE_SIZE) -> FetchPage:
    """A function that fetches one page of a job's events."""

    def fetch(after: str | None) -> Page:
        more: dict[str, Any] = {} if after is None else {"after": after}
        with client.speaking(f"list the events of job `{job_id}`"):
            events = (sdk or client.sdk).fine_tuning.jobs.with_raw_response.list_events(job_id, limit=page_size, **more)
            return checked.page(events, "events")

    return fetch


def list_checkpoints(client: Client, job_id: str, page_size: int = PAGE_SIZE) -> list[CheckpointView]:
    """The checkpoints of a job, the highest step first."""

    def fetch(after: str | None) -> Page:
        more: dict[str, Any] = {} if after is None else {"after": after}
        with client.speaking(f"list the checkpoints of job `{job_id}`"):
            resource = client.sdk.fine_tuning.jobs.checkpoints.with_raw_response
            return checked.page(resource.list(job_id, limit=page_size, **more), "checkpoints")

    found = [checked.checkpoint(item) for item in each(fetch)]
    if client.service.checkpoints_first == "oldest":
        found.reverse()
    return sorted(found, key=lambda each: (each.step or 0, each.created_at or 0), reverse=True)


def list_events(client: Client, job_id: str) -> list[EventView]:
    """All events of a job in time order."""
    from fttool.jobs.events import EventLog

    log = EventLog(client.service.events_first)
    log.add(list(each(events_page(client, job_id))))
    return log.take(everything=True)


def newest_job(client: Client) -> tuple[JobView | None, bool]:
    """The newest unfinished job and True; if there is none, the newest job and False; (None, False) without any.

    Only the newest hundred are looked at: an unfinished job is not older.
    """
    newest: JobView | None = None
    for number, job in enumerate(list_jobs(client)):
        if not job.finished:
            return job, True
        newest = newest or job
        if number >= PAGE_SIZE - 1:
            break
    return newest, False
