"""`fttool delete`: fine-tuned models and files."""

from __future__ import annotations

from typing import Annotated

import typer

from fttool.cli import deleting, options
from fttool.cli.connection import Connection, connected
from fttool.cli.job_ids import checked
from fttool.errors import UsageError

DELETE_EXAMPLES = """\b
Examples:
  fttool delete ft:baseline:local:people:a1b2c3d4 --local
  fttool delete file-abc123 file-def456 --yes"""

_Ids = Annotated[list[str] | None, typer.Argument(metavar="MODEL|FILE…", help="Names of models, ids of files.")]
_Id = Annotated[list[str] | None, typer.Option("-i", "--id", metavar="ID", help="The same, as an option.")]


@connected
def delete(
    connection: Connection,
    ids: _Ids = None,
    id_: _Id = None,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_input: options.NoInput = False,
) -> int:
    """Delete fine-tuned models or files.

    You are asked first, and told which is a model and which a file. Without a terminal it needs --yes.
    """
    wanted = [*(ids or ()), *(id_ or ())]
    if not wanted:
        raise UsageError("delete what?", hint="`fttool models list --fine-tuned` and `fttool files list` list it")
    wanted = checked(wanted)
    return deleting.run(connection, wanted, ["fttool", "delete"], yes=yes, json=json, quiet=quiet, no_input=no_input)
