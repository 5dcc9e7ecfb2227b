"""`fttool api fine_tunes.*`: the commands of the old API for fine-tunes, on today's for jobs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from fttool.cli import output
from fttool.cli.legacy import following, printing, shape, starting
from fttool.cli.legacy.grammar import Entry, add_id, number, whole
from fttool.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection
    from fttool.jobs.client import Client
    from fttool.records.jobs import JobView

_CREATED = """Created fine-tune: {id}
Streaming events until fine-tuning is complete...

(Ctrl-C will interrupt the stream, but not cancel the fine-tune)"""

_FILE = "a JSONL file, the id of one on the service, or an address that starts with http."


def _create_options(parser: ArgumentParser) -> None:
    add_files(parser)
    parser.add_argument("-m", "--model", metavar="MODEL", help="The model to start from.")
    parser.add_argument("--suffix", metavar="TEXT", help="Your part of the new model's name.")
    parser.add_argument("--no_follow", action="store_true", help="Print the job and do not wait.")
    parser.add_argument("--n_epochs", metavar="N", help="How often to go through the examples.")
    parser.add_argument("--batch_size", metavar="N", help="How many examples make a step.")
    parser.add_argument("--learning_rate_multiplier", metavar="N", help="Learning rate, as a multiple.")
    parser.add_argument("--prompt_loss_weight", metavar="N", type=number, help="Not in today's API: warned of.")
    parser.add_argument("--compute_classification_metrics", action="store_true", help="The same.")
    parser.add_argument("--classification_n_classes", metavar="N", type=whole, help="The same.")
    parser.add_argument("--classification_positive_class", metavar="TEXT", help="The same.")
    parser.add_argument("--classification_betas", metavar="N", type=number, nargs="+", help="The same.")


def add_files(parser: ArgumentParser) -> None:
    """`-t`, `-v` and `--no_check_if_files_exist`."""
    parser.add_argument("-t", "--training_file", required=True, metavar="FILE", help=f"Training examples: {_FILE}")
    parser.add_argument("-v", "--validation_file", metavar="FILE", help="Validation examples, likewise.")
    parser.add_argument("--no_check_if_files_exist", action="store_true", help="Send files that are there already.")


def create(given: Namespace, connection: Connection) -> int:
    """Start a job and follow it."""
    from fttool.cli import create_metrics
    from fttool.jobs.requests import LEGACY, JobOptions

    names = ("n_epochs", "batch_size", "learning_rate_multiplier")
    options = JobOptions(
        model=given.model or "",
        suffix=starting.old_suffix(given.suffix),
        hyperparameters={name: getattr(given, name) for name in names},
        legacy={name: getattr(given, name) for name in LEGACY},
    )
    metrics = create_metrics.after_training(
        given.compute_classification_metrics,
        classes=given.classification_n_classes,
        positive=given.classification_positive_class,
        betas=given.classification_betas,
        validation=given.validation_file,
    )
    valid = create_metrics.local_path(given.validation_file)
    if metrics is not None:
        create_metrics.check(metrics, valid, given.validation_file)
    client, job = starting.start(connection, files_of(given), options)
    if given.no_follow:
        _show(client, job)
        if metrics is not None:
            output.hint(f"when it has succeeded: `{create_metrics.later(connection, job.id, metrics, valid)}`")
        return EXIT_OK
    if given.json:
        code = _follow_json(client, job.id, connection, job)
    else:
        output.answer(_CREATED.format(id=job.id))
        code = following.follow(client, job.id, connection, "fine_tunes", job=job)
    if code == EXIT_OK and metrics is not None:
        create_metrics.measure(connection, client, job.id, metrics, valid, quiet=given.json)
    return code


def files_of(given: Namespace) -> starting.Files:
    """The files that these options name. What becomes of them is told on stdout, unless that is for JSON."""
    say = output.note if given.json else output.answer
    return starting.Files(given.training_file, given.validation_file, not given.no_check_if_files_exist, say)


def list_(given: Namespace, connection: Connection) -> None:
    """List jobs."""
    from fttool.jobs.listing import list_jobs

    client = connection.open()
    jobs = list(list_jobs(client))
    file = shape.all_files(client) if jobs else shape.one_file(client)
    # The old API began with the oldest: the old tool took the last for the most recent (`wandb sync -n`).
    data = [shape.fine_tune(job, file, None) for job in reversed(jobs)]
    printing.show({"object": "list", "data": data})


def get(given: Namespace, connection: Connection) -> None:
    """Show a job."""
    from fttool.jobs.listing import get_job

    client = connection.open()
    _show(client, get_job(client, given.id))


def _show(client: Client, job: JobView) -> None:
    from fttool.jobs.listing import list_events

    printing.show(shape.fine_tune(job, shape.one_file(client), list_events(client, job.id)))


def results(given: Namespace, connection: Connection) -> None:
    """Print the result file of a job, with the columns of then."""
    from fttool.cli.legacy.old_results import with_old_columns
    from fttool.cli.results_views import evaluations
    from fttool.jobs.evaluate.beside import with_metrics
    from fttool.jobs.results import fetch, find_job

    if given.json:
        raw_results(given, connection)
        return
    client = connection.open()
    with fetch(client, find_job(client, given.id)) as found:
        measured = evaluations(client, found.job)
        for piece in with_old_columns(with_metrics(found.csv, measured)):
            output.answer_piece(piece)


def raw_results(given: Namespace, connection: Connection) -> None:
    """Print the result file of a job as it is."""
    from fttool.cli.results import results as modern

    modern(id_=given.id, output_=None if given.json else Path("-"), json=given.json, **connection._asdict())


def _events_options(parser: ArgumentParser) -> None:
    add_id(parser)
    parser.add_argument("-s", "--stream", action="store_true", help="Refused, as ever: `fine_tunes.follow` does it.")


def events(given: Namespace, connection: Connection) -> None:
    """Show a job's events."""
    from fttool.jobs.listing import list_events

    if given.stream:
        raise UsageError(
            "the --stream parameter is deprecated, use fine_tunes.follow instead",
            hint=f"`fttool api fine_tunes.follow -i {given.id}`",
        )
    found = list_events(connection.open(), given.id)
    printing.show({"object": "list", "data": [shape.event(each) for each in found]})


