"""What became of an entry at other servers: which have it, for which it waits, which turned it down, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.audience import Viewer, may_see, viewer_of
from core.database import after_commit, execute, many, new_id, now, one_of, rows, transaction, when
from core.entries import visible_entry
from core.errors import Conflict, Forbidden, RateLimited
from core.federation import hosts
from core.federation.outbox import CHANGED
from core.federation.recipients import write_deliveries
from core.federation.sending import Outcome
from core.instance import here
from core.models import Actor, Entry
from core.tasks import periodic, task

TELLS_OF = ("create", "update")  # activities by which an entry reaches others
SHOWN_AT_MOST = 100
AGAIN_SECONDS = 300
REACHED, WAITING, REFUSED = "reached", "waiting", "refused"

_NOTE = (
    "INSERT INTO federation_reach (id, entry_id, inbox, host, state, reason, noted_at)"
    " SELECT $1::uuid, e.id, $3::text, $4::text, $5::text, $6::text, $7::timestamptz FROM core_entry e"
    " WHERE e.id = $2 AND e.deleted_at IS NULL ON CONFLICT (entry_id, inbox)"
    " DO UPDATE SET state = excluded.state, reason = excluded.reason, noted_at = excluded.noted_at"
)


@dataclass(frozen=True)
class ServerReach:
    """How it stands with an entry at one server; `reason` is why it is not there, in the words of `FetchError`."""

    host: str
    state: str
    reason: str = ""
    next_attempt_at: datetime | None = None


@dataclass(frozen=True)
class EntryReach:
    """How many servers have an entry, wait for it and turned it down; `servers` are those that do not have it."""

    reached: int
    waiting: int
    refused: int
    servers: list[ServerReach]

    @property
    def can_retry(self) -> bool:
        return bool(self.waiting or self.refused)


# -- Writing it down -----------------------------------------------------------
async def note(outcomes: Iterable[Outcome], given_up: Iterable[str]) -> None:
    """Write down what came of the entries in these deliveries, inside the transaction that ends them."""
    ended, noted_at = set(given_up), now()
    found = []
    for outcome in outcomes:
        delivery = outcome.delivery
        if delivery.entry_id is None or delivery.verb not in TELLS_OF:
            continue
        if outcome.result == "delivered":
            found.append((new_id(), delivery.entry_id, delivery.inbox, delivery.host, REACHED, "", noted_at))
        elif outcome.result in ("refused", "moved") or delivery.id in ended:
            reason = outcome.error[:255]
            found.append((new_id(), delivery.entry_id, delivery.inbox, delivery.host, REFUSED, reason, noted_at))
    if found:
        await many(_NOTE, found)


async def note_given_up(deliveries: Iterable[dict[str, Any]]) -> None:
    """Write down what waited for too long: rows of federation_delivery that were deleted; inside that transaction."""
    gone = list(deliveries)
    told = await rows(
        f"SELECT id, entry_id FROM federation_outgoing WHERE id {one_of(1)} AND entry_id IS NOT NULL"
        " AND verb IN ('create', 'update')",
        list({one["outgoing_id"] for one in gone}),
    )
    entry_of = {one["id"]: one["entry_id"] for one in told}
    await many(
        _NOTE,
        [
            (new_id(), entry_of[one["outgoing_id"]], one["inbox"], one["host"], REFUSED, one["error"], now())
            for one in gone
            if one["outgoing_id"] in entry_of
        ],
    )


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def forget_reach() -> None:
    """Forget where old entries went, as long after it as activities are kept."""
    days = here().settings.retention.received_activity_days
    await execute("DELETE FROM federation_reach WHERE noted_at < $1", now() - timedelta(days=days))


# -- Reading it ----------------------------------------------------------------
_BY_HOST = (
    "SELECT host, MAX(rank) AS rank, MAX(reason) AS reason, MIN(due_at) AS due_at FROM ("
    "SELECT host, CASE WHEN state = 'reached' THEN 3 ELSE 1 END AS rank, reason, NULL AS due_at"
    " FROM federation_reach WHERE entry_id = $1"
    " UNION ALL SELECT d.host, 2, d.error, d.due_at FROM federation_outgoing o"
    " JOIN federation_delivery d ON d.outgoing_id = o.id WHERE o.entry_id = $1 AND o.verb IN ('create', 'update')"
    ") AS t GROUP BY host ORDER BY host"
)
_STATE = {3: REACHED, 2: WAITING, 1: REFUSED}


async def reach_of(actor: Actor, entry_id: str) -> EntryReach:
    """How it stands with an entry of one's own elsewhere. Raises NotFound, Forbidden for other people's."""
    return await counted(await _own(actor, entry_id))


async def counted(entry: Entry) -> EntryReach:
    """How it stands with an entry elsewhere; to be shown to its author alone."""
    found = [
        ServerReach(one["host"], _STATE[one["rank"]], one["reason"], when(one["due_at"]))
        for one in await rows(_BY_HOST, entry.id)
    ]
    by_state = {state: [one for one in found if one.state == state] for state in (REACHED, WAITING, REFUSED)}
    missing = [*by_state[REFUSED], *by_state[WAITING]]
    return EntryReach(len(by_state[REACHED]), len(by_state[WAITING]), len(by_state[REFUSED]), missing[:SHOWN_AT_MOST])


async def _own(actor: Actor, entry_id: str) -> Entry:
    entry = await visible_entry(viewer_of(actor), entry_id)
    if entry.author_id != actor.id:
        raise Forbidden("Only its author sees where a post went.")
    return entry


# -- Sending it again ----------------------------------------------------------
async def send_again(actor: Actor, entry_id: str) -> int:
    """Have an entry of one's own tried again now wherever it waits or was turned down; for how many inboxes.

    Raises NotFound, Forbidden; Conflict where there is nothing to send, RateLimited so soon after the last time.
    """
    entry = await _own(actor, entry_id)
    await _count(entry)
    last = await rows(
        "SELECT id, sender_id FROM federation_outgoing WHERE entry_id = $1 AND verb IN ('create', 'update')"
        " ORDER BY id DESC LIMIT 1",
        entry.id,
    )
    refused = await rows(
        "SELECT inbox, host FROM federation_reach WHERE entry_id = $1 AND state = 'refused' LIMIT 1000", entry.id
    )
    wanted = await _still_meant(entry, [one["inbox"] for one in refused])
    async with transaction():
        hurried = await _hurry(entry)
        if last and wanted:
            await write_deliveries(last[0]["id"], last[0]["sender_id"], CHANGED, wanted)
            await execute(
                f"DELETE FROM federation_reach WHERE entry_id = $1 AND inbox {one_of(2, 'text')}", entry.id, wanted
            )
    number = hurried + (len(wanted) if last else 0)
    if not number:
        raise Conflict("There is nothing to send again.")
    return number


async def _count(entry: Entry) -> None:
    if not here().settings.rate_limits.enabled:
        return
    verdict = await here().limiter.take(f"send-again:{entry.id}", 1, AGAIN_SECONDS)
    if not verdict.allowed:
        raise RateLimited(verdict.retry_after, "This was sent again a moment ago.")


async def _still_meant(entry: Entry, inboxes: list[str]) -> list[str]:
    """Those of these inboxes behind which somebody may see the entry now: follows may have ended since."""
    if not inboxes:
        return []
    known = await rows(
        "SELECT DISTINCT domain, inbox_url, shared_inbox_url FROM core_actor WHERE domain <> '' AND removed_at IS NULL"
        f" AND suspended_at IS NULL AND (inbox_url {one_of(1, 'text')} OR shared_inbox_url {one_of(1, 'text')})",
        inboxes,
    )
    may = {domain: await may_see(Viewer(host=domain), entry) for domain in {one["domain"] for one in known}}
    behind = {url for one in known if may[one["domain"]] for url in (one["inbox_url"], one["shared_inbox_url"])}
    return [inbox for inbox in inboxes if inbox in behind]


async def _hurry(entry: Entry) -> int:
    """Let what waits for another attempt go now, also to servers that are left in peace for having failed."""
    waiting = await rows(
        "SELECT d.id, d.host FROM federation_outgoing o JOIN federation_delivery d ON d.outgoing_id = o.id"
        " WHERE o.entry_id = $1 AND d.state = 'waiting' AND d.due_at > $2",
        entry.id,
        now(),
    )
    if not waiting:
        return 0
    await execute(
        f"UPDATE federation_delivery SET due_at = $1 WHERE state = 'waiting' AND id {one_of(2)}",
        now(),
        [one["id"] for one in waiting],
    )
    await hosts.try_now(sorted({one["host"] for one in waiting}))
    after_commit(lambda: here().jobs.wake("deliveries"))
    return len(waiting)
