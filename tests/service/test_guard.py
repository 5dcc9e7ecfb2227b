"""Who may speak, how much, and the shape of every answer."""

from __future__ import annotations

import logging
import socket
import sqlite3
from typing import Any

import pytest
from openai import AuthenticationError, OpenAI

from fttool import __version__
from fttool.service.api.app import create_app
from fttool.service.api.guard import Guard, _is_ours
from fttool.service.api.service import Limits
from fttool.service.refusals import as_refusal
from tests.service.served import KEY, Served


@pytest.mark.parametrize("key", ["wrong", KEY[:-1], f"{KEY}x", KEY.upper()])
def test_a_wrong_key_is_refused(served: Served, key: str) -> None:
    with (
        OpenAI(api_key=key, base_url=served.base_url, max_retries=0) as client,
        pytest.raises(AuthenticationError) as failed,
    ):
        client.models.list()
    assert (failed.value.code, failed.value.type) == ("invalid_api_key", "invalid_request_error")
    assert key not in failed.value.response.text and KEY not in failed.value.response.text


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", KEY, f"Basic {KEY}", f"Bearer{KEY}", "Bearer \xff"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/files", "/nowhere", "/"])
def test_without_a_key_nothing_is_told(served: Served, path: str, value: str | None) -> None:
    headers = {} if value is None else {"Authorization": value}
    answer = _plain(served, "GET", path, {"Host": "localhost", **headers})
    assert answer.startswith("HTTP/1.1 401 ")
    assert '"code":"invalid_api_key"' in answer


def test_the_key_may_be_written_in_any_case_of_bearer(served: Served) -> None:
    answer = _plain(served, "GET", "/v1/models", {"Host": "localhost", "Authorization": f"bearer {KEY}"})
    assert answer.startswith("HTTP/1.1 200 ")


def test_other_ways_to_send_a_key_do_not_count(served: Served) -> None:
    answer = _plain(served, "GET", f"/v1/models?api_key={KEY}", {"Host": "localhost", "api-key": KEY})
    assert answer.startswith("HTTP/1.1 401 ")


def test_health_needs_no_key_and_tells_no_more_than_that(served: Served) -> None:
    for path in ("/health", "/v1/health"):
        answer = served.get(path, key="")
        assert (answer.status, answer.body) == (200, {"service": "fttool", "version": __version__})


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "", "[", "localhost.evil"]
)
def test_a_foreign_host_is_refused(served: Served, host: str) -> None:
    for path in ("/v1/models", "/health"):
        answer = _plain(served, "GET", path, {"Host": host, "Authorization": f"Bearer {KEY}"})
        assert answer.startswith("HTTP/1.1 403 ")
        assert '"code":"host_not_allowed"' in answer


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "localhost.", "127.0.0.1:8", "127.1.2.3", "[::1]:80", "x.localhost"]
)
def test_names_of_the_loopback_are_ours(served: Served, host: str) -> None:
    answer = _plain(served, "GET", "/v1/models", {"Host": host, "Authorization": f"Bearer {KEY}"})
    assert answer.startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("host", "bound", "ours"),
    [
        ("box.example:80", "box.example", True),
        ("192.168.1.5:80", "192.168.1.5", True),
        ("192.168.1.5", "127.0.0.1", False),
        ("anything.example", "0.0.0.0", True),
        ("192.168.1.5", "::", True),
        ("anything.example", "192.168.1.5", False),
        ("[fe80::1]:80", "fe80::1", True),
        ("", "0.0.0.0", False),
    ],
)
def test_the_address_the_service_was_bound_to_is_ours(host: str, bound: str, ours: bool) -> None:
    assert _is_ours(host, bound) is ours


@pytest.mark.parametrize("host", ["gpu-box.example", "GPU-BOX.example.:8455"])
def test_an_allowed_name_is_as_good_as_the_address(served: Served, host: str) -> None:
    served.service.allow_hosts = ["Gpu-Box.example"]
    names = Guard(create_app(served.service), served.service)._names
    assert not _is_ours(host, "::1")
    assert _is_ours(host, "::1", names)
    assert not _is_ours(f"x{host}", "::1", names)


