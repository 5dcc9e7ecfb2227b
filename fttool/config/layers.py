"""Where settings come from: each source is one layer, checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fttool.config.files import line_of
from fttool.config.known import SETTINGS, Known, Value, check, nearest, parse
from fttool.errors import ConfigError

Origin = Literal["option", "environment", "project", "user", "default"]


class Setting(NamedTuple):
    """A value and where it comes from: `source` for people, `origin` for programs."""

    name: str
    value: Any
    source: str
    origin: Origin = "default"
    from_profile: bool = False


class File(NamedTuple):
    """The settings of one file: at its top, and by profile. `refused` are those that may not stand there."""

    origin: Origin
    path: Path
    top: dict[str, Setting]
    profiles: dict[str, dict[str, Setting]]
    refused: dict[str | None, dict[str, Setting]]
    warnings: list[str]


def from_options(options: Mapping[str, object]) -> dict[str, Setting]:
    """Values given on the command line; None is not given."""
    found = {}
    for name, value in options.items():
        if value is not None:
            option = f"--{name.replace('_', '-')}"
            known = SETTINGS[name]
            checked = parse(known, value) if isinstance(value, str) else check(known, value)
            found[name] = Setting(name, checked, f"option {option}", "option")
    return found


def from_environment(environ: Mapping[str, str]) -> dict[str, Setting]:
    """Values of environment variables; an empty one is not set."""
    found = {}
    for known in SETTINGS.values():
        for variable in known.env:
            if text := environ.get(variable, "").strip():
                try:
                    value = parse(known, text)
                except ConfigError as error:
                    raise ConfigError(f"environment variable `{variable}`: {error.message}") from None
                found[known.name] = Setting(known.name, value, f"environment variable {variable}", "environment")
                break
    return found


def from_file(path: Path, content: Mapping[str, Any], origin: Origin) -> File:
    """The settings of a file's content. Raises ConfigError for a bad value, warns of names that do not exist."""
    file = File(origin, path, {}, {}, {}, [])
    profiles = content.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise ConfigError(
            "profiles are tables", hint="write `[profiles.NAME]`", file=str(path), line=line_of(path, "profiles")
        )
    plain = {name: value for name, value in content.items() if name not in ("profiles", "prices")}
    file.top.update(_values(file, plain, None))
    if origin == "project" and "prices" in content:
        _warn(file, "prices", None, "a project file may not set prices; they are not used")
    for profile, table in profiles.items():
        file.profiles[profile] = _values(file, table, profile)
    return file


def _values(file: File, table: Mapping[str, Any], profile: str | None) -> dict[str, Setting]:
    values = {}
    for name, value in table.items():
        known = SETTINGS.get(name)
        if name == "api_key":
            # never read, never shown: keys have a file of their own that only their owner can read
            _warn(file, name, profile, "an API key does not belong here and is not used; `fttool login` stores it")
        elif known is None or (profile is not None and not known.in_profile):
            _warn(file, name, profile, _unknown(name, profile, known))
        else:
            values[name] = _setting(file, known, value, profile)
    if file.origin == "project":
        for name in [name for name in values if not SETTINGS[name].in_project]:
            file.refused.setdefault(profile, {})[name] = values.pop(name)
            _warn(file, name, profile, f"a project file may not set `{name}`; it is not used")
    return values


def _setting(file: File, known: Known, value: object, profile: str | None) -> Setting:
    try:
        checked: Value = check(known, value)
    except ConfigError as error:
        line = _line(file, known.name, profile)
        raise ConfigError(error.message, hint=error.hint, file=str(file.path), line=line) from None
    source = f"{file.path} [profiles.{profile}]" if profile else str(file.path)
    return Setting(known.name, checked, source, file.origin, profile is not None)


def _unknown(name: str, profile: str | None, known: Known | None) -> str:
    if known is not None:
        return f"`{name}` is not a setting of a profile"
    suggestion = nearest(name, [known.name for known in SETTINGS.values() if known.in_profile or profile is None])
    return f"unknown setting `{name}`{f'; {suggestion}' if suggestion else ''}"


def _warn(file: File, name: str, profile: str | None, text: str) -> None:
    line = _line(file, name, profile)
    file.warnings.append(f"{file.path}{f':{line}' if line else ''}: {text}")


def _line(file: File, name: str, profile: str | None) -> int | None:
    prefix = "tool.fttool." if file.path.name == "pyproject.toml" else ""
    table = f"{prefix}profiles.{profile}" if profile else prefix.rstrip(".")
    return line_of(file.path, name, table)
