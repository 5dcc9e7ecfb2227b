"""`fttool api models.*`."""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from typing import TYPE_CHECKING

from fttool.cli.legacy import printing
from fttool.cli.legacy.grammar import Entry, add_id

if TYPE_CHECKING:
    from fttool.cli.connection import Connection

_add_id = partial(add_id, what="model")


def list_(given: Namespace, connection: Connection) -> None:
    """List models, in the order of the service."""
    client = connection.open()
    with client.speaking("list models"):
        printing.show_page(client.sdk.models.with_raw_response.list(), "models")


def get(given: Namespace, connection: Connection) -> None:
    """Show a model."""
    from fttool.jobs.models import get_model

    printing.show(get_model(connection.open(), given.id).raw)


def delete(given: Namespace, connection: Connection) -> None:
    """Delete a fine-tuned model, without a question."""
    from fttool.jobs.models import delete_model

    printing.show(delete_model(connection.open(), given.id))


COMMANDS = (
    Entry("models.list", "List models.", list_, None, "fttool api models.list"),
    Entry("models.get", "Show a model.", get, _add_id, "fttool api models.get -i davinci-002"),
    Entry("models.retrieve", "Show a model.", get, _add_id, "fttool api models.retrieve -i davinci-002"),
    Entry(
        "models.delete",
        "Delete a fine-tuned model, without a question.",
        delete,
        _add_id,
        "fttool api models.delete -i ft:baseline:local::a1b2c3d4",
    ),
)
