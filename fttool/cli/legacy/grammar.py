"""How a command of the legacy grammar is described, parsed and shown.

A command is an `Entry`; `LegacyCommand` is what Typer's groups take. Its options are argparse's, its errors ours.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperOption

from fttool.cli import output
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection

#: A message of argparse: which options it is about, and what is wrong with them.
_ABOUT = re.compile(r"argument ([^:]+): (.*)", re.DOTALL)
_REQUIRED = "the following arguments are required: "
_UNKNOWN = "unrecognized arguments: "


class Entry(NamedTuple):
    """A command: `options` adds its options to a parser; `run` gets them, and what was said about the service.

    A command that is `refused` has no options: the sentence names what there is instead.
    """

    name: str
    help: str
    run: Callable[[argparse.Namespace, Connection], Any] | None = None
    options: Callable[[argparse.ArgumentParser], None] | None = None
    example: str = ""
    refused: str = ""


class Parser(argparse.ArgumentParser):
    """argparse whose errors are UsageError. Only options that were added before `own` may be abbreviated."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.color = False  # Python 3.14 would colour the help
        self.own: tuple[str, ...] = ()

    def format_help(self) -> str:
        """The help, in the form of the other commands."""
        text = super().format_help()
        return re.sub(
            r"^(usage|options|positional)\b", lambda found: found[0].capitalize(), text, flags=re.MULTILINE
        ).rstrip()

    def error(self, message: str) -> NoReturn:
        """Raise UsageError, in this house's words."""
        hint = f"`{self.prog} --help` shows how it is used"
        if message.startswith(_UNKNOWN):
            message, near = self._unknown(message.removeprefix(_UNKNOWN).split(" ")[0])
            hint = f"{near}\n{hint}" if near else hint
        elif message.startswith(_REQUIRED):
            names = message.removeprefix(_REQUIRED).split(", ")
            message = "missing option " + " and ".join(f"`{name}`" for name in names).replace("/", "` / `")
        elif found := _ABOUT.fullmatch(message):
            message = f"`{found[1]}` {found[2]}" if found[2].startswith("takes ") else f"`{found[1]}`: {found[2]}"
        raise UsageError(re.sub(r"'([^']*)'", r"`\1`", message), hint=hint)

    def expanded(self, args: Sequence[str]) -> list[str]:
        """`args` with long options in full: any beginning that fits one alone will do, `-` and `_` are the same."""
        given = list(args)
        end = given.index("--") if "--" in given else len(given)
        return [self._expanded(arg) if arg.startswith("--") else arg for arg in given[:end]] + given[end:]

    def _expanded(self, arg: str) -> str:
        name, equals, value = arg.partition("=")
        if name in self._option_string_actions:
            return arg
        plain = _plain(name)
        fitting = {
            id(action): option
            for option, action in self._option_string_actions.items()
            if option.startswith("--") and option not in self.own and _plain(option).startswith(plain)
        }
        exact = [option for option in self._option_string_actions if _plain(option) == plain]
        if len(fitting) > 1 and not exact:
            self.error(f"`{name}` may be {' or '.join(f'`{each}`' for each in fitting.values())}")
        found = exact or list(fitting.values())
        return f"{found[0]}{equals}{value}" if found else arg

    def _unknown(self, arg: str) -> tuple[str, str]:
        name = arg.partition("=")[0]
        if not name.startswith("-"):
            return f"unexpected argument `{name}`", ""
        near = get_close_matches(name, self._option_string_actions, n=1)
        return f"no such option: `{name}`", f"did you mean `{near[0]}`?" if near else ""


