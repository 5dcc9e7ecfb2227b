"""The settings there are, and what their values may be."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from typing import NamedTuple
from urllib.parse import urlsplit

from fttool.errors import ConfigError

Value = str | int | float

#: The profile that is there without being defined, and the kind of service it means: fttool's own, on this machine.
LOCAL = "local"

#: The kinds of service there are; `fttool.jobs.services` has a module for each (a test compares the two).
SERVICES = ("openai", "azure", "nebius", "crusoe", LOCAL, "generic")


class Known(NamedTuple):
    """A setting: what kind of value it has, which environment variables set it, where else it may stand."""

    name: str
    kind: str
    env: tuple[str, ...]
    default: Value | None
    help: str
    in_profile: bool = True
    in_project: bool = True


#: A project file comes with a repository, which may be anyone's. It may therefore not say where a key is sent
#: (base_url) nor which variable is sent as the key (api_key_env), nor that money is spent unasked (ask_above).
SETTINGS: dict[str, Known] = {
    known.name: known
    for known in (
        Known("profile", "text", ("FTTOOL_PROFILE",), None, "the profile in use", in_profile=False),
        Known(
            "base_url",
            "url",
            ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
            "https://api.openai.com/v1",
            "address of the service",
            in_project=False,
        ),
        Known("api_key_env", "variable", (), None, "environment variable that holds the API key", in_project=False),
        Known("organization", "text", ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"), None, "organization to act for"),
        Known("project", "text", ("OPENAI_PROJECT_ID",), None, "project to act for"),
        Known("service", "text", ("FTTOOL_SERVICE",), None, "kind of service, where the address does not tell"),
        Known("model", "text", ("FTTOOL_MODEL",), None, "base model"),
        Known("seed", "integer", ("FTTOOL_SEED",), None, "seed of the train/validation split", in_profile=False),
        Known(
            "valid_fraction",
            "fraction",
            ("FTTOOL_VALID_FRACTION",),
            None,
            "share of the examples that go into the validation file",
            in_profile=False,
        ),
        Known(
            "ask_above",
            "amount",
            ("FTTOOL_ASK_ABOVE",),
            10,
            "USD that a job may cost without a question",
            in_project=False,
        ),
    )
}


def nearest(name: str, names: list[str]) -> str | None:
    """`did you mean …?` for a name that does not exist."""
    close = get_close_matches(name, names, n=1)
    return f"did you mean `{close[0]}`?" if close else None


def known_setting(name: str) -> Known:
    """The setting of that name. Raises ConfigError that names the nearest one."""
    if name in SETTINGS:
        return SETTINGS[name]
    if name in ("api_key", "api-key", "key"):
        raise ConfigError("an API key is not a setting", hint="`fttool login` stores a key where only you can read it")
    hint = nearest(name, list(SETTINGS)) or f"the settings are {', '.join(SETTINGS)}"
    raise ConfigError(f"unknown setting `{name}`", hint=hint)


def parse(known: Known, text: str) -> Value:
    """The value that `text` (from the command line or the environment) stands for."""
    convert = {"integer": int, "fraction": float, "amount": float}.get(known.kind, str)
    try:
        value: Value = convert(text.strip())
    except ValueError:
        raise ConfigError(f"`{known.name}` must be {_KINDS[known.kind]}, not `{text}`") from None
    return check(known, value)


def check(known: Known, value: object) -> Value:
    """`value` if the setting can have it. Raises ConfigError otherwise."""
    wanted = _KINDS[known.kind]
    if known.kind == "integer":
        fits = type(value) is int
    elif known.kind == "fraction":
        fits = type(value) in (int, float) and 0 <= value < 1  # type: ignore[operator]
    elif known.kind == "amount":
        fits = type(value) in (int, float) and 0 <= value < math.inf  # type: ignore[operator]
    elif known.kind == "variable":
        if isinstance(value, str) and value.startswith("sk-"):  # not shown: it is a key
            raise ConfigError(
                f"`{known.name}` names an environment variable; it is not the key itself",
                hint="`fttool login` stores a key where only you can read it",
            )
        fits = isinstance(value, str) and re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII) is not None
    elif known.kind == "url":
        fits = isinstance(value, str) and _is_url(value)
    else:
        fits = isinstance(value, str) and value.strip() == value != ""
    if not fits:
        shown = f"`{value}`" if isinstance(value, str) else f"`{value!r}`"
        raise ConfigError(f"`{known.name}` must be {wanted}, not {shown}")
    return value  # type: ignore[return-value]


_KINDS = {
    "text": "a text",
    "url": "an address that begins with http:// or https://",
    "variable": "the name of an environment variable",
    "integer": "a whole number",
    "fraction": "a number from 0 to below 1",
    "amount": "an amount of money from 0 on",
}


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        plain = text.isascii() and text.isprintable() and " " not in text
        return plain and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
