"""From the options of `fttool create` to a running job: check, upload, create, follow."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.cli import costs, create_metrics, output, services, training_data, uploading
from fttool.cli.follow_tracking import Opened, opened
from fttool.cli.given_files import GivenFile, find_sources, not_fetched, on_disk
from fttool.cli.shell import shell
from fttool.errors import EXIT_BAD_RESULT, EXIT_OK, FttoolError, OutputError, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.cli.create_metrics import AfterTraining
    from fttool.config import Config
    from fttool.jobs.client import Client
    from fttool.jobs.requests import JobOptions, JobRequest
    from fttool.jobs.services.base import Service
    from fttool.records.cost import Cost
    from fttool.records.jobs import JobView


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done, besides what the job itself is like."""

    training: str
    validation: str | None
    check: bool
    reuse: bool
    follow: bool
    dry_run: bool
    wait_in_queue: bool
    notify: str | None
    give_up_after: float | None
    quiet: bool
    json: bool
    no_input: bool
    yes: bool
    max_cost: float | None
    track: Sequence[str] = ()
    metrics: AfterTraining | None = None

    @property
    def talks(self) -> bool:
        """Whether a person reads along."""
        return not (self.quiet or self.json)


def run(connection: Connection, wish: Wish, options: JobOptions) -> int:
    """Do it, and return the exit code."""
    from fttool.catalog.models import doubts
    from fttool.jobs.requests import make_request, method_of

    if wish.track and not wish.follow:
        raise UsageError(
            "`--track` and `--no-follow` exclude each other",
            hint="`fttool wandb sync` and `fttool mlflow sync` do it later",
        )
    config = connection.config()
    service, own = services.chosen(config, local=connection.local)
    options = replace(options, model=options.model or config.get("model") or (services.OWN_MODEL if own else ""))
    if not options.model:
        raise UsageError(
            "no base model is named", hint="`-m MODEL` names it, or `fttool config set model MODEL` for all commands"
        )
    request = make_request(options, service)
    for warning in request.warnings:
        output.warn(warning)
    for doubt in doubts(options.model, service.name, method_of(request), date.today()):
        output.warn(doubt)
    sources = find_sources(wish.training, wish.validation)
    if wish.dry_run:
        local = not_fetched(sources)
        _check(local, wish, request, service, own=own)
        cost = _cost(config, service, request, local, wish)
        if wish.talks and not own:
            costs.tell(cost)
        return _show_request(request, wish)
    with opened(wish.track) as trackers:
        client = connection.open_with(config)
        with ExitStack() as stack:
            files = [GivenFile(source, stack.enter_context(on_disk(source, service))) for source in sources]
            _check(files, wish, request, service, own=own)
            cost = _cost(config, service, request, files, wish)
            if wish.talks and not own:
                tell_shutdown(client, options.model)
                costs.tell(cost)
            if wish.talks and not costs.agreed(cost, config, yes=wish.yes, no_input=wish.no_input):
                output.note("nothing was sent")
                return EXIT_BAD_RESULT
            ids = [_on_service(client, file, wish) for file in files]
            job = _create(connection, client, request.with_files(ids[0], ids[1] if len(ids) > 1 else None), wish)
        valid = create_metrics.local_path(wish.validation)
        if not wish.follow:
            return _leave(connection, job, wish, valid)
        return _follow(connection, client, job, wish, trackers, valid)


def patience(notify: str | None, give_up_after: str | None) -> float | None:
    """How long to follow a silent service, in seconds. Raises UsageError for what is wrong with these options."""
    from fttool.cli.notify import check_command
    from fttool.cli.times import seconds

    if notify is not None:
        check_command(notify)
    return None if give_up_after is None else seconds(give_up_after, "--give-up-after")


def _cost(config: Config, service: Service, request: JobRequest, files: list[GivenFile], wish: Wish) -> Cost:
    """What the training will cost. Raises UsageError if that is more than `--max-cost` allows."""
    cost = costs.of_job(config, service.name, request.body, [file.path for file in files], quiet=not wish.talks)
    costs.guard(cost, wish.max_cost)
    return cost


