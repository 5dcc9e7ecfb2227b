"""Where vocabularies come from: nothing is fetched unasked, and nothing waits without end."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fttool.dataset import vocabularies
from tests.dataset import vocabulary

NAME = "cl100k_base"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a proxy that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, bytes]]]:
    """A host for vocabularies; it answers with what the list holds, one after the other."""
    answers: list[tuple[int, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(vocabularies, "url_of", lambda name: f"{address}/{name}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield answers
        server.shutdown()
        thread.join()


def test_hashes_and_addresses_are_those_of_tiktoken() -> None:
    import tiktoken_ext.openai_public as theirs

    source = Path(theirs.__file__).read_text()
    for name, digest in vocabularies.HASHES.items():
        assert vocabularies.url_of(name) in source
        assert digest in source


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_the_tokens_of_rs_bpe_are_the_vocabulary(name: str) -> None:
    assert vocabulary.digest(name) == vocabularies.HASHES[name]


def test_it_lies_where_tiktoken_looks(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import tiktoken.load as theirs

    path = vocabularies.file_of(NAME)
    assert path is not None
    assert not vocabularies.is_here(NAME)
    cache.mkdir()
    path.write_bytes(b"x")
    assert theirs.read_file_cached(vocabularies.url_of(NAME)) == b"x"  # without a hash: it finds the file
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    monkeypatch.setenv("DATA_GYM_CACHE_DIR", str(tmp_path))
    assert vocabularies.file_of(NAME) == tmp_path / path.name
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert vocabularies.file_of(NAME) is None
    assert not vocabularies.is_here(NAME)


def test_a_damaged_one_is_not_here(cache: Path) -> None:
    path = vocabularies.file_of(NAME)
    assert path is not None
    cache.mkdir()
    path.write_bytes(vocabulary.content(NAME)[:-1])
    assert not vocabularies.is_here(NAME)
    path.write_bytes(vocabulary.content(NAME))
    assert vocabularies.is_here(NAME)


def test_fetching(cache: Path, served: list[tuple[int, bytes]]) -> None:
    served.append((200, vocabulary.content(NAME)))
    assert vocabularies.fetch(NAME) is None
    assert vocabularies.is_here(NAME)
    assert [path.name for path in cache.iterdir()] == [vocabularies.file_of(NAME).name]  # type: ignore[union-attr]


@pytest.mark.parametrize(("answer", "says"), [((404, b"no"), "status 404"), ((200, b"<html>"), "not that vocabulary")])
def test_what_is_no_vocabulary_is_not_kept(
    cache: Path, served: list[tuple[int, bytes]], answer: tuple[int, bytes], says: str
) -> None:
    served.append(answer)
    assert says in (vocabularies.fetch(NAME) or "")
    assert not cache.exists() or not list(cache.iterdir())


def test_a_folder_that_cannot_be_written(cache: Path, served: list[tuple[int, bytes]]) -> None:
    cache.write_text("a file")
    served.append((200, vocabulary.content(NAME)))
    assert "cannot be kept" in (vocabularies.fetch(NAME) or "")


def test_a_network_that_does_not_answer(cache: Path, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    started = time.perf_counter()
    assert "does not answer" in (vocabularies.fetch(NAME, patience=0.5) or "")
    assert time.perf_counter() - started < 2


def test_a_proxy_that_is_not_there(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert "cannot be reached (ProxyError)" in (vocabularies.fetch(NAME) or "")


def test_a_thread_that_waits_does_not_hold_the_process(cache: Path, silent: int) -> None:
    code = f"from fttool.dataset import vocabularies; print(vocabularies.fetch({NAME!r}, patience=0.2))"
    environment = {"HTTPS_PROXY": f"http://127.0.0.1:{silent}", "TIKTOKEN_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert "does not answer" in done.stdout
