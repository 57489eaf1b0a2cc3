"""Who comes next where only a few may at once: first those for whom somebody waits, then what can wait."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count


class Turns:
    """Lets so many in at once, and of those who wait whoever is in a hurry before whoever is not, else as they came."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def turn(self, *, can_wait: bool) -> AsyncIterator[None]:
        """Wait until there is room, and take it for as long as the block runs."""
        await self._enter(can_wait)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, can_wait: bool) -> None:
        if self._free:
            self._free -= 1
            return
        called = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (can_wait, next(self._numbers), called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():  # called, and does not come
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            *_, called = heapq.heappop(self._waiting)
            if not called.done():
                called.set_result(None)
                return
        self._free += 1
