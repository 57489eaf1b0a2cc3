"""Wake-ups for the workers of other processes, over huey and Redis; the rows are the truth, so one may be lost."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from huey import RedisHuey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
ENOUGH_WAITING = 100  # where nobody takes them up, more would only fill Redis; the sweep finds the rows anyway
ANSWER_SECONDS = 5


class Wakes:
    """Says to any worker of any process that something is due, and hears it where `listen` was called.

    `secret` signs what is sent: what stands in Redis is unpickled by whoever takes it up.
    """

    def __init__(self, redis_url: str, secret: bytes) -> None:
        self._huey = RedisHuey(
            f"kith{hashlib.sha256(secret).hexdigest()[:16]}",  # instances that share a Redis keep to themselves
            url=redis_url,
            results=False,
            store_none=False,
            utc=True,
            serializer=SignedSerializer(secret=secret),
        )
        self._task = self._huey.task(name="wake")(self._hear)
        self._heard: Callable[[str], object] = _ignore
        self._consumer: EmbeddedConsumer | None = None
        self._sender: ThreadPoolExecutor | None = None
        self._unsent: set[str] = set()
        self._lock = threading.Lock()
        self._closed = False

    def tell(self, name: str) -> None:
        """Wake the drain called `name` somewhere; never waits and never fails. Many at once become one."""
        with self._lock:
            if self._closed or name in self._unsent:
                return
            self._unsent.add(name)
            if self._sender is None:
                self._sender = ThreadPoolExecutor(1, "wake")
            self._sender.submit(self._send, name)

    def listen(self, heard: Callable[[str], object]) -> None:
        """Call `heard` in the running event loop with the name of each drain that is to be woken."""
        loop = asyncio.get_running_loop()
        self._heard = lambda name: loop.call_soon_threadsafe(heard, name)
        logging.getLogger("huey").setLevel(logging.WARNING)
        self._consumer = EmbeddedConsumer(self._huey, workers=1, periodic=False, scheduler_interval=60)
        self._consumer.start()

    async def close(self) -> None:
        """Send what is to be sent and listen no more."""
        with self._lock:
            self._closed = True
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._consumer is not None:
            self._consumer.end()
        if self._sender is not None:
            self._sender.shutdown(cancel_futures=True)
        self._huey.storage.pool.disconnect()

    def _send(self, name: str) -> None:
        with self._lock:
            self._unsent.discard(name)
        try:
            if self._huey.pending_count() < ENOUGH_WAITING:
                self._task(name)
        except (RedisError, OSError) as error:
            log.warning("wake_not_sent", drain=name, reason=type(error).__name__)

    def _hear(self, name: str) -> None:
        self._heard(name)


class EmbeddedConsumer(Consumer):  # type: ignore[misc]  # huey has no types
    """huey's consumer in threads of a process whose signals are somebody else's."""

    def _set_signal_handlers(self) -> None:
        """Leave them alone."""

    def end(self) -> None:
        """Take up nothing more, and wait until the threads have ended (huey looks about each second)."""
        self.stop_flag.set()
        for _, thread in self.worker_threads:
            thread.join(ANSWER_SECONDS)
        self.scheduler.join(ANSWER_SECONDS)


def _ignore(name: str) -> None:
    """Nobody listens here."""
