"""Uvicorn, where an admin has installed it."""

from __future__ import annotations

import asyncio
import math
import socket
from contextlib import nullcontext
from importlib import import_module
from typing import Any

from core.asgi import App

uvicorn: Any = import_module("uvicorn")  # no dependency of ours
KEEP_ALIVE_SECONDS = 75
LONGEST_FRAME = 1024 * 1024


async def serve(app: App, listener: socket.socket, stopping: asyncio.Event, grace: float) -> None:
    """Serve as the package says."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(grace),
        ws_max_size=LONGEST_FRAME,
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # the signals are those of whoever serves
    ending = asyncio.create_task(_end(server, stopping))
    try:
        await server.serve(sockets=[listener.dup()])
    finally:
        ending.cancel()


async def _end(server: Any, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True
