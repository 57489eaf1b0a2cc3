"""Wake-ups reach the processes that share a Redis, and nobody else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from redis import Redis
from redis.exceptions import RedisError

from core.wake import Wakes

REDIS_URL = os.environ.get("KITH_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


@pytest.fixture
async def secret() -> AsyncIterator[bytes]:
    try:
        with Redis.from_url(REDIS_URL) as client:
            client.ping()
    except RedisError:
        pytest.skip("no Redis answers")
    yield os.urandom(32)


async def test_a_wake_up_reaches_another_process_long_before_the_sweep(secret: bytes) -> None:
    web, worker, heard = Wakes(REDIS_URL, secret), Wakes(REDIS_URL, secret), asyncio.Queue[str]()
    worker.listen(heard.put_nowait)
    try:
        for _ in range(1_000):
            web.tell("jobs")
        web.tell("deliveries")
        async with asyncio.timeout(60):
            names = [await heard.get()]
            while names[-1] != "deliveries":
                names.append(await heard.get())
    finally:
        await web.close()
        await worker.close()
    assert set(names) == {"jobs", "deliveries"}
    assert len(names) < 1_000


async def test_instances_that_share_a_redis_keep_to_themselves(secret: bytes) -> None:
    here, there, heard = Wakes(REDIS_URL, secret), Wakes(REDIS_URL, os.urandom(32)), asyncio.Queue[str]()
    there.tell("theirs")
    here.tell("ours")
    try:
        async with asyncio.timeout(60):
            here.listen(lambda name: heard.put_nowait(f"here: {name}"))
            assert await heard.get() == "here: ours"
            there.listen(lambda name: heard.put_nowait(f"there: {name}"))
            assert await heard.get() == "there: theirs"
    finally:
        await here.close()
        await there.close()


async def test_telling_neither_waits_nor_fails_where_there_is_no_redis() -> None:
    web = Wakes("redis://127.0.0.1:1", bytes(32))
    for _ in range(10):
        web.tell("jobs")
    await web.close()
    web.tell("jobs")
