"""JSON as the `openai` command prints it: indented, in a pipe too, for scripts that take it apart line by line."""

from __future__ import annotations

from collections.abc import Mapping

from fttool.cli import output


def show(value: object) -> None:
    """Print one JSON document with an indent of two, in ASCII (0.28.1: `json.dumps(…, indent=2)`)."""
    output.answer(output.json_text(value, indent=True, ascii_only=True))


def show_page(answer: object, what: str) -> None:
    """Print a page of a list as the service sent it; `what` is in it. Raises ServiceError if it is none."""
    from fttool.jobs import checked

    page = checked.page(answer, what)
    raw = checked.decoded(answer)
    show(raw if isinstance(raw, Mapping) else {"object": "list", "data": page.items, "has_more": False})
