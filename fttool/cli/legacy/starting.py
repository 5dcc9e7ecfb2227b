"""Files and a job on the service, with what the `openai` command said about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from fttool.cli import output
from fttool.cli.job_ids import command_for
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.cli.given_files import GivenFile
    from fttool.jobs.client import Client
    from fttool.jobs.requests import JobOptions
    from fttool.records.jobs import JobView

#: The base models of the old API, shut down on 4 January 2024 (OpenAI's deprecation page).
_GONE = ("ada", "babbage", "curie", "davinci")


class Files(NamedTuple):
    """The two inputs as they were given; `reuse`: look whether the service has them; `say` is told of each."""

    training: str
    validation: str | None
    reuse: bool = True
    say: Callable[[str], None] = output.answer
    options: tuple[str, str] = ("-t", "-v")


def start(connection: Connection, files: Files, options: JobOptions) -> tuple[Client, JobView]:
    """Check the files, have them on the service, and create the job. `options.model` may be empty.

    Raises what `fttool create` raises: nothing is sent unless all is right.
    """
    from dataclasses import replace

    from fttool.cli import costs, creating, services, training_data
    from fttool.cli.given_files import GivenFile, on_disk
    from fttool.jobs.create import create_job
    from fttool.jobs.requests import make_request
    from fttool.jobs.sources import find_source

    given = [files.training, *([] if files.validation is None else [files.validation])]
    sources = [find_source(text, option) for text, option in zip(given, files.options, strict=False)]
    config = connection.config()
    client = connection.open_with(config)
    model = options.model or config.get("model") or (services.OWN_MODEL if client.local else "")
    _check_model(client, model)
    request = make_request(replace(options, model=model), client.service)
    for warning in request.warnings:
        output.warn(warning)
    with ExitStack() as stack:
        inputs = [GivenFile(source, stack.enter_context(on_disk(source, client.service))) for source in sources]
        here = [(file.path, file.name) for file in inputs if file.path is not None]
        if here:
            training_data.check(here, "supervised", None if client.local else model, client.service, told=True)
        if not client.local:
            creating.tell_shutdown(client, model)
            costs.tell(costs.of_job(config, client.service.name, request.body, [file.path for file in inputs]))
        ids = [_on_service(client, file, files) for file in inputs]
    body = request.with_files(ids[0], ids[1] if len(ids) > 1 else None)
    try:
        return client, create_job(client, body, tell=output.note)
    except KeyboardInterrupt:
        output.hint(f"the job may be there all the same: `{command_for(connection, 'list')}` shows it")
        raise


def old_suffix(text: str | None) -> str | None:
    """A suffix as the old API made it: each run of punctuation and space a dash, all in lower case."""
    return None if text is None else re.sub(r"[\W_]+", "-", text).strip("-").lower()


def _check_model(client: Client, model: str) -> None:
    if not model:
        raise UsageError("no base model is named", hint="`-m MODEL` names it")
    if client.service.name == "openai" and model.partition(":")[0] in _GONE:
        raise UsageError(
            f"base model `{model}` was shut down on 4 January 2024",
            hint="today's take its place: `-m gpt-4.1-mini-2025-04-14` (chats), `-m davinci-002` (completions)",
        )


def _on_service(client: Client, file: GivenFile, files: Files) -> str:
    """The id of the file on the service."""
    if file.path is None:
        return file.source.text
    from fttool.cli import uploading
    from fttool.jobs.create import wait_until_ready
    from fttool.jobs.sending import Wish

    choose = uploading.chooser(no_input=False, json=False) if files.reuse else None
    wish = Wish(reuse=files.reuse, choose=choose)
    done = uploading.send(client, file.path, wish, uploading.listener(quiet=True), filename=file.filename)
    if done.sent_at is None:
        files.say(f"Uploaded file from {file.name}: {done.file.id}")
    else:
        files.say(f"Reusing already uploaded file: {done.file.id}")
    return wait_until_ready(client, done.file, output.note).id
