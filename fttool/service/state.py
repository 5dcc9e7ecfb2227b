"""The state folder: the names of everything the service keeps on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from fttool.errors import ConfigError

#: Names under `jobs` and `models` are made by the service itself; nothing else may become a path.
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")


def default_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that `FTTOOL_STATE_DIR` names, or the user's own state folder on this system."""
    named = environ.get("FTTOOL_STATE_DIR", "").strip()
    if named:
        return Path(named).expanduser()
    from platformdirs import user_state_path

    return user_state_path("fttool", appauthor=False) / "service"


class StateDir:
    """Where things are. Only `make` touches the disk."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root if root is not None else default_root()).absolute()
        self.database = self.root / "service.db"
        self.blobs = self.root / "blobs"
        self.incoming = self.root / "incoming"
        self.jobs = self.root / "jobs"
        self.models = self.root / "models"
        self.key = self.root / "key"
        self.server = self.root / "server.json"
        self.log = self.root / "service.log"
        self.server_lock = self.root / "service.lock"
        self.blobs_lock = self.root / "blobs.lock"

    def make(self) -> None:
        """Make the folders, readable for the user only. A folder the user named keeps its own permissions.

        Raises:
            ConfigError: a folder cannot be made.
        """
        try:
            if not self.root.is_dir():
                self.root.mkdir(parents=True, mode=0o700, exist_ok=True)
            for folder in (self.blobs, self.incoming, self.jobs, self.models):
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(
                f"the state folder `{self.root}` cannot be used: {reason}",
                hint="`FTTOOL_STATE_DIR` names another one",
            ) from None

    def job(self, job_id: str) -> Path:
        """The folder of a job: its lock, and what its worker needs."""
        return self.jobs / plain(job_id)

    def job_lock(self, job_id: str) -> Path:
        """The file that a job's worker keeps locked as long as it lives."""
        return self.job(job_id) / "lock"

    def model(self, folder: str) -> Path:
        """The folder of a model or a checkpoint."""
        return self.models / plain(folder)


def plain(name: str) -> str:
    """`name`, if it is a plain file name; ValueError otherwise."""
    if not _PLAIN.match(name):
        raise ValueError(f"not a plain file name: {name!r}")
    return name
