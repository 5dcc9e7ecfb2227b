"""A file with a grader, for `--grader`: the fields that it reads of each row."""

from __future__ import annotations

from pathlib import Path

from fttool.cli import output
from fttool.cli.json_files import read_object
from fttool.errors import DataError
from fttool.rules.graders import fields_read, strange_templates


def read_grader(path: Path) -> tuple[str, ...]:
    """The fields that the templates of a grader (or of a method that holds one) read.

    Raises DataError for what is no JSON object, or has templates that stand for nothing.
    """
    name = str(path)
    grader = read_object(path, "a grader")
    if strange := strange_templates(grader):
        named = ", ".join(f"`{{{{ {text} }}}}`" for text in strange[:5])
        raise DataError(
            f"templates that stand for nothing: {named}",
            file=name,
            hint="`{{ item.FIELD }}` is a field of the row, `{{ sample.output_text }}` the model's answer",
        )
    fields = fields_read(grader)
    if not fields:
        output.note(f"note: the templates of {name} read no field of the rows")
    return fields
