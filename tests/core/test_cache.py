"""The cache: bounded, tagged, and never stale for long in any process."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.cache import Cache, measured

REDIS_URL = os.environ.get("KITH_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


async def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(1_500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = Redis.from_url(REDIS_URL)
    try:
        await client.ping()
    except RedisError:
        pytest.skip("no Redis answers")
    yield client
    await client.aclose()


@pytest.fixture
async def two_processes(redis: Redis) -> AsyncIterator[tuple[Cache, Cache]]:
    here, there = Cache(redis), Cache(redis)
    await here.open()
    await there.open()
    yield here, there
    await here.close()
    await there.close()


def test_what_was_put_is_got() -> None:
    cache = Cache()
    assert cache.put("post:1", b"<p>Hello</p>", ttl=60)
    assert cache.get("post:1") == b"<p>Hello</p>"
    assert cache.get("post:2") is None
    assert cache.get("post:2", "other") == "other"


def test_nothing_is_a_value_too() -> None:
    cache = Cache()
    cache.put("actor:unknown", None, ttl=60)
    assert cache.get("actor:unknown", "not there") is None


def test_a_value_is_gone_after_its_time() -> None:
    cache = Cache()
    cache.put("a", "x", ttl=0.02)
    time.sleep(0.03)
    assert cache.get("a") is None
    assert len(cache) == 0 and cache.used_bytes == 0


def test_a_time_of_nothing_keeps_nothing() -> None:
    cache = Cache()
    assert not cache.put("a", "x", ttl=0)
    assert cache.get("a") is None


def test_the_least_recently_used_goes_when_bytes_run_out() -> None:
    cache = Cache(max_bytes=10_000)
    for name in ("a", "b", "c"):
        cache.put(name, bytes(2_500), ttl=60)
    cache.get("a")
    cache.put("d", bytes(2_500), ttl=60)
    assert cache.get("b") is None
    assert cache.get("a") is not None and cache.get("d") is not None
    assert cache.used_bytes <= 10_000


def test_what_is_larger_than_the_cache_is_not_kept_and_removes_the_older_one() -> None:
    cache = Cache(max_bytes=5_000)
    cache.put("a", "small", ttl=60)
    assert not cache.put("a", bytes(6_000), ttl=60)
    assert cache.get("a") is None


def test_a_given_size_counts() -> None:
    cache = Cache(max_bytes=5_000)
    assert not cache.put("a", "claims to be large", ttl=60, size=6_000)


def test_the_size_of_a_structure_is_that_of_all_it_holds() -> None:
    assert measured({"a": [bytes(10_000), "x" * 5_000]}) > 15_000
    shared = bytes(10_000)
    assert measured([shared, shared]) < 11_000


def test_a_structure_that_holds_itself_is_measured() -> None:
    knot: list[object] = []
    knot.append(knot)
    assert measured(knot) < 1_000


def test_replacing_a_value_frees_what_it_took() -> None:
    cache = Cache()
    for _ in range(100):
        cache.put("a", bytes(1_000), ttl=60, tags=("x",))
    assert cache.used_bytes < 2_000


def test_a_dropped_key_is_gone() -> None:
    cache = Cache()
    cache.put("a", 1, ttl=60)
    cache.drop("a")
    cache.drop("never there")
    assert cache.get("a") is None


def test_a_tag_drops_all_that_bear_it_and_nothing_else() -> None:
    cache = Cache()
    cache.put("post:1", 1, ttl=60, tags=("actor:ann", "post:1"))
    cache.put("post:2", 2, ttl=60, tags=("actor:ann",))
    cache.put("post:3", 3, ttl=60, tags=("actor:bob",))
    cache.drop_tag("actor:ann")
    assert [cache.get(f"post:{n}") for n in (1, 2, 3)] == [None, None, 3]


def test_a_tag_given_up_drops_no_more() -> None:
    cache = Cache()
    cache.put("a", 1, ttl=60, tags=("old",))
    cache.put("a", 2, ttl=60, tags=("new",))
    cache.drop_tag("old")
    assert cache.get("a") == 2


def test_a_prefix_drops_all_that_begin_so() -> None:
    cache = Cache()
    cache.put("feed:ann:1", 1, ttl=60)
    cache.put("feed:bob:1", 2, ttl=60)
    cache.drop_prefix("feed:ann:")
    assert cache.get("feed:ann:1") is None and cache.get("feed:bob:1") == 2


@pytest.mark.parametrize(
    "invalidate",
    [lambda c: c.drop("a"), lambda c: c.drop_tag("actor:ann"), lambda c: c.drop_prefix("a")],
    ids=["key", "tag", "prefix"],
)
def test_what_was_read_before_a_change_is_not_put_after_it(invalidate: Callable[[Cache], None]) -> None:
    cache = Cache()
    mark = cache.mark()
    invalidate(cache)
    assert not cache.put("a", "old", ttl=60, tags=("actor:ann",), since=mark)
    assert cache.get("a") is None
    assert cache.put("a", "new", ttl=60, tags=("actor:ann",), since=cache.mark())


def test_a_change_of_something_else_does_not_matter() -> None:
    cache = Cache()
    mark = cache.mark()
    cache.drop_tag("actor:bob")
    assert cache.put("a", "x", ttl=60, tags=("actor:ann",), since=mark)


def test_a_mark_older_than_all_remembered_changes_is_not_trusted() -> None:
    cache = Cache()
    mark = cache.mark()
    for number in range(10_001):
        cache.drop(f"other:{number}")
    assert not cache.put("a", "x", ttl=60, since=mark)


async def test_remember_makes_a_value_once() -> None:
    cache, made = Cache(), []

    async def make() -> str:
        made.append(1)
        return "value"

    assert [await cache.remember("a", 60, make) for _ in range(3)] == ["value"] * 3
    assert len(made) == 1


async def test_remember_does_not_keep_what_changed_while_it_was_made() -> None:
    cache = Cache()

    async def make() -> str:
        cache.drop_tag("actor:ann")
        return "old"

    assert await cache.remember("a", 60, make, tags=["actor:ann"]) == "old"
    assert cache.get("a") is None


def test_threads_may_share_it() -> None:
    cache, failures = Cache(max_bytes=20_000), []

    def work(seed: int) -> None:
        try:
            for number in range(3_000):
                key = f"k{(number * seed) % 50}"
                cache.put(key, bytes(500), ttl=0.001 * (number % 3), tags=(f"t{number % 5}",))
                cache.get(key)
                cache.drop_tag(f"t{number % 7}")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (3, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    cache.drop_prefix("")
    assert cache.used_bytes == 0


@pytest.mark.parametrize(
    "invalidate",
    [lambda c: c.drop("a"), lambda c: c.drop_tag("actor:ann"), lambda c: c.drop_prefix("a")],
    ids=["key", "tag", "prefix"],
)
async def test_what_one_process_drops_is_gone_in_the_others(
    two_processes: tuple[Cache, Cache], invalidate: Callable[[Cache], None]
) -> None:
    here, there = two_processes
    there.put("a", "old", ttl=60, tags=("actor:ann",))
    there.put("b", "untouched", ttl=60)
    invalidate(here)
    await eventually(lambda: there.get("a") is None)
    assert there.get("b") == "untouched"


async def test_values_stay_in_their_process(two_processes: tuple[Cache, Cache]) -> None:
    here, there = two_processes
    here.put("a", 1, ttl=60)
    assert there.get("a") is None


async def test_a_process_does_not_undo_its_own_later_put(two_processes: tuple[Cache, Cache]) -> None:
    here, there = two_processes
    there.put("witness", 1, ttl=60, tags=("x",))
    here.drop_tag("x")
    here.put("a", "newer", ttl=60, tags=("x",))
    await eventually(lambda: there.get("witness") is None)
    assert here.get("a") == "newer"


async def test_a_drop_from_another_thread_reaches_the_others(two_processes: tuple[Cache, Cache]) -> None:
    here, there = two_processes
    there.put("a", 1, ttl=60)
    await asyncio.to_thread(here.drop, "a")
    await eventually(lambda: there.get("a") is None)


async def test_a_thousand_drops_in_a_row_all_arrive(two_processes: tuple[Cache, Cache]) -> None:
    here, there = two_processes
    for number in range(1_000):
        there.put(f"k{number}", number, ttl=60)
    for number in range(1_000):
        here.drop(f"k{number}")
    await eventually(lambda: len(there) == 0)


async def test_closing_tells_what_was_still_to_be_told(redis: Redis) -> None:
    here, there = Cache(redis), Cache(redis)
    await here.open()
    await there.open()
    there.put("a", 1, ttl=60)
    here.drop("a")
    await here.close()
    await eventually(lambda: there.get("a") is None)
    await there.close()


async def test_a_lost_connection_empties_the_cache_and_comes_back(redis: Redis) -> None:
    here = Cache(redis)
    there = Cache(Redis.from_url(REDIS_URL, client_name="cut-me"))
    await here.open()
    await there.open()
    there.put("a", "perhaps stale", ttl=60)
    for client in await redis.client_list():
        if client["name"] == "cut-me":
            await redis.client_kill_filter(_id=client["id"])
    await eventually(lambda: there.get("a") is None)
    bus = there._bus
    assert bus is not None
    await eventually(lambda: bus.connected)
    there.put("a", "fresh", ttl=60)
    here.drop("a")
    await eventually(lambda: there.get("a") is None)
    await here.close()
    await there.close()


async def test_without_redis_in_reach_values_live_for_a_moment_only() -> None:
    cache = Cache(Redis(host="127.0.0.1", port=1))
    cache.put("a", 1, ttl=3_600)
    assert cache.get("a") == 1
    assert cache._entries["a"].expires <= time.monotonic() + 1
    cache.drop("a")
    assert cache.get("a") is None
