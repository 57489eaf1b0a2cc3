"""The queue of deliveries: which ones may go now, taken up under a lease, a few for each host and in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.database import execute, now, one_of, row, rows, transaction, value, when
from core.federation.hosts import FAILURES
from core.federation.outbox import LANES, TAKES_BACK
from core.federation.signatures import Style
from core.instance import here
from core.leases import LEASE
from core.models import Actor

AT_A_HOST = 8  # at once, of different senders
AT_A_DOUBTFUL_HOST = 2
LOOKED_AT = 200  # in each lane at once
WINDOWS = 5  # looked at for one claim, if what stands in front has to wait
OVERTAKEN_AFTER = 4  # attempts, then what failed holds up nothing but what is about the same entry
SEEN_ALIVE_EVERY = timedelta(hours=1)
_CLAIM_LOCK = 0x6B697468  # any number, the same in every process


@dataclass(frozen=True, slots=True)
class Delivery:
    """An activity that is on its way to one inbox."""

    id: str
    outgoing_id: str
    entry_id: str | None
    inbox: str
    host: str
    attempts: int
    verb: str
    visibility: str
    body: bytes
    sender: Actor
    written_at: datetime
    style: Style
    failures: int
    is_stale: bool
    is_news_that_it_lives: bool

    @property
    def room(self) -> int:
        """How many deliveries its host bears at once; a closed one is only knocked at."""
        return _room(self.failures)


def _room(failures: int) -> int:
    return 1 if failures >= FAILURES else AT_A_DOUBTFUL_HOST if failures else AT_A_HOST


async def claim(places: int, under_way: Collection[Delivery]) -> list[Delivery]:
    """Take up at most so many deliveries that are due, more urgent ones first, beside those under way already.

    Of one sender and host, one activity goes at a time, the older one first; different inboxes get it together. What
    is more urgent may pass, and so may anything else once an older activity has failed some times.

    What is due first need not be what goes first: an older activity that failed, or was under way when the power did,
    is due later than all that waits behind it. Where more waits than is looked at, the heads of the queues are.
    """
    if places <= 0 or not await _is_anything_due():
        return []
    busy = Counter(one.host for one in under_way)
    passed_over = {one.host for one in under_way if busy[one.host] >= one.room}
    taken: list[Delivery] = []
    for _ in range(WINDOWS):
        taken += await _taken(places - len(taken), busy, passed_over, _due())
        if len(taken) == places:
            break
        queued = await _hosts_queued_at(passed_over)
        if not queued:
            break
        taken += await _taken(places - len(taken), busy, passed_over, _heads())
        if len(taken) == places:
            break
        passed_over |= queued
    return taken


async def _taken(places: int, busy: Counter[str], passed_over: set[str], source: str) -> list[Delivery]:
    """Take up what may go of what a source finds; it counts as `busy` then."""
    async with transaction():
        if here().database.dialect == "postgres":
            await rows("SELECT pg_advisory_xact_lock($1)", _CLAIM_LOCK)
        # Some of what is found may be for hosts that have less room left than they could have.
        found = await rows(_ready(source), now(), [*passed_over], places + AT_A_HOST * len(busy))
        chosen = _chosen(found, busy, places)
        if not chosen:
            return []
        taken = await rows(_TAKE.format(lock=_skip_locked(), ids=one_of(2)), now() + LEASE, [*chosen])
    attempts = {one["id"]: one["attempts"] for one in taken}
    busy.update(one["host"] for one in found if one["id"] in attempts)
    return await _loaded([{**one, "attempts": attempts[one["id"]]} for one in found if one["id"] in attempts])


async def _hosts_queued_at(passed_over: set[str]) -> set[str]:
    """The hosts of all that was looked at, where that was not all there is: behind their queues others may wait."""
    seen = await rows(
        f"WITH due AS ({_due()}) SELECT lane, host, COUNT(*) AS number FROM due GROUP BY lane, host",
        now(),
        [*passed_over],
    )
    in_lane = Counter[int]()
    for one in seen:
        in_lane[one["lane"]] += one["number"]
    return {one["host"] for one in seen} if max(in_lane.values(), default=0) >= LOOKED_AT else set()


async def _is_anything_due() -> bool:
    return bool(
        await value(
            "SELECT 1 FROM federation_delivery"
            f" WHERE state = 'waiting' AND lane IN ({_LANES}) AND due_at <= $1 LIMIT 1",
            now(),
        )
    )


def _skip_locked() -> str:
    return "FOR UPDATE SKIP LOCKED" if here().database.dialect == "postgres" else ""


_LANES = ", ".join(str(lane) for lane in LANES)
_TAKE = (
    "UPDATE federation_delivery SET state = 'running', attempts = attempts + 1, due_at = $1 WHERE id IN"
    " (SELECT id FROM federation_delivery WHERE state = 'waiting' AND id {ids} {lock}) RETURNING id, attempts"
)
# Nothing older of the same sender is on its way to the same host, or waits for another attempt.
_IN_ORDER = (
    "NOT EXISTS (SELECT 1 FROM federation_delivery e JOIN federation_outgoing p ON p.id = e.outgoing_id"
    " JOIN federation_outgoing o ON o.id = d.outgoing_id"
    " WHERE e.host = d.host AND e.sender_id = d.sender_id AND e.outgoing_id < d.outgoing_id"
    f" AND ((e.lane <= d.lane AND e.attempts < {OVERTAKEN_AFTER})"
    " OR (e.inbox = d.inbox AND p.entry_id IS NOT DISTINCT FROM o.entry_id)))"
)


def _ready(source: str) -> str:
    """What is due at hosts that are open and not in `$2`, as many for each host as it bears, most urgent first."""
    return (
        f"WITH due AS ({source}), turns AS (SELECT d.*, h.knock, h.knock_until, h.last_success_at,"
        " COALESCE(h.failures, 0) AS failures, ROW_NUMBER() OVER (PARTITION BY d.host ORDER BY d.lane, d.outgoing_id)"
        " AS turn FROM due d LEFT JOIN federation_host h ON h.name = d.host"
        f" WHERE (h.closed_until IS NULL OR h.closed_until <= $1) AND {_IN_ORDER})"
        f" SELECT * FROM turns WHERE turn <= CASE WHEN failures >= {FAILURES} THEN 1"
        f" WHEN failures > 0 THEN {AT_A_DOUBTFUL_HOST} ELSE {AT_A_HOST} END ORDER BY lane, due_at, id LIMIT $3"
    )


def _due() -> str:
    """What was due first in each lane, but for the hosts in `$2`."""
    return " UNION ALL ".join(
        "SELECT * FROM (SELECT d.id, d.outgoing_id, d.sender_id, d.inbox, d.host, d.lane, d.due_at"
        f" FROM federation_delivery d WHERE d.state = 'waiting' AND d.lane = {lane} AND d.due_at <= $1"
        f" AND NOT (d.host {one_of(2, 'text')}) ORDER BY d.due_at LIMIT {LOOKED_AT}) AS lane_{lane}"
        for lane in LANES
    )


def _heads() -> str:
    """Of each sender and host in that: the oldest that is due, whenever it became so."""
    oldest = (
        "SELECT y.id FROM federation_delivery y WHERE y.host = g.host AND y.sender_id = g.sender_id AND y.lane = g.lane"
        " AND y.state = 'waiting' AND y.due_at <= $1 ORDER BY y.outgoing_id LIMIT 1"
    )
    return (
        "SELECT x.id, x.outgoing_id, x.sender_id, x.inbox, x.host, x.lane, x.due_at FROM federation_delivery x"
        f" WHERE x.id IN (SELECT ({oldest}) FROM"
        f" (SELECT DISTINCT w.lane, w.host, w.sender_id FROM ({_due()}) AS w) AS g)"
    )


def _chosen(found: list[dict[str, Any]], busy: Mapping[str, int], places: int) -> set[str]:
    """Those for whom there is a place, and room at their host."""
    count, chosen = Counter(busy), set[str]()
    for one in found:
        if count[one["host"]] < _room(one["failures"]) and len(chosen) < places:
            count[one["host"]] += 1
            chosen.add(one["id"])
    return chosen


async def _loaded(claimed: list[dict[str, Any]]) -> list[Delivery]:
    found = await rows(
        "SELECT o.id, o.sender_id, o.verb, o.entry_id, o.body, o.created_at, e.visibility, e.deleted_at"
        f" FROM federation_outgoing o LEFT JOIN core_entry e ON e.id = o.entry_id WHERE o.id {one_of(1)}",
        list({one["outgoing_id"] for one in claimed}),
    )
    activities = {one["id"]: one for one in found}
    senders = {actor.id: actor for actor in await Actor.filter(id__in={one["sender_id"] for one in found})}
    bodies = {one["id"]: one["body"].encode() for one in found}
    return [
        _delivery(one, activity, bodies[activity["id"]], senders[activity["sender_id"]])
        for one in claimed
        if (activity := activities.get(one["outgoing_id"]))
    ]


def _delivery(claimed: dict[str, Any], activity: dict[str, Any], body: bytes, sender: Actor) -> Delivery:
    knock_until, last_success_at = when(claimed["knock_until"]), when(claimed["last_success_at"])
    is_remembered = claimed["knock"] == "rfc9421" and knock_until is not None and knock_until > now()
    return Delivery(
        id=claimed["id"],
        outgoing_id=claimed["outgoing_id"],
        entry_id=activity["entry_id"],
        inbox=claimed["inbox"],
        host=claimed["host"],
        attempts=claimed["attempts"],
        verb=activity["verb"],
        visibility=activity["visibility"] or "",
        body=body,
        sender=sender,
        written_at=when(activity["created_at"]) or now(),
        style="rfc9421" if is_remembered else "cavage",
        failures=claimed["failures"],
        is_stale=(activity["deleted_at"] is not None and activity["verb"] in ("create", "update"))
        or not (sender.is_here or activity["verb"] in TAKES_BACK),
        is_news_that_it_lives=(
            claimed["failures"] > 0 or last_success_at is None or last_success_at < now() - SEEN_ALIVE_EVERY
        ),
    )


async def take_back(*, all_of_it: bool = False) -> int:
    """Let others have what was claimed by processes that are gone; all claims where this is the only process."""
    held = "" if all_of_it else " AND due_at <= $1"
    return await execute(
        "UPDATE federation_delivery SET state = 'waiting', due_at = $1"
        f" WHERE state = 'running' AND lane IN ({_LANES}){held}",
        now(),
    )


async def waiting() -> int:
    """How many deliveries are not done."""
    counted = await row("SELECT COUNT(*) AS number FROM federation_delivery")
    return int(counted["number"]) if counted else 0
