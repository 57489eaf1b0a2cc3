"""Acts on what was received: in batches, in each sender's order, never waiting for other servers inside a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from time import monotonic
from weakref import WeakKeyDictionary

import orjson
import structlog

from core.database import Database, spawn, transaction
from core.federation.addresses import host_of
from core.federation.documents import Document
from core.federation.fetching import NotThere, budget, fetch_document
from core.federation.handling import Outcome, handle, handlers
from core.federation.incoming import Found, Incoming, Missing, Want
from core.federation.normalise import read_activity
from core.federation.objects import fetch_entry, fetch_references
from core.federation.received import Item, claim, give_back, record, take_back, try_again
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import FetchError, Refused
from core.instance import Instance, here
from core.leases import Leases
from core.models import Actor

log = structlog.get_logger(__name__)
NAME = "received"
FETCH_SECONDS = 120.0  # for all that one sender's activities of a batch need from other servers
SENDERS_AT_MOST = 100  # for whom something is being fetched
WAIT_SECONDS = 0.2
LOOKED_FOR_LOST_SECONDS = 10.0
SIDE_BY_SIDE = 4


class Receiver:
    """What one process does about received activities; `drain` is called until nothing is due."""

    def __init__(self) -> None:
        self.table = handlers()
        self.waiting_for_others: set[asyncio.Task[None]] = set()
        self._not_begun: list[list[Item]] = []
        self._leases = Leases("federation_received")
        self._looked_for_lost = monotonic()

    async def drain(self) -> int:
        """Act on a batch; returns how much was done, and something too while answers of other servers are awaited."""
        await self._find_lost()
        items = await claim()
        if items:
            await self._work(items)
        elif self.waiting_for_others:
            await asyncio.wait(self.waiting_for_others, timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return 1
        return len(items)

    async def _find_lost(self) -> None:
        """Free what a process that is gone had taken up."""
        if monotonic() - self._looked_for_lost > LOOKED_FOR_LOST_SECONDS:
            self._looked_for_lost = monotonic()
            await take_back()

    async def close(self) -> None:
        """Stop what waits for other servers, and leave it to whoever comes next."""
        for each in self.waiting_for_others:
            each.cancel()
        await asyncio.gather(*self.waiting_for_others, return_exceptions=True)
        # What is cancelled before its first step takes none, not even the one that gives back.
        await give_back([item for items in self._not_begun for item in items], "")
        self._leases.end()

    def _let_go(self, items: Iterable[Item]) -> None:
        self._leases.let_go(item.id for item in items)

    async def _work(self, items: Sequence[Item]) -> None:
        """Act on all that needs nothing from elsewhere; what does, and what follows it, waits.

        SQLite has one writer, for whom one transaction is best. PostgreSQL has several: senders go side by side, and
        each activity holds its locks no longer than it has to.
        """
        self._leases.hold(item.id for item in items)
        try:
            if here().database.dialect == "sqlite":
                held = await self._attempt_all(items)
            else:
                held = await self._attempt_side_by_side(items)
        except Exception:
            await give_back(items, "failed")
            self._let_go(items)
            raise
        self._leases.let_go({item.id for item in items} - {item.id for waiting in held for item in waiting})
        for waiting in held:
            if len(self.waiting_for_others) < SENDERS_AT_MOST:
                self._not_begun.append(waiting)
                fetching = spawn(self._finish(waiting))
                self.waiting_for_others.add(fetching)
                fetching.add_done_callback(self.waiting_for_others.discard)
            else:
                await give_back(waiting, "too much is being fetched")
                self._let_go(waiting)

    async def _attempt_side_by_side(self, items: Sequence[Item]) -> list[list[Item]]:
        turns = asyncio.Semaphore(SIDE_BY_SIDE)

        async def attempt(of_one_sender: Sequence[Item]) -> list[Item]:
            async with turns:
                for place, item in enumerate(of_one_sender):
                    if await self._attempt_all([item]):
                        return list(of_one_sender[place:])
            return []

        by_sender: dict[str, list[Item]] = {}
        for item in items:
            by_sender.setdefault(item.actor_uri, []).append(item)
        return list(filter(None, await asyncio.gather(*map(attempt, by_sender.values()))))

    async def _attempt_all(self, items: Sequence[Item]) -> list[list[Item]]:
        """One transaction, each activity in a savepoint; what has to wait, sender by sender."""
        held: dict[str, list[Item]] = {}
        finished: list[tuple[Item, Outcome]] = []
        async with transaction(redoable=True):  # what is lost with the record of it is acted on again
            senders = await _senders(items)
            for item in items:
                if item.actor_uri in held:
                    held[item.actor_uri].append(item)
                    continue
                try:
                    finished.append((item, await self._attempt(item, senders.get(item.actor_uri))))
                except Missing as missing:
                    item.wants = missing.wants
                    held[item.actor_uri] = [item]
            await record(finished)
        return list(held.values())

    async def _attempt(self, item: Item, sender: Actor | None) -> Outcome:
        if sender is None:
            return Outcome("refused", "The sender is not known any more.")
        activity = read_activity(orjson.loads(item.body))
        incoming = Incoming(activity, sender, item.inbox_owner, item.received_at, item.found)
        return await handle(incoming, self.table)

    async def _finish(self, items: list[Item]) -> None:
        """Act on one sender's activities in their order, fetching what each needs before it is tried again."""
        self._not_begun.remove(items)
        left = list(items)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                while left:
                    await self._finish_one(left[0])
                    del left[0]
        except TimeoutError:
            await self._put_off(left, "fetching took too long")
        except asyncio.CancelledError:
            await give_back(left, "")
            raise
        except Exception:
            await self._put_off(left, "failed")
            raise
        finally:
            self._let_go(items)
            here().jobs.wake(NAME)

    async def _put_off(self, left: Sequence[Item], reason: str) -> None:
        """Count an attempt of the one that stood in the way, and leave those behind it for the next round."""
        if left:
            await try_again(left[0], reason)
            await give_back(left[1:], reason)

    async def _finish_one(self, item: Item) -> None:
        with budget(provoked_by=host_of(item.actor_uri)):
            while True:
                await _fetch(item)
                try:
                    async with transaction():
                        senders = await _senders([item])
                        await record([(item, await self._attempt(item, senders.get(item.actor_uri)))])
                    return
                except Missing as missing:
                    item.wants = missing.wants


