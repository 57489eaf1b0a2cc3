"""Hypercorn, the default: its protocols, over connections that let go of what is gone."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any, cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import LifespanState

from core.asgi import App

BACKLOG = 1024
KEEP_ALIVE_SECONDS = 75
LONGEST_FRAME = 1024 * 1024


async def serve(app: App, listener: socket.socket, stopping: asyncio.Event, grace: float) -> None:
    """Serve as the package says."""
    config, context = _config(grace), WorkerContext(None)
    wrapped, loop, state = ASGIWrapper(cast(Any, app)), asyncio.get_running_loop(), LifespanState()
    running, waiting = dict[asyncio.Task[None], asyncio.StreamWriter](), set[_Pause]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running[task] = writer
        task.add_done_callback(running.pop)
        connection = TCPServer(wrapped, loop, config, context, state, reader, writer)
        connection.idle_task = cast(Any, _Pause(connection, waiting))
        with suppress(asyncio.CancelledError):  # cut off below: asyncio takes a task that ends so for a failure
            await connection

    server = await asyncio.start_server(connected, sock=listener.dup(), backlog=BACKLOG)
    try:
        await stopping.wait()
    finally:
        server.close()
    await context.terminated.set()
    for pause in tuple(waiting):
        pause.end()
    if running:
        _, late = await asyncio.wait(running, timeout=grace)
        for task in late:
            running[task].transport.abort()  # what waits for somebody to take it would wait for ever
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _config(grace: float) -> Config:
    config = Config()
    config.graceful_timeout = grace
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.websocket_max_message_size = LONGEST_FRAME
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.errorlog.setLevel(logging.WARNING)
    return config


class _Pause:
    """The pause of a connection between two requests, a timer that ends the connection if nothing comes.

    Hypercorn's own is a task for each pause, and one that keeps a connection whose other end has gone until it is
    over: whoever connects anew for each request would have thousands of them lie in memory.
    """

    def __init__(self, connection: TCPServer, waiting: set[_Pause]) -> None:
        self._connection, self._waiting = connection, waiting
        self._timer: asyncio.TimerHandle | None = None

    async def restart(self, *_: object) -> None:
        """Begin to wait; where the server is being stopped, not at all."""
        await self.stop()
        if self._connection.context.terminated.is_set():
            self.end()
        elif not self._connection.reader.at_eof():
            self._timer = self._connection.loop.call_later(KEEP_ALIVE_SECONDS, self.end)
            self._waiting.add(self)

    async def stop(self) -> None:
        """Wait no longer."""
        self._waiting.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """Close the connection."""
        self._connection.writer.close()
