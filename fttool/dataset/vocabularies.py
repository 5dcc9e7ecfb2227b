"""The vocabularies of tiktoken on this machine, and how one comes here.

tiktoken fetches a vocabulary when it first needs it, waits for it without end, and says nothing. So fttool only lets
it read what is here already, and fetches by itself, with an end, when the command line asks for that.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

#: SHA-256 of each vocabulary, as tiktoken has it. A file that is another is not used.
HASHES = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
}

HOST = "openaipublic.blob.core.windows.net"

#: Seconds until the host must have begun to answer, and until all must be here (the greatest has 3.6 MB).
PATIENCE, LIMIT = 3.0, 60.0

#: For so many seconds after a failure nobody should wait for the host again, unless asked for.
PAUSE = 3600.0


def url_of(name: str) -> str:
    """Where tiktoken fetches a vocabulary from."""
    return f"https://{HOST}/encodings/{name}.tiktoken"


def file_of(name: str) -> Path | None:
    """Where tiktoken keeps a vocabulary; None if it is told to keep none (an empty TIKTOKEN_CACHE_DIR)."""
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if folder == "":
        return None
    cache = Path(folder) if folder else Path(tempfile.gettempdir(), "data-gym-cache")
    return cache / hashlib.sha1(url_of(name).encode(), usedforsecurity=False).hexdigest()


def is_here(name: str) -> bool:
    """Whether tiktoken can have a vocabulary without going over the network: it fetches a damaged one anew."""
    path = file_of(name)
    if path is None or name not in HASHES:
        return False
    try:
        return _fits(name, path.read_bytes())
    except OSError:
        return False


def fetch(name: str, patience: float = PATIENCE, limit: float = LIMIT) -> str | None:
    """Fetch a vocabulary to where tiktoken looks for it. Returns None, or why it could not be done.

    Proxy variables are honoured. It gives up when the host has not begun to answer after `patience` seconds, even
    where looking up its name takes longer, and after `limit` seconds in all.
    """
    path = file_of(name)
    if path is None:
        return "TIKTOKEN_CACHE_DIR is empty, so nothing is kept"
    begun, answers = threading.Event(), SimpleQueue[bytes | str]()
    # a thread, because no timeout covers the look-up of a name
    threading.Thread(target=_download, args=(url_of(name), patience, begun, answers), daemon=True).start()
    if not begun.wait(patience):
        return f"{HOST} does not answer"
    try:
        answer = answers.get(timeout=limit)
    except Empty:
        return f"{HOST} sends too slowly"
    if isinstance(answer, str):
        return answer
    if not _fits(name, answer):
        return f"what {HOST} sent is not that vocabulary"
    return _keep(path, answer)


def failed_lately() -> bool:
    """Whether `remember_failure` was called within the last hour, by any process of this user."""
    try:
        return 0 <= time.time() - _mark().stat().st_mtime < PAUSE
    except OSError:
        return False


def remember_failure() -> None:
    """Note that fetching was in vain, so that the next command need not wait for it as well."""
    with contextlib.suppress(OSError):  # then it is tried again
        _mark().parent.mkdir(parents=True, exist_ok=True)
        _mark().touch()


def _mark() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("fttool", appauthor=False) / "no-vocabulary"


def _download(url: str, patience: float, begun: threading.Event, answers: SimpleQueue[bytes | str]) -> None:
    import requests  # tiktoken's own way, so the same proxies and certificates

    try:
        with requests.get(url, timeout=(2 * patience, LIMIT / 4), stream=True) as answer:
            begun.set()
            answer.raise_for_status()
            answers.put(answer.content)
    except requests.RequestException as error:
        answers.put(f"{HOST}: {_reason(error)}")
        begun.set()


def _reason(error: Exception) -> str:
    """The cause of a failed request, without the layers around it."""
    answer = getattr(error, "response", None)
    return f"status {answer.status_code}" if answer is not None else f"cannot be reached ({type(error).__name__})"


def _fits(name: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == HASHES[name]


def _keep(path: Path, content: bytes) -> str | None:
    """Write the file whole or not at all; returns why not."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        return f"it cannot be kept in {path.parent}: {(error.strerror or str(error)).lower()}"
    return None
