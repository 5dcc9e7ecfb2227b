"""The socket that the service listens on, and the address that clients use."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from fttool.errors import ServiceError, UsageError
from fttool.service.host.options import DEFAULT_PORT

_BACKLOG = 1024


def listen(host: str, port: int | None, last: int | None = None) -> socket.socket:
    """A listening socket. `port` None: the `last` one, the usual one, or any that is free; 0: any.

    Raises ServiceError if the port is taken or not for us, UsageError if the host is not this machine's.
    """
    for wanted in (last or DEFAULT_PORT, DEFAULT_PORT, 0) if port is None else (port,):
        try:
            return _bind(host, wanted)
        except OSError as error:
            if port is None and wanted and error.errno in (errno.EADDRINUSE, errno.EACCES):
                continue
            raise _refusal(error, host, wanted) from None
    raise AssertionError("any free port is always tried last")


def base_url(host: str, listener: socket.socket) -> str:
    """The address for clients on this machine, as OpenAI's SDKs take it."""
    if _is_any(host):
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/v1"


def _bind(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # For every connection it accepts: head and body of an answer are two packets, and the second must not wait for
    # the client's delayed acknowledgement of the first (40 ms an answer). asyncio does this only for its own sockets.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


def _refusal(error: OSError, host: str, port: int) -> Exception:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"`{host}` is not an address of this machine", hint="`--host 127.0.0.1` is the default")
    other = "`--port N` takes another port, `--port 0` any that is free"
    if error.errno == errno.EADDRINUSE:
        return ServiceError(f"port {port} on {host} is taken by another program", hint=other)
    return ServiceError(f"cannot listen on {host}, port {port}: {(error.strerror or str(error)).lower()}", hint=other)
