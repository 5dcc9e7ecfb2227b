"""API keys: where they are looked for, and the file that keeps them.

A key goes only where its owner said. `OPENAI_API_KEY` belongs to the address that no profile names; a profile with an
address of its own has a key of its own: its variable (`api_key_env`) or the one that `fttool login --profile` stored.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.config.files import credentials_file, edit_toml, read_text, read_toml
from fttool.config.layers import Origin, Setting
from fttool.config.secrets import Secret
from fttool.errors import ConfigError, KeyMissingError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

    from fttool.config.load import Config

KEY_VARIABLE = "OPENAI_API_KEY"
KEY_PATH_VARIABLE = "OPENAI_API_KEY_PATH"


def clean_key(text: str) -> str:
    """An API key without the white space around it. Raises KeyMissingError if it cannot be one."""
    key = text.strip()
    if not key:
        raise KeyMissingError("the API key is empty")
    if any(char.isspace() for char in key):
        raise KeyMissingError("the API key holds white space", hint="give the key alone, without name or quotes")
    if not (key.isascii() and key.isprintable()):
        raise KeyMissingError("the API key holds characters that no key has")
    return key


def find_key(config: Config) -> Setting | None:
    """The API key for the chosen address, with its source; None if there is none."""
    if config.key_option is not None:
        return _key(config.key_option.reveal(), "option --api-key", "option")
    if config.key_file is not None:
        return _key(_read_key(config.key_file), f"option --api-key-file {config.key_file}", "option")
    return _from_environment(config) or _stored(config.environ, key_profile(config))


def key_profile(config: Config) -> str | None:
    """The profile whose key is used: none if the environment sends requests elsewhere than the profile would."""
    address = config.setting("base_url")
    overruled = config.profile_has_address and not address.from_profile and address.origin != "option"
    return None if overruled else config.get("profile")


def key_variables(config: Config) -> list[str]:
    """The environment variables that may hold the key."""
    profile = key_profile(config)
    own_address = profile is not None and config.profile_has_address
    variable = config.setting("api_key_env")
    # a variable named by a profile is for that profile; one named above them is for the address above them
    fits = profile is not None if variable.from_profile else not own_address
    if variable.value and fits:
        return [variable.value]
    return [] if own_address else [KEY_VARIABLE, KEY_PATH_VARIABLE]


def missing_key(config: Config) -> KeyMissingError:
    """The error for a key that is needed and not there: what would help here."""
    profile = key_profile(config)
    variables = key_variables(config)
    option = f" --profile {shlex.quote(profile)}" if profile else ""
    hint = f"`fttool login{option}` stores one"
    if variables:
        hint += f"; or set the environment variable `{variables[0]}`"
    elif config.environ.get(KEY_VARIABLE, "").strip():
        hint += (
            f"\n`{KEY_VARIABLE}` is not sent to {config.get('base_url')} unless you say so: "
            f"`fttool config set api_key_env {KEY_VARIABLE}{option}`"
        )
    if not profile:
        hint += "\nno key at all? With `--local` the command uses fttool's own service, on this machine"
    return KeyMissingError(f"no API key{f' for profile `{profile}`' if profile else ''}", hint=hint)


def store_key(secret: Secret, profile: str | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Keep a key in the user's credentials file, readable by the user only."""
    path = credentials_file(environ)
    _check_private(path)

    def change(document: TOMLDocument) -> None:
        table: Any = document
        if profile is not None:
            table = document.setdefault("profiles", {}).setdefault(profile, {})
        table["api_key"] = secret.reveal()

    edit_toml(path, change, private=True)
    return path


def delete_key(profile: str | None = None, environ: Mapping[str, str] = os.environ) -> bool:
    """Forget a stored key. False if there was none."""
    path = credentials_file(environ)
    if _stored(environ, profile) is None:
        return False

    def change(document: TOMLDocument) -> None:
        table: Any = document
        if profile is not None:
            table = document["profiles"][profile]
        del table["api_key"]

    edit_toml(path, change, private=True)
    return True


def _from_environment(config: Config) -> Setting | None:
    for variable in key_variables(config):
        text = config.environ.get(variable, "").strip()
        if not text:
            continue
        source = f"environment variable {variable}"
        return _key(_read_key(Path(text)) if variable == KEY_PATH_VARIABLE else text, source, "environment")
    return None


def _stored(environ: Mapping[str, str], profile: str | None) -> Setting | None:
    path = credentials_file(environ)
    _check_private(path)
    content = read_toml(path)
    if profile is not None:
        content = content.get("profiles", {}).get(profile, {})
    text = content.get("api_key")
    if text is None:
        return None
    if not isinstance(text, str):
        raise ConfigError("`api_key` must be a text", file=str(path))
    return _key(text, f"{path} [profiles.{profile}]" if profile else str(path), "user")


def _check_private(path: Path) -> None:
    """Refuse a credentials file that others can read (where files have such rights)."""
    if os.name != "posix" or not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(
            f"this file holds API keys and others can reach it (mode {mode:04o})",
            hint=f"`chmod 600 {shlex.quote(str(path))}`, and replace the keys if others use this machine",
            file=str(path),
        )


def _read_key(path: Path) -> str:
    text = read_text(path.expanduser())
    if text is None:
        raise ConfigError("this file, which should hold the API key, does not exist", file=str(path))
    return text


def _key(text: str, source: str, origin: Origin) -> Setting:
    try:
        return Setting("api_key", Secret(clean_key(text)), source, origin)
    except KeyMissingError as error:
        raise KeyMissingError(f"{error.message} ({source})", hint=error.hint) from None