async def _senders(items: Iterable[Item]) -> dict[str, Actor]:
    uris = list({item.actor_uri for item in items})
    return {actor.uri: actor for actor in await Actor.filter(uri__in=uris, removed_at__isnull=True)}


async def _fetch(item: Item) -> None:
    """Look for what an activity wants; what came of it is kept with it, so that nothing is asked for twice."""
    answers = await asyncio.gather(*(_looked_for(want, item) for want in item.wants))
    item.found.update(zip(item.wants, answers, strict=True))


async def _looked_for(want: Want, item: Item) -> Found:
    try:
        return Found(await _fetched(want, item))
    except (Refused, NotThere) as refusal:
        log.info("reference_refused", what=want.what, reason=refusal.reason)
        return Found()
    except FetchError as failure:
        log.info("reference_not_fetched", what=want.what, reason=failure.reason)
        return Found(later=True)


async def _fetched(want: Want, item: Item) -> Document | None:
    if want.what == "document":
        document = await fetch_document(want.uri)
        await fetch_references(document, thread=(want.uri,))
        return document
    if want.what == "entry":
        await fetch_entry(want.uri)
    elif want.what == "actor":
        await actor_by_uri(want.uri)
    elif want.what == "profile":
        document = await fetch_document(want.uri)
        await store_actor(document, str(document["id"]))
        return document if document["id"] == want.uri else None
    else:
        return await _sender_document(item)
    return None


async def _sender_document(item: Item) -> Document:
    """What the sender signed of itself, else what its server says; stored, which takes requests to its server."""
    activity = read_activity(orjson.loads(item.body))
    embedded = activity.object if activity.object_id == activity.actor else None
    document = embedded or await fetch_document(activity.actor)
    await store_actor(document, activity.actor)
    return document


_receivers: WeakKeyDictionary[Database, Receiver] = WeakKeyDictionary()


async def begin(instance: Instance) -> None:
    """Have what this instance receives acted on wherever its jobs are done."""
    if instance.redis is None:  # no other process could have taken anything up
        await take_back(everything=True)
    receiver = _receivers[instance.database] = Receiver()
    instance.jobs.add_drain(NAME, receiver.drain)


async def end(instance: Instance) -> None:
    """Take up nothing more."""
    if receiver := _receivers.pop(instance.database, None):
        await receiver.close()
