"""A file from an address, into a folder: over HTTP only, whole or not at all."""

from __future__ import annotations

import base64
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from fttool.errors import ServiceError, UsageError

_CHUNK = 256 * 1024

#: Seconds without a byte after which an address is given up.
_TIMEOUT = 60.0


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects stay on HTTP, and do not go back from TLS to none."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The request to follow a redirect with."""
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme != "https" and not (scheme == "http" and req.type == "http"):
            raise ServiceError(f"{shown(req.full_url)} leads to a {scheme}:// address, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def shown(url: str) -> str:
    """An address as it may be seen: without name, password and query, which may hold keys."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="…" if parts.query else "", fragment="").geturl()


def name_of(url: str) -> str:
    """The last part of the address' path: what the file is called. No folder can be in it."""
    return plain_name(urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2]), "download.jsonl")


def plain_name(name: str, otherwise: str = "file") -> str:
    """`name` as a file here may be called, on any system; `otherwise` if nothing is left of it."""
    plain = "".join(char for char in name if char.isprintable() and char not in '/\\:*?"<>|').strip(". ")
    return plain[-100:] or otherwise


def fetch(
    url: str,
    folder: Path,
    *,
    most: int,
    started: Callable[[int | None], Callable[[int], None]] | None = None,
    timeout: float = _TIMEOUT,
) -> Path:
    """Download `url` into a new file in `folder`, at most `most` bytes.

    `started` is told the size if it is known, and returns what is told of bytes that came.
    Raises UsageError for what is no address, ServiceError if it does not come, or not whole.
    """
    request = _request(url)
    target = folder / name_of(url)
    try:
        with _opener().open(request, timeout=timeout) as answer, target.open("wb") as file:
            length = answer.headers.get("Content-Length")
            size = int(length) if length and length.isdigit() else None
            if size is not None and size > most:
                raise _too_big(url, most)
            advance = started(size) if started else _ignore
            done = 0
            while chunk := answer.read(_CHUNK):
                done += len(chunk)
                if done > most:
                    raise _too_big(url, most)
                file.write(chunk)
                advance(len(chunk))
    except urllib.error.HTTPError as error:
        with error:
            raise ServiceError(f"{shown(url)} answered {error.code} {error.reason}") from None
    except (urllib.error.URLError, TimeoutError, http.client.HTTPException, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise ServiceError(f"{shown(url)} cannot be downloaded: {text.lower()}") from None
    if size is not None and done != size:
        raise ServiceError(f"the download of {shown(url)} was cut: {done:,} of {size:,} bytes came", hint="try again")
    return target


def _request(url: str) -> urllib.request.Request:
    try:
        parts = urllib.parse.urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        raise UsageError(f"`{url}` is not an address") from None
    if not parts.hostname:
        raise UsageError(f"`{shown(url)}` is not an address: it names no host")
    plain = parts._replace(
        netloc=parts.netloc.rpartition("@")[2],
        path=urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~-._"),
        fragment="",
    )
    from fttool import __version__

    request = urllib.request.Request(plain.geturl(), headers={"User-Agent": f"fttool/{__version__}"})
    if parts.username:
        login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        coded = base64.b64encode(login.encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {coded}")  # for this host, not where it leads
    return request


def _opener() -> urllib.request.OpenerDirector:
    """Speaks HTTP and HTTPS, through the usual proxies, and nothing else: no files, no FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _SafeRedirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _too_big(url: str, most: int) -> ServiceError:
    return ServiceError(f"{shown(url)} holds more than {most:,} bytes, which is as much as the service takes")


def _ignore(amount: int) -> None:
    """No one looks."""
