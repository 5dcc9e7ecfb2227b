"""The service against OpenAI's document: each operation is there, and the check of answers can fail.

Every answer that the tests of this folder get is checked by the `served` fixture; see `Checked`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.service.served import DOCUMENT, Served, disagreements

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="OpenAI's document is not here")

#: Not part of fine-tuning: the list of stored chats.
ABSENT = {("GET", "/chat/completions")}


def operations() -> list[tuple[str, str]]:
    if not DOCUMENT.exists():
        return []
    paths = json.loads(DOCUMENT.read_bytes())["paths"]
    methods = ("get", "post", "delete", "put", "patch")
    return [(method.upper(), path) for path, item in paths.items() for method in item if method in methods]


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_operation_is_there(served: Served, method: str, path: str) -> None:
    for prefix in ("", "/v1"):
        answer = served.ask(method, prefix + re.sub(r"\{\w+\}", "none", path), b"{}" if method == "POST" else None)
        missing = answer.status >= 400 and answer.error["code"] in ("unknown_url", "method_not_supported")
        assert missing is ((method, path) in ABSENT)
        assert answer.status < 500


def scope(method: str, path: str) -> dict[str, Any]:
    return {"method": method, "path": path}


FILE = {
    "id": "file-1",
    "object": "file",
    "bytes": 1,
    "created_at": 1,
    "filename": "a",
    "purpose": "fine-tune",
    "status": "processed",
}


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "said"),
    [
        ("GET", "/v1/files/file-1", 200, FILE, ""),
        ("GET", "/v1/files/file-1", 200, {**FILE, "purpose": "evals"}, ""),
        ("GET", "/v1/files/file-1", 200, {**FILE, "bytes": "1"}, "'1' is not of type 'integer'"),
        ("GET", "/v1/files/file-1", 200, {**FILE, "expires_at": None}, "None is not of type 'integer'"),
        ("GET", "/v1/files/file-1", 200, {**FILE, "status": "done"}, "'done' is not one of"),
        ("GET", "/v1/files", 200, {"object": "list", "data": [], "has_more": False}, "'first_id' is a required"),
        ("GET", "/v1/models/a/b", 200, {"id": "a/b"}, "'object' is a required"),
        ("GET", "/v1/nowhere", 404, {"detail": "Not Found"}, "'error' is a required"),
        ("GET", "/v1/nowhere", 404, {"error": {"message": "", "type": ""}}, "'param' is a required"),
    ],
)
def test_the_check_of_answers_sees_faults(method: str, path: str, status: int, body: Any, said: str) -> None:
    found = disagreements(scope(method, path), status, json.dumps(body).encode())
    assert bool(found) is bool(said)
    assert not said or any(said in one for one in found)
