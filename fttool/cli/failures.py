"""Errors that others raise (Typer, the operating system) as errors of ours."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from typing import Any

import typer

from fttool.errors import FttoolError, OutputError, UsageError

# Typer carries a private copy of Click. The base of its errors is reached through the one it exports.
_SHOWABLE = [base for base in typer.BadParameter.__mro__ if hasattr(base, "format_message")][-1]

#: The machine is in trouble, not fttool.
_MACHINE = {errno.ENOSPC, errno.EROFS, errno.EIO, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class HelpInstead(UsageError):
    """A group was called without a command: the message is its help."""


def translate(error: Exception) -> FttoolError | None:
    """Our error for one that is not ours; None for a bug."""
    if isinstance(error, _SHOWABLE):
        return _usage(error)
    if isinstance(error, typer.Abort | EOFError):
        return UsageError("an answer was needed and no one is there")
    if isinstance(error, OSError) and error.errno in _MACHINE:
        file = error.filename if isinstance(error.filename, str) else None
        return OutputError(f"{(error.strerror or str(error)).lower()}", file=file)
    return None


def secrets_in(args: Sequence[str]) -> list[str]:
    """API keys among the arguments: an error may quote arguments, but not these."""
    found = [os.environ.get("OPENAI_API_KEY", "").strip()]
    for before, arg in zip(["", *args], args, strict=False):
        if before in ("-k", "--api-key"):
            found.append(arg)
        elif arg.startswith("--api-key="):
            found.append(arg.partition("=")[2])
        elif arg.startswith("-k") and len(arg) > 2:
            found.append(arg[2:])
    return [secret for secret in found if secret]


def _usage(error: Any) -> UsageError:
    """A usage error in this house's words: `error: no such command `prepar`` and `hint: did you mean …`."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        return HelpInstead(error.format_message())
    hints = []
    possible = getattr(error, "possibilities", None)
    text = error.message if possible else error.format_message()
    text, _, suggestion = text.partition(". Did you mean ")
    if possible:
        hints.append(f"did you mean {' or '.join(f'`{name}`' for name in sorted(possible))}?")
    elif suggestion:
        hints.append(f"did you mean {_ticks(suggestion).replace(', ', ' or ')}")
    hints.append(f"`{context.command_path if context else 'fttool'} --help` shows how it is used")
    return UsageError(_ticks(_lower(text.rstrip("."))), hint="\n".join(hints))


def _ticks(text: str) -> str:
    return re.sub(r"'([^']*)'", r"`\1`", text)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
