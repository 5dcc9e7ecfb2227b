"""The key that the service asks for: one of its own in the state folder, or one that the user gave."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from fttool.config.files import read_text, write_text
from fttool.config.keys import clean_key
from fttool.config.secrets import Secret
from fttool.errors import ConfigError, KeyMissingError, UsageError

KEY_VARIABLE = "FTTOOL_SERVE_KEY"


def own_key(path: Path) -> str:
    """The key kept in `path`, made (43 random characters, mode 0600) if it is not there. Only for the lock's holder."""
    if not path.exists():
        keep(path, f"sk-local-{secrets.token_urlsafe(32)}")
    return read_key(path, private=True)


def keep(path: Path, key: str) -> None:
    """Put a key in a file that only the user can read. The file appears whole or not at all."""
    write_text(path, f"{key}\n", private=True)


def read_key(path: Path, *, private: bool = False) -> str:
    """The key in a file. Raises ConfigError if it is not there, no key, or (`private`) others can reach it."""
    text = read_text(path)
    if text is None:
        raise ConfigError("this file, which should hold the service's key, does not exist", file=str(path))
    if private and os.name == "posix" and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        raise ConfigError(
            f"this file holds the service's key and others can reach it (mode {mode:04o})",
            hint="delete it while the service is stopped: the next start makes a new key",
            file=str(path),
        )
    return _clean(text, str(path))


def key_in_environment() -> str | None:
    """The key that `FTTOOL_SERVE_KEY` sets, None if it is not set or empty."""
    text = os.environ.get(KEY_VARIABLE, "")
    return _clean(text, f"environment variable {KEY_VARIABLE}") if text.strip() else None


def check_reach(host: str, *, explicit_key: bool) -> None:
    """Refuse to listen where other machines reach the service unless the user chose its key. Raises UsageError."""
    if not explicit_key and not is_loopback(host):
        raise UsageError(
            f"on `{host}` other machines reach the service: it needs a key that you choose",
            hint=f"set the environment variable `{KEY_VARIABLE}`, or give `--key-file FILE`",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _clean(text: str, source: str) -> str:
    try:
        return Secret(clean_key(text)).reveal()  # known as a secret from here on, so that no log or error shows it
    except KeyMissingError as error:
        raise ConfigError(f"{error.message} ({source})", hint=error.hint) from None
