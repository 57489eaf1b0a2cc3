"""Rate limits: so many at once, then evenly; in memory and in Redis alike."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from uuid_utils import uuid7

from core.limits import MAX_KEYS, Limiter

REDIS_URL = os.environ.get("KITH_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = Redis.from_url(REDIS_URL)
    try:
        await client.ping()
    except RedisError:
        pytest.skip("no Redis answers")
    yield client
    await client.aclose()


@pytest.fixture(params=["memory", "Redis"])
def limiter(request: pytest.FixtureRequest) -> Limiter:
    return Limiter(request.getfixturevalue("redis") if request.param == "Redis" else None)


@pytest.fixture
async def key() -> AsyncIterator[str]:
    name = f"test:{uuid7()}"
    yield name
    with suppress(RedisError):
        client = Redis.from_url(REDIS_URL, retry=None)
        await client.delete(*(f"kith:limit:{name}{end}" for end in ("", ":a", ":b")))
        await client.aclose()


@pytest.mark.parametrize(("limit", "period"), [(1, 3_600), (3, 3_600), (7, 900), (300, 300), (1_000, 3_600_000)])
async def test_a_fresh_key_has_exactly_its_limit_at_once(limiter: Limiter, key: str, limit: int, period: int) -> None:
    verdicts = [await limiter.take(key, limit, period) for _ in range(limit)]
    assert all(verdict.allowed for verdict in verdicts)
    if period / limit >= 3:  # so slow that nothing comes back while the test runs
        assert [verdict.remaining for verdict in verdicts] == list(range(limit - 1, -1, -1))
        refused = await limiter.take(key, limit, period)
        assert not refused.allowed and refused.remaining == 0 and refused.limit == limit
        assert 0 < refused.retry_after <= period / limit
        assert period - 60 < refused.reset_seconds <= period


async def test_uses_come_back_evenly(limiter: Limiter, key: str) -> None:
    while (refused := await limiter.take(key, 4, 0.8)).allowed:
        pass
    await asyncio.sleep(refused.retry_after + 0.01)
    assert (await limiter.take(key, 4, 0.8)).allowed
    await asyncio.sleep(0.9)
    assert (await limiter.peek(key, 4, 0.8)).remaining == 4


async def test_a_refusal_costs_nothing(limiter: Limiter, key: str) -> None:
    await limiter.take(key, 1, 900)
    first = await limiter.take(key, 1, 900)
    for _ in range(20):
        await limiter.take(key, 1, 900)
    assert (await limiter.take(key, 1, 900)).retry_after <= first.retry_after + 0.001


async def test_keys_do_not_touch_one_another(limiter: Limiter, key: str) -> None:
    await limiter.take(f"{key}:a", 1, 900)
    assert (await limiter.take(f"{key}:b", 1, 900)).allowed


async def test_a_cost_uses_several_at_once(limiter: Limiter, key: str) -> None:
    assert (await limiter.take(key, 10, 900, cost=7)).remaining == 3
    assert not (await limiter.take(key, 10, 900, cost=4)).allowed
    assert (await limiter.take(key, 10, 900, cost=3)).remaining == 0


async def test_looking_uses_nothing(limiter: Limiter, key: str) -> None:
    for _ in range(5):
        verdict = await limiter.peek(key, 2, 900)
        assert verdict.allowed and verdict.remaining == 2 and verdict.reset_seconds == 0
    await limiter.take(key, 2, 900)
    await limiter.take(key, 2, 900)
    verdict = await limiter.peek(key, 2, 900)
    assert not verdict.allowed and 0 < verdict.retry_after <= 450


async def test_a_cleared_key_is_as_good_as_new(limiter: Limiter, key: str) -> None:
    await limiter.take(key, 1, 900)
    await limiter.clear(key)
    assert (await limiter.take(key, 1, 900)).allowed


async def test_what_is_given_back_may_be_used_again(limiter: Limiter, key: str) -> None:
    await limiter.take(key, 2, 900)
    await limiter.take(key, 2, 900)
    assert (await limiter.give_back(key, 2, 900)).remaining == 1
    await limiter.give_back(key, 2, 900)
    await limiter.give_back(key, 2, 900)
    assert (await limiter.peek(key, 2, 900)).remaining == 2


async def test_many_at_once_get_no_more_than_the_limit(limiter: Limiter, key: str) -> None:
    verdicts = await asyncio.gather(*(limiter.take(key, 5, 900) for _ in range(50)))
    assert sum(verdict.allowed for verdict in verdicts) == 5


@pytest.mark.parametrize(("limit", "period", "cost"), [(0, 60, 1), (5, 0, 1), (5, 60, 6), (5, 60, 0), (5, 60, -1)])
async def test_limits_that_make_no_sense_are_refused(limiter: Limiter, limit: int, period: int, cost: int) -> None:
    with pytest.raises(ValueError, match="cost|limit"):
        await limiter.take("test:nonsense", limit, period, cost)


async def test_the_header_fields_are_whole_seconds_rounded_up(limiter: Limiter, key: str) -> None:
    allowed = await limiter.take(key, 1, 900)
    assert allowed.headers() == {"RateLimit-Limit": "1", "RateLimit-Remaining": "0", "RateLimit-Reset": "900"}
    fields = (await limiter.take(key, 1, 900)).headers()
    assert 890 <= int(fields["Retry-After"]) <= 900


@pytest.mark.parametrize("part", ["x" * 100_000, "ann\ud800", "änn", "two words\r\nFLUSHALL"])
async def test_keys_may_hold_what_strangers_sent(limiter: Limiter, key: str, part: str) -> None:
    assert (await limiter.take(f"{key}:{part}", 1, 900)).allowed
    assert not (await limiter.take(f"{key}:{part}", 1, 900)).allowed
    await limiter.clear(f"{key}:{part}")
    assert (await limiter.take(f"{key}:{part}", 1, 900)).allowed
    await limiter.clear(f"{key}:{part}")


async def test_five_failures_are_allowed_and_successes_are_not_counted(limiter: Limiter, key: str) -> None:
    failures = limiter.failures(5, 900)
    for _ in range(20):
        assert (await failures.begin(key)).allowed
        await failures.succeeded(key)
    for _ in range(5):
        assert (await failures.begin(key)).allowed
    refused = await failures.begin(key)
    assert not refused.allowed and 0 < refused.retry_after <= 180


async def test_a_thousand_guesses_at_once_are_five(limiter: Limiter, key: str) -> None:
    failures = limiter.failures(5, 900)
    verdicts = await asyncio.gather(*(failures.begin(key) for _ in range(1_000)))
    assert sum(verdict.allowed for verdict in verdicts) == 5


async def test_clearing_forgets_the_failures(limiter: Limiter, key: str) -> None:
    failures = limiter.failures(1, 900)
    await failures.begin(key)
    await failures.clear(key)
    assert (await failures.begin(key)).allowed


async def test_memory_never_holds_more_than_its_number_of_keys() -> None:
    limiter = Limiter()
    await limiter.take("the one that matters", 1, 90_000)
    for number in range(MAX_KEYS + 20_000):
        limiter._memory.take(f"k{number}", 10, 60, 1)
    assert len(limiter._memory._full) <= MAX_KEYS
    assert not (await limiter.take("the one that matters", 1, 90_000)).allowed


async def test_memory_forgets_what_is_as_good_as_new() -> None:
    limiter = Limiter()
    for number in range(100):
        limiter._memory.take(f"k{number}", 1, 0.001, 1)
    await asyncio.sleep(0.01)
    limiter._memory._sweep_at = 0
    await limiter.take("another", 1, 60)
    assert len(limiter._memory._full) == 1


async def test_redis_forgets_a_key_when_it_is_as_good_as_new(redis: Redis, key: str) -> None:
    await Limiter(redis).take(key, 10, 100)
    assert 5_000 < await redis.pttl(f"kith:limit:{key}") <= 10_000


async def test_processes_share_what_redis_counts(redis: Redis, key: str) -> None:
    await Limiter(redis).take(key, 2, 900)
    assert (await Limiter(redis).take(key, 2, 900)).remaining == 0


async def test_when_redis_goes_away_what_it_counted_is_not_forgotten(redis: Redis, key: str) -> None:
    client = Redis.from_url(REDIS_URL, retry=None)
    limiter = Limiter(client)
    for _ in range(2):
        await limiter.take(key, 2, 900)
    client.connection_pool.connection_kwargs["port"] = 1
    await client.connection_pool.disconnect()
    client.connection_pool.reset()
    assert not (await limiter.take(key, 2, 900)).allowed
    assert limiter._away
    await client.aclose()


async def test_without_redis_in_reach_each_process_still_limits(key: str) -> None:
    limiter = Limiter(Redis(host="127.0.0.1", port=1))
    for _ in range(2):
        assert (await limiter.take(key, 2, 900)).allowed
    assert not (await limiter.take(key, 2, 900)).allowed
    await limiter.clear(key)
    assert (await limiter.take(key, 2, 900)).allowed
