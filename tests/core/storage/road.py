"""The way to a store: whoever tests may close it for a while, and sees what was asked for on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

METHODS = (b"GET ", b"HEAD ", b"PUT ", b"POST ", b"DELETE ")


class Road:
    """Passes on what comes, at an address of its own; `asked` has the first line of each request."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._to = (parts.hostname or "", parts.port or 80)
        self.asked: list[str] = []
        self.is_closed = False
        self.url = ""
        self._open: set[asyncio.StreamWriter] = set()

    def close(self) -> None:
        """Let nothing through from now on, nor what is under way."""
        self.is_closed = True
        for writer in self._open:
            writer.transport.abort()

    def open(self) -> None:
        self.is_closed = False

    def methods(self) -> list[str]:
        """How it was asked since somebody looked last."""
        asked, self.asked = self.asked, []
        return [line.partition(" ")[0] for line in asked]

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_closed:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            theirs, ours = await asyncio.open_connection(*self._to)
            self._open.add(ours)
            await asyncio.gather(self._one_way(reader, ours, notes=True), self._one_way(theirs, writer))
        finally:
            self._open -= {writer, ours}

    async def _one_way(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, notes: bool = False) -> None:
        with suppress(OSError):
            while piece := await source.read(1 << 16):
                if notes and piece.startswith(METHODS):
                    self.asked.append(piece.partition(b"\r\n")[0].decode())
                to.write(piece)
                await to.drain()
        to.close()


@asynccontextmanager
async def road(address: str) -> AsyncIterator[Road]:
    """A way to a store."""
    made = Road(address)
    server = await asyncio.start_server(made.pass_on, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        made.close()
        server.close()
