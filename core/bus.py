"""Messages between the processes of one server, over Redis."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from core.lazily import lazily

if TYPE_CHECKING:
    from redis import asyncio as aioredis
    from redis import backoff, exceptions
    from redis.asyncio import retry
    from redis.asyncio.client import PubSub
else:
    aioredis, exceptions = lazily("redis.asyncio"), lazily("redis.exceptions")
    backoff, retry = lazily("redis.backoff"), lazily("redis.asyncio.retry")

log = structlog.get_logger(__name__)

# All of a batch at once, so that history keeps what is published in the very order in which sockets get it: places in
# it are milliseconds and a number that counts through all channels. `*` serves where the clock of Redis went back.
SEND_BATCH = """
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
for i = 2, #KEYS do
    local payload, keep = ARGV[2 * i - 1], ARGV[2 * i]
    if keep == '1' then
        local place = now .. '-' .. redis.call('INCR', KEYS[1])
        local added = redis.pcall('XADD', KEYS[i], 'MAXLEN', '~', ARGV[1], place, 'm', payload)
        if type(added) == 'table' and added.err then
            redis.call('XADD', KEYS[i], 'MAXLEN', '~', ARGV[1], '*', 'm', payload)
        end
        redis.call('EXPIRE', KEYS[1], ARGV[2])
        redis.call('EXPIRE', KEYS[i], ARGV[2])
    end
    redis.call('PUBLISH', KEYS[i], payload)
