"""The models in the store: fine-tuned ones, and checkpoints, which are models too."""

from __future__ import annotations

from fttool.service.records import UNFINISHED, CheckpointRow, ModelRow
from fttool.service.refusals import conflict
from fttool.service.store.base import Base
from fttool.service.store.rows import insert, one, select
from fttool.service.store.training import folders_in_use, unused_folders


class Models(Base):
    """Models. A deleted one leaves its job as it is."""

    def add_model(self, row: ModelRow) -> None:
        """Store a model whose folder is complete. One that has the same name is replaced."""
        with self._connections.write() as connection:
            insert(connection, row, how="OR REPLACE")

    def model(self, model_id: str) -> ModelRow | None:
        """A model."""
        with self._connections.read() as connection:
            return one(connection, ModelRow, "id = ?", (model_id,))

    def models(self) -> list[ModelRow]:
        """All models, oldest first."""
        with self._connections.read() as connection:
            return select(connection, ModelRow, "1", (), "ORDER BY seq")

    def delete_model(self, model_id: str) -> ModelRow | None:
        """Delete a model, not its folder. Returns what it was, or None if it is not there.

        Raises:
            Refusal: 409, a job that is not finished needs it.
        """
        marks = ", ".join("?" * len(UNFINISHED))
        with self._connections.write() as connection:
            row = one(connection, ModelRow, "id = ?", (model_id,))
            if row is None:
                return None
            sql = f"SELECT id FROM jobs WHERE status IN ({marks}) AND parent = ?"
            user = connection.execute(sql, (*UNFINISHED, row.folder)).fetchone()
            if user is None:
                where = f"model = ? AND job_id IN (SELECT id FROM jobs WHERE status IN ({marks}))"
                checkpoint = one(connection, CheckpointRow, where, (model_id, *UNFINISHED))
                user = None if checkpoint is None else (checkpoint.job_id,)
            if user is not None:
                message = f"The model '{model_id}' is needed by the fine-tuning job {user[0]}, which is not finished"
                raise conflict(message, "model", "model_in_use")
            connection.execute("DELETE FROM models WHERE id = ?", (model_id,))
            return row

    def unused_folders(self, folders: list[str]) -> list[str]:
        """Those of these folders of models that nothing needs any more."""
        with self._connections.read() as connection:
            return unused_folders(connection, folders)

    def folders_in_use(self) -> set[str]:
        """All folders of models that something needs."""
        with self._connections.read() as connection:
            return folders_in_use(connection)