class LegacyCommand(TyperCommand):
    """A command of the legacy grammar, as Typer's groups take it. Its `params` are for completion alone."""

    def __init__(self, entry: Entry, *, bare: bool = False) -> None:
        """`bare`: without its options, for a list of commands."""
        self.entry = entry
        self.given = argparse.Namespace()
        actions = [] if bare or entry.refused else self._parser("fttool")._actions
        super().__init__(
            entry.name,
            params=[_option(each) for each in actions if each.option_strings],
            help=entry.help,
            hidden=bool(entry.refused),
            rich_markup_mode=None,
            add_help_option=False,
        )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse them as the old tool did. Raises UsageError; shows the help if that is asked for."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        parser = self._parser(ctx.command_path)
        if self.entry.refused:
            if any(arg in ("-h", "--help") for arg in args):
                output.answer(f"Usage: {ctx.command_path}\n\n{self.entry.help}\n\n{self.entry.refused}")
                raise typer.Exit
            raise UsageError(f"fttool has no `{ctx.command_path.partition(' ')[2]}`", hint=self.entry.refused)
        self.given, others = parser.parse_known_args(parser.expanded(args))
        if others:
            parser.error(_UNKNOWN + " ".join(others))
        return []

    def invoke(self, ctx: Any) -> Any:
        """Run it, with the options that stood before the command."""
        from fttool.cli.connection import Connection
        from fttool.cli.legacy.flags import Flags

        given = vars(self.given)
        flags = ctx.obj if isinstance(ctx.obj, Flags) else Flags()
        connection = flags.merged(Connection(**{name: given.pop(name) for name in Connection._fields}))
        flags.tell()
        assert self.entry.run is not None
        with flags.environment():
            return self.entry.run(self.given, connection)

    def _parser(self, prog: str) -> Parser:
        epilog = f"Example:\n  {self.entry.example}" if self.entry.example else None
        parser = Parser(
            prog=prog,
            description=self.entry.help,
            epilog=epilog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("-h", "--help", action=_Help, nargs=0, help="Show this message and exit.")
        if self.entry.options is not None:
            self.entry.options(parser)
        legacy = set(parser._option_string_actions)
        _add_own(parser)
        parser.own = tuple(option for option in parser._option_string_actions if option not in legacy)
        return parser


class _Help(argparse.Action):
    """`--help`, through the one place that prints."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        output.answer(parser.format_help())
        raise typer.Exit


def whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"takes a whole number, not `{text}`") from None


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"takes a number, not `{text}`") from None


def add_id(parser: argparse.ArgumentParser, what: str = "job") -> None:
    """`-i/--id`."""
    parser.add_argument("-i", "--id", required=True, metavar="ID", help=f"Id of the {what}.")


def _add_own(parser: argparse.ArgumentParser) -> None:
    """What every command of fttool has. The old tool has these before the subcommand, or not at all."""
    group = parser.add_argument_group("The service (fttool's own)")
    group.add_argument("--local", action="store_true", help="Use fttool's own service: no key, no network.")
    group.add_argument("--profile", metavar="NAME", help="Settings of this profile.")
    group.add_argument("-b", "--base-url", "--api-base", metavar="URL", help="Address of the service.")
    group.add_argument("-k", "--api-key", metavar="KEY", help="API key; other users can see it.")
    group.add_argument("--api-key-file", metavar="FILE", type=Path, help="File that holds the API key.")
    group.add_argument("--organization", metavar="ID", help="Organization to act for.")
    # a command that has `--project` since the old tool keeps it
    project = "--service-project" if "--project" in parser._option_string_actions else "--project"
    group.add_argument(project, dest="project", metavar="ID", help="Project to act for.")
    group.add_argument("--timeout", metavar="SECONDS", type=_seconds, help="How long one request may take (600).")
    group.add_argument("--retries", metavar="N", type=_count, help="How often a failed request is tried again (2).")
    group.add_argument("--json", action="store_true", help="JSON for what is text otherwise, and for errors.")


def _seconds(text: str) -> float:
    if not 0.1 <= (seconds := number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"takes seconds, at least 0.1, not `{text}`")
    return seconds


def _count(text: str) -> int:
    if (count := whole(text)) < 0:
        raise argparse.ArgumentTypeError(f"takes 0 or more, not `{text}`")
    return count


def _option(action: argparse.Action) -> TyperOption:
    takes = 0 if action.nargs == 0 else 1
    return TyperOption(
        param_decls=list(action.option_strings), is_flag=not takes, help=action.help, expose_value=False, multiple=False
    )


def _plain(option: str) -> str:
    return option[2:].replace("-", "_")
