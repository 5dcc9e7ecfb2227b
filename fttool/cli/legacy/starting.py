"""Files and a job on the service, with what the `openai` command said about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fttool.cli import output
from fttool.cli.job_ids import command_for
from fttool.errors import FttoolError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.jobs.client import Client
    from fttool.jobs.requests import JobOptions
    from fttool.jobs.sources import Source
    from fttool.records.jobs import JobView

#: What fttool's own service trains if no model is named.
_OWN_MODEL = "baseline"

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

    from fttool.cli import training_data
    from fttool.jobs.create import create_job
    from fttool.jobs.requests import make_request
    from fttool.jobs.sources import find_source

    given = [files.training, *([] if files.validation is None else [files.validation])]
    sources = [find_source(text, option) for text, option in zip(given, files.options, strict=False)]
    config = connection.config()
    client = connection.open_with(config)
    model = options.model or config.get("model") or (_OWN_MODEL if client.local else "")
    _check_model(client, model)
    request = make_request(replace(options, model=model), client.service)
    for warning in request.warnings:
        output.warn(warning)
    with ExitStack() as stack:
        paths = [_on_disk(source, client, stack) for source in sources]
        here = [(path, _name(source, path)) for source, path in zip(sources, paths, strict=True) if path is not None]
        if here:
            training_data.check(here, "supervised", None if client.local else model, told=True)
        _tell_shutdown(client, model)
        ids = [_on_service(client, source, path, files) for source, path in zip(sources, paths, strict=True)]
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


def _on_disk(source: Source, client: Client, stack: ExitStack) -> Path | None:
    if source.kind == "id":
        return None
    from fttool.cli import uploading

    most = client.service.upload_limit if client.service.parts else client.service.file_limit
    return stack.enter_context(uploading.on_disk(source, most))


def _name(source: Source, path: Path) -> str:
    return source.text if source.kind == "path" else path.name


def _tell_shutdown(client: Client, model: str) -> None:
    """A base model that ends soon is said before the money is spent."""
    from datetime import date

    from fttool.jobs.models import get_model, shutdown_notice

    if not client.local:
        with suppress(FttoolError):
            if notice := shutdown_notice(get_model(client, model), date.today()):
                output.warn(notice)


def _on_service(client: Client, source: Source, path: Path | None, files: Files) -> str:
    """The id of the file on the service."""
    if path is None:
        return source.text
    from fttool.cli import uploading
    from fttool.jobs.create import wait_until_ready
    from fttool.jobs.sending import Wish

    choose = uploading.chooser(no_input=False, json=False) if files.reuse else None
    wish = Wish(reuse=files.reuse, choose=choose)
    name = path.name if path.name.lower().endswith(".jsonl") else f"{path.name}.jsonl"
    done = uploading.send(client, path, wish, uploading.listener(quiet=True), filename=name)
    if done.sent_at is None:
        files.say(f"Uploaded file from {_name(source, path)}: {done.file.id}")
    else:
        files.say(f"Reusing already uploaded file: {done.file.id}")
    return wait_until_ready(client, done.file, output.note).id
