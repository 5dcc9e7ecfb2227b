"""Connections to the database: one a thread at a time, and transactions."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fttool.errors import ConfigError
from fttool.service.store.schema import is_made, make

T = TypeVar("T")

#: Seconds to wait for another process that writes.
PATIENCE = 30.0

#: Connections kept open while nobody uses them.
_IDLE = 16


class Connections:
    """Opens the database and lends connections. WAL: readers never wait, writers wait for each other.

    With `durable` a committed transaction survives even a power cut, not only the end of the process.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self._synchronous = "FULL" if durable else "NORMAL"
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        # The threads of a process take turns here, not by SQLite's polling, which is slow and unfair.
        self._writing = threading.Lock()
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its other files the same mode
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def _make(self) -> None:
        """Make the tables where they are not yet."""
        try:
            with self.read() as connection:
                made = is_made(connection)
            if not made:
                with self.write() as connection:
                    make(connection)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise ConfigError(f"`{self._path}` is not a database of fttool: {error}") from None

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with. What several queries read is one state only within `write`."""
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction: all of it is stored at the end, or nothing if the block raises."""
        with self._writing, self.read() as connection:
            retried(lambda: connection.execute("BEGIN IMMEDIATE"))
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back where the disk is full
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close what nobody uses."""
        with self._lock:
            connections, self._idle = self._idle, []
        for connection in connections:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            retried(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA journal_size_limit = 67108864")
        except BaseException:
            connection.close()
            raise
        connection.row_factory = sqlite3.Row
        return connection


def retried(action: Callable[[], T]) -> T:
    """What `action` returns, tried again while the database is busy: SQLite does not always wait by itself."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if ("locked" not in str(error) and "busy" not in str(error)) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)
