"""A file that holds one JSON object, as options name it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fttool.errors import DataError


def read_object(path: Path, what: str) -> dict[str, Any]:
    """The object in a file, UTF-8 with or without BOM. `what` it is, for the error: `the method`.

    Raises DataError for what cannot be read or is no JSON object.
    """
    import json

    name = str(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=name) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", file=name) from None
    if not isinstance(content, dict):
        raise DataError(f"{what} is a JSON object", file=name)
    return content
