"""How many films are on their way here at once: all in all, and of any one server, so that no server takes all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from core.errors import Unavailable

AT_ONCE = 6
OF_ONE_SERVER = 3
WAITING_SECONDS = 20.0


class Places:
    """The places for films that are fetched, in one process."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        self._of_servers: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, host: str) -> AsyncIterator[None]:
        """Hold a place for a film of this host while the block runs. Raises Unavailable where none becomes free."""
        share = self._of_servers.get(host)
        if share is None:
            share = self._of_servers[host] = asyncio.Semaphore(OF_ONE_SERVER)
        places = (share, self._all)  # whoever waits for a share of its server takes no place of others meanwhile
        held: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(WAITING_SECONDS):
                    for place in places:
                        await place.acquire()
                        held.append(place)
            except TimeoutError:
                raise Unavailable(30, "Too many films are on their way here. Please try again soon.") from None
            yield
        finally:
            for place in held:
                place.release()
