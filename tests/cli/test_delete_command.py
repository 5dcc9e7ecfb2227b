"""`fttool delete`: asks, says what is what, and ends with the worst that happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jobs.conftest import scripted  # noqa: F401
from jobs.scripted import Answer, Scripted

Call = Callable[..., Any]

MODEL = "ft:gpt-4o-mini-2024-07-18:acme::abc"


@pytest.fixture
def service(scripted: Scripted) -> Scripted:  # noqa: F811
    file = {"object": "file", "id": "file-1", "bytes": 1234, "filename": "train.jsonl", "purpose": "fine-tune"}
    scripted.on("GET", "/files/file-1", file)
    scripted.on("DELETE", "/files/file-1", {"id": "file-1", "object": "file", "deleted": True})
    scripted.on("GET", f"/models/{MODEL}", {"id": MODEL, "object": "model", "created": 1, "owned_by": "acme"})
    scripted.on("DELETE", f"/models/{MODEL}", {"id": MODEL, "object": "model", "deleted": True})
    scripted.on("GET", "/models/gpt-4o", {"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "system"})
    return scripted


def deleted(service: Scripted) -> list[str]:
    return [request.path for request in service.requests if request.method == "DELETE"]


def test_models_and_files_are_deleted(service: Scripted, call: Call) -> None:
    done = call("delete", MODEL, "file-1", "--yes", *service.options)
    assert done.code == 0
    assert (
        done.out
        == f"deleted model {MODEL} (owned by acme)\ndeleted file file-1 (train.jsonl, 1,234 bytes, fine-tune)\n"
    )
    assert deleted(service) == [f"/models/{MODEL}", "/files/file-1"]


def test_without_a_terminal_it_needs_to_be_told(service: Scripted, call: Call) -> None:
    done = call("delete", "file-1", *service.options)
    assert done.code == 2
    assert "no one is there to ask" in done.err
    assert f"hint: `fttool delete file-1 --yes --base-url {service.base_url}` does it" in done.err
    assert service.requests == []
    assert "fttool files delete file-1 --yes" in call("files", "delete", "file-1", *service.options).err


def test_on_a_terminal_it_asks_and_says_what_it_is(service: Scripted, terminal: Call) -> None:
    question = "Delete file file-1 (train.jsonl, 1,234 bytes, fine-tune)? This cannot be undone."
    done = terminal("delete", "file-1", *service.options, answers=[(question, "n")])
    assert done.code == 1 and "nothing was deleted" in done.err
    assert deleted(service) == []
    done = terminal("delete", "file-1", "-i", MODEL, *service.options, answers=[("Delete these 2?", "y")])
    assert done.code == 0
    assert f"  model {MODEL} (owned by acme)" in done.err
    assert deleted(service) == ["/files/file-1", f"/models/{MODEL}"]


def test_the_worst_decides_and_the_rest_is_done(service: Scripted, call: Call) -> None:
    done = call("delete", "file-9", "gpt-4o", "file-1", "--yes", *service.options)
    assert done.code == 5
    assert "file-9" in done.err and "`gpt-4o` is a base model" in done.err
    assert deleted(service) == ["/files/file-1"]
    done = call("delete", "gpt-4o", "--yes", *service.options)
    assert done.code == 2
    service.on("DELETE", "/files/file-1", Answer(500))
    assert call("delete", "file-1", MODEL, "--yes", *service.options).code == 5
    assert deleted(service)[-1] == f"/models/{MODEL}"


def test_a_refused_key_is_told_once(service: Scripted, call: Call) -> None:
    service.on("GET", "/files/file-1", Answer(401))
    done = call("delete", "file-1", "file-2", "--yes", *service.options)
    assert done.code == 4 and done.err.count("error:") == 1


def test_with_json_and_nothing_deleted(service: Scripted, call: Call) -> None:
    done = call("delete", "file-9", "--yes", "--json", *service.options)
    assert done.code == 5 and done.out == ""
    assert json.loads(done.err)["error"]["status"] == 404


def test_jobs_are_not_deleted(service: Scripted, call: Call) -> None:
    done = call("delete", "ftjob-1", "file-1", "--yes", *service.options)
    assert done.code == 2
    assert "`fttool cancel ftjob-1" in done.err
    assert service.requests == []


def test_what_is_nothing(service: Scripted, call: Call) -> None:
    done = call("delete", "something", "--yes", *service.options)
    assert done.code == 5
    assert "there is no model and no file `something`" in done.err
    assert call("delete", *service.options).code == 2


def test_an_id_of_an_unknown_kind_may_be_a_file(service: Scripted, call: Call) -> None:
    service.on("GET", "/files/abc", {"object": "file", "id": "abc", "bytes": 1})
    service.on("DELETE", "/files/abc", Answer(204))
    assert call("delete", "abc", "--yes", *service.options).out == "deleted file abc (1 bytes)\n"


def test_as_json(service: Scripted, call: Call) -> None:
    done = call("delete", "file-1", "--yes", "--json", *service.options)
    assert json.loads(done.out) == {"id": "file-1", "object": "file", "deleted": True}
    done = call("delete", "file-1", MODEL, "--yes", "--json", *service.options)
    assert [one["object"] for one in json.loads(done.out)["data"]] == ["file", "model"]
    done = call("delete", "file-1", MODEL, "--yes", "-q", *service.options)
    assert done.out == f"file-1\n{MODEL}\n"
