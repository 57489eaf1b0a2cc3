"""Home timelines: rows written when something is published, read by one index range."""

from __future__ import annotations

from core import live_feed
from core.database import after_commit, execute, rows, transaction, value
from core.models import ACCEPTED, Actor, Boost, Entry
from core.tasks import task

AT_ONCE = 300  # local followers whose timelines are filled before the answer; more are filled by a job
BACKFILL = 300  # entries put into a timeline when somebody is followed
BATCH = 2000  # timelines filled in one transaction of the job

_INSERT = (
    "INSERT INTO core_timeline (owner_id, entry_id, position, via_id)"
    " SELECT {owner}, e.id, {position}, {via} FROM core_entry e"
)
# A reply goes to those who know both sides; what is for friends to friends; what is for a few to those it names.
_FITS = (
    " AND (e.reply_to_uri = '' OR p.author_id = e.author_id OR p.author_id = o.id OR EXISTS (SELECT 1 FROM core_follow"
    f" r WHERE r.follower_id = o.id AND r.target_id = p.author_id AND r.state = '{ACCEPTED}'))"
    " AND (e.visibility IN ('public', 'unlisted', 'followers')"
    " OR (e.visibility = 'friends' AND EXISTS (SELECT 1 FROM core_follow r WHERE r.follower_id = e.author_id"
    f" AND r.target_id = o.id AND r.state = '{ACCEPTED}'))"
    " OR (e.visibility IN ('friends', 'direct') AND EXISTS (SELECT 1 FROM core_mention m WHERE m.entry_id = e.id"
    " AND m.actor_id = o.id)))"
)
_NEW = " ON CONFLICT DO NOTHING"
_OWNERS = " RETURNING owner_id"


async def place(entry: Entry) -> None:
    """Put a new entry into its author's timeline and those of its followers here, now or by a job."""
    if entry.is_local:
        await execute(
            _INSERT.format(owner="e.author_id", position="e.id", via="NULL") + " WHERE e.id = $1" + _NEW, entry.id
        )
    if entry.visibility != "private":
        if await _followers_here(entry.author_id) <= AT_ONCE:
            await _fill(entry.id)
        else:
            await fill_timelines.later(entry_id=entry.id)


async def place_boost(boost: Boost) -> None:
    """Put what somebody shared into the timelines of those who follow them and do not have it yet."""
    if await _followers_here(boost.actor_id) <= AT_ONCE:
        await _fill_boost(boost.id)
    else:
        await fill_boost.later(boost_id=boost.id)


async def _followers_here(actor_id: str) -> int:
    """How many follow somebody, counted no further than it matters."""
    return int(
        await value(
            "SELECT COUNT(*) FROM (SELECT 1 FROM core_follow f JOIN core_actor o ON o.id = f.follower_id"
            f" AND o.domain = '' WHERE f.target_id = $1 AND f.state = '{ACCEPTED}' LIMIT {AT_ONCE + 1}) AS counted",
            actor_id,
        )
        or 0
    )


async def _fill(entry_id: str, after: str = "", limit: int = AT_ONCE) -> None:
    owners = await rows(
        _INSERT.format(owner="o.id", position="e.id", via="NULL")
        + " JOIN (SELECT f.follower_id, f.target_id FROM core_follow f JOIN core_entry t ON t.author_id = f.target_id"
        f" WHERE t.id = $1 AND f.state = '{ACCEPTED}' AND f.follower_id > $2 ORDER BY f.follower_id LIMIT $3) f"
        " ON f.target_id = e.author_id JOIN core_actor o ON o.id = f.follower_id AND o.domain = ''"
        " LEFT JOIN core_entry p ON p.id = e.reply_to_id WHERE e.id = $1" + _FITS + _NEW + _OWNERS,
        entry_id,
        after or _LOWEST,
        limit,
    )
    _tell(entry_id, owners)


def _tell(entry_id: str, owners: list[dict[str, str]]) -> None:
    """Once it is committed, show the entry in the open homes among those it came to."""
    if owners:
        after_commit(lambda: live_feed.announce(entry_id, [each["owner_id"] for each in owners]))


_LOWEST = "00000000-0000-0000-0000-000000000000"


@task
async def fill_timelines(entry_id: str, after: str = _LOWEST) -> None:
    """Fill the timelines of one batch of followers, then queue the next batch."""
    last = await value(
        "SELECT MAX(follower_id::text) FROM (SELECT f.follower_id FROM core_follow f JOIN core_entry e"
        " ON e.author_id = f.target_id WHERE e.id = $1 AND e.deleted_at IS NULL"
        f" AND f.state = '{ACCEPTED}' AND f.follower_id > $2 ORDER BY f.follower_id LIMIT {BATCH}) AS batch",
        entry_id,
        after,
    )
    if last:
        async with transaction():
            await _fill(entry_id, after, BATCH)
        await fill_timelines.later(entry_id=entry_id, after=str(last))


async def _fill_boost(boost_id: str) -> None:
    owners = await rows(
        _INSERT.format(owner="o.id", position="b.id", via="b.actor_id")
        + " JOIN core_boost b ON b.entry_id = e.id"
        f" JOIN core_follow f ON f.target_id = b.actor_id AND f.state = '{ACCEPTED}'"
        " JOIN core_actor o ON o.id = f.follower_id AND o.domain = '' AND o.id <> e.author_id"
        " WHERE b.id = $1 AND e.deleted_at IS NULL" + _NEW + _OWNERS + ", entry_id",
        boost_id,
    )
    if owners:
        _tell(owners[0]["entry_id"], owners)


@task
async def fill_boost(boost_id: str) -> None:
    """Fill the timelines of everybody who follows a much followed sharer."""
    async with transaction():
        await _fill_boost(boost_id)


async def withdraw_boost(boost: Boost) -> None:
    """Take a share back; those who follow the author themselves keep the entry, at its own place."""
    await execute("DELETE FROM core_timeline WHERE position = $1", boost.id)
    await _fill(boost.entry_id)


async def backfill(owner: Actor, followed: Actor) -> None:
    """Put what somebody published lately into the timeline of a new follower."""
    await execute(
        _INSERT.format(owner="o.id", position="e.id", via="NULL")
        + " JOIN core_actor o ON o.id = $1 LEFT JOIN core_entry p ON p.id = e.reply_to_id"
        " WHERE e.id IN (SELECT x.id FROM core_entry x WHERE x.author_id = $2 AND x.deleted_at IS NULL"
        f" ORDER BY x.id DESC LIMIT {BACKFILL})" + _FITS + _NEW,
        owner.id,
        followed.id,
    )


async def clear(owner: Actor, unfollowed: Actor) -> None:
    """Take somebody's entries and shares out of a timeline."""
    await execute(
        "DELETE FROM core_timeline WHERE owner_id = $1 AND (via_id = $2 OR (via_id IS NULL AND entry_id IN"
        " (SELECT e.id FROM core_entry e WHERE e.author_id = $2)))",
        owner.id,
        unfollowed.id,
    )
