"""Delivers what waits to go out: many hosts at once, so that none that hangs holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from weakref import WeakKeyDictionary

import structlog

from core.database import Database, execute, now, one_of, spawn
from core.dialer import MOST_AT_ONCE
from core.federation import queue
from core.federation.bookkeeping import record
from core.federation.keys import SigningKey
from core.federation.own_keys import own_keys
from core.federation.queue import Delivery
from core.federation.sending import Outcome, deliver
from core.federation.synchronization import synchronization_header
from core.instance import Instance, here
from core.leases import Leases
from core.metrics import deliveries_waiting, delivery_seconds
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
NAME = "deliveries"
SLOW_SECONDS = 1.0  # what takes longer no longer counts among those that may go at once
CONNECTIONS = MOST_AT_ONCE - 32  # of all this process may have; the others are for what is fetched
GATHERING_SECONDS = 0.01  # outcomes that come together are written down together
BEGUN_TOGETHER = 8  # deliveries begun before others get their turn: each takes about half a millisecond to sign
STOP_SECONDS = 8.0
LOOKED_FOR_LOST_SECONDS = 10.0


class Courier:
    """Carries the deliveries of one process.

    Where jobs run by themselves `drain` begins what may go and returns, and is woken when there is room again; else,
    in tests and commands, it returns when all it began is over.
    """

    def __init__(self, instance: Instance) -> None:
        self._is_background = instance.jobs.works_here
        self._is_alone = instance.jobs.works_here and instance.redis is None
        self._flying: dict[asyncio.Task[None], tuple[Delivery, float]] = {}
        self._landed: list[Outcome] = []
        self._recording: asyncio.Task[None] | None = None
        self._looked_for_lost = 0.0
        self._leases = Leases("federation_delivery")

    async def drain(self) -> int:
        """Begin what is due, as far as there is room; returns how much that was."""
        if not here().settings.federation.enabled:
            return 0
        await self._find_lost()
        begun = await queue.claim(self._places(), self._under_way())
        if begun:
            self._leases.hold(delivery.id for delivery in begun)
            await self._begin(begun)
        if not self._is_background:
            await self._land()
        return len(begun)

    async def stop(self) -> None:
        """Wait a moment for what is under way; what takes longer is handed back."""
        if self._flying:
            await asyncio.wait(list(self._flying), timeout=STOP_SECONDS)
        cut_off = [delivery.id for delivery, _ in self._flying.values()]
        for flight in list(self._flying):
            flight.cancel()
        await self._land()
        self._leases.end()
        if cut_off:
            await execute(
                "UPDATE federation_delivery SET state = 'waiting', due_at = $1, attempts = attempts - 1"
                f" WHERE state = 'running' AND id {one_of(2)}",
                now(),
                cut_off,
            )

    def _places(self) -> int:
        """How many more may be begun: slow ones give their places to others, up to a bound."""
        most = min(here().settings.federation.delivery_concurrency, CONNECTIONS)
        slow = sum(1 for _, begun_at in self._flying.values() if monotonic() - begun_at > SLOW_SECONDS)
        return most + min(slow, most, CONNECTIONS - most) - len(self._flying)

    def _under_way(self) -> list[Delivery]:
        """All that is claimed: what flies, and what has landed and is not written down yet."""
        return [delivery for delivery, _ in self._flying.values()] + [outcome.delivery for outcome in self._landed]

    async def _find_lost(self) -> None:
        """Take up what was claimed by a process that is gone; at the start nobody else can have claimed anything."""
        if self._looked_for_lost and monotonic() - self._looked_for_lost < LOOKED_FOR_LOST_SECONDS:
            return
        is_first = not self._looked_for_lost
        self._looked_for_lost = monotonic()
        await queue.take_back(all_of_it=is_first and self._is_alone)

    async def _begin(self, begun: list[Delivery]) -> None:
        keys = await _keys(begun)
        for number, delivery in enumerate(begun, 1):
            flight = spawn(self._fly(delivery, keys[delivery.sender.id], await _headers(delivery)), name="delivery")
            self._flying[flight] = (delivery, monotonic())
            flight.add_done_callback(self._gone)
            if number % BEGUN_TOGETHER == 0:
                await asyncio.sleep(0)
        if self._places() <= 0:
            asyncio.get_running_loop().call_later(SLOW_SECONDS + 0.1, here().jobs.wake, NAME)

    async def _fly(self, delivery: Delivery, key: SigningKey | None, headers: Mapping[str, str]) -> None:
        try:
            with delivery_seconds.time():
                outcome = await deliver(delivery, key, headers) if key else Outcome(delivery, "again", "no key")
        except Exception as error:
            log.exception("delivery_failed", host=delivery.host, verb=delivery.verb)
            outcome = Outcome(delivery, "again", type(error).__name__)
        self._landed.append(outcome)
        if self._recording is None or self._recording.done():
            self._recording = spawn(self._record(), name="record deliveries")

    def _gone(self, flight: asyncio.Task[None]) -> None:
        self._flying.pop(flight, None)

    async def _record(self) -> None:
        """Write down what has landed, until there is nothing new; then there is room for more."""
        while self._landed:
            await asyncio.sleep(GATHERING_SECONDS)
            outcomes = list(self._landed)
            try:
                await record(outcomes)
            except Exception:
                log.exception("deliveries_not_recorded", number=len(outcomes))
                await asyncio.sleep(1)
                continue
            del self._landed[: len(outcomes)]
            self._leases.let_go(outcome.delivery.id for outcome in outcomes)
            here().jobs.wake(NAME)

    async def _land(self) -> None:
        while self._flying or (self._recording is not None and not self._recording.done()):
            await asyncio.wait([*self._flying, *([self._recording] if self._recording else [])])


async def _keys(begun: list[Delivery]) -> dict[str, SigningKey | None]:
    """What each sender signs with; where that cannot be had, it is looked for again with the next attempt."""
    keys: dict[str, SigningKey | None] = {}
    for sender in {delivery.sender.id: delivery.sender for delivery in begun}.values():
        try:
            keys[sender.id] = (await own_keys(sender)).rsa
        except Exception:
            log.exception("sender_has_no_key", actor=sender.id)
            keys[sender.id] = None
    return keys


async def _headers(delivery: Delivery) -> dict[str, str]:
    if delivery.verb == "create" and delivery.visibility == "followers":
        return await synchronization_header(delivery.sender, delivery.inbox)
    return {}


_couriers: WeakKeyDictionary[Database, Courier] = WeakKeyDictionary()


def begin(instance: Instance) -> None:
    """Have this instance's deliveries carried wherever its jobs are done."""
    courier = _couriers[instance.database] = Courier(instance)
    instance.jobs.add_drain(NAME, courier.drain)


async def end(instance: Instance) -> None:
    """Carry no more."""
    if courier := _couriers.pop(instance.database, None):
        await courier.stop()


@periodic(seconds=60)
@task(lane=9, attempts=1)
async def count_waiting() -> None:
    """Say in the metrics how many deliveries are not done."""
    deliveries_waiting.set(await queue.waiting())
