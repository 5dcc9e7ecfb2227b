"""`fttool api fine_tuning.job.*` (0.28.1) and `fine_tuning.jobs.*` (1.x and 2.x): today's JSON, as it comes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from fttool.cli import output
from fttool.cli.legacy import fine_tunes, following, printing, starting
from fttool.cli.legacy.grammar import Entry, add_id, whole
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection


def _job_options(parser: ArgumentParser) -> None:
    fine_tunes.add_files(parser)
    parser.add_argument("-m", "--model", metavar="MODEL", help="The model to start from.")
    parser.add_argument("--suffix", metavar="TEXT", help="Your part of the new model's name.")
    parser.add_argument("--n_epochs", metavar="N", help="How often to go through the examples.")


def create_job(given: Namespace, connection: Connection) -> None:
    """Start a job (0.28.1)."""
    from fttool.jobs.requests import JobOptions

    options = JobOptions(
        model=given.model or "",
        suffix=starting.old_suffix(given.suffix),
        hyperparameters={"n_epochs": given.n_epochs},
    )
    printing.show(starting.start(connection, fine_tunes.files_of(given), options)[1].raw)


def _jobs_options(parser: ArgumentParser) -> None:
    parser.add_argument("-m", "--model", required=True, metavar="MODEL", help="The model to start from.")
    parser.add_argument(
        "-F", "--training-file", required=True, metavar="FILE", help="Training examples: the id of a file, or a file."
    )
    parser.add_argument("-H", "--hyperparameters", metavar="JSON", help="As a JSON object: '{\"n_epochs\": 3}'.")
    parser.add_argument("-s", "--suffix", metavar="TEXT", help="Your part of the new model's name.")
    parser.add_argument("-V", "--validation-file", metavar="FILE", help="Validation examples, likewise.")


def create_jobs(given: Namespace, connection: Connection) -> None:
    """Start a job (1.x)."""
    from fttool.jobs.hyperparameters import KNOWN
    from fttool.jobs.requests import JobOptions

    wanted = _hyperparameters(given.hyperparameters)
    options = JobOptions(
        model=given.model,
        suffix=given.suffix,
        hyperparameters={name: value for name, value in wanted.items() if name in KNOWN},
        extra_hyperparameters={name: value for name, value in wanted.items() if name not in KNOWN},
    )
    files = starting.Files(given.training_file, given.validation_file, say=output.note, options=("-F", "-V"))
    printing.show(starting.start(connection, files, options)[1].raw)


def _hyperparameters(text: str | None) -> dict[str, str]:
    """The values of a JSON object, as they would be typed. Raises UsageError if it is none."""
    import json

    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError(f'`-H` takes a JSON object like {{"n_epochs": 3}}, not `{text}`')
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def list_job(given: Namespace, connection: Connection) -> None:
    """List jobs, a document each (0.28.1)."""
    from fttool.jobs.listing import list_jobs

    none = True
    for job in list_jobs(connection.open()):
        none = False
        printing.show(job.raw)
    if none:
        output.answer("No fine-tuning jobs found.")


def retrieve(given: Namespace, connection: Connection) -> None:
    """Show a job."""
    from fttool.jobs.listing import get_job

    printing.show(get_job(connection.open(), given.id).raw)


def cancel(given: Namespace, connection: Connection) -> None:
    """Cancel a job."""
    from fttool.jobs.actions import act

    printing.show(act(connection.open(), "cancel", given.id).raw)


def _events_options(parser: ArgumentParser) -> None:
    add_id(parser)
    parser.add_argument("--limit", metavar="N", type=whole, help="Show only the newest so many.")


def events(given: Namespace, connection: Connection) -> None:
    """Show a job's events, a document each, the newest first (0.28.1)."""
    from fttool.jobs.listing import list_events

    # the old tool showed one event even for `--limit 0`
    most = None if given.limit is None else max(given.limit, 1)
    for event in list_events(connection.open(), given.id)[::-1][:most]:
        printing.show(event.raw)


