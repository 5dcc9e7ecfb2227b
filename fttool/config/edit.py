"""Changes to the user's settings file. Comments and order stay."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.config.files import edit_toml, read_toml, user_file
from fttool.config.known import LOCAL, SETTINGS, Known, Value, known_setting, nearest, parse
from fttool.config.prices import PREFIX, TABLE, check_key, check_price
from fttool.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def set_value(
    name: str, text: str, profile: str | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Path, Value]:
    """Set a setting, or one of a profile. Returns the file and the value. Raises ConfigError for a bad one."""
    if name.startswith(PREFIX):
        return _set_price(name, text, profile, environ)
    known = _known(name, profile)
    value = parse(known, text)
    path = user_file(environ)
    if name == "profile":
        _check_profile(str(value), path)

    def change(document: TOMLDocument) -> None:
        table: Any = document
        if profile is not None:
            table = document.setdefault("profiles", {}).setdefault(profile, {})
        table[name] = value

    edit_toml(path, change)
    return path, value


def unset_value(name: str, profile: str | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Remove a setting, or one of a profile. Returns the file; None if it was not set."""
    inside = [] if profile is None else ["profiles", profile]
    if name.startswith(PREFIX):
        inside, name = [TABLE], _price_key(name, profile)
    else:
        _known(name, profile)
    path = user_file(environ)
    content = read_toml(path)
    for part in inside:
        content = content.get(part, {})
    if name not in content:
        return None

    def change(document: TOMLDocument) -> None:
        table: Any = document
        for part in inside:
            table = table[part]
        del table[name]

    edit_toml(path, change)
    return path


def _set_price(name: str, text: str, profile: str | None, environ: Mapping[str, str]) -> tuple[Path, Value]:
    """Set what a million trained tokens cost."""
    key = _price_key(name, profile)
    try:
        given: object = float(text)
    except ValueError:
        given = text
    value = check_price(key, given)["training"]
    path = user_file(environ)

    def change(document: TOMLDocument) -> None:
        table: Any = document.setdefault(TABLE, {})
        if isinstance(table.get(key), dict):  # the other amounts stay
            table[key]["training"] = value
        else:
            table[key] = value

    edit_toml(path, change)
    return path, value


def _price_key(name: str, profile: str | None) -> str:
    if profile is not None:
        raise ConfigError("prices are not set for a profile", hint="their names hold the service already")
    return check_key(name.removeprefix(PREFIX))


def _known(name: str, profile: str | None) -> Known:
    known = known_setting(name)
    if profile is not None and not known.in_profile:
        allowed = ", ".join(known.name for known in SETTINGS.values() if known.in_profile)
        raise ConfigError(f"`{name}` is not a setting of a profile", hint=f"a profile may set {allowed}")
    if profile is not None and not profile.strip():
        raise ConfigError("the name of the profile is empty")
    return known


def _check_profile(name: str, path: Path) -> None:
    profiles = list(read_toml(path).get("profiles", {}))
    if name not in profiles and name != LOCAL:
        hint = nearest(name, profiles) or f"`fttool config set base_url URL --profile {shlex.quote(name)}` makes it"
        raise ConfigError(f"there is no profile `{name}`", hint=hint)
