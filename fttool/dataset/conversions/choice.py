"""Which conversion an input needs: what the user says (`--from`), or what its columns and first rows clearly are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fttool.dataset.conversions import CONVERSIONS, Row, conversion_named, detect
from fttool.dataset.conversions.base import given
from fttool.errors import UsageError

#: What `--from` takes besides the names of conversions: find out, and convert nothing.
AUTO, NONE = "auto", "none"


def check_name(name: str | None) -> None:
    """Raises UsageError for a name that `--from` does not take."""
    if name not in (None, AUTO, NONE):
        conversion_named(name)


def choose(
    name: str | None,
    columns: Sequence[str],
    first_rows: Callable[[], Sequence[Row]],
    *,
    file: str,
    settled: str | None,
) -> str | None:
    """The name of the conversion for an input; None where it needs none.

    `settled` is an option by which the user has said what the columns are; nothing is looked for then.

    Raises:
        DataError: a kind of examples that cannot be converted.
        UsageError: `--from` beside such an option.
    """
    if name in CONVERSIONS:
        if settled is not None:
            raise UsageError(f"--from {name} and {settled} exclude each other")
        return name
    if name == NONE or settled is not None:
        return None
    plain = {"prompt", "completion"} <= {column.lower() for column in columns}
    if plain and not {"label", "kto_tag"} & set(columns):
        return None  # needs no look at the rows
    first: Row = {}
    for row in first_rows():
        for column, value in row.items():
            if given(value):
                first.setdefault(column, value)
    found = detect(columns, first, file=file)
    return None if found is None else found.name
