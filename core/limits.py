"""Rate limits by the generic cell rate algorithm, in Redis or in memory."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from core.lazily import lazily

if TYPE_CHECKING:
    from redis import exceptions
    from redis.asyncio import Redis
else:
    exceptions = lazily("redis.exceptions")

log = structlog.get_logger(__name__)

MAX_KEYS = 100_000
SWEEP_SECONDS = 60
REDIS_SECONDS = 2.0
AT_ONCE = 32  # a rush must not use up the connections to Redis
REDIS_PAUSE_SECONDS = 1.0

# KEYS[1] holds when (in seconds since 2026) the key is as good as new. A cost of 0 looks, a negative one gives back.
TAKE = """
local time = redis.call('TIME')
local now = (time[1] - 1767225600) + time[2] / 1000000
local limit, period, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local each = period / limit
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local new = math.max(full + each * cost, now)
local wait = new - now - period
if cost > 0 and wait > each / 100 then
    return {0, string.format('%.6f', full - now), string.format('%.6f', wait)}
end
if cost ~= 0 then
    if new > now then
        redis.call('SET', KEYS[1], string.format('%.9f', new), 'PX', math.ceil((new - now) * 1000))
    else
        redis.call('DEL', KEYS[1])
    end
end
return {1, string.format('%.6f', new - now), '0'}
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a limit says: seconds until everything is available again, and, if refused, until it is worth trying."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: float
    retry_after: float

    def headers(self) -> dict[str, str]:
        """The `RateLimit-*` fields, and `Retry-After` where it was refused; in whole seconds, rounded up."""
        fields = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset_seconds)),
        }
        if not self.allowed:
            fields["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        return fields


class Limiter:
    """Counts for all processes in Redis; without one, or while it does not answer, for this process in memory.

    A fresh key has `limit` uses at once, which come back evenly over `period_seconds`.
    """

    def __init__(self, redis: Redis | None = None) -> None:
        self._redis = redis
        self._script = redis.register_script(TAKE) if redis is not None else None
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._memory = _Memory()
        self._away = False
        self._ask_again_at = 0.0

    async def take(self, key: str, limit: int, period_seconds: float, cost: int = 1) -> Verdict:
        """Use the limit `cost` times if that is still allowed; a refusal costs nothing."""
        if not 1 <= cost <= limit:
            raise ValueError(f"a cost of {cost} never fits into a limit of {limit}")
        return await self._ask(key, limit, period_seconds, cost)

    async def peek(self, key: str, limit: int, period_seconds: float) -> Verdict:
        """What the next `take` would be told, without using anything."""
        verdict = await self._ask(key, limit, period_seconds, 0)
        if verdict.remaining:
            return verdict
        wait = max(0.0, verdict.reset_seconds - period_seconds + period_seconds / limit)
        return Verdict(False, limit, 0, verdict.reset_seconds, wait)

    async def give_back(self, key: str, limit: int, period_seconds: float, cost: int = 1) -> Verdict:
        """Undo a `take`."""
        return await self._ask(key, limit, period_seconds, -cost)

    async def clear(self, key: str) -> None:
        """Make a key as good as new."""
        name = _name(key)
        self._memory.clear(name)
        if self._redis is not None and self._redis_may_answer():
            try:
                async with self._turn, asyncio.timeout(REDIS_SECONDS):
                    await self._redis.delete(name)
                self._away = False
            except (exceptions.RedisError, OSError) as error:
                self._lost(error)

    def failures(self, limit: int, period_seconds: float) -> Failures:
        """A limit that counts failures only."""
        return Failures(self, limit, period_seconds)

    async def _ask(self, key: str, limit: int, period_seconds: float, cost: int) -> Verdict:
        if limit < 1 or period_seconds <= 0:
            raise ValueError("a limit has at least one use and a period of more than nothing")
        name = _name(key)
        if self._script is not None and self._redis_may_answer():
            try:
                async with self._turn, asyncio.timeout(REDIS_SECONDS):
                    allowed, reset, wait = await self._script(keys=[name], args=[limit, period_seconds, cost])
            except (exceptions.RedisError, OSError) as error:
                self._lost(error)
            else:
                self._away = False
                self._memory.learn(name, float(reset))
                return _verdict(bool(allowed), limit, period_seconds, float(reset), float(wait))
        return self._memory.take(name, limit, period_seconds, cost)

    def _redis_may_answer(self) -> bool:
        if not self._away:
            return True
        now = time.monotonic()
        if now < self._ask_again_at:
            return False
        self._ask_again_at = now + REDIS_PAUSE_SECONDS  # one tries, the others go on in memory
        return True

    def _lost(self, error: Exception) -> None:
        if not self._away:
            log.warning("rate_limits_without_redis", reason=type(error).__name__)
        self._away = True
        self._ask_again_at = time.monotonic() + REDIS_PAUSE_SECONDS


class Failures:
    """Counts failures alone. Each attempt is booked before it is made, so that many at once gain nothing."""

    def __init__(self, limiter: Limiter, limit: int, period_seconds: float) -> None:
        self._limiter = limiter
        self.limit = limit
        self.period_seconds = period_seconds

    async def begin(self, key: str) -> Verdict:
        """Book an attempt; not allowed where too many have failed. What is not taken back counts as failed."""
        return await self._limiter.take(key, self.limit, self.period_seconds)

    async def succeeded(self, key: str) -> None:
        """Take back the booking of an attempt that did not fail; earlier failures stay."""
        await self._limiter.give_back(key, self.limit, self.period_seconds)

    async def clear(self, key: str) -> None:
        """Forget all failures."""
        await self._limiter.clear(key)


class _Memory:
    """The same sums in a dictionary of bounded size; what is nearest to being as good as new goes first."""

    def __init__(self) -> None:
        self._full: dict[str, float] = {}
        self._lock = threading.Lock()
        self._sweep_at = time.monotonic() + SWEEP_SECONDS

    def take(self, name: str, limit: int, period: float, cost: int) -> Verdict:
        now, each = time.monotonic(), period / limit
        with self._lock:
            if now >= self._sweep_at or len(self._full) >= MAX_KEYS:
                self._sweep(now)
            full = max(self._full.get(name, now), now)
            new = max(full + each * cost, now)
            wait = new - now - period
            if cost > 0 and wait > each / 100:
                return _verdict(False, limit, period, full - now, wait)
            if new > now:
                self._full[name] = new
            else:
                self._full.pop(name, None)
        return _verdict(True, limit, period, new - now, 0.0)

    def learn(self, name: str, reset: float) -> None:
        """Note what Redis said, to go on from there when it is away."""
        now = time.monotonic()
        with self._lock:
            if now >= self._sweep_at or len(self._full) >= MAX_KEYS:
                self._sweep(now)
            self._full[name] = now + reset

    def clear(self, name: str) -> None:
        with self._lock:
            self._full.pop(name, None)

    def _sweep(self, now: float) -> None:
        self._full = {name: full for name, full in self._full.items() if full > now}
        if len(self._full) > MAX_KEYS * 9 // 10:
            for name in heapq.nsmallest(MAX_KEYS // 10, self._full, key=self._full.__getitem__):
                del self._full[name]
        self._sweep_at = now + SWEEP_SECONDS


def _name(key: str) -> str:
    if len(key) > 100 or not key.isascii():  # whoever asks may have a hand in the key
        key = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=24).hexdigest()
    return f"kith:limit:{key}"


def _verdict(allowed: bool, limit: int, period: float, reset: float, wait: float) -> Verdict:
    remaining = max(0, math.floor((period - reset) * limit / period + 0.01))
    return Verdict(allowed, limit, remaining, round(reset, 3), round(wait, 3))
