"""Push to open sockets: in one process, in several, with what was missed."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from uuid_utils import uuid4, uuid7

from core.bus import Bus
from core.errors import Invalid
from core.live import Frame, Live, Subscription
from core.local_bus import LocalBus

REDIS_URL = os.environ.get("KITH_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


async def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(1_500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


async def take(subscription: Subscription, count: int) -> list[Frame]:
    async with asyncio.timeout(60):
        return [await anext(subscription) for _ in range(count)]


def numbers(frames: list[Frame]) -> list[int]:
    return [json.loads(frame.text)["data"]["n"] for frame in frames]


def event(number: int) -> dict[str, object]:
    return {"type": "post", "data": {"n": number}}


MADE: list[str] = []


def fresh(prefix: str) -> str:
    MADE.append(f"{prefix}{uuid7()}")
    return MADE[-1]


class Wire:
    """A way to the real Redis that can be cut and mended."""

    def __init__(self) -> None:
        self.target = urlsplit(REDIS_URL)
        self.writers: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None
        self.port = 0
        self.flows = asyncio.Event()
        self.flows.set()

    async def mend(self) -> None:
        self.server = await asyncio.start_server(self.carry, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self.server
        self.server.close()
        for writer in tuple(self.writers):
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self.target.hostname, self.target.port or 6379)
        self.writers |= {writer, far_writer}
        await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        self.writers -= {writer, far_writer}

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self.flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def client(self) -> Redis:
        return Redis.from_url(self.target._replace(netloc=f"127.0.0.1:{self.port}").geturl())


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = Redis.from_url(REDIS_URL)
    try:
        await client.ping()
    except RedisError:
        pytest.skip("no Redis answers")
    yield client
    database = client.connection_pool.connection_kwargs["db"]
    while MADE:
        await client.delete(f"kith:{database}:live:{MADE.pop()}")
    await client.aclose()


@pytest.fixture(params=["in one process", "through Redis"])
def between(request: pytest.FixtureRequest) -> Redis | None:
    return request.getfixturevalue("redis") if request.param == "through Redis" else None


@pytest.fixture
async def live(between: Redis | None) -> AsyncIterator[Live]:
    hub = Live(between)
    await hub.open()
    yield hub
    await hub.close()


@pytest.fixture
async def two_processes(redis: Redis) -> AsyncIterator[tuple[Live, Live]]:
    here, there = Live(redis), Live(redis)
    await here.open()
    await there.open()
    yield here, there
    await here.close()
    await there.close()


@pytest.fixture
async def wire(redis: Redis) -> AsyncIterator[Wire]:
    wire = Wire()
    await wire.mend()
    yield wire
    await wire.cut()


async def test_who_listens_gets_what_is_published_in_order(live: Live) -> None:
    channel = fresh("home:")
    async with live.subscribe([channel]) as subscription:
        ids = [live.publish(channel, event(number)) for number in range(50)]
        frames = await take(subscription, 50)
    assert numbers(frames) == list(range(50))
    assert [frame.id for frame in frames] == ids
    assert json.loads(frames[0].text) == {"type": "post", "data": {"n": 0}, "id": ids[0]}
    assert frames[0].channel == channel


async def test_what_is_published_elsewhere_is_not_heard(live: Live) -> None:
    channel, other = fresh("home:"), fresh("home:")
    async with live.subscribe([channel]) as subscription:
        live.publish(other, event(1))
        live.publish(channel, event(2))
        assert numbers(await take(subscription, 1)) == [2]


async def test_all_who_listen_get_the_same_text(live: Live) -> None:
    channel = fresh("local:")
    async with live.subscribe([channel]) as one, live.subscribe([channel]) as other:
        live.publish(channel, event(1))
        assert (await take(one, 1))[0].text is (await take(other, 1))[0].text


async def test_channels_come_and_go_while_listening(live: Live) -> None:
    one, other = fresh("post:"), fresh("post:")
    async with live.subscribe([one]) as subscription:
        subscription.add(other)
        subscription.remove(one)
        assert subscription.channels == {other}
        await subscription.listening()
        live.publish(one, event(1))
        live.publish(other, event(2))
        assert numbers(await take(subscription, 1)) == [2]


async def test_who_reads_too_slowly_is_let_go_and_the_others_stay(live: Live) -> None:
    channel = fresh("home:")
    async with live.subscribe([channel]) as slow, live.subscribe([channel]) as quick:

        async def read() -> list[Frame]:
            return await take(quick, 201)

        reading = asyncio.create_task(read())
        for number in range(201):
            live.publish(channel, event(number))
            await asyncio.sleep(0)
        assert numbers(await reading) == list(range(201))
        assert slow.reason == "too slow" and quick.reason is None
        assert [frame async for frame in slow] == []


async def test_a_closed_subscription_ends_at_once_and_says_why(live: Live) -> None:
    channel = fresh("home:")
    subscription = live.subscribe([channel])
    reading = asyncio.create_task(anext(subscription, None))
    await asyncio.sleep(0)
    subscription.close("suspended")
    assert await reading is None
    assert subscription.reason == "suspended"
    subscription.close("again")
    assert subscription.reason == "suspended"
    subscription.add(channel)
    assert subscription.channels == frozenset()


async def test_closing_the_hub_closes_what_is_open() -> None:
    hub = Live()
    await hub.open()
    subscription = hub.subscribe([fresh("home:")])
    await hub.close()
    assert subscription.reason == "stopping"


async def test_nothing_of_a_closed_subscription_stays_behind(live: Live) -> None:
    subscription = live.subscribe([fresh("home:"), fresh("post:")], owners=["ann", "session"])
    subscription.close()
    assert not live._subscriptions and not live._owned


async def test_an_account_is_closed_in_all_its_subscriptions_and_nobody_elses(live: Live) -> None:
    ann, bob = str(uuid4()), str(uuid4())
    first, second = (
        live.subscribe([fresh("local:")], owners=[ann, "s1"]),
        live.subscribe([fresh("local:")], owners=[ann, "s2"]),
    )
    other = live.subscribe([fresh("local:")], owners=[bob])
    live.close_owner(ann, "suspended")
    await eventually(lambda: first.reason == second.reason == "suspended")
    assert other.reason is None
    other.close()


async def test_a_session_is_closed_alone(live: Live) -> None:
    ann, session = str(uuid4()), str(uuid4())
    first, second = (
        live.subscribe([fresh("local:")], owners=[ann, session]),
        live.subscribe([fresh("local:")], owners=[ann]),
    )
    live.close_owner(session, "signed out")
    await eventually(lambda: first.reason == "signed out")
    assert second.reason is None
    second.close()


async def test_what_was_missed_is_replayed_once_and_before_what_is_new(live: Live) -> None:
    home, post = fresh("home:"), fresh("post:")
    async with live.subscribe([home, post]) as subscription:
        for number in range(3):
            live.publish(home if number % 2 else post, event(number))
        last_seen = (await take(subscription, 2))[-1]
    for number in range(3, 10):
        live.publish(home if number % 2 else post, event(number))
    async with live.subscribe([home, post]) as again:
        live.publish(home, event(10))
        assert await again.resume(last_seen.id)
        live.publish(post, event(11))
        assert numbers(await take(again, 10)) == list(range(2, 12))


async def test_what_was_read_before_resuming_is_not_replayed(live: Live) -> None:
    channel = fresh("home:")
    async with live.subscribe([channel]) as witness:
        first = live.publish(channel, event(0))
        live.publish(channel, event(1))
        await take(witness, 2)
    async with live.subscribe([channel]) as subscription:
        live.publish(channel, event(2))
        assert numbers(await take(subscription, 1)) == [2]
        await subscription.resume(first)
        live.publish(channel, event(3))
        assert numbers(await take(subscription, 2)) == [1, 3]


async def test_only_ones_own_channels_are_replayed(live: Live) -> None:
    mine, other = fresh("home:"), fresh("home:")
    async with live.subscribe([mine, other]) as both:
        last = live.publish(mine, event(0))
        live.publish(other, event(1))
        live.publish(mine, event(2))
        await take(both, 3)
    async with live.subscribe([mine]) as subscription:
        await subscription.resume(last)
        live.publish(mine, event(3))
        assert numbers(await take(subscription, 2)) == [2, 3]


async def test_typing_and_presence_are_not_replayed(live: Live) -> None:
    channel = fresh("account:")
    async with live.subscribe([channel]) as subscription:
        seen = live.publish(channel, event(0))
        live.publish(channel, event(1), replay=False)
        live.publish(channel, event(2))
        assert numbers(await take(subscription, 3)) == [0, 1, 2]
    async with live.subscribe([channel]) as again:
        assert await again.resume(seen)
        assert numbers(await take(again, 1)) == [2]


async def test_one_may_resume_after_a_frame_that_is_not_kept(live: Live) -> None:
    channel = fresh("account:")
    async with live.subscribe([channel]) as subscription:
        seen = live.publish(channel, event(0), replay=False)
        await take(subscription, 1)
    live.publish(channel, event(1))
    async with live.subscribe([channel]) as again:
        assert await again.resume(seen)
        assert numbers(await take(again, 1)) == [1]


async def test_channels_that_are_not_resumable_are_heard_but_not_kept(live: Live) -> None:
    channel = fresh("game:")
    async with live.subscribe([channel]) as subscription:
        seen = live.publish(channel, event(0))
        live.publish(channel, event(1))
        assert numbers(await take(subscription, 2)) == [0, 1]
        await subscription.resume(seen)
        live.publish(channel, event(2))
        assert numbers(await take(subscription, 1)) == [2]


async def test_a_replay_may_be_longer_than_the_queue(live: Live) -> None:
    channel = fresh("home:")
    async with live.subscribe([channel]) as subscription:
        seen = live.publish(channel, event(0))
        await take(subscription, 1)
        for number in range(1, 501):
            live.publish(channel, event(number))
            if number % 100 == 0:
                await take(subscription, 100)
    async with live.subscribe([channel]) as again:
        live.publish(channel, event(501))
        await take(again, 1)
        assert await again.resume(seen)
        assert numbers(await take(again, 500)) == list(range(1, 501))
        assert again.reason is None


async def test_whoever_comes_back_after_a_restart_is_told_that_something_may_be_missing() -> None:
    before = Live()
    before.subscribe(["home:1"])
    seen = before.publish("home:1", event(0))
    await asyncio.sleep(0.01)
    assert not await Live().subscribe(["home:1"]).resume(seen)


async def test_history_begins_when_somebody_listens_and_that_is_said() -> None:
    hub, channel = Live(), fresh("home:")
    assert isinstance(hub._bus, LocalBus)
    unheard = hub.publish(channel, event(0))
    assert not hub.is_watched(channel) and not hub._bus._history
    await asyncio.sleep(0.01)
    async with hub.subscribe([channel]) as subscription:
        assert not await subscription.resume(unheard)
        heard = hub.publish(channel, event(1))
        assert numbers(await take(subscription, 1)) == [1]
    assert hub.is_watched(channel)  # whoever listened may come back
    hub.publish(channel, event(2))
    async with hub.subscribe([channel]) as again:
        assert await again.resume(heard)
        assert numbers(await take(again, 1)) == [2]


async def test_too_much_to_replay_is_said_and_the_newest_are_given(live: Live) -> None:
    channel = fresh("home:")
    async with live.subscribe([channel]) as witness:
        seen = live.publish(channel, event(0))
        for number in range(1, 1_301):
            live.publish(channel, event(number))
            if number % 100 == 0:
                await take(witness, 100)
        await take(witness, 1)
    async with live.subscribe([channel]) as again:
        assert not await again.resume(seen)
        assert numbers(await take(again, 1_000)) == list(range(301, 1_301))


async def test_an_id_of_long_ago_is_answered_with_no(live: Live) -> None:
    long_ago = f"{(int(uuid7()) >> 80) - 2 * 3_600_000:012x}"
    async with live.subscribe([fresh("home:")]) as subscription:
        assert not await subscription.resume(f"{long_ago[:8]}-{long_ago[8:]}-7000-8000-000000000000")


@pytest.mark.parametrize("last_id", ["", "nonsense", "1", str(uuid4()), "0" * 36, None, 7])
async def test_what_is_no_frame_id_is_refused(last_id: str) -> None:
    with pytest.raises(Invalid) as refused:
        await Live().subscribe(["home:1"]).resume(last_id)
    assert "lastId" in refused.value.errors


async def test_publishing_from_another_thread_reaches_the_sockets(live: Live) -> None:
    channel = fresh("home:")
    async with live.subscribe([channel]) as subscription:
        await asyncio.to_thread(live.publish, channel, event(1))
        assert numbers(await take(subscription, 1)) == [1]


async def test_nothing_is_kept_of_what_nobody_can_hear() -> None:
    hub = Live()
    hub.publish(fresh("game:"), event(1))
    assert isinstance(hub._bus, LocalBus)
    assert not hub._bus._history and not hub._delivered


def test_memory_for_history_is_bounded_by_bytes() -> None:
    bus = LocalBus(lambda channel, payload: None)
    bus.MAX_KEPT_BYTES = 100_000
    for number in range(1_000):
        bus.send(f"home:{number % 3}", bytes(1_000), keep=True)
    assert bus._kept_bytes <= 100_000 and len(bus._history) < 100
    assert bus.forgotten_ms > 0


async def test_other_processes_hear_what_is_published(two_processes: tuple[Live, Live]) -> None:
    here, there = two_processes
    channel = fresh("group:")
    async with there.subscribe([channel]) as subscription, here.subscribe([channel]) as own:
        here.publish(channel, event(1))
        there.publish(channel, event(2))
        heard = numbers(await take(subscription, 2))
        assert sorted(heard) == [1, 2]
        assert numbers(await take(own, 2)) == heard


async def test_an_account_is_closed_in_other_processes(two_processes: tuple[Live, Live]) -> None:
    here, there = two_processes
    ann = str(uuid4())
    subscription = there.subscribe([fresh("local:")], owners=[ann])
    here.close_owner(ann, "suspended")
    await eventually(lambda: subscription.reason == "suspended")


async def test_one_resumes_in_another_process(two_processes: tuple[Live, Live]) -> None:
    here, there = two_processes
    channel = fresh("home:")
    async with here.subscribe([channel]) as subscription:
        here.publish(channel, event(0))
        seen = (await take(subscription, 1))[0]
        here.publish(channel, event(1))
        await take(subscription, 1)
    async with there.subscribe([channel]) as again:
        assert await again.resume(seen.id)
        assert numbers(await take(again, 1)) == [1]


async def test_history_in_redis_expires_and_only_for_resumable_channels(
    two_processes: tuple[Live, Live], redis: Redis
) -> None:
    here, _ = two_processes
    kept, passing = fresh("home:"), fresh("game:")
    async with here.subscribe([kept, passing]) as subscription:
        here.publish(passing, event(0))
        here.publish(kept, event(1))
        await take(subscription, 2)
    [key] = [key async for key in redis.scan_iter(f"*{kept}")]
    assert 3_500 < await redis.ttl(key) <= 3_600
    assert [key async for key in redis.scan_iter(f"*{passing}")] == []


async def test_after_redis_was_away_sockets_get_what_they_missed(wire: Wire, redis: Redis) -> None:
    here, there = Live(redis), Live(wire.client())
    await here.open()
    await there.open()
    channel, ann = fresh("home:"), str(uuid4())
    subscription = there.subscribe([channel])
    suspended = there.subscribe([channel], owners=[ann])
    assert await subscription.listening()
    here.publish(channel, event(0))
    assert numbers(await take(subscription, 1)) == [0]

    await wire.cut()
    await eventually(lambda: not there.connected)
    async with here.subscribe([channel]) as witness:
        here.publish(channel, event(1))
        here.close_owner(ann, "suspended")
        await take(witness, 1)
        there.publish(channel, event(2))  # heard at once here, by the others when the way is mended
        assert numbers(await take(subscription, 1)) == [2]

        await wire.mend()
        await eventually(lambda: there.connected)
        assert numbers(await take(witness, 1)) == [2]
        assert numbers(await take(subscription, 1)) == [1]
        await eventually(lambda: suspended.reason == "suspended")
        here.publish(channel, event(3))
        assert numbers(await take(subscription, 1)) == [3]
    await there.close()
    await here.close()


async def test_a_redis_that_falls_silent_is_noticed(wire: Wire) -> None:
    hub = Live(wire.client())
    bus = hub._bus
    assert isinstance(bus, Bus)
    bus.PING_SECONDS = 0.05
    await hub.open()
    assert hub.connected
    bus.ANSWER_SECONDS = 0.2
    wire.flows.clear()
    await eventually(lambda: not hub.connected)
    wire.flows.set()
    await eventually(lambda: hub.connected)
    await hub.close()


async def test_publishing_without_redis_in_reach_neither_fails_nor_waits_nor_grows() -> None:
    hub = Live(Redis(host="127.0.0.1", port=1))
    channel = fresh("home:")
    subscription = hub.subscribe([channel])
    hub.publish(channel, event(1))
    assert numbers(await take(subscription, 1)) == [1]
    subscription.close()
    for _ in range(1_000):
        hub.publish(channel, {"type": "post", "data": "x" * 20_000})
    bus = hub._bus
    assert isinstance(bus, Bus)
    assert bus._queued_bytes <= Bus.MAX_QUEUED_BYTES and len(bus._queue) < 450
    assert not await hub.subscribe([channel]).resume(str(uuid7()))
