"""A small cache in each process; the processes tell one another over Redis what went stale."""

from __future__ import annotations

import secrets
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.bus import Bus

if TYPE_CHECKING:
    from redis.asyncio import Redis

ENTRY_OVERHEAD = 300
REMEMBERED_DROPS = 10_000
MOMENT_SECONDS = 1.0


class Cache:
    """Bounded by bytes, least recently used goes first; values stay in this process, invalidations reach all.

    While the bus is away nothing older than a second is served, for nobody could tell us that it changed.
    Reads and writes may come from any thread.
    """

    def __init__(self, redis: Redis | None = None, *, max_bytes: int = 16 * 1024 * 1024) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._tags: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        self._sequence = 0
        self._floor = 0
        self._drops: OrderedDict[str, int] = OrderedDict()
        self._origin = secrets.token_hex(8)
        self._bus: Bus | None = None
        if redis is not None:
            self._bus = Bus(redis, "cache", heard=self._heard, up=self._forget_all, down=self._forget_all)
            self._bus.want("drops")

    async def open(self) -> None:
        """Start to listen for what other processes drop; call it once, in the server's event loop."""
        if self._bus:
            await self._bus.open()

    async def close(self) -> None:
        """Tell the others what is still to be told and stop listening."""
        if self._bus:
            await self._bus.close()

    def get(self, key: str, default: Any = None) -> Any:
        """The value under `key`, or `default`; never waits."""
        entry = self._entries.get(key)
        if entry is None:
            return default
        if entry.expires <= time.monotonic():
            with self._lock:
                if self._entries.get(key) is entry:
                    self._remove(key)
            return default
        with suppress(KeyError):  # another thread may just have dropped it
            self._entries.move_to_end(key)
        return entry.value

    def put(
        self,
        key: str,
        value: Any,
        ttl: float,
        size: int | None = None,
        *,
        tags: Iterable[str] = (),
        since: int | None = None,
    ) -> bool:
        """Keep `value` for `ttl` seconds; `size` in bytes is measured where it is not given.

        With `since` (a `mark()` taken before the value was read) the value is refused if its key or one of its
        tags was dropped in between. Answers whether it was kept; what is larger than the whole cache is not.
        """
        if self._bus and not self._bus.connected:
            ttl = min(ttl, MOMENT_SECONDS)
        tags = tuple(tags)
        size = (measured(value) if size is None else size) + sys.getsizeof(key) + ENTRY_OVERHEAD
        with self._lock:
            self._remove(key)
            if size > self.max_bytes or ttl <= 0 or (since is not None and self._dropped_after(since, key, tags)):
                return False
            self._entries[key] = _Entry(value, time.monotonic() + ttl, size, tags)
            self.used_bytes += size
            for tag in tags:
                self._tags.setdefault(tag, set()).add(key)
            while self.used_bytes > self.max_bytes:
                self._remove(next(iter(self._entries)))
        return True

    def mark(self) -> int:
        """A moment, to be given to `put` as `since`; take it before reading what the value is made of."""
        return self._sequence

    async def remember(
        self, key: str, ttl: float, make: Callable[[], Awaitable[Any]], *, tags: Iterable[str] = ()
    ) -> Any:
        """The value under `key`, made by `make` and kept for `ttl` seconds where it was not there."""
        found = self.get(key, _MISSING)
        if found is not _MISSING:
            return found
        mark = self.mark()
        value = await make()
        self.put(key, value, ttl, tags=tags, since=mark)
        return value

    def drop(self, key: str) -> None:
        """Forget one key, here and in every other process."""
        self._drop("k", key)
        self._tell("k", key)

    def drop_tag(self, tag: str) -> None:
        """Forget everything put with this tag, here and in every other process."""
        self._drop("t", tag)
        self._tell("t", tag)

    def drop_prefix(self, prefix: str) -> None:
        """Forget every key that begins so, everywhere; looks at each key, so prefer tags."""
        self._drop("p", prefix)
        self._tell("p", prefix)

    def __len__(self) -> int:
        return len(self._entries)

    def _tell(self, kind: str, name: str) -> None:
        if self._bus is None:
            return
        # What happens while the bus is away comes down to one message that empties everything.
        message = f"{self._origin}{kind}{name}" if self._bus.connected else f"{self._origin}p"
        self._bus.send("drops", message.encode(), must=True)

    def _heard(self, channel: str, payload: bytes) -> None:
        message = payload.decode()
        if not message.startswith(self._origin):
            self._drop(message[16], message[17:])

    def _forget_all(self) -> None:
        self._drop("p", "")

    def _drop(self, kind: str, name: str) -> None:
        with self._lock:
            self._sequence += 1
            if kind == "p":
                self._floor = self._sequence
                for key in [key for key in self._entries if key.startswith(name)]:
                    self._remove(key)
                return
            self._drops[kind + name] = self._sequence
            self._drops.move_to_end(kind + name)
            if len(self._drops) > REMEMBERED_DROPS:
                _, self._floor = self._drops.popitem(last=False)
            for key in (name,) if kind == "k" else tuple(self._tags.get(name, ())):
                self._remove(key)

    def _dropped_after(self, since: int, key: str, tags: tuple[str, ...]) -> bool:
        names = (f"k{key}", *(f"t{tag}" for tag in tags))
        return since < self._floor or any(self._drops.get(name, 0) > since for name in names)

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.used_bytes -= entry.size
        for tag in entry.tags:
            keys = self._tags.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._tags[tag]


def measured(value: Any) -> int:
    """The bytes a value holds in memory: strings, numbers, containers and plain objects of them."""
    total, seen, waiting = 0, set[int](), [value]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type):
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        if isinstance(item, Mapping):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list | tuple | set | frozenset | deque):
            waiting.extend(item)
        elif hasattr(item, "__dict__"):
            waiting.append(vars(item))
        elif not isinstance(item, bytes | str | int | float) and hasattr(type(item), "__slots__"):
            waiting.extend(getattr(item, name) for name in type(item).__slots__ if hasattr(item, name))
    return total


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    expires: float
    size: int
    tags: tuple[str, ...]


_MISSING = object()
