"""A file with a grader, for `--grader`: the fields that it reads of each row."""

from __future__ import annotations

import json
from pathlib import Path

from fttool.cli import output
from fttool.errors import DataError
from fttool.rules.graders import fields_read, strange_templates


def read_grader(path: Path) -> tuple[str, ...]:
    """The fields that the templates of a grader (or of a method that holds one) read.

    Raises DataError for what is no JSON object, or has templates that stand for nothing.
    """
    name = str(path)
    try:
        grader = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=name) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=name) from None
    if not isinstance(grader, dict):
        raise DataError("a grader is a JSON object", file=name)
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
