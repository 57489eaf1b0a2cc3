"""Large bodies come in turn: however many arrive at once, whoever asks for something small is answered in between."""

from __future__ import annotations

import asyncio

LARGE = 16_384  # bytes that come at once; what is smaller waits for nobody


class Turns:
    """Lets one part of a large body after the other through, in the order in which they came.

    An answer takes several rounds of the event loop, and to take in a part of a large body costs as much as many a
    whole answer: with a part of each of fifty uploads in every round, people would wait for seconds. Whoever sends
    slowly is in nobody's way, for only what has come takes a turn.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def take(self, size: int) -> None:
        """Wait until it is the turn of a part of `size` bytes; no other one follows in the same round of the loop."""
        if size < LARGE:
            return
        async with self._turn:
            await asyncio.sleep(0)
