"""Granian, where an admin has installed it. It binds by itself, with SO_REUSEPORT, so that several processes may."""

from __future__ import annotations

import asyncio
import socket
from importlib import import_module
from typing import Any

from core.asgi import App, Receive, Scope, Send

granian: Any = import_module("granian.server.embed")  # no dependency of ours
BACKLOG = 1024


async def serve(app: App, listener: socket.socket, stopping: asyncio.Event, grace: float) -> None:
    """Serve as the package says; of `listener`, which must not listen, only the address is used."""
    host, port = listener.getsockname()[:2]
    counted = _Counted(app)
    server = granian.Server(
        counted,
        address=host,
        port=port,
        interface=granian.Interfaces.ASGINL,
        backlog=BACKLOG,
        log_enabled=False,
    )
    ending = asyncio.create_task(_end(server, stopping))
    try:
        await server.serve()
        # It stops listening, and does not wait for what it has taken.
        async with asyncio.timeout(grace):
            await counted.idle.wait()
    except TimeoutError:
        pass
    finally:
        ending.cancel()


class _Counted:
    """An ASGI app that knows whether it is at work."""

    def __init__(self, app: App) -> None:
        self._app, self._running = app, 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._running += 1
        self.idle.clear()
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1
            if not self._running:
                self.idle.set()


async def _end(server: Any, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.stop()
