"""`--notify COMMAND`: a command that is run when a job has ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.records.jobs import JobView


def check_command(command: str) -> None:
    """Raises UsageError for what is no command; warns now, not after hours, of a program that is not there."""
    import shutil

    program = _words(command)[0]
    if shutil.which(program) is None:
        output.warn(f"`--notify`: there is no program `{program}` here")


def run_command(command: str, job: JobView) -> None:
    """Run it, with the job in its environment and without a shell. Its failure is a warning."""
    import subprocess
    import sys

    environ = {
        **os.environ,
        "FTTOOL_JOB_ID": job.id,
        "FTTOOL_JOB_STATUS": job.status,
        "FTTOOL_JOB_MODEL": job.model or "",
        "FTTOOL_FINE_TUNED_MODEL": job.fine_tuned_model or "",
        "FTTOOL_JOB_ERROR": str(job.error) if job.error else "",
        "FTTOOL_JOB": output.json_text(job.raw),
    }
    output.flush()
    try:
        # what it prints is no part of our answer
        done = subprocess.run(_words(command), env=environ, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    except (OSError, ValueError) as error:
        output.warn(f"`--notify`: {(getattr(error, 'strerror', None) or str(error)).lower()}")
    else:
        if done.returncode:
            output.warn(f"`--notify`: `{command}` ended with exit code {done.returncode}")


def _words(command: str) -> list[str]:
    import shlex

    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError as error:
        raise UsageError(f"`--notify`: {str(error).lower()}") from None
    if not words:
        raise UsageError("`--notify`: the command is empty")
    return words
