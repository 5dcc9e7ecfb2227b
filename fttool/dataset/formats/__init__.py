"""One module per input format, and `open_table`, which finds out which one an input needs.

To add a format: a module with a table and an opener, and a line in FORMATS (and in `sniff.SUFFIXES`).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable

from fttool.dataset.formats.base import Block, ReadOptions, Span, Table
from fttool.dataset.formats.delimited import open_delimited
from fttool.dataset.formats.json_document import open_json
from fttool.dataset.formats.jsonl import open_jsonl
from fttool.dataset.formats.opened import Opened, look
from fttool.dataset.formats.parquet import open_parquet
from fttool.dataset.formats.sniff import SUFFIXES, delimiter_sample, find_format
from fttool.dataset.formats.source import no_examples
from fttool.dataset.formats.text import open_text
from fttool.dataset.formats.xlsx import open_xlsx
from fttool.errors import UsageError

__all__ = ["FORMATS", "Block", "ReadOptions", "Span", "Table", "open_table"]

#: How each format is opened.
FORMATS: dict[str, Callable[[Opened], Table]] = {
    "csv": lambda opened: open_delimited(opened.text, opened.options, delimiter_sample(opened), ","),
    "tsv": lambda opened: open_delimited(opened.text, opened.options, delimiter_sample(opened), "\t"),
    "json": lambda opened: open_json(opened.text, opened.options, opened.sample.encode("utf-8", "replace")),
    "jsonl": lambda opened: open_jsonl(opened.text, opened.options),
    "txt": lambda opened: open_text(opened.text, opened.options),
    "xlsx": lambda opened: open_xlsx(opened.source, opened.options),
    "parquet": lambda opened: open_parquet(opened.source),
}


def open_table(path: str | os.PathLike[str], options: ReadOptions = ReadOptions()) -> Table:  # noqa: B008
    """Open an input, "-" for standard input, in whatever format it is.

    Raises DataError for what cannot be read or holds no examples, UsageError for options that do not exist.
    """
    if options.format is not None and options.format not in FORMATS:
        near = difflib.get_close_matches(options.format.lower().lstrip("."), [*FORMATS], n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"fttool reads {', '.join(FORMATS)}"
        raise UsageError(f"unknown format `{options.format}`", hint=hint)
    opened = look(os.fspath(path), options)
    if not opened.head:
        raise no_examples(opened.name, "it is empty")
    if opened.complete and not opened.head.strip(b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n"):
        raise no_examples(opened.name, "nothing but blank lines")
    name = options.format or find_format(opened)
    table = FORMATS[name](opened)
    named = SUFFIXES.get(opened.suffix)
    if options.format is None and named not in (None, table.format):
        table.notes.insert(0, f"`{opened.name}` holds {table.format.upper()}, read as {table.format.upper()}")
    return table
