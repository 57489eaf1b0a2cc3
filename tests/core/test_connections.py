"""Connections of the web server: kept while they may be of use, and gone with whoever had opened them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.asgi import Receive, Scope, Send
from core.web_servers import hypercorn_server

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/slowly":
        await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def serving(stopping: asyncio.Event) -> AsyncIterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        server = asyncio.create_task(hypercorn_server.serve(hello, listener, stopping, 5))
        yield listener.getsockname()[1]
        stopping.set()
        async with asyncio.timeout(10):
            await server


async def asked(port: int, request: bytes = REQUEST) -> Ends:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    return reader, writer


async def test_nothing_is_kept_of_connections_whose_other_end_has_gone() -> None:
    async with serving(asyncio.Event()) as port:
        await asyncio.sleep(0)
        before = asyncio.all_tasks()
        ends = [await asked(port) for _ in range(30)]
        theirs = asyncio.all_tasks() - before
        for _, writer in ends:
            writer.close()
        _, left = await asyncio.wait(theirs, timeout=10)
        assert not left


async def test_a_connection_serves_one_request_after_another() -> None:
    async with serving(asyncio.Event()) as port:
        reader, writer = await asked(port)
        for _ in range(3):
            writer.write(REQUEST)
            await reader.readuntil(b"hello")
        writer.close()


async def test_a_server_that_stops_closes_what_waits_and_finishes_what_runs() -> None:
    stopping = asyncio.Event()
    async with serving(stopping) as port:
        waiting, _ = await asked(port)
        running = asyncio.create_task(asked(port, REQUEST.replace(b"/ ", b"/slowly ")))
        await asyncio.sleep(0.1)
        stopping.set()
        assert await waiting.read() == b""
        reader, _ = await running
        assert await reader.read() == b""
