"""What a worker brings into the store while it trains: steps and checkpoints."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence

from fttool.service.messages import metrics
from fttool.service.records import UNFINISHED, CheckpointRow, ModelRow, NewEvent, Page, StepRow
from fttool.service.refusals import bad
from fttool.service.store.jobs import Jobs, owned
from fttool.service.store.rows import columns, insert, one, packed, paged, select

_CHUNK = 1000


class Training(Jobs):
    """Steps and checkpoints of jobs. What comes from a worker that does not own its job any more is not stored."""

    def record_steps(self, job_id: str, attempt: int, steps: Sequence[StepRow]) -> bool:
        """Store the metrics of steps, with a metrics event for each that has none yet.

        Returns whether the job is (still) running with that attempt. If it was just paused, or queued again, the
        steps are stored all the same, since a checkpoint that follows will have them behind it.
        """
        with self._connections.write() as connection:
            if not owned(connection, job_id, UNFINISHED, attempt):
                return False
            for step in steps:
                self._add_step(connection, job_id, step)
            self._add_events(connection, job_id, [metrics(step) for step in steps])
            if steps:
                sql = "UPDATE jobs SET steps_done = ?, total_steps = ? WHERE id = ?"
                connection.execute(sql, (steps[-1].step, steps[-1].total_steps, job_id))
            return owned(connection, job_id, ("running",), attempt)

    def drop_steps_after(self, job_id: str, step: int) -> None:
        """Forget the metrics of later steps: the job goes on from this one. Their events stay."""
        with self._connections.write() as connection:
            connection.execute("DELETE FROM steps WHERE job_id = ? AND step > ?", (job_id, step))
            connection.execute("UPDATE jobs SET steps_done = min(steps_done, ?) WHERE id = ?", (step, job_id))

    def steps(self, job_id: str) -> Iterator[StepRow]:
        """The metrics of a job's steps, in order."""
        last = -1
        while True:
            with self._connections.read() as connection:
                tail = f"ORDER BY step LIMIT {_CHUNK}"
                rows = select(connection, StepRow, "job_id = ? AND step > ?", (job_id, last), tail)
            yield from rows
            if len(rows) < _CHUNK:
                return
            last = rows[-1].step

    def add_checkpoint(
        self, row: CheckpointRow, attempt: int, model: ModelRow, keep: int = 3, events: Sequence[NewEvent] = ()
    ) -> list[str] | None:
        """Store a checkpoint and the model that it is; of each job the last `keep` stay.

        Returns the folders of models that are no longer needed, or None, with nothing stored, if the job is finished
        or belongs to another attempt.
        """
        with self._connections.write() as connection:
            if not owned(connection, row.job_id, UNFINISHED, attempt):
                return None
            tail = f"ORDER BY step DESC LIMIT -1 OFFSET {keep - 1}"
            where = "job_id = ? AND step <> ?"
            old = select(connection, CheckpointRow, where, (row.job_id, row.step), tail)
            old += select(connection, CheckpointRow, "job_id = ? AND step = ?", (row.job_id, row.step))
            for checkpoint in old:
                connection.execute("DELETE FROM checkpoints WHERE id = ?", (checkpoint.id,))
                connection.execute("DELETE FROM models WHERE id = ?", (checkpoint.model,))
            insert(connection, row)
            insert(connection, model)
            self._add_events(connection, row.job_id, events)
            return unused_folders(connection, [checkpoint.folder for checkpoint in old])

    def checkpoints(self, job_id: str, limit: int, after: str | None = None) -> Page[CheckpointRow]:
        """The checkpoints of a job, the highest step first.

        Raises:
            Refusal: 400, the job has no checkpoint `after`.
        """
        where, values = "job_id = ?", [job_id]
        with self._connections.read() as connection:
            if after is not None:
                place = one(connection, CheckpointRow, "id = ? AND job_id = ?", (after, job_id))
                if place is None:
                    raise bad(f"The job has no checkpoint '{after}' to list after", "after", "invalid_value")
                where += f" AND step < {place.step:d}"
            tail = f"ORDER BY step DESC LIMIT {limit + 1}"
            return paged(select(connection, CheckpointRow, where, values, tail), limit)

    def last_checkpoint(self, job_id: str) -> CheckpointRow | None:
        """The checkpoint of a job to go on from."""
        with self._connections.read() as connection:
            return one(connection, CheckpointRow, "job_id = ? ORDER BY step DESC", (job_id,))

    def _add_step(self, connection: sqlite3.Connection, job_id: str, step: StepRow) -> None:
        values = packed(StepRow, {name: getattr(step, name) for name in columns(StepRow)})
        if values["created_at"] is None:
            values["created_at"] = self.now()
        marks = ", ".join("?" * (len(values) + 1))
        sql = f"INSERT OR REPLACE INTO steps (job_id, {', '.join(values)}) VALUES ({marks})"
        connection.execute(sql, (job_id, *values.values()))


def unused_folders(connection: sqlite3.Connection, folders: Collection[str]) -> list[str]:
    """Those of these folders that no model, and no checkpoint of an unfinished job, has any more."""
    used = folders_in_use(connection)
    return sorted(set(folders) - used)


def folders_in_use(connection: sqlite3.Connection) -> set[str]:
    """The folders of models that are needed: by a model, or by a job that is not finished."""
    unfinished = ", ".join(f"'{status}'" for status in UNFINISHED)
    sql = (
        "SELECT folder FROM models "
        f"UNION SELECT parent FROM jobs WHERE status IN ({unfinished}) AND parent IS NOT NULL "
        "UNION SELECT folder FROM checkpoints WHERE job_id IN "
        f"(SELECT id FROM jobs WHERE status IN ({unfinished}))"
    )
    return {row[0] for row in connection.execute(sql)}