def test_every_answer_has_openais_headers(served: Served) -> None:
    answers = [
        served.get("/v1/models"),
        served.get("/nowhere"),
        served.get("/v1/models", key="x"),
        served.get("/health"),
    ]
    assert [answer.status for answer in answers] == [200, 404, 401, 200]
    for answer in answers:
        assert answer.headers["openai-version"] == "2020-10-01"
        assert int(answer.headers["openai-processing-ms"]) >= 0
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "unknown_url"),
        ("GET", "/v1", 404, "unknown_url"),
        ("GET", "/v1/nowhere", 404, "unknown_url"),
        ("GET", "/v1/v1/models", 404, "unknown_url"),
        ("GET", "/v1/models/", 404, None),
        ("GET", "/v1/files/", 404, None),
        ("POST", "/v1/engines", 404, "unknown_url"),
        ("PUT", "/v1/files", 405, "method_not_supported"),
        ("POST", "/v1/models", 405, "method_not_supported"),
        ("OPTIONS", "/v1/files", 405, "method_not_supported"),
        ("GET", "/v1/uploads", 405, "method_not_supported"),
    ],
)
def test_unknown_routes_answer_in_the_envelope(served: Served, method: str, path: str, status: int, code: str) -> None:
    answer = served.ask(method, path)
    assert answer.status == status
    assert set(answer.error) == {"message", "type", "param", "code"}
    assert code is None or answer.error["code"] == code
    assert status != 405 or path.startswith("/v1/uploads") or "GET, HEAD" in answer.headers["allow"]


def test_a_refused_method_is_told_all_that_are_possible(served: Served) -> None:
    assert served.ask("PUT", "/v1/files").headers["allow"] == "GET, HEAD, POST"
    assert served.ask("PUT", "/files/file-a").headers["allow"] == "DELETE, GET, HEAD"


def test_a_large_body_is_refused_whether_it_says_so_or_not(served: Served) -> None:
    served.service.limits = Limits(body_bytes=1000)
    assert served.post("/v1/fine_tuning/jobs", b" " * 1001).status == 413
    headers = {"Transfer-Encoding": "chunked", "Host": "localhost", "Authorization": f"Bearer {KEY}"}
    chunks = b"400\r\n" + b" " * 1024 + b"\r\n0\r\n\r\n"
    for path in ("/v1/fine_tuning/jobs", "/v1/uploads", "/v1/completions"):
        answer = _plain(served, "POST", path, headers, chunks)
        assert answer.startswith("HTTP/1.1 413 ")
        assert '"code":"request_too_large"' in answer
    # a form in the wrong place is no way around it
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert served.post("/v1/fine_tuning/jobs", b" " * 1001, headers=form).status == 413


@pytest.mark.parametrize("body", [{"model": "baseline", "training_file": "x" * 100_000}, {"y" * 100_000: 1}])
def test_a_refusal_does_not_send_back_all_that_was_sent(served: Served, body: dict[str, Any]) -> None:
    answer = served.post("/v1/fine_tuning/jobs", body)
    assert answer.status == 400
    assert len(answer.error["message"]) < 2_000 and len(answer.error["param"]) < 2_000
    assert answer.error["message"].endswith("…")


def test_a_client_that_asks_first_is_told_before_it_sends(served: Served) -> None:
    headers = {"Host": "localhost", "Expect": "100-continue", "Content-Length": "99999999999"}
    answer = _plain(served, "POST", "/v1/files", {**headers, "Authorization": f"Bearer {KEY}"})
    assert answer.startswith("HTTP/1.1 413 ")


def test_a_bug_is_one_line_in_the_log_and_an_envelope(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError(f"the key is {KEY}")

    monkeypatch.setattr(served.service.store, "models", broken)
    with caplog.at_level(logging.INFO):
        answer = served.get("/v1/models")
    assert (answer.status, answer.error["type"], answer.error["code"]) == (500, "server_error", "internal_error")
    assert "RuntimeError" not in str(answer.body)
    (record,) = [record for record in caplog.records if record.name == "fttool.service"]
    line = record.getMessage()
    assert "RuntimeError at " in line and "\n" not in line and "the key is" not in caplog.text
    assert answer.headers["x-request-id"] in line


def test_a_full_disk_and_a_busy_database_are_said(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    file_id = served.upload()
    store = served.service.store
    with store._connections.write() as connection:  # as full as the file is now: what SQLite says is the real thing
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    full = None
    for _ in range(100):
        body = {"model": "baseline", "training_file": file_id, "metadata": {"k": "v" * 512}}
        answer = served.post("/v1/fine_tuning/jobs", body)
        if answer.status != 200:
            full = answer
            break
    assert full is not None
    assert (full.status, full.error["type"], full.error["code"]) == (500, "server_error", "disk_full")
    assert served.get("/v1/fine_tuning/jobs").status == 200  # the service goes on

    busy = as_refusal(sqlite3.OperationalError("database is locked"))
    assert busy is not None
    assert (busy.status, busy.headers) == (503, {"Retry-After": "1"})
    room = as_refusal(OSError(28, "No space left on device"))
    assert room is not None
    assert room.code == "disk_full"
    assert as_refusal(ValueError("a bug")) is None


def _plain(served: Served, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> str:
    """What a connection answers to these bytes."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "Connection: close"]
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer.decode()
