"""The files in the store."""

from __future__ import annotations

from typing import Any

from fttool.service.records import UNFINISHED, FileRow, Page
from fttool.service.refusals import bad
from fttool.service.store.base import Base
from fttool.service.store.rows import insert, one, paged, select

_THERE = "deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


class Files(Base):
    """Files: a deleted or expired one is not there any more, except as a place in a list to go on from."""

    def add_file(self, row: FileRow) -> None:
        """Store a file whose bytes are in the blobs."""
        with self._connections.write() as connection:
            insert(connection, row)

    def file(self, file_id: str) -> FileRow | None:
        """A file, if it is there."""
        with self._connections.read() as connection:
            return one(connection, FileRow, f"id = ? AND {_THERE}", (file_id, self.now()))

    def files(
        self, limit: int, after: str | None = None, *, purpose: str | None = None, order: str = "desc"
    ) -> Page[FileRow]:
        """Files in the order they came, newest first unless `order` is `asc`.

        Raises:
            Refusal: 400, `after` never was a file.
        """
        compare, direction = (">", "ASC") if order == "asc" else ("<", "DESC")
        where: list[str] = [_THERE]
        values: list[Any] = [self.now()]
        if purpose is not None:
            where.append("purpose = ?")
            values.append(purpose)
        with self._connections.read() as connection:
            if after is not None:
                place = connection.execute("SELECT seq FROM files WHERE id = ?", (after,)).fetchone()
                if place is None:
                    raise bad(f"There is no file '{after}' to list after", "after", "invalid_value")
                where.append(f"seq {compare} ?")
                values.append(place["seq"])
            tail = f"ORDER BY seq {direction} LIMIT {limit + 1}"
            return paged(select(connection, FileRow, " AND ".join(where), values, tail), limit)

    def delete_file(self, file_id: str) -> FileRow | None:
        """Delete a file, not its bytes. Returns what it was, or None if it is not there."""
        now = self.now()
        with self._connections.write() as connection:
            row = one(connection, FileRow, f"id = ? AND {_THERE}", (file_id, now))
            if row is not None:
                connection.execute("UPDATE files SET deleted_at = ? WHERE id = ?", (now, file_id))
            return row

    def expire(self, now: int | None = None) -> list[str]:
        """Delete the files and end the uploads whose time is over. Returns the shas of bytes they had."""
        now = self.now() if now is None else now
        due = "deleted_at IS NULL AND expires_at IS NOT NULL AND expires_at <= ?"
        late = "status = 'pending' AND expires_at <= ?"
        of_late = f"upload_id IN (SELECT id FROM uploads WHERE {late})"
        with self._connections.write() as connection:
            shas = [row["sha"] for row in connection.execute(f"SELECT sha FROM files WHERE {due}", (now,))]
            shas += [row["sha"] for row in connection.execute(f"SELECT sha FROM parts WHERE {of_late}", (now,))]
            connection.execute(f"UPDATE files SET deleted_at = ? WHERE {due}", (now, now))
            connection.execute(f"DELETE FROM parts WHERE {of_late}", (now,))
            connection.execute(f"UPDATE uploads SET status = 'expired' WHERE {late}", (now,))
        return shas

    def shas_in_use(self) -> set[str]:
        """The hashes of all bytes that a file, a part or an unfinished job needs."""
        unfinished = ", ".join(f"'{status}'" for status in UNFINISHED)
        sql = (
            "SELECT sha FROM files WHERE deleted_at IS NULL UNION SELECT sha FROM parts "
            f"UNION SELECT training_sha FROM jobs WHERE status IN ({unfinished}) "
            f"UNION SELECT validation_sha FROM jobs WHERE status IN ({unfinished}) AND validation_sha IS NOT NULL"
        )
        with self._connections.read() as connection:
            return {row[0] for row in connection.execute(sql)}
