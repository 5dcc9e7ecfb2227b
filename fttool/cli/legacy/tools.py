"""The grammar of the legacy command line: `fttool tools fine_tunes.prepare_data -f FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def tools_prepare_data(
    file: Annotated[Path, typer.Option("-f", "--file", metavar="FILE", help="The file of examples.")],
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Accept every fix without asking.")] = False,
) -> Any:
    """Check and fix a file of examples (`fttool prepare_data` has more options)."""
    from fttool.cli.prepare_data import prepare_data

    return prepare_data([file], yes=quiet)


#: name -> (function, examples)
COMMANDS: dict[str, tuple[Any, str]] = {
    "fine_tunes.prepare_data": (
        tools_prepare_data,
        "\b\nExample:\n  fttool tools fine_tunes.prepare_data -f people.csv -q",
    ),
}
