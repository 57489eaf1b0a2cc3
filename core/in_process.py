"""Requests to an ASGI app in this process, as if a network lay between: the answer comes piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from core.addresses import Target

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]
LEAVING_SECONDS = 1.0  # in which an app has to understand that nobody reads on


@dataclass(frozen=True, slots=True)
class Answered:
    """What an app began to answer; its body is read inside the context."""

    status: int
    headers: Headers
    chunks: AsyncIterator[bytes]


@asynccontextmanager
async def ask(app: App, method: str, target: Target, headers: Headers, body: bytes) -> AsyncIterator[Answered]:
    """Send a request to an app. One that fails before it answers has answered 500; afterwards its answer breaks off.

    It gets on only as fast as the answer is read, and is told, then stopped, where nobody reads on.
    """
    told: asyncio.Queue[Message | None] = asyncio.Queue(maxsize=1)
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])
    gone = asyncio.Event()
    is_over = False

    async def receive() -> Message:
        for message in asked:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal is_over
        if gone.is_set():
            raise ConnectionError("nobody reads on")
        if not is_over:
            is_over = message["type"] == "http.response.body" and not message.get("more_body")
            await told.put(message)

    async def run() -> None:
        with suppress(Exception):
            await app(_scope(method, target, headers), receive, send)
        if not is_over:
            await told.put(None)

    # A network would carry none of our context variables, such as an open transaction, to the other side.
    running = asyncio.create_task(run(), context=Context())
    try:
        start = await told.get()
        if start is None or start["type"] != "http.response.start":
            yield Answered(500, [], _nothing())
        else:
            yield Answered(start["status"], list(start.get("headers", ())), _pieces(told, running))
    finally:
        is_over = True
        gone.set()
        if not told.empty():
            told.get_nowait()  # which the app may be waiting for
        await asyncio.wait({running}, timeout=LEAVING_SECONDS)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for piece in nothing:
        yield piece


async def _pieces(told: asyncio.Queue[Message | None], running: asyncio.Task[None]) -> AsyncIterator[bytes]:
    while (message := await told.get()) is not None:
        if piece := message.get("body", b""):
            yield piece
        if not message.get("more_body"):
            await asyncio.wait({running})  # what it does once it has answered is done too
            return
    raise ConnectionError("the app failed")


def _scope(method: str, target: Target, headers: Headers) -> Message:
    path, _, query = target.path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": target.scheme,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers],
        "server": (target.host, target.port),
        "client": ("127.0.0.1", 123),
    }
