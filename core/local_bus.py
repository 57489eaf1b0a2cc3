"""What the bus is to a server of one process."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence

from core.bus import Bus, Place


class LocalBus:
    """The same as `Bus` without Redis: who listens hears at once, history is in memory and bounded by bytes."""

    MAX_KEPT_BYTES = 16 * 1024 * 1024
    ENTRY_OVERHEAD = 250

    def __init__(self, heard: Callable[[str, bytes], None]) -> None:
        self.connected = True
        self.heard_at, self.forgotten_ms = 0.0, int(time.time() * 1000) - 1  # nobody knows what was before the start
        self._on_message = heard
        self._wanted: set[str] = set()
        self._watched_since: dict[str, int] = {}
        self._left_at: OrderedDict[str, float] = OrderedDict()
        self._kept_bytes = 0
        self._history: OrderedDict[Place, tuple[str, bytes]] = OrderedDict()
        self._places: dict[str, deque[Place]] = {}
        self._last: Place = (0, 0)

    async def open(self) -> None:
        """Nothing to connect."""

    close = open

    def want(self, channel: str) -> None:
        """Listen to a channel from now on."""
        self._wanted.add(channel)
        self._left_at.pop(channel, None)
        self._watched_since.setdefault(channel, int(time.time() * 1000) - 1)

    def unwant(self, channel: str) -> None:
        """Listen to a channel no more."""
        self._wanted.discard(channel)
        self._left_at[channel] = time.time()
        while next(iter(self._left_at.values())) < time.time() - Bus.KEPT_SECONDS:
            del self._watched_since[self._left_at.popitem(last=False)[0]]

    async def confirmed(self, channels: Iterable[str]) -> bool:
        """Listening begins at once here."""
        return True

    def is_watched(self, channel: str) -> bool:
        """Whether anybody listens to a channel, or did within the last hour and may ask what was missed."""
        return channel in self._watched_since

    def kept_since(self, channel: str) -> int:
        """From when on (Unix milliseconds) what was sent there is stored: since somebody listens."""
        return self._watched_since.get(channel, int(time.time() * 1000))

    def reaches(self, channel: str) -> bool:
        """Whether a message could be heard by anybody."""
        return channel in self._wanted

    def send(self, channel: str, payload: bytes, *, must: bool = False, keep: bool = False) -> None:
        """Hand a message to whoever listens, and store it for an hour where `keep` says so."""
        if keep:
            self._keep(channel, payload)
        if channel in self._wanted:
            self._on_message(channel, payload)

    async def kept(self, channels: Sequence[str], since_ms: int) -> list[tuple[Place, str, bytes]]:
        """The history of these channels since a time (Unix milliseconds), oldest first, each with its place in it."""
        return sorted(
            (place, name, self._history[place][1])
            for name in channels
            for place in self._places.get(name, ())
            if place[0] >= since_ms
        )

    def _keep(self, channel: str, payload: bytes) -> None:
        now_ms = int(time.time() * 1000)
        place = self._last = (max(now_ms, self._last[0]), self._last[1] + 1)
        self._history[place] = (channel, payload)
        places = self._places.setdefault(channel, deque())
        places.append(place)
        self._kept_bytes += len(payload) + self.ENTRY_OVERHEAD
        if len(places) > Bus.KEPT_MESSAGES:
            self._forget(places[0])
        while self._kept_bytes > self.MAX_KEPT_BYTES:
            oldest = next(iter(self._history))
            self.forgotten_ms = oldest[0]
            self._forget(oldest)
        while next(iter(self._history))[0] < now_ms - Bus.KEPT_SECONDS * 1000:
            self._forget(next(iter(self._history)))

    def _forget(self, place: Place) -> None:
        channel, payload = self._history.pop(place)
        self._kept_bytes -= len(payload) + self.ENTRY_OVERHEAD
        places = self._places[channel]
        places.popleft()  # the oldest of all is the oldest of its channel
        if not places:
            del self._places[channel]
