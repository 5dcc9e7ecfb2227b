"""The options that the `openai` command takes before the subcommand: `fttool -k KEY -b URL -o ORG -v api …`.

Only the commands of the legacy grammar have them there; the others take theirs after their name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from fttool.cli.legacy.grammar import Parser
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.cli.connection import Connection

#: The commands of the legacy grammar.
COMMANDS = ("api", "tools", "wandb")

#: What comes before the command and is not of the legacy grammar.
_OWN = ("-h", "--help", "--version")


class Flags(NamedTuple):
    """What was said before the command."""

    api_key: str | None = None
    api_base: str | None = None
    organization: str | None = None
    proxy: tuple[str, ...] = ()
    verbose: int = 0
    api_type: str | None = None
    api_version: str | None = None
    azure_endpoint: str | None = None
    azure_ad_token: str | None = None

    def merged(self, connection: Connection) -> Connection:
        """The options of a command, with these where it says nothing itself."""
        azure = None if self.azure_endpoint is None else f"{self.azure_endpoint.rstrip('/')}/openai/v1/"
        return connection._replace(
            api_key=connection.api_key or self.api_key or self.azure_ad_token,
            base_url=connection.base_url or self.api_base or azure,
            organization=connection.organization or self.organization,
        )

    def tell(self) -> None:
        """Say what is not used."""
        from fttool.cli import output

        if self.api_version is not None:
            output.note("`--api-version` is not sent: the v1 address of Azure OpenAI has no versions")

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Within it the client finds the proxies, the kind of service and the verbosity where it looks for them."""
        wanted = self._variables()
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _variables(self) -> dict[str, str]:
        wanted = {}
        for proxy in self.proxy:
            # One proxy is for everything. The old tool let `http://…` be for plain HTTP alone, which no API speaks.
            schemes = ("http", "https") if len(self.proxy) == 1 else (proxy.partition("://")[0].lower(),)
            for scheme in schemes:
                wanted[f"{scheme}_proxy"] = wanted[f"{scheme.upper()}_PROXY"] = proxy
        if self.verbose:
            wanted["OPENAI_LOG"] = "info" if self.verbose == 1 else "debug"  # the SDK reads it when it is imported
        if self.api_type == "azure" or self.azure_endpoint is not None:
            wanted["FTTOOL_SERVICE"] = "azure"
        return wanted


def take(context: Any, args: list[str], commands: dict[str, Any]) -> list[str]:
    """Take these options from the beginning of `args`, into `context.obj`. Returns the rest, for the usual parser.

    Raises UsageError for one that lacks its value.
    """
    if not args or not args[0].startswith("-") or args[0].split("=")[0] in _OWN:
        return args
    at = next((at for at, arg in enumerate(args) if arg in commands), len(args))
    parser = _parser()
    try:
        found, others = parser.parse_known_args(parser.expanded(args[:at]))
    except UsageError:
        if context.resilient_parsing:  # a line that is still being typed
            return args
        raise
    if found.version:
        return ["--version"]
    del found.version
    flags = Flags(**{**vars(found), "proxy": tuple(found.proxy or ())})
    _check(flags)
    if flags != Flags():
        context.obj = flags
    return [*others, *args[at:]]


def allow(context: Any, name: str) -> None:
    """Raise UsageError if such options stand before a command that is not of the legacy grammar."""
    if isinstance(context.obj, Flags) and name not in COMMANDS and not context.resilient_parsing:
        raise UsageError(
            "options before the command are for `fttool api` alone",
            hint=f"put them after it: `fttool {name} --help` shows which there are",
        )


def _parser() -> Parser:
    parser = Parser(prog="fttool", add_help=False, allow_abbrev=False)
    parser.add_argument("-V", "--version", action="store_true")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("-b", "--api-base", "--base-url", dest="api_base")
    parser.add_argument("-k", "--api-key")
    parser.add_argument("-p", "--proxy", nargs="+")
    parser.add_argument("-o", "--organization")
    parser.add_argument("-t", "--api-type", choices=("openai", "azure"))
    parser.add_argument("--api-version")
    parser.add_argument("--azure-endpoint")
    parser.add_argument("--azure-ad-token")
    return parser


def _check(flags: Flags) -> None:
    schemes = [proxy.partition("://")[0].lower() for proxy in flags.proxy]
    for proxy, scheme in zip(flags.proxy, schemes, strict=True):
        if scheme not in ("http", "https") or "://" not in proxy:
            raise UsageError(f"`-p` takes addresses that begin with http:// or https://, not `{proxy}`")
    if len(set(schemes)) < len(schemes):
        raise UsageError("`-p` takes one proxy, or one that begins with http:// and one with https://")
