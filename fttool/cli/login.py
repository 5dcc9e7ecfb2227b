"""`fttool login` and `fttool logout`: the API key that fttool keeps."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Annotated

import typer

from fttool.cli import options, output, prompts
from fttool.errors import UsageError

LOGIN_EXAMPLES = (
    "\b\nExamples:\n  fttool login\n  fttool login --profile work\n  pass show openai | fttool login --with-token"
)
LOGOUT_EXAMPLES = "\b\nExamples:\n  fttool logout\n  fttool logout --profile work"

_Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="The key of this profile.")]


def login(
    profile: _Profile = None,
    with_token: Annotated[bool, typer.Option("--with-token", help="Read the key from standard input.")] = False,
    no_input: options.NoInput = False,
) -> None:
    """Store an API key where only you can read it.

    You are asked for it, unseen; or it is read from standard input, if that is not a terminal.
    """
    from fttool.config import Secret
    from fttool.config.keys import clean_key, store_key

    secret = Secret(clean_key(_read_key(profile, with_token, no_input)))
    file = store_key(secret, profile)
    output.note(f"stored the key {secret.masked}{_of(profile)} in {file}")
    _tell_what_goes_before(profile)


def logout(profile: _Profile = None) -> None:
    """Forget a stored API key."""
    from fttool.config.keys import delete_key

    if delete_key(profile):
        output.note(f"forgot the key{_of(profile)}")
    else:
        output.note(f"there was no stored key{_of(profile)}")
    _tell_what_goes_before(profile)


def _read_key(profile: str | None, with_token: bool, no_input: bool) -> str:
    if with_token or not output.is_terminal(sys.stdin):
        if sys.stdin is None:
            raise UsageError("standard input is closed", hint="`fttool login < FILE` reads the key from a file")
        try:
            return sys.stdin.readline(4096)
        except UnicodeDecodeError:
            raise UsageError("what came on standard input is not text") from None
    if not prompts.can_ask(no_input):
        raise UsageError("a key was needed and no one is there", hint="`fttool login --with-token < FILE`")
    return prompts.secret(f"API key{_of(profile)} (not shown): ")


def _of(profile: str | None) -> str:
    return f" of profile `{profile}`" if profile else ""


def _tell_what_goes_before(profile: str | None) -> None:
    """The environment goes before the stored key: say so where that may surprise."""
    from fttool.config import load
    from fttool.config.keys import key_variables

    config = load()
    if profile is not None:
        if profile not in config.user.profiles:
            name = shlex.quote(profile)
            output.hint(f"profile `{profile}` has no settings yet: `fttool config set base_url URL --profile {name}`")
            return
        config = load({"profile": profile})
    for variable in key_variables(config):
        if os.environ.get(variable, "").strip():
            output.warn(f"the environment variable `{variable}` is set; it goes before a stored key")
            return
