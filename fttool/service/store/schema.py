"""The tables of the service's database, and its version."""

from __future__ import annotations

import sqlite3

from fttool.errors import ConfigError

#: Grows with each change of the tables; stands in the database as `user_version`.
VERSION = 1

# `seq` orders what was made within the same second; AUTOINCREMENT never gives a number twice. Files that were deleted
# keep their row, so that a list can be paged on after one of them.
_TABLES = """
CREATE TABLE files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL, filename TEXT NOT NULL, purpose TEXT NOT NULL, sha TEXT NOT NULL,
    expires_at INTEGER, deleted_at INTEGER
);
CREATE INDEX files_sha ON files (sha) WHERE deleted_at IS NULL;
CREATE INDEX files_expiry ON files (expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL;
CREATE TABLE uploads (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, filename TEXT NOT NULL, purpose TEXT NOT NULL, bytes INTEGER NOT NULL,
    mime_type TEXT NOT NULL, status TEXT NOT NULL, lifetime INTEGER, file TEXT, part_ids TEXT
);
CREATE INDEX uploads_pending ON uploads (expires_at) WHERE status = 'pending';
CREATE TABLE parts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, upload_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, bytes INTEGER NOT NULL, sha TEXT NOT NULL
);
CREATE INDEX parts_upload ON parts (upload_id);
CREATE INDEX parts_sha ON parts (sha);
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    model TEXT NOT NULL, requested_model TEXT NOT NULL, trainer TEXT NOT NULL, training_file TEXT NOT NULL,
    training_sha TEXT NOT NULL, method TEXT NOT NULL, seed INTEGER NOT NULL, status TEXT NOT NULL,
    finished_at INTEGER, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, parent TEXT, validation_file TEXT,
    validation_sha TEXT, resolved TEXT, suffix TEXT, integrations TEXT, metadata TEXT, fine_tuned_model TEXT,
    result_files TEXT, trained_tokens INTEGER, error TEXT, estimated_finish INTEGER, steps_done INTEGER NOT NULL,
    total_steps INTEGER
);
CREATE INDEX jobs_status ON jobs (status);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, level TEXT NOT NULL, type TEXT NOT NULL, message TEXT NOT NULL, data TEXT,
    step INTEGER
);
CREATE INDEX events_job ON events (job_id, seq);
CREATE UNIQUE INDEX events_step ON events (job_id, step) WHERE step IS NOT NULL;
CREATE TABLE steps (
    job_id TEXT NOT NULL, step INTEGER NOT NULL, total_steps INTEGER NOT NULL, train_loss REAL,
    train_accuracy REAL, train_sequence_accuracy REAL, valid_loss REAL, valid_accuracy REAL,
    valid_sequence_accuracy REAL, full_valid_loss REAL, full_valid_accuracy REAL, elapsed_tokens INTEGER,
    elapsed_examples INTEGER, created_at INTEGER, PRIMARY KEY (job_id, step)
) WITHOUT ROWID;
CREATE TABLE checkpoints (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    job_id TEXT NOT NULL, model TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL, folder TEXT NOT NULL,
    UNIQUE (job_id, step)
);
CREATE TABLE models (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    owned_by TEXT NOT NULL, job_id TEXT, trainer TEXT NOT NULL, base TEXT NOT NULL, folder TEXT NOT NULL,
    shutdown_date TEXT
);
CREATE INDEX models_folder ON models (folder);
"""


def is_made(connection: sqlite3.Connection) -> bool:
    """Whether the tables are there.

    Raises:
        ConfigError: a newer fttool has made them.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise ConfigError(
            f"the state folder was made by a newer fttool (its version {version}, known here: {VERSION})",
            hint="update fttool, or name another state folder",
        )
    return bool(version == VERSION)


def make(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process has just made them; within a transaction of the caller."""
    if is_made(connection):
        return
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
