"""The Typer app: an explicit list of commands. A command's module is imported when that command is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup

PROGRAM = "fttool"
COMPLETE_VARIABLE = "_FTTOOL_COMPLETE"

#: name -> (module, one line of help). The module has a function of that name, and perhaps EXAMPLES (or NAME_EXAMPLES)
#: to end its help with; the module of a group has COMMANDS: name -> (function, examples). The line is here so that
#: `fttool --help` need not import them all; a test holds it against the function's own.
COMMANDS = {
    "prepare_data": ("fttool.cli.prepare_data", "Check and fix a file of examples; write it as JSONL."),
    "cost": ("fttool.cli.cost", "Show the tokens of a file, and what training on it costs."),
    "create": ("fttool.cli.create", "Start a fine-tuning job and follow it."),
    "follow": ("fttool.cli.follow", "Show a job's events as they come, until it ends."),
    "list": ("fttool.cli.jobs", "List fine-tuning jobs, newest first."),
    "get": ("fttool.cli.jobs", "Show fine-tuning jobs."),
    "events": ("fttool.cli.events", "Show a job's events."),
    "checkpoints": ("fttool.cli.events", "Show a job's checkpoints."),
    "cancel": ("fttool.cli.job_actions", "Cancel fine-tuning jobs."),
    "pause": ("fttool.cli.job_actions", "Pause running fine-tuning jobs."),
    "resume": ("fttool.cli.job_actions", "Go on with paused fine-tuning jobs."),
    "results": ("fttool.cli.results", "Download and sum up the result file of a job."),
    "evaluate": ("fttool.cli.evaluate", "Measure how good a model's answers to a file are."),
    "compare": ("fttool.cli.compare", "Measure several models on the same examples."),
    "complete": ("fttool.cli.complete", "Complete prompts with a model."),
    "chat": ("fttool.cli.chat", "Talk to a model."),
    "delete": ("fttool.cli.delete", "Delete fine-tuned models or files."),
    "files": ("fttool.cli.files", "List, show, send, fetch and delete files of the service."),
    "models": ("fttool.cli.models", "List, show and delete models."),
    "wandb": ("fttool.cli.wandb", "Send jobs to Weights & Biases."),
    "mlflow": ("fttool.cli.mlflow", "Send jobs to MLflow."),
    "serve": ("fttool.cli.serve", "Run fttool's own fine-tuning service on this machine."),
    "config": ("fttool.cli.config", "Show and change settings."),
    "login": ("fttool.cli.login", "Store an API key where only you can read it."),
    "logout": ("fttool.cli.login", "Forget a stored API key."),
    "completion": ("fttool.cli.completion", "Print the completion script of a shell."),
    "api": ("fttool.cli.legacy.api", "The legacy spelling of what jobs, files and models need."),
    "tools": ("fttool.cli.legacy.tools", "The legacy spelling of prepare_data."),
}

EXAMPLES = """\b
Examples:
  fttool prepare_data people.csv
  fttool create -t people_prepared_train.jsonl -v people_prepared_valid.jsonl --local
  fttool chat "I was charged twice for one ride." --local
  fttool create -t chats.jsonl -m gpt-4.1-mini-2025-04-14

With `--local`, jobs run on this machine: no key, no network. Without it, on
the service of your settings (`fttool config show`), OpenAI if there are none."""

#: The same for every part: `-h` helps too; Typer brings in neither rich nor completion options of its own.
COMMON: dict[str, Any] = {
    "rich_markup_mode": None,
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class Group(TyperGroup):
    """A group whose commands also answer to their name with `-` in place of `_`.

    `implied` maps options to the command of the group that they mean where none is named (`models --fine-tunable`).
    """

    implied: ClassVar[Mapping[str, str]] = {}

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in the command that an option means."""
        if args and args[0].startswith("-"):
            meant = next((self.implied[arg] for arg in args if arg in self.implied), None)
            args = args if meant is None else [meant, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, in either spelling."""
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, cmd_name.replace("-", "_"))


class Root(Group):
    """The group of all commands. Until one is called, only its name and its line of help are there."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Options before the command are those of the legacy grammar (`fttool -k KEY api …`), but for our own few."""
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help", "--version"):
            from fttool.cli.legacy import flags

            args = flags.take(ctx, args, COMMANDS)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` call, complete with its options."""
        name, found, rest = super().resolve_command(ctx, args)
        if found is not None and ctx.obj is not None:
            from fttool.cli.legacy import flags

            flags.allow(ctx, str(found.name))
        return name, found and _load(str(found.name)), rest


def command() -> Any:
    """The command that `main` runs."""
    app = typer.Typer(cls=Root, callback=_root, no_args_is_help=True, epilog=EXAMPLES, **COMMON)
    for name, (_, help_line) in COMMANDS.items():
        app.command(name, help=help_line)(_not_loaded)
    return typer.main.get_command(app)


def _version(wanted: bool) -> None:
    if wanted:
        from fttool import __version__
        from fttool.cli import output

        output.answer(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Prepare, check and fine-tune: the command line for fine-tuning language models."""


def _load(name: str) -> Any:
    """A command or group with all its options."""
    module_name, help_line = COMMANDS[name]
    module = import_module(module_name)
    if hasattr(module, "load_group"):  # a group that Typer's decorators cannot make
        return module.load_group(name)
    function = getattr(module, name, None) or getattr(module, f"{name}_", None)  # `list_`: no shadowing
    if function is not None:
        app = typer.Typer(**COMMON)
        app.command(name, epilog=_examples(module, name))(function)
        return typer.main.get_command(app)
    implied = getattr(module, "IMPLIED", {})
    kind = type(Group.__name__, (Group,), {"implied": implied})
    group = typer.Typer(
        cls=kind, callback=_group, help=help_line, no_args_is_help=True, epilog=_examples(module, name), **COMMON
    )
    for part, (function, examples) in module.COMMANDS.items():
        group.command(part, epilog=examples)(function)
    return typer.main.get_command(group)


def _examples(module: Any, name: str) -> Any:
    return getattr(module, f"{name.upper()}_EXAMPLES", None) or getattr(module, "EXAMPLES", None)


def _group() -> None:
    """Nothing happens between a group and its command."""


def _not_loaded() -> None:
    raise AssertionError("resolve_command puts the real command in this one's place")
