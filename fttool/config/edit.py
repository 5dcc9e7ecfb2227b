"""Changes to the user's settings file. Comments and order stay."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.config.files import edit_toml, read_toml, user_file
from fttool.config.known import LOCAL, SETTINGS, Known, Value, known_setting, nearest, parse
from fttool.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def set_value(
    name: str, text: str, profile: str | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Path, Value]:
    """Set a setting, or one of a profile. Returns the file and the value. Raises ConfigError for a bad one."""
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
    _known(name, profile)
    path = user_file(environ)
    content = read_toml(path)
    if profile is not None:
        content = content.get("profiles", {}).get(profile, {})
    if name not in content:
        return None

    def change(document: TOMLDocument) -> None:
        table: Any = document
        if profile is not None:
            table = document["profiles"][profile]
        del table[name]

    edit_toml(path, change)
    return path


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