def follow(given: Namespace, connection: Connection) -> int:
    """Show a job's events as they come (0.28.1 could not)."""
    if given.json:
        return fine_tunes.follow(given, connection)
    return following.follow(connection.open(), given.id, connection, "fine_tuning.job")


def _page_options(parser: ArgumentParser) -> None:
    parser.add_argument("-a", "--after", metavar="ID", help="The last of the page before.")
    parser.add_argument("-l", "--limit", metavar="N", type=whole, help="How many.")


def _events_page_options(parser: ArgumentParser) -> None:
    add_id(parser)
    _page_options(parser)


def list_jobs(given: Namespace, connection: Connection) -> None:
    """List jobs, one page (1.x)."""
    client = connection.open()
    with client.speaking("list jobs"):
        printing.show_page(client.sdk.fine_tuning.jobs.with_raw_response.list(**_page(given)), "jobs")


def list_events(given: Namespace, connection: Connection) -> None:
    """List a job's events, one page (1.x)."""
    client = connection.open()
    with client.speaking(f"list the events of job `{given.id}`"):
        answer = client.sdk.fine_tuning.jobs.with_raw_response.list_events(given.id, **_page(given))
        printing.show_page(answer, "events")


def _page(given: Namespace) -> dict[str, Any]:
    return {name: value for name in ("after", "limit") if (value := getattr(given, name))}


COMMANDS = (
    Entry(
        "fine_tuning.job.create",
        "Start a fine-tuning job.",
        create_job,
        _job_options,
        "fttool api fine_tuning.job.create -t train.jsonl -m gpt-4.1-mini-2025-04-14 --n_epochs 3",
    ),
    Entry("fine_tuning.job.list", "List fine-tuning jobs.", list_job, None, "fttool api fine_tuning.job.list"),
    Entry("fine_tuning.job.get", "Show a job.", retrieve, add_id, "fttool api fine_tuning.job.get -i ftjob-abc123"),
    Entry(
        "fine_tuning.job.results",
        "Print the result file of a job.",
        fine_tunes.raw_results,
        add_id,
        "fttool api fine_tuning.job.results -i ftjob-abc123 > results.csv",
    ),
    Entry(
        "fine_tuning.job.events",
        "Show a job's events.",
        events,
        _events_options,
        "fttool api fine_tuning.job.events -i ftjob-abc123 --limit 5",
    ),
    Entry(
        "fine_tuning.job.follow",
        "Show a job's events as they come, until it ends.",
        follow,
        add_id,
        "fttool api fine_tuning.job.follow -i ftjob-abc123",
    ),
    Entry(
        "fine_tuning.job.cancel", "Cancel a job.", cancel, add_id, "fttool api fine_tuning.job.cancel -i ftjob-abc123"
    ),
    Entry(
        "fine_tuning.jobs.create",
        "Start a fine-tuning job.",
        create_jobs,
        _jobs_options,
        "fttool api fine_tuning.jobs.create -m gpt-4.1-mini-2025-04-14 -F file-abc123 -H '{\"n_epochs\": 3}'",
    ),
    Entry(
        "fine_tuning.jobs.retrieve",
        "Show a job.",
        retrieve,
        add_id,
        "fttool api fine_tuning.jobs.retrieve -i ftjob-abc123",
    ),
    Entry(
        "fine_tuning.jobs.list",
        "List fine-tuning jobs, one page.",
        list_jobs,
        _page_options,
        "fttool api fine_tuning.jobs.list -l 10",
    ),
    Entry(
        "fine_tuning.jobs.cancel",
        "Cancel a job.",
        cancel,
        add_id,
        "fttool api fine_tuning.jobs.cancel -i ftjob-abc123",
    ),
    Entry(
        "fine_tuning.jobs.list_events",
        "List a job's events, one page.",
        list_events,
        _events_page_options,
        "fttool api fine_tuning.jobs.list_events -i ftjob-abc123 -l 10",
    ),
)
