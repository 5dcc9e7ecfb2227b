"""Files that a service keeps: list, look at, delete. Upload and download are in modules of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from fttool.errors import ServiceError
from fttool.jobs import checked, paging
from fttool.records.jobs import FileView

if TYPE_CHECKING:
    from fttool.jobs.checked import Page
    from fttool.jobs.client import Client

#: Files a page. The contract allows 10,000; services that page badly then need more answers to be found out.
_PAGE = 1_000


def all_files(client: Client, *, purpose: str | None = None, limit: int | None = None) -> Iterator[FileView]:
    """The files of the service, newest first where it has an order; at most `limit`. Raises ServiceError."""
    query: dict[str, Any] = {"purpose": purpose} if purpose else {}
    if client.service.files_paged:
        query["limit"] = min(limit or _PAGE, _PAGE)

    def fetch(after: str | None) -> Page:
        if after is not None and not client.service.files_paged:
            return checked.Page([], False)
        more: dict[str, Any] = {} if after is None else {"after": after}
        with client.speaking("list files"):
            answer = client.sdk.files.with_raw_response.list(**query, **more)
            return checked.page(answer, "files")

    found = (checked.file(item) for item in paging.each(fetch))
    # a service that knows no `purpose` answers with all files
    wanted = (file for file in found if purpose is None or file.purpose in (purpose, None))
    return islice(wanted, limit)


def get_file(client: Client, file_id: str) -> FileView:
    """One file. Raises ServiceError if there is none of that id."""
    with client.speaking(f"get file `{file_id}`"):
        return checked.file(client.sdk.files.with_raw_response.retrieve(file_id))


def delete_file(client: Client, file_id: str) -> dict[str, object]:
    """Delete a file; what the service answered. Raises ServiceError if it did not do so."""
    with client.speaking(f"delete file `{file_id}`"):
        answer = client.sdk.files.with_raw_response.delete(file_id)
        if not checked.deleted(answer):
            raise ServiceError(f"the service did not delete file `{file_id}`, and does not say why")
    raw = checked.decoded(answer)
    return {"id": file_id, "object": "file", "deleted": True, **(raw if isinstance(raw, dict) else {})}
