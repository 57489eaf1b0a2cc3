"""Who gets an activity: which inboxes on which hosts, written as rows at once where they are few, else by a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.apart import on_blocked_server
from core.database import LOWEST_ID, after_commit, execute, many, new_id, now, one_of, rows, transaction, value
from core.entries import Document
from core.federation.addresses import host_of, is_ours
from core.federation.documents import as_list, is_public
from core.federation.domains import is_refused
from core.federation.hosts import closed_hosts
from core.fetch import Refused
from core.instance import here
from core.models import ACCEPTED, Actor, Entry
from core.outbound import Outbound
from core.tasks import task

AT_ONCE = 200  # inboxes written in the transaction of the act; more are written by a job
LOOKED_AT = 1000  # so many followers at most are looked at while somebody waits
BATCH = 2000  # actors whose inboxes the job writes in one transaction
INVOLVED_AT_MOST = 5000

_INBOX = "CASE WHEN a.shared_inbox_url <> '' THEN a.shared_inbox_url ELSE a.inbox_url END AS inbox"
_ELSEWHERE = "a.domain <> '' AND a.suspended_at IS NULL AND a.removed_at IS NULL AND a.inbox_url <> ''"
_FOLLOWERS = (
    f"FROM core_follow f JOIN core_actor a ON a.id = f.follower_id AND {_ELSEWHERE}"
    f" WHERE f.target_id = $1 AND f.state = '{ACCEPTED}'"
)
_EVERYBODY = f"FROM core_actor a WHERE {_ELSEWHERE} AND a.id <> $1"
_NOT_APART = (
    "NOT EXISTS (SELECT 1 FROM core_block b WHERE (b.actor_id = $1 AND b.target_id = a.id)"
    " OR (b.actor_id = a.id AND b.target_id = $1))"
    f" AND NOT {on_blocked_server('$1', 'a.domain')}"
)


@dataclass(frozen=True)
class Reach:
    """The inboxes of an activity; where there are too many to list now, whose have to be found out later."""

    inboxes: list[str]
    followers_later: bool = False
    everybody_later: bool = False

    def __bool__(self) -> bool:
        return bool(self.inboxes or self.followers_later or self.everybody_later)


async def reach_of(sender: Actor, outbound: Outbound, entry: Entry | None) -> Reach:
    """Where an activity has to go (section 12 of the profile): never to ourselves, the blocked, suspended or gone."""
    if outbound.to_everybody:
        return Reach([], everybody_later=True)
    addresses = _addresses(outbound.document)
    to_followers = outbound.to_followers or sender.followers_url in addresses
    found = await _addressed(sender, addresses - {sender.followers_url})
    found += [(one.shared_inbox_url or one.inbox_url, one.domain) for one in outbound.actors if _is_there(one)]
    if outbound.to_involved and entry is not None:
        found += await _involved(sender, entry)
    if outbound.to_reached and entry is not None:
        found += await _reached(sender, entry, to_followers)
    inboxes = list(dict.fromkeys(inbox for inbox, domain in found if _is_wanted(inbox, domain)))
    if not to_followers:
        return Reach(inboxes)
    followers = await _few_followers(sender)
    if followers is None:
        return Reach(inboxes, followers_later=True)
    return Reach(list(dict.fromkeys([*inboxes, *await _alive(followers)])))


def _addresses(document: Document) -> set[str]:
    named = [*as_list(document.get("to")), *as_list(document.get("cc"))]
    return {one for one in named if not is_public(one)}


def _is_there(actor: Actor) -> bool:
    return not actor.is_local and actor.is_here and bool(actor.inbox_url)


def _is_wanted(inbox: str, domain: str) -> bool:
    """Whether this server sends anything there at all."""
    try:
        host = host_of(inbox)
    except Refused:
        return False
    return not (is_ours(inbox) or is_refused(host) or is_refused(domain))


async def _addressed(sender: Actor, uris: set[str]) -> list[tuple[str, str]]:
    if not uris:
        return []
    found = await rows(
        f"SELECT {_INBOX}, a.domain FROM core_actor a"
        f" WHERE {_ELSEWHERE} AND {_NOT_APART} AND a.uri {one_of(2, 'text')}",
        sender.id,
        list(uris),
    )
    return [(one["inbox"], one["domain"]) for one in found]


async def _involved(sender: Actor, entry: Entry) -> list[tuple[str, str]]:
    """The servers of those who answered, liked, shared or quoted an entry, gave it a sign, or voted in its poll."""
    found = await rows(
        f"SELECT DISTINCT {_INBOX}, a.domain FROM (SELECT actor_id FROM core_like WHERE entry_id = $2"
        " UNION SELECT actor_id FROM core_reaction WHERE entry_id = $2"
        " UNION SELECT actor_id FROM core_boost WHERE entry_id = $2"
        " UNION SELECT actor_id FROM core_poll_vote WHERE entry_id = $2"
        " UNION SELECT author_id FROM core_entry WHERE quote_id = $2"
        " UNION SELECT author_id FROM core_entry WHERE reply_to_id = $2) AS i"
        f" JOIN core_actor a ON a.id = i.actor_id AND {_ELSEWHERE} WHERE {_NOT_APART} LIMIT {INVOLVED_AT_MOST}",
        sender.id,
        entry.id,
    )
    return [(one["inbox"], one["domain"]) for one in found]


async def _reached(sender: Actor, entry: Entry, but_followers: bool) -> list[tuple[str, str]]:
    """Where an entry arrived: also where nobody follows its author any more, or is named in it since an edit."""
    less = f" EXCEPT SELECT {_INBOX} {_FOLLOWERS}" if but_followers else " AND $1::uuid IS NOT NULL"
    found = await rows(
        "SELECT r.inbox AS inbox FROM federation_reach r WHERE r.entry_id = $2 AND r.state = 'reached'"
        f"{less} LIMIT {INVOLVED_AT_MOST}",
        sender.id,
        entry.id,
    )
    return [(one["inbox"], host_of(one["inbox"])) for one in found]


async def _few_followers(sender: Actor) -> list[str] | None:
    """The inboxes of all followers elsewhere, None where finding them takes longer than somebody should wait.

    Among many followers none is looked at, wherever they are: those here make a post no slower either.
    """
    if sender.followers_count > LOOKED_AT:
        return None
    found = await rows(f"SELECT {_INBOX}, a.domain {_FOLLOWERS}", sender.id)
    inboxes = {one["inbox"] for one in found if _is_wanted(one["inbox"], one["domain"])}
    return None if len(inboxes) > AT_ONCE else sorted(inboxes)


async def _alive(inboxes: Iterable[str]) -> list[str]:
    """Those whose hosts have answered at all within the last week: only they get what goes to all followers."""
    closed = await closed_hosts()
    return [inbox for inbox in inboxes if not ((host := closed.get(host_of(inbox))) and host.is_dead)]


async def enqueue(outgoing_id: str, sender: Actor, lane: int, reach: Reach, *, but: str = "") -> None:
    """Write the deliveries of an activity, or the job that will; inside the transaction of the act.

    The host `but` is left out of what the job finds.
    """
    await write_deliveries(outgoing_id, sender.id, lane, reach.inboxes[:AT_ONCE])
    rest = reach.inboxes[AT_ONCE:]
    if rest or reach.followers_later or reach.everybody_later:
        whom = "everybody" if reach.everybody_later else "followers" if reach.followers_later else ""
        key = f"outgoing:{outgoing_id}"
        await expand.later(key=key, outgoing_id=outgoing_id, lane=lane, inboxes=rest, whom=whom, but=but)


async def write_deliveries(outgoing_id: str, sender_id: str, lane: int, inboxes: Sequence[str]) -> None:
    """One row for each inbox that has none yet; what goes to a closed host waits until that is tried again.

    Whether one is closed is asked of the database: what this process remembers may be over, and whatever came after
    would wait behind this.
    """
    if not inboxes:
        return
    written_at = now()
    await many(
        "INSERT INTO federation_delivery"
        " (id, outgoing_id, sender_id, inbox, host, lane, state, attempts, due_at, error)"
        " VALUES ($1, $2, $3, $4, $5::text, $6, 'waiting', 0, COALESCE((SELECT h.closed_until FROM federation_host h"
        " WHERE h.name = $5::text AND h.closed_until > $7), $7), '') ON CONFLICT DO NOTHING",
        [(new_id(), outgoing_id, sender_id, inbox, host_of(inbox), lane, written_at) for inbox in inboxes],
    )
    after_commit(lambda: here().jobs.wake("deliveries"))


@task(lane=2, attempts=20)
async def expand(
    outgoing_id: str, lane: int, inboxes: list[str], whom: str, after: str = LOWEST_ID, but: str = ""
) -> None:
    """Write the deliveries of an activity that goes to many: a batch of actors, then a job for the next batch."""
    outgoing = await _still_wanted(outgoing_id)
    if outgoing is None:
        return
    if await _is_behind(outgoing_id, outgoing):
        again = {"outgoing_id": outgoing_id, "lane": lane, "inboxes": inboxes, "whom": whom, "after": after, "but": but}
        await expand.later(key=f"outgoing:{outgoing_id}:{new_id()}", delay=1, **again)
        return
    sender_id = outgoing["sender_id"]
    found = await _batch(sender_id, whom, after) if whom else []
    wanted = {one["inbox"] for one in found if _is_wanted(one["inbox"], one["domain"])}
    wanted = {inbox for inbox in wanted if host_of(inbox) != but}
    async with transaction():
        await write_deliveries(outgoing_id, sender_id, lane, [*inboxes, *sorted(await _alive(wanted))])
        if len(found) == BATCH:
            last = found[-1]["position"]
            key = f"outgoing:{outgoing_id}:{last}"
            await expand.later(key=key, outgoing_id=outgoing_id, lane=lane, inboxes=[], whom=whom, after=last, but=but)


async def _still_wanted(outgoing_id: str) -> dict[str, str] | None:
    """The activity, unless what it tells of was deleted meanwhile."""
    found = await rows(
        "SELECT o.sender_id, o.entry_id, o.verb FROM federation_outgoing o LEFT JOIN core_entry e ON e.id = o.entry_id"
        " WHERE o.id = $1 AND (o.verb NOT IN ('create', 'update') OR e.deleted_at IS NULL)",
        outgoing_id,
    )
    return found[0] if found else None


async def _is_behind(outgoing_id: str, outgoing: dict[str, str]) -> bool:
    """Whether an earlier activity about the same entry is still being written: it has to be first in every queue.

    A deletion waits for nothing, for what came before it is not sent any more.
    """
    if outgoing["entry_id"] is None or outgoing["verb"] == "delete":
        return False
    return bool(
        await value(
            "SELECT 1 FROM federation_outgoing o JOIN core_job j ON j.state IN ('waiting', 'running')"
            " AND j.key LIKE 'outgoing:' || o.id::text || '%'"
            " WHERE o.entry_id = $1 AND o.sender_id = $2 AND o.id < $3",
            outgoing["entry_id"],
            outgoing["sender_id"],
            outgoing_id,
        )
    )


async def _batch(sender_id: str, whom: str, after: str) -> list[dict[str, str]]:
    source, position = (_FOLLOWERS, "f.id") if whom == "followers" else (_EVERYBODY, "a.id")
    return await rows(
        f"SELECT {position} AS position, {_INBOX}, a.domain {source} AND {position} > $2"
        f" ORDER BY {position} LIMIT {BATCH}",
        sender_id,
        after,
    )


async def drop_waiting(entry: Entry) -> None:
    """Drop what still waits to be said about an entry that was deleted; in that transaction."""
    await execute(
        "DELETE FROM federation_delivery WHERE state = 'waiting' AND attempts = 0 AND outgoing_id IN"
        " (SELECT o.id FROM federation_outgoing o WHERE o.entry_id = $1)",
        entry.id,
    )


async def forget_reached(entry: Entry) -> None:
    """Forget where an entry went that was deleted; in that transaction."""
    await execute("DELETE FROM federation_reach WHERE entry_id = $1", entry.id)
