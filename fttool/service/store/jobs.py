"""The jobs in the store. Every change of a job is a compare-and-set in one transaction, with its events."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from fttool.service.ids import new_id
from fttool.service.records import FINISHED, UNFINISHED, EventRow, JobRow, NewEvent, Page
from fttool.service.refusals import bad
from fttool.service.store.base import Base
from fttool.service.store.rows import insert, one, packed, paged, select


class Jobs(Base):
    """Jobs and their events. Events are never changed or deleted."""

    def add_job(self, row: JobRow, events: Sequence[NewEvent] = ()) -> None:
        """Store a new job with its first events."""
        with self._connections.write() as connection:
            insert(connection, row)
            self._add_events(connection, row.id, events)

    def job(self, job_id: str) -> JobRow | None:
        """A job."""
        with self._connections.read() as connection:
            return one(connection, JobRow, "id = ?", (job_id,))

    def jobs(
        self, limit: int, after: str | None = None, metadata: Mapping[str, str] | Literal["null"] | None = None
    ) -> Page[JobRow]:
        """Jobs, newest first: all, those with all these metadata, or (`"null"`) those without any.

        Raises:
            Refusal: 400, there is no job `after`.
        """
        where: list[str] = ["1"]
        values: list[Any] = []
        if metadata == "null":
            where.append("(metadata IS NULL OR metadata = '{}')")
        else:
            for key, value in (metadata or {}).items():
                where.append("EXISTS (SELECT 1 FROM json_each(jobs.metadata) AS m WHERE m.key = ? AND m.value = ?)")
                values += [key, value]
        with self._connections.read() as connection:
            if after is not None:
                place = connection.execute("SELECT seq FROM jobs WHERE id = ?", (after,)).fetchone()
                if place is None:
                    raise bad(f"There is no fine-tuning job '{after}' to list after", "after", "invalid_value")
                where.append("seq < ?")
                values.append(place["seq"])
            tail = f"ORDER BY seq DESC LIMIT {limit + 1}"
            return paged(select(connection, JobRow, " AND ".join(where), values, tail), limit)

    def jobs_in(self, *statuses: str) -> list[JobRow]:
        """The jobs that have one of these statuses, oldest first."""
        marks = ", ".join("?" * len(statuses))
        with self._connections.read() as connection:
            return select(connection, JobRow, f"status IN ({marks})", statuses, "ORDER BY seq")

    def unfinished(self) -> int:
        """How many jobs are not finished."""
        marks = ", ".join("?" * len(UNFINISHED))
        with self._connections.read() as connection:
            sql = f"SELECT count(*) FROM jobs WHERE status IN ({marks})"
            return int(connection.execute(sql, UNFINISHED).fetchone()[0])

    def change(
        self,
        job_id: str,
        frm: Collection[str],
        to: str,
        *,
        attempt: int | None = None,
        events: Sequence[NewEvent] = (),
        **columns: Any,
    ) -> bool:
        """Give a job another status, if it has one of `frm` (and that `attempt`, when given); and other columns.

        `to="running"` makes `attempt` grow by one: whoever started before does not own the job any more. A finished
        job gets its `finished_at`, unless that is given; only a running one has an `estimated_finish`. Returns False,
        with nothing changed, if the status or the attempt was another.
        """
        if to != "running":
            columns = {"estimated_finish": None, **columns}
        if to in FINISHED:
            columns = {"finished_at": self.now(), **columns}
        return self._set(job_id, frm, attempt, events, {**columns, "status": to})

    def update(
        self,
        job_id: str,
        *,
        frm: Collection[str],
        attempt: int | None = None,
        events: Sequence[NewEvent] = (),
        **columns: Any,
    ) -> bool:
        """Set columns of a job and add events, on the same conditions, without another status."""
        return self._set(job_id, frm, attempt, events, columns)

    def events(self, job_id: str, limit: int, after: str | None = None) -> Page[EventRow]:
        """The events of a job, newest first.

        Raises:
            Refusal: 400, the job has no event `after`.
        """
        where, values = "job_id = ?", [job_id]
        with self._connections.read() as connection:
            if after is not None:
                sql = "SELECT seq FROM events WHERE id = ? AND job_id = ?"
                place = connection.execute(sql, (after, job_id)).fetchone()
                if place is None:
                    raise bad(f"The job has no event '{after}' to list after", "after", "invalid_value")
                where += " AND seq < ?"
                values.append(place["seq"])
            tail = f"ORDER BY seq DESC LIMIT {limit + 1}"
            return paged(select(connection, EventRow, where, values, tail), limit)

    def _set(
        self,
        job_id: str,
        frm: Collection[str],
        attempt: int | None,
        events: Sequence[NewEvent],
        columns: Mapping[str, Any],
    ) -> bool:
        with self._connections.write() as connection:
            if not owned(connection, job_id, frm, attempt):
                return False
            values = packed(JobRow, columns)
            sets = [f"{name} = ?" for name in values]
            if columns.get("status") == "running":
                sets.append("attempt = attempt + 1")
            if sets:
                sql = f"UPDATE jobs SET {', '.join(sets)} WHERE id = ?"
                connection.execute(sql, (*values.values(), job_id))
            self._add_events(connection, job_id, events)
            return True

    def _add_events(self, connection: sqlite3.Connection, job_id: str, events: Sequence[NewEvent]) -> None:
        """Add events, except those of a step that has one."""
        now = self.now()
        for event in events:
            row = EventRow(
                id=new_id("ftevent-"),
                job_id=job_id,
                created_at=now,
                level=event.level,
                type=event.type,
                message=event.message,
                data=event.data,
                step=event.step,
            )
            insert(connection, row, how="" if event.step is None else "OR IGNORE")


def owned(connection: sqlite3.Connection, job_id: str, frm: Collection[str], attempt: int | None) -> bool:
    """Whether a job has one of these statuses, and this attempt (when given). Within a transaction it stays so."""
    row = connection.execute("SELECT status, attempt FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return row is not None and row["status"] in frm and (attempt is None or row["attempt"] == attempt)
