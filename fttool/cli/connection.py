"""The options that say which service a command speaks to, and the way there.

A command takes `connection: Connection` as its first parameter and is decorated with `connected`. It then has
`--local`, `--profile`, `-k`, `-b` and the others without listing them, and opens the connection when it has checked
everything else:

    @connected
    def get(connection: Connection, ids: …, json: options.Json = False) -> None:
        client = connection.open()
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

from fttool.cli import options, output
from fttool.cli.settings import load_config
from fttool.cli.shell import shell
from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.config import Config
    from fttool.jobs.client import Client


#: The longest timeout, in seconds: a day.
_LONGEST = 86_400


class Connection(NamedTuple):
    """What was said on the command line about the service."""

    local: options.Local = False
    profile: options.Profile = None
    base_url: options.BaseUrl = None
    api_key: options.ApiKey = None
    api_key_file: options.ApiKeyFile = None
    organization: options.Organization = None
    project: options.Project = None
    timeout: options.Timeout = None
    retries: options.Retries = None

    def open(self) -> Client:
        """A client for it; starts fttool's own service if that is meant. See `open_client`."""
        return open_client(**self._asdict())

    def config(self, **more: object) -> Config:
        """The settings with these options; tells their warnings. Call it once for a command.

        `more` are options of the command itself, by the names of their settings.
        """
        check_local(self.local, self.profile, self.base_url)
        if self.timeout is not None and not self.timeout <= _LONGEST:  # also what is no number
            raise UsageError(f"`--timeout` takes seconds, at most {_LONGEST:,}, not {self.timeout:g}")
        return load_config(
            api_key=self.api_key,
            api_key_file=self.api_key_file,
            profile=self.profile,
            base_url=self.base_url,
            organization=self.organization,
            project=self.project,
            **more,
        )

    def open_with(self, config: Config) -> Client:
        """A client, when the settings are loaded already (for a command that needs some of them itself)."""
        way = "".join(f" {word}" for word in [shell(self.words())] if word)
        return _open(config, self.local, self.timeout, self.retries, way)

    def again(self, client: Client) -> Callable[[], Client] | None:
        """Finds fttool's own service anew, or starts it: after a restart it may have another address.

        None for other services, which do not move.
        """
        if not client.local:
            return None

        def reopen() -> Client:
            from fttool.config import load

            return Connection(local=True, timeout=self.timeout).open_with(load())

        return reopen

    def words(self) -> list[str]:
        """The options that a suggested command needs to reach the same service."""
        words = ["--local"] if self.local else []
        for option, value in (("--profile", self.profile), ("--base-url", self.base_url)):
            words += [option, value] if value else []
        for option, value in (("--organization", self.organization), ("--project", self.project)):
            words += [option, value] if value else []
        return words + (["--api-key-file", str(self.api_key_file)] if self.api_key_file else [])


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the options of a connection after its own; its first parameter is made of them."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    hints = get_type_hints(Connection, include_extras=True)
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=Connection._field_defaults[name], annotation=hints[name]
        )
        for name in Connection._fields
    ]

    @functools.wraps(command)
    def run(**given: Any) -> Any:
        connection = Connection(**{name: given.pop(name) for name in Connection._fields})
        return command(connection, **given)

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own] + added
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    del run.__wrapped__  # typing.get_type_hints would look there
    return run


def open_client(
    *,
    local: bool = False,
    profile: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    api_key_file: Path | None = None,
    organization: str | None = None,
    project: str | None = None,
    timeout: float | None = None,
    retries: int | None = None,
) -> Client:
    """A client for the service that the options and settings mean.

    Raises UsageError for options that contradict each other, KeyMissingError, ConfigError, and ServiceError if
    fttool's own service does not start.
    """
    connection = Connection(local, profile, base_url, api_key, api_key_file, organization, project, timeout, retries)
    return connection.open_with(connection.config())


def _open(config: Config, local: bool, timeout: float | None, retries: int | None, way: str) -> Client:
    from fttool.jobs.client import connect

    if local or config.means_own_service:
        from fttool.service.host.daemon import ensure_running

        endpoint = ensure_running(tell=output.note)
        found = {"base_url": endpoint.base_url, "api_key": endpoint.key}
        return connect(config, **found, timeout=timeout, retries=retries, way=way)
    return connect(config, timeout=timeout, retries=retries, way=way)


def check_local(local: bool, profile: str | None, base_url: str | None) -> None:
    """Raise UsageError where `--local` stands beside what names another service."""
    if not local:
        return
    for option, value in (("--profile", profile), ("--base-url", base_url)):
        if value is not None and (option, value) != ("--profile", "local"):
            raise UsageError(
                f"`--local` and `{option}` exclude each other",
                hint="`--local` is fttool's own service on this machine; leave one of the two out",
            )
