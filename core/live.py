"""Push to open sockets: in this process and, through Redis, in all of them; what was missed can be replayed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import orjson
from uuid_utils import uuid7

from core.bus import Bus
from core.errors import Invalid
from core.lazily import lazily
from core.local_bus import LocalBus

if TYPE_CHECKING:
    from redis import exceptions
    from redis.asyncio import Redis
else:
    exceptions = lazily("redis.exceptions")

RESUMABLE = (
    "account:", "actor:", "user:", "home", "local", "list:", "global", "post:", "group:", "media:", "conversation:",
    "files:",
)  # fmt: skip
GAP_MARGIN_MS = 5_000
REMEMBERED_FRAMES = 10_000
_OWNERS = "!owners"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event on its way to the sockets: `text` is the JSON object that is sent, `id` stands in it as well.

    One that is `replayed` was published a while ago: what it tells of may have changed since.
    """

    id: str
    channel: str
    text: str
    replayed: bool = field(default=False, compare=False)


class Live:
    """The hub. `publish` never waits and never fails; whoever reads too slowly is let go, nobody else notices.

    Frames of channels whose name begins with one of `resumable` are kept for an hour, at most a thousand of a channel,
    while somebody listens there and an hour longer.
    """

    def __init__(
        self, redis: Redis | None = None, *, resumable: tuple[str, ...] = RESUMABLE, max_waiting: int = 200
    ) -> None:
        self.resumable = resumable
        self.max_waiting = max_waiting
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._owned: dict[str, set[Subscription]] = {}
        self._delivered: OrderedDict[str, None] = OrderedDict()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._lost_at = 0.0
        self._filling: asyncio.Task[None] | None = None
        self._bus: Bus | LocalBus = (
            LocalBus(self._heard)
            if redis is None
            else Bus(redis, "live", heard=self._heard, up=self._up, down=self._down)
        )
        self._bus.want(_OWNERS)

    async def open(self) -> None:
        """Join the other processes; call it once, in the event loop of the sockets."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        await self._bus.open()

    def hang_up(self) -> None:
        """Close every subscription, so that the sockets end; what is published still reaches other processes."""
        for subscriptions in [*self._subscriptions.values(), *self._owned.values()]:
            for subscription in list(subscriptions):
                subscription.close("stopping")

    async def close(self) -> None:
        """Close every subscription and leave."""
        self.hang_up()
        if self._filling:
            self._filling.cancel()
        await self._bus.close()

    @property
    def connected(self) -> bool:
        """Whether the other processes can be reached; always true where there is no Redis."""
        return self._bus.connected

    def subscribe(self, channels: Iterable[str], *, owners: Iterable[str] = ()) -> Subscription:
        """Listen to channels from now on; `owners` (account, session) are the ids by which `close_owner` finds it."""
        return Subscription(self, channels, owners)

    def publish(self, channel: str, event: Mapping[str, Any], *, replay: bool = True) -> str:
        """Send an event to all who listen to `channel`, in every process; from any thread. Answers the frame's id.

        Without `replay` (typing, presence) it is not kept for those who come back later.
        """
        frame_id = str(uuid7())
        keep = replay and channel.startswith(self.resumable) and self._bus.is_watched(channel)
        if keep or self._bus.reaches(channel):
            text = orjson.dumps({**event, "id": frame_id}).decode()
            self._in_its_thread(Frame(frame_id, channel, text), keep)
        return frame_id

    def is_watched(self, channel: str) -> bool:
        """Whether what is published there may matter to anybody: who listens, or comes back within an hour."""
        return self._bus.is_watched(channel)

    def open_of(self, owner_id: str) -> int:
        """How many subscriptions of an account or a session are open in this process."""
        return len(self._owned.get(owner_id, ()))

    def close_owner(self, owner_id: str, reason: str) -> None:
        """Close every subscription of an account or a session, in all processes."""
        text = orjson.dumps({"owner": owner_id, "reason": reason}).decode()
        self._in_its_thread(Frame(str(uuid7()), _OWNERS, text), True)

    def _in_its_thread(self, frame: Frame, keep: bool) -> None:
        if self._loop is None or threading.get_ident() == self._thread:
            self._send(frame, keep)
        else:
            self._loop.call_soon_threadsafe(self._send, frame, keep)

    def _send(self, frame: Frame, keep: bool) -> None:
        order = frame.channel == _OWNERS
        self._bus.send(frame.channel, f"{frame.id}{frame.text}".encode(), must=order, keep=keep)
        # Connected, our own frames come back with everybody's, so that all processes and the history have one order.
        if order or not self._bus.connected:
            self._deliver(frame)

    def _heard(self, channel: str, payload: bytes) -> None:
        self._deliver(_frame(channel, payload))

    def _deliver(self, frame: Frame) -> None:
        if frame.id in self._delivered:
            return
        self._delivered[frame.id] = None
        if len(self._delivered) > REMEMBERED_FRAMES:
            self._delivered.popitem(last=False)
        if frame.channel == _OWNERS:
            order = orjson.loads(frame.text)
            for subscription in tuple(self._owned.get(order["owner"], ())):
                subscription.close(order["reason"])
        for subscription in tuple(self._subscriptions.get(frame.channel, ())):
            subscription._offer(frame)

    def _down(self) -> None:
        self._lost_at = self._lost_at or self._bus.heard_at

    def _up(self) -> None:
        if self._lost_at:
            self._filling = asyncio.create_task(self._fill_the_gap())

    async def _fill_the_gap(self) -> None:
        since_ms = int(self._lost_at * 1000) - GAP_MARGIN_MS
        channels = [channel for channel in self._subscriptions if channel.startswith(self.resumable)]
        try:
            for _, channel, payload in await self._bus.kept([_OWNERS, *channels], since_ms):
                self._heard(channel, payload)
        except (exceptions.RedisError, OSError):
            return  # lost again: the next time begins at the same moment
        self._lost_at = 0.0

    async def _missed(self, last_id: str, channels: Iterable[str]) -> tuple[list[Frame], bool]:
        seen_ms = _milliseconds(last_id)
        oldest_ms = int((time.time() - Bus.KEPT_SECONDS) * 1000)
        names = [channel for channel in channels if channel.startswith(self.resumable)]
        try:
            kept = await self._bus.kept(names, max(seen_ms - 60_000, oldest_ms))
        except (exceptions.RedisError, OSError):
            return [], False
        found = [(place, _frame(channel, payload)) for place, channel, payload in kept]
        # Where the last frame seen is not in the history (typing, say), its time has to do.
        seen = next((place for place, frame in found if frame.id == last_id), (seen_ms - 1000, 0))
        frames = [frame for place, frame in found if place > seen]
        known_since = max(oldest_ms, self._bus.forgotten_ms, *map(self._bus.kept_since, names))
        complete = seen_ms > known_since and len(frames) < Bus.KEPT_MESSAGES
        return frames[-Bus.KEPT_MESSAGES :], complete

    def _join(self, channel: str, subscription: Subscription) -> None:
        if channel not in self._subscriptions:
            self._subscriptions[channel] = set()
            self._bus.want(channel)
        self._subscriptions[channel].add(subscription)

    def _leave(self, channel: str, subscription: Subscription) -> None:
        subscriptions = self._subscriptions.get(channel, set())
        subscriptions.discard(subscription)
        if not subscriptions and self._subscriptions.pop(channel, None) is not None:
            self._bus.unwant(channel)


class Subscription:
    """What one open socket listens to; iterate over it for frames until it is closed.

    `reason` is None while it is open, and then says why it ended: "too slow", "stopping", or what was given to `close`.
    """

    __slots__ = (
        "_channels",
        "_held",
        "_live",
        "_owners",
        "_queue",
        "_recent",
        "_replay",
        "_resumed",
        "_wake",
        "reason",
    )

    def __init__(self, live: Live, channels: Iterable[str], owners: Iterable[str]) -> None:
        self.reason: str | None = None
        self._live = live
        self._channels: set[str] = set()
        self._owners = tuple(owners)
        self._queue: deque[Frame] = deque()
        self._replay: deque[Frame] = deque()
        self._recent: deque[str] = deque(maxlen=64)
        self._held = self._resumed = False
        self._wake = asyncio.Event()
        for owner in self._owners:
            live._owned.setdefault(owner, set()).add(self)
        for channel in channels:
            self.add(channel)

    @property
    def channels(self) -> frozenset[str]:
        """The channels it listens to now."""
        return frozenset(self._channels)

    def add(self, channel: str) -> None:
        """Listen to one more channel."""
        if self.reason is None and channel not in self._channels:
            self._channels.add(channel)
            self._live._join(channel, self)

    def remove(self, channel: str) -> None:
        """Listen to this channel no more."""
        if channel in self._channels:
            self._channels.discard(channel)
            self._live._leave(channel, self)

    async def listening(self) -> bool:
        """Wait until nothing published by any process is missed; False where Redis does not answer for two seconds."""
        return await self._live._bus.confirmed(self._channels)

    async def resume(self, last_id: str) -> bool:
        """Replay what was published on its channels after the frame `last_id`, before anything newer.

        False if something may be missing: it is longer ago than an hour, or more than a thousand frames came since.
        A frame may come twice where the last one seen is no longer known. Raises Invalid for what is no frame's id.
        """
        self._held = True
        try:
            missed, complete = await self._live._missed(last_id, tuple(self._channels))
        finally:
            self._held = False
            self._wake.set()
        if self.reason is None:
            replayed = {frame.id for frame in missed}
            self._replay.extend(replace(frame, replayed=True) for frame in missed if frame.id not in self._recent)
            self._queue = deque(frame for frame in self._queue if frame.id not in replayed)
            self._recent.extend(frame.id for frame in missed)
            self._resumed = True
        return complete

    def close(self, reason: str = "closed") -> None:
        """End the iteration at once; what was not read is dropped."""
        if self.reason is not None:
            return
        self.reason = reason
        self._queue.clear()
        self._replay.clear()
        for channel in tuple(self._channels):
            self.remove(channel)
        for owner in self._owners:
            subscriptions = self._live._owned[owner]
            subscriptions.discard(self)
            if not subscriptions:
                del self._live._owned[owner]
        self._wake.set()

    def _offer(self, frame: Frame) -> None:
        if self._resumed and frame.id in self._recent:
            return
        if len(self._queue) >= self._live.max_waiting:
            self.close("too slow")
            return
        self._queue.append(frame)
        self._wake.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        while self.reason is None:
            waiting = self._replay or self._queue
            if waiting and not self._held:
                frame = waiting.popleft()
                self._recent.append(frame.id)
                return frame
            self._wake.clear()
            await self._wake.wait()
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        try:
            await self.listening()
        except BaseException:  # who leaves by now never comes to the end of the block
            self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _frame(channel: str, payload: bytes) -> Frame:
    message = payload.decode()
    return Frame(message[:36], channel, message[36:])


def _milliseconds(frame_id: str) -> int:
    try:
        identity = UUID(frame_id)
    except (ValueError, AttributeError, TypeError):
        identity = None
    if identity is None or identity.version != 7:
        raise Invalid({"lastId": "This is not the id of an event."})
    return identity.int >> 80
