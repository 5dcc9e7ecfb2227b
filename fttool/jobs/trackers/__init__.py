"""Trackers: places that keep the record of a training. A job becomes a run there.

    with closing(open_tracker("wandb", Target(project="people"))) as tracker, Shelf() as shelf:
        synced = sync_job(client, tracker, get_job(client, job_id), shelf)

To add one: a module with a class as `base.Tracker` says, made from a `Target`, and its line in TRACKERS.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple, cast

from fttool.errors import UsageError
from fttool.jobs.trackers.base import Target, Tracker


class Kind(NamedTuple):
    """A tracker that can be chosen: `made_by` is `module:class`, `needs` the modules of its extra."""

    title: str
    made_by: str
    needs: tuple[str, ...]


#: Each has an extra of its own name.
TRACKERS = {
    "wandb": Kind("Weights & Biases", "fttool.jobs.trackers.wandb:Wandb", ("wandb",)),
    "mlflow": Kind("MLflow", "fttool.jobs.trackers.mlflow:Mlflow", ("mlflow", "sqlalchemy", "alembic")),
}


def open_tracker(name: str, target: Target | None = None) -> Tracker:
    """The tracker of that name.

    Raises UsageError if there is none or its package is not installed, KeyMissingError if it wants a key that is not
    there, TrackerError if it cannot be used.
    """
    kind = TRACKERS.get(name)
    if kind is None:
        raise UsageError(f"there is no tracker `{name}`", hint=f"there are {' and '.join(TRACKERS)}")
    missing = [each for each in kind.needs if find_spec(each) is None]
    if missing:
        raise UsageError(
            f"{kind.title} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            hint=f"install it: `{sys.executable} -m pip install 'fttool[{name}]'`",
        )
    module, _, made_by = kind.made_by.partition(":")
    return cast("Tracker", getattr(import_module(module), made_by)(target or Target()))
