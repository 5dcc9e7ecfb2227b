"""Uvicorn, run by us: our reasons to stop, our signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from fttool.service.logs import logger

#: Requests under way get this long to end (seconds); an open stream does not hold up the end for longer.
_GRACE = 3

#: Clients keep their connections for seconds. We keep them longer: a request must not run into a connection that is
#: just being closed.
_KEEP_ALIVE = 75


class Server(uvicorn.Server):
    """A server that tells when it answers, and stops when `why_stop` gives a reason."""

    def __init__(self, app: Any, on_started: Callable[[], None], why_stop: Callable[[], str]) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,
        )
        super().__init__(config)
        self.on_started = on_started
        self.why_stop = why_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Called once; from its end on, requests are answered."""
        asyncio.get_running_loop().set_exception_handler(_log_failure)
        await super().startup(sockets)
        self.on_started()

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if not self.should_exit and (reason := self.why_stop()):
            self.stop(reason)
        return await super().on_tick(counter)

    def stop(self, reason: str) -> None:
        """Stop in order, soon."""
        logger.info("stopping: %s", reason)
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Not Uvicorn's: see `stopped_by_signals`."""
        yield


@contextlib.contextmanager
def stopped_by_signals(server: Server, at_once: Callable[[], None]) -> Iterator[None]:
    """While the block runs, a first signal stops the server in order; a second one ends it at once, after `at_once`."""
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            at_once()
            os._exit(128 + number)
        server.stop(signal.Signals(number).name)

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last two: POSIX, Windows
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # what our parent had us ignore (nohup, a shell's `&`) stays ignored
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """asyncio's own message would quote the failed task, its exception's text included."""
    logger.error("%s", context["message"], exc_info=context.get("exception"))