end
"""

Place = tuple[int, int]


class Bus:
    """One Redis pub/sub connection that comes back by itself, and an outgoing queue nobody waits for.

    `heard(channel, payload)` gets each message; `up()` is called when every wanted channel is subscribed (again),
    `down()` when the connection is lost. History older than `forgotten_ms` may be gone, whatever its age.
    """

    PING_SECONDS = 2.0
    ANSWER_SECONDS = 5.0
    BATCH = 200
    MAX_QUEUED_BYTES = 8 * 1024 * 1024
    KEPT_MESSAGES = 1000
    KEPT_SECONDS = 3600

    def __init__(
        self,
        redis: aioredis.Redis,
        name: str,
        *,
        heard: Callable[[str, bytes], None],
        up: Callable[[], None],
        down: Callable[[], None],
    ) -> None:
        self.connected = False
        self.heard_at, self.forgotten_ms = 0.0, 0
        # Redis pub/sub itself knows no databases.
        self._prefix = f"kith:{redis.connection_pool.connection_kwargs.get('db', 0)}:{name}:"
        self._client = _without_retries(redis)
        self._script = self._client.register_script(SEND_BATCH)
        self._on_message, self._on_up, self._on_down = heard, up, down
        self._wanted, self._confirmed = set[str](), set[str]()
        self._joining, self._leaving = set[str](), set[str]()
        self._changed, self._news = asyncio.Event(), asyncio.Event()
        self._must: dict[_Message, None] = {}
        self._queue: deque[_Message] = deque()
        self._queued_bytes = 0
        self._to_send, self._all_sent = asyncio.Event(), asyncio.Event()
        self._all_sent.set()
        self._unanswered, self._closed = 0, False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect in the background; returns when connected, or after two seconds without Redis."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._transmit())]
        await self.confirmed(self._wanted)

    async def close(self) -> None:
        """Send what waits (two seconds at most), then end the connections."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._all_sent.wait()
        self._closed = True  # a task group that fails while it is cancelled forgets that it was cancelled
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lost()
        await self._client.aclose()

    def want(self, channel: str) -> None:
        """Listen to a channel from now on; `confirmed` tells when Redis knows."""
        self._wanted.add(channel)
        self._leaving.discard(channel)
        self._joining.add(channel)
        self._changed.set()

    def unwant(self, channel: str) -> None:
        """Listen to a channel no more."""
        for names in (self._wanted, self._joining, self._confirmed):
            names.discard(channel)
        self._leaving.add(channel)
        self._changed.set()

    async def confirmed(self, channels: Iterable[str]) -> bool:
        """Wait until Redis has all these subscriptions; False where it has not within two seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                while not (self.connected and self._confirmed.issuperset(channels)):
                    self._news.clear()
                    await self._news.wait()
                return True
        return False

    def is_watched(self, channel: str) -> bool:
        """Whether it may matter to anybody what is sent there: who listens elsewhere is not known here."""
        return True

    def kept_since(self, channel: str) -> int:
        """From when on (Unix milliseconds) what was sent there is stored, as far as history goes back at all."""
        return 0

    def reaches(self, channel: str) -> bool:
        """Whether a message could be heard by anybody; another process may listen to any channel."""
        return True

    def send(self, channel: str, payload: bytes, *, must: bool = False, keep: bool = False) -> None:
        """Queue a message for every process, this one included; may be called from any thread.

        `must` messages go first and are never given up; of the others the oldest go when eight megabytes wait.
        `keep` also stores it for an hour in the channel's history.
        """
        message = _Message(channel, payload, keep)
        if self._loop is None or threading.get_ident() == self._thread:
            self._enqueue(message, must)
        else:
            self._loop.call_soon_threadsafe(self._enqueue, message, must)

    async def kept(self, channels: Sequence[str], since_ms: int) -> list[tuple[Place, str, bytes]]:
        """The history of these channels since a time (Unix milliseconds), oldest first, each with its place in it."""
        pipe = self._client.pipeline(transaction=False)
        for channel in channels:
            pipe.xrange(f"{self._prefix}{channel}", min=str(since_ms))
        async with asyncio.timeout(self.ANSWER_SECONDS):
            answers = await pipe.execute()
        return sorted(
            (_place(place), channel, fields[b"m"])
            for channel, entries in zip(channels, answers, strict=True)
            for place, fields in entries
        )

    def _enqueue(self, message: _Message, must: bool) -> None:
        if must:
            self._must[message] = None
        else:
            self._queue.append(message)
            self._queued_bytes += len(message.payload)
            while self._queued_bytes > self.MAX_QUEUED_BYTES:
                self._queued_bytes -= len(self._queue.popleft().payload)
        self._all_sent.clear()
        self._to_send.set()

    async def _transmit(self) -> None:
        while not self._closed:
            await self._to_send.wait()
            must = list(self._must)[: self.BATCH]
            rest = [self._queue.popleft() for _ in range(min(len(self._queue), self.BATCH - len(must)))]
            self._queued_bytes -= sum(len(message.payload) for message in rest)
            for message in must:
                del self._must[message]
            try:
                await self._send_batch(must + rest)
            except (exceptions.RedisError, OSError):
                self._must = dict.fromkeys(must) | self._must
                self._queue.extendleft(reversed(rest))
                self._queued_bytes += sum(len(message.payload) for message in rest)
                await asyncio.sleep(0.5)
            if not self._must and not self._queue:
                self._to_send.clear()
                self._all_sent.set()

    async def _send_batch(self, messages: list[_Message]) -> None:
        keys = [self._prefix, *(self._prefix + message.channel for message in messages)]
        parts = [part for message in messages for part in (message.payload, int(message.keep))]
        async with asyncio.timeout(self.ANSWER_SECONDS):
            await self._script(keys=keys, args=[self.KEPT_MESSAGES, self.KEPT_SECONDS, *parts])

    async def _receive(self) -> None:
        pause = 0.1
        while not self._closed:
            try:
                async with self._client.pubsub() as pubsub:
                    self._joining, self._leaving, self._unanswered = set(), set(), 0
                    await self._tell(pubsub.subscribe, (*self._wanted, _CONTROL))
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._follow(pubsub))
                        tasks.create_task(self._listen(pubsub))
            except* (exceptions.RedisError, OSError) as failure:
                if self.connected and not self._closed:
                    log.warning("redis_bus_lost", reason=type(failure.exceptions[0]).__name__)
            except* Exception:
                log.exception("redis_bus_failed")
            pause = 0.1 if self.connected else min(pause * 2, 2.0)
            self._lost()
            await asyncio.sleep(pause)

    async def _follow(self, pubsub: PubSub) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.PING_SECONDS):
                    await self._changed.wait()
            quiet = not self._changed.is_set()
            self._changed.clear()
            joining, self._joining = self._joining, set()
            leaving, self._leaving = self._leaving, set()
            if leaving:
                await self._tell(pubsub.unsubscribe, leaving)
            if joining:
                await self._tell(pubsub.subscribe, joining)
            if quiet:
                if self._unanswered > 1:
                    raise exceptions.ConnectionError("Redis does not answer any more")
                self._unanswered += 1
                await self._tell(pubsub.ping, ())

    async def _tell(self, command: Callable[..., Awaitable[object]], channels: Iterable[str]) -> None:
        async with asyncio.timeout(self.ANSWER_SECONDS):
            await command(*(self._prefix + channel for channel in channels))

    async def _listen(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=None)
            self._unanswered, self.heard_at = 0, time.time()
            if message is None or message["type"] not in ("message", "subscribe"):
                continue
            channel = message["channel"].decode().removeprefix(self._prefix)
            if message["type"] == "message":
                self._on_message(channel, message["data"])
                continue
            if channel in self._wanted:
                self._confirmed.add(channel)
            if channel == _CONTROL:  # subscribed last, so everything else is as well
                self.connected = True
                self._on_up()
            self._news.set()

    def _lost(self) -> None:
        self._confirmed.clear()
        if self.connected:
            self.connected = False
            self._on_down()


@dataclass(frozen=True, slots=True)
class _Message:
    channel: str
    payload: bytes
    keep: bool


_CONTROL = "+"


def _place(stream_id: bytes) -> Place:
    milliseconds, number = stream_id.split(b"-")
    return int(milliseconds), int(number)


def _without_retries(redis: aioredis.Redis) -> aioredis.Redis:
    """A client of the same server that reports a lost connection at once instead of mending it behind our back."""
    pool = redis.connection_pool
    settings = {k: v for k, v in pool.connection_kwargs.items() if not k.startswith(("maint_", "orig_", "himport"))}
    # Timeouts are ours: in Python 3.11 those of the client swallow a cancellation now and then.
    settings |= {
        "retry": retry.Retry(backoff.NoBackoff(), 0),
        "retry_on_error": [],
        "decode_responses": False,
        "socket_timeout": None,
    }
    return aioredis.Redis.from_pool(aioredis.ConnectionPool(connection_class=pool.connection_class, **settings))
