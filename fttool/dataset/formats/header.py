"""The first row of a table: names for its columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fttool.dataset.formats.objects import check_width, shorten
from fttool.errors import DataError


def name_columns(cells: Sequence[str], name: str, line: int) -> tuple[list[str], list[str]]:
    """Column names from the header's cells, and notes on those that had to be made up.

    Spaces round a name are dropped. DataError when a name occurs twice (which of the two would be meant?) or there
    are too many.
    """
    check_width(len(cells), name, line)
    columns = [cell.strip() for cell in cells]
    notes = []
    for index, column in enumerate(columns):
        if not column:
            columns[index] = f"column_{index + 1}"
            notes.append(f"column {index + 1} has no name in the header, called `{columns[index]}`")
    twice = [f"`{shorten(column, 40)}`" for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(
            f"the header names {', '.join(twice[:5])} more than once",
            file=name,
            line=line,
            hint="give every column a name of its own",
        )
    return columns, notes