def follow(given: Namespace, connection: Connection) -> int:
    """Show a job's events as they come, until it ends."""
    client = connection.open()
    if given.json:
        return _follow_json(client, given.id, connection, None)
    return following.follow(client, given.id, connection, "fine_tunes")


def _follow_json(client: Client, job_id: str, connection: Connection, job: JobView | None) -> int:
    from fttool.cli.follow import follow_job

    return follow_job(client, job_id, json=True, connection=connection, job=job)


def cancel(given: Namespace, connection: Connection) -> None:
    """Cancel a job."""
    from fttool.jobs.actions import act

    client = connection.open()
    _show(client, act(client, "cancel", given.id))


def delete(given: Namespace, connection: Connection) -> None:
    """Delete the model of a job."""
    from fttool.cli.legacy.models import delete as delete_model
    from fttool.jobs.listing import get_job
    from fttool.jobs.sources import is_job_id

    if not is_job_id(given.id):
        delete_model(given, connection)
        return
    model = get_job(connection.open(), given.id).fine_tuned_model
    hint = f"`fttool api fine_tunes.cancel -i {given.id}` cancels it"
    if model is not None:
        hint = f"`fttool api models.delete -i {model}` deletes its model"
    raise UsageError(f"`{given.id}` is a job: jobs cannot be deleted any more", hint=hint)


COMMANDS = (
    Entry(
        "fine_tunes.create",
        "Start a fine-tuning job and follow it.",
        create,
        _create_options,
        'fttool api fine_tunes.create -t train.jsonl -m davinci-002 --suffix "custom model name"',
    ),
    Entry(
        "fine_tunes.list", "List fine-tuning jobs.", list_, None, "fttool api fine_tunes.list | grep fine_tuned_model"
    ),
    Entry("fine_tunes.get", "Show a job.", get, add_id, "fttool api fine_tunes.get -i ftjob-abc123 | jq -r .status"),
    Entry(
        "fine_tunes.results",
        "Print the result file of a job.",
        results,
        add_id,
        "fttool api fine_tunes.results -i ftjob-abc123 > results.csv",
    ),
    Entry(
        "fine_tunes.events",
        "Show a job's events.",
        events,
        _events_options,
        "fttool api fine_tunes.events -i ftjob-abc123",
    ),
    Entry(
        "fine_tunes.follow",
        "Show a job's events as they come, until it ends.",
        follow,
        add_id,
        "fttool api fine_tunes.follow -i ftjob-abc123",
    ),
    Entry("fine_tunes.cancel", "Cancel a job.", cancel, add_id, "fttool api fine_tunes.cancel -i ftjob-abc123"),
    Entry(
        "fine_tunes.delete",
        "Delete a fine-tuned model.",
        delete,
        add_id,
        "fttool api fine_tunes.delete -i ft:baseline:local::a1b2c3d4",
    ),
)
