"""The uploads in the store: files that come in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from fttool.service.records import FileRow, PartRow, UploadRow
from fttool.service.store.base import Base
from fttool.service.store.rows import insert, one, select


class Uploads(Base):
    """Uploads are `pending` until they are completed or cancelled, or an hour is over."""

    def add_upload(self, row: UploadRow) -> None:
        """Store a new upload."""
        with self._connections.write() as connection:
            insert(connection, row)

    def upload(self, upload_id: str) -> UploadRow | None:
        """An upload; one whose time is over has the status `expired`."""
        with self._connections.read() as connection:
            row = one(connection, UploadRow, "id = ?", (upload_id,))
        if row is not None and row.status == "pending" and row.expires_at <= self.now():
            return replace(row, status="expired")
        return row

    def add_part(self, row: PartRow) -> bool:
        """Store a part. False if its upload is not pending any more."""
        with self._connections.write() as connection:
            sql = "SELECT 1 FROM uploads WHERE id = ? AND status = 'pending' AND expires_at > ?"
            if connection.execute(sql, (row.upload_id, self.now())).fetchone() is None:
                return False
            insert(connection, row)
            return True

    def parts(self, upload_id: str) -> list[PartRow]:
        """The parts of an upload, as they came."""
        with self._connections.read() as connection:
            return select(connection, PartRow, "upload_id = ?", (upload_id,), "ORDER BY seq")

    def complete_upload(self, upload_id: str, part_ids: Sequence[str], file: FileRow) -> bool:
        """Make an upload a file; its parts are gone. False if it is not pending any more."""
        with self._connections.write() as connection:
            sql = (
                "UPDATE uploads SET status = 'completed', file = ?, part_ids = ? "
                "WHERE id = ? AND status = 'pending' AND expires_at > ?"
            )
            listed = msgspec.json.encode(part_ids).decode()
            if connection.execute(sql, (file.id, listed, upload_id, self.now())).rowcount != 1:
                return False
            insert(connection, file)
            connection.execute("DELETE FROM parts WHERE upload_id = ?", (upload_id,))
            return True

    def cancel_upload(self, upload_id: str) -> bool:
        """Cancel an upload; its parts are gone. False if it is not pending any more."""
        with self._connections.write() as connection:
            sql = "UPDATE uploads SET status = 'cancelled' WHERE id = ? AND status = 'pending' AND expires_at > ?"
            if connection.execute(sql, (upload_id, self.now())).rowcount != 1:
                return False
            connection.execute("DELETE FROM parts WHERE upload_id = ?", (upload_id,))
            return True
