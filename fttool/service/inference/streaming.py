"""Work in worker threads, a slice at a time, and what comes of it as server-sent events.

The event loop never computes, and no request keeps the others waiting: after a slice of some milliseconds its work
stands at the end of the queue again. A client that has gone ends its work with the slice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fttool.service.refusals import SERVER, Refusal

T = TypeVar("T")

#: Long enough that a small request is done in one slice, short enough that nobody notices having waited for another.
SLICE_SECONDS = 0.01

#: Two threads: Python computes on one at a time, numpy now and then on another. More would only disturb the loop.
_THREADS = 2

_DONE = b"data: [DONE]\n\n"


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def in_slices(request: Request, steps: Iterator[T]) -> AsyncIterator[list[T]]:
    """What `steps` gives, in lists of a slice's worth; the last one may be empty."""
    turn = _turns(request)
    more = True
    while more:
        async with turn:
            given, more = await anyio.to_thread.run_sync(_slice, steps)
        yield given


async def last_of(request: Request, steps: Iterator[T | None]) -> list[T]:
    """All that is not None. Raises ClientGone when the client has gone before the end."""
    found: list[T] = []
    first = True
    async for given in in_slices(request, steps):
        if not first and await request.is_disconnected():
            raise ClientGone
        found += [one for one in given if one is not None]
        first = False
    return found


async def event_stream(request: Request, chunks: Iterator[dict[str, Any]]) -> Response:
    """Server-sent events, one for each chunk, and [DONE].

    What goes wrong before the first chunk is an error as any; later it is an event of its own, as at OpenAI, and the
    stream ends.
    """
    slices = in_slices(request, chunks)
    return StreamingResponse(
        _events(await anext(slices), slices),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _events(first: list[dict[str, Any]], rest: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    yield b"".join(map(_event, first))
    try:
        async for given in rest:
            yield b"".join(map(_event, given))
    except Refusal as refusal:
        yield _event(refusal.envelope())
        return
    except Exception:
        yield _event(Refusal(500, "The service failed while it answered", type=SERVER).envelope())
        raise
    yield _DONE


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


def _slice(steps: Iterator[T]) -> tuple[list[T], bool]:
    """As much as fits into a slice, and whether there is more."""
    end = time.monotonic() + SLICE_SECONDS
    given: list[T] = []
    for step in steps:
        given.append(step)
        if time.monotonic() >= end:
            return given, True
    return given, False


def _turns(request: Request) -> asyncio.Semaphore:
    """The queue of this application, made in its event loop when first needed. It is fair: first come, first served."""
    state = request.app.state
    found: asyncio.Semaphore | None = getattr(state, "inference_turns", None)
    if found is None:
        found = state.inference_turns = asyncio.Semaphore(_THREADS)
    return found
