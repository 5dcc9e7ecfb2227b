"""`fttool wandb`: jobs as runs of Weights & Biases, in the grammar of the legacy tool."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any

from fttool.cli.legacy.grammar import Entry, whole
from fttool.cli.legacy.group import group

if TYPE_CHECKING:
    from fttool.cli.connection import Connection

_EXAMPLES = (
    "fttool wandb sync",
    "fttool wandb sync -i ftjob-abc123 --project people",
    "WANDB_MODE=offline fttool wandb sync -n 3 --local",
)


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="Ids of the jobs; else all.")
    parser.add_argument("-i", "--id", action="append", metavar="ID", help="The same, as the legacy tool has it.")
    parser.add_argument("-n", "--n_fine_tunes", type=_count, metavar="N", help="The newest N jobs.")
    parser.add_argument(
        "--project",
        dest="wandb_project",
        metavar="NAME",
        help="W&B project (WANDB_PROJECT, OpenAI-Fine-Tune).",
    )
    parser.add_argument("--entity", metavar="NAME", help="W&B user or team (WANDB_ENTITY, or your own).")
    parser.add_argument("--force", action="store_true", help="Write runs anew that are there already.")
    parser.add_argument("--no-files", action="store_true", help="Send no training and validation files.")
    parser.add_argument("--legacy", action="store_true", help="Of no effect: there is one list of jobs today.")


def sync(given: Namespace, connection: Connection) -> int:
    """Send jobs to Weights & Biases, each once."""
    from fttool.cli import job_ids
    from fttool.cli.tracking import Wish
    from fttool.cli.tracking import sync as sync_jobs
    from fttool.jobs.trackers.base import Target

    ids = job_ids.checked(job_ids.each_once(given.ids, given.id))
    wish = Wish(ids, given.n_fine_tunes, given.force, not given.no_files, given.json)
    return sync_jobs(connection, "wandb", Target(given.wandb_project, given.entity), wish)


def _count(text: str) -> int:
    if (count := whole(text)) < 1:
        raise ArgumentTypeError(f"takes 1 or more, not `{text}`")
    return count


#: The commands of the group.
ENTRIES = (Entry("sync", str(sync.__doc__), sync, _options, "\n  ".join(_EXAMPLES)),)


def load_group(name: str) -> Any:
    """The group `wandb`."""
    return group(name, ENTRIES, "\b\nExamples:\n  " + "\n  ".join(_EXAMPLES))
