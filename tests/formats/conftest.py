"""A way to write a file and read it back, for the tests of all formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fttool.dataset.formats import ReadOptions, Table, open_table
from fttool.errors import FttoolError


class Reader:
    """Writes files into a folder of its own and reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, data: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        return str(path)

    def table(self, name: str, data: str | bytes | None = None, **options: Any) -> Table:
        path = self.write(name, data) if data is not None else str(self.folder / name)
        return open_table(path, ReadOptions(**options))

    def columns(self, name: str, data: str | bytes | None = None, **options: Any) -> dict[str, list[Any]]:
        return all_columns(self.table(name, data, **options))

    def lines(self, name: str, data: str | bytes | None = None, **options: Any) -> list[int]:
        return [line for block in self.table(name, data, **options).blocks() for line in block.lines]

    def bad(self, name: str, data: str | bytes | None = None) -> list[tuple[int, str]]:
        blocks = self.table(name, data, skip_bad=True).blocks()
        return [(row.line, row.reason) for block in blocks for row in block.bad]

    def error(self, name: str, data: str | bytes | None = None, **options: Any) -> FttoolError:
        with pytest.raises(FttoolError) as caught:
            for _ in self.table(name, data, **options).blocks():
                pass
        return caught.value


def all_columns(table: Table) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for block in table.blocks():
        assert {len(values) for values in block.columns.values()} <= {len(block.lines)}
        for name, values in block.columns.items():
            columns.setdefault(name, []).extend(values)
    return columns


@pytest.fixture
def files(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make blocks so small that everything falls on a boundary."""
    return lambda size: monkeypatch.setattr("fttool.dataset.formats.base.BLOCK_BYTES", size)
