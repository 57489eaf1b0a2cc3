"""Connections of the web server: kept while they may be of use, and gone with whoever had opened them."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from core.asgi import Receive, Scope, Send
from core.web_servers import hypercorn_server

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
SLOWLY = asyncio.Event()  # once its request has come
ENDLESS = {"/drip": b"hello", "/flood": b"hello" * 50_000}


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/slowly":
        SLOWLY.set()
        await asyncio.sleep(0.2)
    length = [] if scope["path"] in ENDLESS else [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    while scope["path"] in ENDLESS:
        await send({"type": "http.response.body", "body": ENDLESS[scope["path"]], "more_body": True})
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def serving(stopping: asyncio.Event, grace: float = 5) -> AsyncIterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        server = asyncio.create_task(hypercorn_server.serve(hello, listener, stopping, grace))
        yield listener.getsockname()[1]
        stopping.set()
        async with asyncio.timeout(60):
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
        _, left = await asyncio.wait(theirs, timeout=60)
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
        await SLOWLY.wait()
        stopping.set()
        assert await waiting.read() == b""
        reader, _ = await running
        assert await reader.read() == b""


async def test_answers_without_an_end_are_cut_off_where_the_server_stops_also_if_nobody_takes_them() -> None:
    complaints, stopping = list[object](), asyncio.Event()
    gc.collect()  # what others left is no matter of ours
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    async with serving(stopping, 0.3) as port:
        drip = await asked(port, REQUEST.replace(b"/ ", b"/drip "))
        flood = await asked(port, REQUEST.replace(b"/ ", b"/flood "))  # a film that was paused: nobody reads on
        stopping.set()
        assert b"hello" in await drip[0].read()
    with suppress(ConnectionError):
        await flood[0].read()
    asyncio.get_running_loop().set_exception_handler(None)
    assert complaints == []
