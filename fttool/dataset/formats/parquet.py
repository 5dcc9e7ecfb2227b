"""Parquet, row group by row group. Needs pyarrow, which is only installed by who asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fttool.dataset.formats.base import Block, FromStart
from fttool.dataset.formats.objects import check_width
from fttool.dataset.formats.source import Source, no_examples
from fttool.errors import DataError, UsageError

_BATCH_ROWS = 1024
#: What pyarrow's own errors derive from.
_BROKEN = (OSError, ValueError, TypeError, KeyError, IndexError, NotImplementedError, OverflowError)


@dataclass(slots=True)
class ParquetTable(FromStart):
    """A Parquet file. Integers stay integers in columns with nulls too; a null is None."""

    source: Source
    name: str
    size: int
    columns: list[str]
    details: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    format: str = "parquet"

    def blocks(self) -> Iterator[Block]:
        """Read everything, in order. DataError for a damaged file and for bytes that are not UTF-8 text."""
        row = 0
        with _open(self.source) as file:
            total = max(1, file.metadata.num_rows)
            for batch in self._batches(file):
                columns = {name: self._values(batch.column(at), name, row) for at, name in enumerate(self.columns)}
                count = batch.num_rows
                size = self.size * (row + count) // total - self.size * row // total
                yield Block(columns, range(row + 1, row + count + 1), size)
                row += count

    def _batches(self, file: Any) -> Iterator[Any]:
        try:
            yield from (batch for batch in file.iter_batches(batch_size=_BATCH_ROWS) if batch.num_rows)
        except _BROKEN as error:
            raise _damaged(self.name, error) from error

    def _values(self, column: Any, name: str, row: int) -> list[Any]:
        try:
            values: list[Any] = column.to_pylist()
        except _BROKEN as error:
            raise _damaged(self.name, error) from error
        if any(isinstance(value, bytes) for value in values):
            for at, value in enumerate(values):
                try:
                    values[at] = value.decode("utf-8") if isinstance(value, bytes) else value
                except UnicodeDecodeError as error:
                    message = f"column `{name}` holds bytes that are not UTF-8 text"
                    raise DataError(message, file=self.name, line=row + at + 1) from error
        return values


def open_parquet(source: Source) -> ParquetTable:
    """A Parquet file with at least one row. UsageError when pyarrow is not installed."""
    size = source.size
    source = source.unpacked()
    with _open(source) as file:
        columns = [str(name) for name in file.schema_arrow.names]
        rows = file.metadata.num_rows
    check_width(len(columns), source.name)
    index = [name for name in columns if name.startswith("__index_level_")]
    if not rows or len(columns) == len(index):
        raise no_examples(source.name, "no rows" if columns else "no columns")
    twice = sorted({name for name in columns if columns.count(name) > 1}) if len(set(columns)) < len(columns) else []
    if twice:
        raise DataError(f"has more than one column called `{twice[0]}`", file=source.name)
    return ParquetTable(source, source.name, size, columns)


def _open(source: Source) -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        hint = "install it: `python -m pip install pyarrow`"
        raise UsageError("reading Parquet needs pyarrow", file=source.name, hint=hint) from error
    try:
        return pyarrow.parquet.ParquetFile(source.path)
    except _BROKEN as error:
        raise _damaged(source.name, error) from error


def _damaged(name: str, error: Exception) -> DataError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(f"is not a whole Parquet file: {reason}", file=name, hint="copy or write the file again")
