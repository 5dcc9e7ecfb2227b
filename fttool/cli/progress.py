"""A progress bar that shows itself only when there is something to wait for."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

#: Seconds of work before the bar appears.
DELAY = 1.0


class Progress:
    """Counts work; on a terminal, after `DELAY` seconds, draws it with rich (which is imported only then)."""

    def __init__(self, total: int | None, unit: str, label: str, *, shown: bool) -> None:
        self.total = total
        self.unit = unit
        self.label = label
        self.done = 0
        self.rows = 0
        #: Shown behind the rows, where the unit is no size.
        self.note = ""
        self._shown = shown
        self._started = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def advance(self, amount: int = 1, *, rows: int = 0) -> None:
        """`amount` more of `total` is done (in its unit), and `rows` more rows."""
        self.done += amount
        self.rows += amount if self.unit == "rows" else rows
        if not self._shown:
            return
        if self._bar is None:
            if time.monotonic() - self._started < DELAY:
                return
            self._start()
        self._bar.update(self._task, completed=self.done, rows=f"{self.rows:,} rows", speed=self._speed())

    def _speed(self) -> str:
        if self.unit != "bytes":
            return self.note
        return f"{self.done / 1e6 / max(time.monotonic() - self._started, 1e-9):.1f} MB/s"

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        from fttool.cli import output

        columns = [TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn()]
        columns += [TextColumn("{task.fields[rows]}"), TextColumn("{task.fields[speed]}"), TimeRemainingColumn()]
        # stdout is left alone: answers never pass through the bar
        self._bar = Bar(*columns, console=Console(file=sys.stderr), transient=True, redirect_stdout=False)
        self._task = self._bar.add_task(output.escape(self.label), total=self.total, rows="", speed="")
        self._bar.start()
