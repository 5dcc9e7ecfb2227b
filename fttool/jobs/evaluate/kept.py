"""What was measured of the models of a job, kept on this machine so that `fttool results` can show it.

Services do not keep metrics that the user's machine has measured. The files are a convenience: one that cannot be read
is as good as none, and evaluating once more makes it anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from fttool.records.evaluation import JobEvaluation

#: Characters that a file name can have on every system.
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


class _Page(msgspec.Struct):
    """The file of a job."""

    job: str
    account: str
    evaluations: list[JobEvaluation] = []
    version: int = 1


def file_name(text: str) -> str:
    """`text` (the name of a model, an id) as a file or folder may be called."""
    return _ODD.sub("-", text).strip(".-")[:120] or "-"


def folder_of(job_id: str) -> Path:
    """Where what belongs to a job is kept: its metrics, and the answers that they were measured on."""
    from platformdirs import user_state_path

    return user_state_path("fttool", appauthor=False) / "evaluations" / file_name(job_id)


def load(account: str, job_id: str) -> list[JobEvaluation]:
    """What was measured of a job on the file that was measured last, by step; those of unknown step come last."""
    found = _read(account, job_id)
    if not found:
        return []
    newest = max(found, key=lambda each: each.measured_at).sha256
    same = [each for each in found if each.sha256 == newest]
    return sorted(same, key=lambda each: (each.step is None, each.step or 0, each.model))


def keep(account: str, job_id: str, new: Sequence[JobEvaluation]) -> None:
    """Add evaluations, in place of earlier ones of the same model on the same file. Raises OutputError."""
    from filelock import FileLock

    from fttool.config.files import write_text
    from fttool.errors import OutputError

    folder = folder_of(job_id)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=10):
            replaced = {(each.model, each.sha256) for each in new}
            old = [each for each in _read(account, job_id) if (each.model, each.sha256) not in replaced]
            page = _Page(job_id, account, [*old, *new])
            write_text(folder / "metrics.json", msgspec.json.encode(page).decode(), private=True)
    except OSError as error:  # filelock's Timeout is one
        raise OutputError(f"cannot write to `{folder}`: {(error.strerror or str(error)).lower()}") from None


def best(found: Sequence[JobEvaluation]) -> JobEvaluation | None:
    """The one whose main metric is highest; of equals the last, which is nearest to the final model."""
    names = {each.main[0] for each in found if each.main is not None}
    if len(names) != 1:
        return None
    return max((each for each in reversed(found) if each.main is not None), key=lambda each: each.main[1])  # type: ignore[index]


def _read(account: str, job_id: str) -> list[JobEvaluation]:
    try:
        page = msgspec.json.decode((folder_of(job_id) / "metrics.json").read_bytes(), type=_Page)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    return page.evaluations if (page.job, page.account) == (job_id, account) else []
