"""The line in front of the mail server: how many are at it, how many wait, and whether it answers at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

AWAY_SECONDS = 30.0  # for so long nobody tries a mail server that did not answer


class Line:
    """One for each instance and process. Few mails wait here: those in line keep other jobs from a place to run in."""

    def __init__(self, connections: int) -> None:
        self._turn = asyncio.Semaphore(connections)
        self._longest = 2 * connections
        self._length = 0
        self._away_until = 0.0

    @property
    def is_full(self) -> bool:
        """Whether one more had better come back later."""
        return self._length >= self._longest

    @property
    def is_away(self) -> bool:
        """Whether the server did not answer somebody just now."""
        return monotonic() < self._away_until

    def went_unanswered(self) -> None:
        """Spare the next ones the wait."""
        self._away_until = monotonic() + AWAY_SECONDS

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One's turn at the server."""
        self._length += 1
        try:
            async with self._turn:
                yield
        finally:
            self._length -= 1
