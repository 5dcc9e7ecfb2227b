"""The command line: what a person types and sees; the only part that prints, asks or exits.

`main` is the one place where errors become messages and exit codes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from fttool.errors import EXIT_INTERRUPTED, EXIT_OK, FttoolError

#: What a shell reports for a program whose reader went away (128 + SIGPIPE).
EXIT_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with `argv` (without the program's name) and return its exit code.

    A command ends with 0, with the int it returns, with `typer.Exit(code)`, or with an error.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    from fttool.cli import output

    output.setup()
    try:
        code = _run(args)
        output.flush()
    except BrokenPipeError:
        output.abandon_stdout()
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        output.interrupted(as_json=wants_json(args))
        return EXIT_INTERRUPTED
    except SystemExit as stop:  # a library's own way out
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:  # noqa: BLE001 - the last line: nothing may pass it
        return _failed(error, args)
    return code


def entry() -> None:
    """The console script. A polite kill ends it as Ctrl-C does: with everything unfinished tidied away."""
    import signal

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())


def wants_json(args: Sequence[str]) -> bool:
    """Whether `--json` is among the options, so that errors are JSON too."""
    options = args[: args.index("--")] if "--" in args else args
    return "--json" in options


def _run(args: list[str]) -> int:
    import os

    from fttool.cli import app

    root = app.command()
    if instruction := os.environ.get(app.COMPLETE_VARIABLE):
        from fttool.cli.completion import complete

        return complete(root, instruction)
    import typer

    try:
        with root.make_context(app.PROGRAM, args) as context:
            code: Any = root.invoke(context)
    except typer.Exit as stop:
        return stop.exit_code
    return code if type(code) is int else EXIT_OK


def _failed(error: Exception, args: Sequence[str]) -> int:
    """Tell what went wrong, in the user's words where it is not our fault. Returns the exit code."""
    from fttool.cli import failures, output

    known = error if isinstance(error, FttoolError) else failures.translate(error)
    if isinstance(known, failures.HelpInstead):
        output.note(known.message)
    elif known is not None:
        output.error(known, as_json=wants_json(args), hide=failures.secrets_in(args))
    else:
        return output.bug(error, as_json=wants_json(args), hide=failures.secrets_in(args))
    return known.exit_code
