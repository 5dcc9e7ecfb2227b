"""The same thing done to several ids: one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.errors import EXIT_OK, FttoolError, KeyMissingError

if TYPE_CHECKING:
    from fttool.records.jobs import JobView


def for_each(
    ids: Sequence[str], do: Callable[[str], JobView], show: Callable[[JobView], None], *, json: bool = False
) -> int:
    """Do it to each, show what came of it, tell what went wrong; the exit code is that of the worst.

    With one id an error goes its usual way. With `json`, one id makes one document: the job; several make a list.
    """
    if len(ids) == 1:
        job = do(ids[0])
        if json:
            output.answer_json(job.raw)
        else:
            show(job)
        return EXIT_OK
    done, code = [], EXIT_OK
    for each in ids:
        try:
            job = do(each)
        except KeyMissingError:  # the same for all
            raise
        except FttoolError as error:
            output.error(error, as_json=json)
            code = max(code, error.exit_code)
            continue
        done.append(job.raw)
        if not json:
            show(job)
    if json:
        output.answer_json({"object": "list", "data": done, "has_more": False})
    return code
