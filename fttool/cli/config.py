"""`fttool config`: show and change settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fttool.cli import options, output
from fttool.cli.settings import load_config

if TYPE_CHECKING:
    from fttool.config import Config, Setting

_Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Name of the setting (`fttool config show`), or prices.SERVICE/MODEL."),
]
_Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="Change it in this profile only.")]


def show(
    profile: options.Profile = None,
    base_url: options.BaseUrl = None,
    api_key: options.ApiKey = None,
    api_key_file: options.ApiKeyFile = None,
    json: options.Json = False,
) -> None:
    """Show every setting, its value and where it comes from. API keys are masked."""
    config = load_config(profile=profile, base_url=base_url, api_key=api_key, api_key_file=api_key_file)
    found = [*config.settings.values(), *config.prices.values(), _key(config)]
    if json:
        settings = {each.name: {"value": _shown(each, as_json=True), "source": each.source} for each in found}
        output.answer_json({"settings": settings, "warnings": config.warnings})
        return
    output.table(
        ["setting", "value", "source"],
        [[each.name, "" if each.value is None else str(_shown(each)), each.source] for each in found],
    )
    if config.means_own_service:
        output.note("requests go to fttool's own service on this machine, whatever base_url and api_key are")


def path(json: options.Json = False) -> None:
    """Show the files that settings and keys are read from, and whether they exist."""
    import os

    from fttool.config import files

    project = files.find_project(files.current_folder())
    paths = {
        "project": project[0] if project else None,
        "user": files.user_file(os.environ),
        "credentials": files.credentials_file(os.environ),
    }
    found = {name: {"path": path, "exists": path is not None and path.exists()} for name, path in paths.items()}
    if json:
        output.answer_json(found)
        return
    output.table(
        ["file", "path", "exists"],
        [
            [name, str(entry["path"] or files.PROJECT_FILE), "yes" if entry["exists"] else "no"]
            for name, entry in found.items()
        ],
    )


def set_(
    name: _Name,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")],
    profile: _Profile = None,
) -> None:
    """Set a value in your own settings file."""
    from fttool.config.edit import set_value

    file, checked = set_value(name, value, profile)
    output.note(f"set `{_full(name, profile)}` to `{checked}` in {file}")


def unset(name: _Name, profile: _Profile = None) -> None:
    """Remove a value from your own settings file."""
    from fttool.config.edit import unset_value

    file = unset_value(name, profile)
    if file is None:
        output.note(f"`{_full(name, profile)}` was not set")
    else:
        output.note(f"removed `{_full(name, profile)}` from {file}")


def _full(name: str, profile: str | None) -> str:
    return f"profiles.{profile}.{name}" if profile else name


def _key(config: Config) -> Setting:
    from fttool.config import Setting
    from fttool.config.keys import find_key

    return find_key(config) or Setting("api_key", None, "not set")


def _shown(setting: Setting, *, as_json: bool = False) -> Any:
    """The value as it may be seen: keys are masked, and so is a password in an address."""
    from fttool.config import prices

    if setting.name == "api_key":
        return None if setting.value is None else setting.value.masked
    if isinstance(setting.value, dict):
        return setting.value if as_json else prices.shown(setting.value)
    if setting.name == "base_url" and "@" in setting.value:
        from urllib.parse import urlsplit

        parts = urlsplit(setting.value)
        return parts._replace(netloc=f"…@{parts.netloc.rpartition('@')[2]}").geturl()
    return setting.value


#: name -> (function, examples)
COMMANDS: dict[str, tuple[Any, str]] = {
    "show": (
        show,
        "\b\nExamples:\n  fttool config show\n  fttool config show --profile work\n"
        "  fttool config show --json | jq -r .settings.base_url.value",
    ),
    "path": (path, "\b\nExample:\n  fttool config path"),
    "set": (
        set_,
        "\b\nExamples:\n  fttool config set model gpt-4.1-mini-2025-04-14\n"
        "  fttool config set base_url https://gateway.example/v1 --profile work\n  fttool config set profile work\n"
        "  fttool config set prices.nebius/meta-llama/Llama-3.3-70B-Instruct 2.5",
    ),
    "unset": (unset, "\b\nExamples:\n  fttool config unset profile\n  fttool config unset base_url --profile work"),
}
