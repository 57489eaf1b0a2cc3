"""The other end of a WebSocket, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from core.asgi import App


class Closed(Exception):
    """The server closed the socket, or never accepted it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server closed the socket with {code}")
        self.code = code


class Socket:
    """Sends and reads JSON frames; `receive` raises Closed once the server has closed it."""

    def __init__(self) -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.closed: int | None = None

    @classmethod
    @asynccontextmanager
    async def opened(cls, app: App, base_url: str, path: str, headers: Mapping[str, str]) -> AsyncIterator[Socket]:
        """A socket of `app` that is open while the block runs. Raises Closed where the server does not accept it."""
        socket = cls()
        scope = _scope(base_url, path, headers)
        # A network would carry none of our context variables to the other side.
        task = asyncio.create_task(_served(app, scope, socket), context=Context())
        await socket._to_app.put({"type": "websocket.connect"})
        try:
            if (await socket._next(5))["type"] != "websocket.accept":
                raise Closed(socket.closed or 1006)
            yield socket
        finally:
            await socket._to_app.put({"type": "websocket.disconnect", "code": 1000})
            _, late = await asyncio.wait([task], timeout=5)
            for one in late:
                one.cancel()

    async def send(self, frame: object) -> None:
        """Send a frame: JSON, or a text as it is."""
        text = frame if isinstance(frame, str) else orjson.dumps(frame).decode()
        await self._to_app.put({"type": "websocket.receive", "text": text})

    async def receive(self, seconds: float = 5) -> dict[str, Any]:
        """The next frame. Raises Closed, TimeoutError where none comes."""
        message = await self._next(seconds)
        return cast("dict[str, Any]", orjson.loads(message.get("text") or message.get("bytes") or b"null"))

    async def receive_type(self, kind: str, seconds: float = 5) -> dict[str, Any]:
        """The next frame of this type; others are passed over."""
        async with asyncio.timeout(seconds):
            while (frame := await self.receive(seconds))["type"] != kind:
                pass
        return frame

    async def _next(self, seconds: float) -> dict[str, Any]:
        if self.closed is not None:
            raise Closed(self.closed)
        async with asyncio.timeout(seconds):
            message = await self._from_app.get()
        if message["type"] == "websocket.close":
            self.closed = int(message.get("code") or 1000)
            raise Closed(self.closed)
        if message["type"] == "websocket.http.response.start":
            self.closed = 1006
            raise Closed(int(message["status"]))
        return message


async def _served(app: App, scope: dict[str, Any], socket: Socket) -> None:
    await app(scope, socket._to_app.get, socket._from_app.put)


def _scope(base_url: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    base, place = urlsplit(base_url), urlsplit(path)
    pairs = {"host": base.netloc, **{name.lower().replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "wss" if base.scheme == "https" else "ws",
        "path": place.path,
        "raw_path": place.path.encode(),
        "query_string": place.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
        "client": ("127.0.0.1", 50000),
        "server": (base.hostname, base.port or (443 if base.scheme == "https" else 80)),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
