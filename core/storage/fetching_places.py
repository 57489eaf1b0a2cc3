"""How many things are on their way here at once: all in all, of one server, and of all servers of one domain.

So nobody who has a server that is slow on purpose, or many of them under one name, takes every place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from core.addresses import registered
from core.errors import Unavailable

WAITING_SECONDS = 20.0


class Places:
    """The places for what is fetched, in one process; `sentence` is for those who found none."""

    def __init__(self, *, at_once: int, of_one_server: int, of_one_domain: int, sentence: str) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._shares: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = WeakValueDictionary()
        self._of_one_server = of_one_server
        self._of_one_domain = of_one_domain
        self._sentence = sentence

    @asynccontextmanager
    async def one(self, host: str) -> AsyncIterator[None]:
        """Hold a place for something of this host while the block runs. Raises Unavailable where none becomes free."""
        # Whoever waits for a share takes no place of others meanwhile.
        places = (
            self._share("server", host, self._of_one_server),
            self._share("domain", registered(host), self._of_one_domain),
            self._all,
        )
        held: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(WAITING_SECONDS):
                    for place in places:
                        await place.acquire()
                        held.append(place)
            except TimeoutError:
                raise Unavailable(30, self._sentence) from None
            yield
        finally:
            for place in held:
                place.release()

    def _share(self, kind: str, name: str, most: int) -> asyncio.Semaphore:
        share = self._shares.get((kind, name))
        if share is None:
            share = self._shares[kind, name] = asyncio.Semaphore(most)
        return share
