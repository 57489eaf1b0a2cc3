"""Stores what comes in before it is acknowledged: requests that arrive together share one transaction."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import structlog

from core.database import execute, many, new_id, now, spawn, value
from core.errors import RateLimited, Unavailable
from core.instance import here

log = structlog.get_logger(__name__)
BATCH = 200
BYTES_AT_MOST = 64 * 1024 * 1024  # of bodies that are being read and are not stored yet
REQUESTS_AT_MOST = 1000  # under way at once
WAITING_AT_MOST = 50_000  # activities that are stored and not acted on yet
CROWDED = WAITING_AT_MOST // 2  # from here on no single server may take more than its share
SHARE = WAITING_AT_MOST // 10
RECOUNT_SECONDS = 1.0
RETRY_SECONDS = 30

_STORE = (
    "INSERT INTO federation_received (id, uri, actor_uri, verb, body, inbox_owner, state, attempts, due_at, outcome,"
    " received_at) VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, $7, '', $7) ON CONFLICT DO NOTHING"
)


class Arrival(NamedTuple):
    """A verified activity; a second one with the same `uri` is not stored."""

    uri: str
    actor_uri: str
    verb: str
    body: str
    inbox_owner: str | None

    def row(self) -> tuple[str, str, str, str, str, str | None, datetime]:
        return (new_id(), self.uri, self.actor_uri, self.verb, self.body, self.inbox_owner, now())


@dataclass
class Load:
    """How much is under way in this process, and how much waits in the database."""

    requests: int = 0
    bytes: int = 0
    waiting: int = 0
    counted_at: float = 0.0
    counting: bool = False

    def __post_init__(self) -> None:
        self.by_host: Counter[str] = Counter()

    def check(self) -> None:
        """Raise Unavailable where more cannot be taken just now; costs nothing."""
        if time.monotonic() - self.counted_at > RECOUNT_SECONDS and not self.counting:
            self.counting = True
            spawn(self._count())
        if self.waiting >= WAITING_AT_MOST or self.requests > REQUESTS_AT_MOST:
            raise Unavailable(RETRY_SECONDS)

    def check_host(self, host: str) -> None:
        """Raise RateLimited where it is crowded and much of that is this server's."""
        if self.waiting >= CROWDED and self.by_host[host] >= SHARE:
            raise RateLimited(RETRY_SECONDS)

    def add_bytes(self, count: int) -> None:
        """Count bytes that were read; raise Unavailable where memory would fill up."""
        if self.bytes + count > BYTES_AT_MOST:
            raise Unavailable(RETRY_SECONDS)
        self.bytes += count

    def accepted(self, host: str) -> None:
        """Count an activity that was stored."""
        self.waiting += 1
        self.by_host[host] += 1

    async def _count(self) -> None:
        try:
            self.waiting = int(
                await value(
                    "SELECT COUNT(*) FROM (SELECT 1 FROM federation_received WHERE state = 'waiting' LIMIT $1) AS w",
                    WAITING_AT_MOST,
                )
                or 0
            )
            if self.waiting < CROWDED:
                self.by_host.clear()
            self.counted_at = time.monotonic()
        finally:
            self.counting = False


class Intake:
    """Writes arrivals down, as many at once as have gathered while the last ones were being written."""

    def __init__(self) -> None:
        self._gathered: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def store(self, arrival: Arrival) -> None:
        """Return once the activity is stored, now or before. Raises Unavailable where it cannot be."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gathered.append((arrival, stored))
        if self._writer is None:
            self._writer = spawn(self._write())
        await stored

    async def _write(self) -> None:
        batch: list[tuple[Arrival, asyncio.Future[None]]] = []
        try:
            while self._gathered:
                batch, self._gathered = self._gathered[:BATCH], self._gathered[BATCH:]
                await _store(batch)
                here().jobs.wake("received")
        finally:  # where the server stops meanwhile, the sender tries again
            self._writer = None
            for _, stored in (*batch, *self._gathered):
                if not stored.done():
                    stored.set_exception(Unavailable(RETRY_SECONDS))


async def _store(batch: list[tuple[Arrival, asyncio.Future[None]]]) -> None:
    """Store all, or where one cannot be stored, each by itself."""
    try:
        await many(_STORE, [arrival.row() for arrival, _ in batch])
    except Exception as error:
        log.warning("intake_failed", count=len(batch), error=type(error).__name__)
        for arrival, stored in batch:
            await _store_one(arrival, stored)
        return
    for _, stored in batch:
        if not stored.done():
            stored.set_result(None)


async def _store_one(arrival: Arrival, stored: asyncio.Future[None]) -> None:
    try:
        await execute(_STORE, *arrival.row())
    except Exception as error:
        log.error("activity_not_stored", verb=arrival.verb, error=type(error).__name__)
        if not stored.done():
            stored.set_exception(Unavailable(RETRY_SECONDS))
    else:
        if not stored.done():
            stored.set_result(None)
