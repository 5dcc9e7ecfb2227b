"""`fttool api files.*`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.cli.legacy import printing
from fttool.cli.legacy.grammar import Entry, add_id
from fttool.errors import DataError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection

_add_id = partial(add_id, what="file")


def _create_options(parser: ArgumentParser) -> None:
    parser.add_argument("-f", "--file", required=True, metavar="FILE", help="The file to send.")
    parser.add_argument("-p", "--purpose", required=True, metavar="WORD", help="What it is for: fine-tune.")


def create(given: Namespace, connection: Connection) -> None:
    """Send a file: a new one each time, as ever."""
    from pathlib import Path

    from fttool.cli import uploading
    from fttool.jobs.sending import Wish
    from fttool.jobs.sources import nearest_file

    path = Path(given.file)
    if not path.is_file():
        near = nearest_file(given.file)
        raise DataError("there is no such file", file=given.file, hint=f"did you mean `{near}`?" if near else None)
    client = connection.open()
    wish = Wish(purpose=given.purpose, reuse=False)
    printing.show(uploading.send(client, path, wish, uploading.listener(quiet=True)).file.raw)


def get(given: Namespace, connection: Connection) -> None:
    """Show a file."""
    from fttool.jobs.files import get_file

    printing.show(get_file(connection.open(), given.id).raw)


def list_(given: Namespace, connection: Connection) -> None:
    """List files."""
    from fttool.jobs.files import all_files

    printing.show({"object": "list", "data": [view.raw for view in all_files(connection.open())]})


def delete(given: Namespace, connection: Connection) -> None:
    """Delete a file, without a question."""
    from fttool.jobs.files import delete_file
    from fttool.jobs.ledger import Ledger
    from fttool.jobs.sending import place_of

    client = connection.open()
    answer = delete_file(client, given.id)
    Ledger(warn=output.warn).forget_file(place_of(client), given.id)
    printing.show(answer)


COMMANDS = (
    Entry(
        "files.create",
        "Send a file to the service.",
        create,
        _create_options,
        "fttool api files.create -f train.jsonl -p fine-tune",
    ),
    Entry("files.get", "Show a file.", get, _add_id, "fttool api files.get -i file-abc123"),
    Entry("files.retrieve", "Show a file.", get, _add_id, "fttool api files.retrieve -i file-abc123"),
    Entry("files.list", "List files.", list_, None, "fttool api files.list"),
    Entry(
        "files.delete", "Delete a file, without a question.", delete, _add_id, "fttool api files.delete -i file-abc123"
    ),
)