def _check(files: list[GivenFile], wish: Wish, request: JobRequest, service: Service, *, own: bool) -> None:
    from fttool.rules.graders import fields_read

    found = [(file.path, file.name) for file in files if file.path is not None]
    if wish.check and found:
        method = request.body.get("method", {})
        kind = method.get("type", "supervised")
        graded = fields_read(method) if kind == "reinforcement" else ()
        model = None if own else request.body["model"]
        training_data.check(found, kind, model, service, told=wish.talks, graded=graded)
    if wish.metrics is not None:
        create_metrics.check(wish.metrics, files[1].path, files[1].name)


def _show_request(request: JobRequest, wish: Wish) -> int:
    """`--dry-run`: files stand in it as they were given."""
    output.answer_json(request.with_files(wish.training, wish.validation))
    if wish.talks:
        output.note("nothing was sent")
    return EXIT_OK


def tell_shutdown(client: Client, model: str) -> None:
    """A base model that ends soon is said before the money is spent. Services that do not tell are not asked twice."""
    from datetime import date

    from fttool.jobs.models import get_model, shutdown_notice

    with contextlib.suppress(FttoolError):
        notice = shutdown_notice(get_model(client, model), date.today())
        if notice:
            output.warn(notice)


def _on_service(client: Client, file: GivenFile, wish: Wish) -> str:
    """The id of the file on the service."""
    if file.path is None:
        return file.source.text
    from fttool.jobs.create import wait_until_ready
    from fttool.jobs.sending import Wish as Sending

    tell = uploading.listener(quiet=not wish.talks)
    choose = uploading.chooser(no_input=wish.no_input, json=wish.json or wish.quiet)
    sending = Sending(reuse=wish.reuse, choose=choose if wish.reuse else None)
    done = uploading.send(client, file.path, sending, tell, filename=file.filename)
    return wait_until_ready(client, done.file, tell.say).id


def _create(connection: Connection, client: Client, body: Mapping[str, Any], wish: Wish) -> JobView:
    from fttool.jobs.create import create_job

    tell = _silent if wish.json or wish.quiet else output.note
    try:
        job = create_job(client, body, tell=tell, wait_in_queue=wish.wait_in_queue)
    except KeyboardInterrupt:
        tell = _silent if wish.json else output.hint
        tell(f"the job may be there all the same: `{shell(['fttool', 'list', *connection.words()])}` shows it")
        raise
    if wish.talks and wish.follow:
        output.note(f"created job {job.id}")
    return job


def _silent(text: str) -> None:
    """`--json` and `-q`: nothing but the answer."""


def _follow(
    connection: Connection, client: Client, job: JobView, wish: Wish, trackers: Opened, valid: Path | None
) -> int:
    from fttool.cli.follow import follow_job

    code = follow_job(
        client,
        job.id,
        json=wish.json,
        quiet=wish.quiet,
        notify=wish.notify,
        give_up_after=wish.give_up_after,
        connection=connection,
        job=job,
        trackers=trackers,
    )
    if code == EXIT_OK and wish.metrics is not None:
        create_metrics.measure(connection, client, job.id, wish.metrics, valid, quiet=not wish.talks)
        for spec in wish.track if wish.talks else ():
            sync = ["fttool", spec.partition(":")[0], "sync", "-i", job.id, "--force"]
            output.hint(f"`{shell(sync)}`, with the options of its project and service, adds these to the run")
    return code


def _leave(connection: Connection, job: JobView, wish: Wish, valid: Path | None) -> int:
    try:
        if wish.json:
            output.answer_json(job.raw)
        else:
            output.answer(job.id)
    except OutputError as error:
        error.hint = f"the job is there all the same: {job.id}"
        raise
    if wish.talks:
        command = ["fttool", "follow", job.id, *connection.words()]
        output.hint(f"`{shell(command)}` shows how it goes")
        if wish.metrics is not None:
            again = create_metrics.later(connection, job.id, wish.metrics, valid)
            output.hint(f"when it has succeeded, `{again}` measures it")
    return EXIT_OK
