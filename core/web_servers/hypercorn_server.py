"""Hypercorn, the default."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any, cast

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from core.asgi import App, Receive, Scope, Send

BACKLOG = 1024
KEEP_ALIVE_SECONDS = 75
LONGEST_FRAME = 1024 * 1024


async def serve(app: App, listener: socket.socket, stopping: asyncio.Event, grace: float) -> None:
    """Serve as the package says."""
    config = Config()
    # Hypercorn closes what it is given.
    config.bind = [f"fd://{listener.dup().detach()}"]
    config.backlog = BACKLOG
    config.graceful_timeout = grace
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.websocket_max_message_size = LONGEST_FRAME
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.errorlog.setLevel(logging.WARNING)  # where it listens has been said
    await hypercorn_serve(cast(Any, _without_lifespan(app)), config, shutdown_trigger=stopping.wait, mode="asgi")


def _without_lifespan(app: App) -> App:
    """The app, which is started and stopped by somebody else."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return served
