"""Files of a service: listed, looked at, deleted, whatever the service's manners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fttool.errors import ServiceError
from fttool.jobs.files import all_files, delete_file, get_file

from .scripted import Answer, Request, Scripted, page


def file(number: int, **changes: Any) -> dict[str, Any]:
    return {"object": "file", "id": f"file-{number}", "bytes": 1, "purpose": "fine-tune", "filename": "x", **changes}


@pytest.fixture
def service() -> Iterator[Scripted]:
    with Scripted() as found:
        yield found


def ids(found: Any) -> list[str]:
    return [view.id for view in found]


def test_all_pages_are_read(service: Scripted) -> None:
    numbers = list(range(25))

    def answer(request: Request) -> Any:
        after = request.query.get("after")
        start = numbers.index(int(after.removeprefix("file-"))) + 1 if after else 0
        rows = [file(number) for number in numbers[start : start + 10]]
        return page(*rows, has_more=start + 10 < len(numbers))

    service.on("GET", "/files", answer)
    assert len(ids(all_files(service.client("openai")))) == 25
    assert len(service.requests) == 3
    assert ids(all_files(service.client("openai"), limit=3)) == ["file-0", "file-1", "file-2"]
    assert service.requests[-1].query == {"limit": "3"}


def test_a_service_that_repeats_its_page_comes_to_an_end(service: Scripted) -> None:
    service.on("GET", "/files", page(file(1), file(2), has_more=True))
    assert ids(all_files(service.client("openai"))) == ["file-1", "file-2"]


def test_a_service_without_pages_is_asked_once_and_without_a_limit(service: Scripted) -> None:
    service.on("GET", "/files", {"object": "list", "data": [file(1), file(2)]})
    assert ids(all_files(service.client("azure"), limit=1)) == ["file-1"]
    assert ids(all_files(service.client("azure"))) == ["file-1", "file-2"]
    assert [request.query for request in service.requests] == [{}, {}]


def test_a_service_that_knows_no_purpose_answers_with_all(service: Scripted) -> None:
    rows = [file(1, purpose="batch"), file(2), file(3, purpose=None)]
    service.on("GET", "/files", page(*rows))
    assert ids(all_files(service.client("openai"), purpose="fine-tune")) == ["file-2", "file-3"]


@pytest.mark.parametrize("answer", [Answer(500), {}, Answer(body="<html>"), page({"object": "file"})])
def test_an_answer_that_is_no_list_is_an_error(service: Scripted, answer: Any) -> None:
    service.on("GET", "/files", answer)
    with pytest.raises(ServiceError):
        list(all_files(service.client("openai")))


def test_a_file_is_deleted_or_it_is_said_that_it_is_not(service: Scripted) -> None:
    service.on("DELETE", "/files/file-1", {"id": "file-1", "object": "file", "deleted": True})
    assert delete_file(service.client(), "file-1") == {"id": "file-1", "object": "file", "deleted": True}
    service.on("DELETE", "/files/file-1", Answer(204))
    assert delete_file(service.client(), "file-1")["deleted"] is True
    service.on("DELETE", "/files/file-1", {"id": "file-1", "deleted": False})
    with pytest.raises(ServiceError, match="did not delete"):
        delete_file(service.client(), "file-1")


def test_a_file_that_is_not_there(service: Scripted) -> None:
    with pytest.raises(ServiceError) as caught:
        get_file(service.client(), "file-1")
    assert caught.value.status == 404
