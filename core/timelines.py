"""Home timelines: rows written when something is published, read by one index range.

An entry stands once in a timeline: at its own place where the owner follows its author or a hashtag of it, or where
somebody the owner follows shared it; the first of these counts. Every statement here may run twice, and puts back what
still belongs there for another reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from core import live_feed
from core.database import HIGHEST_ID, LOWEST_ID, after_commit, execute, one_of, rows, transaction, value
from core.models import ACCEPTED, Actor, Entry
from core.reaction_models import Boost
from core.tasks import task

AT_ONCE = 300  # followers whose timelines are filled before the answer; more are filled by a job
BACKFILL = 300  # entries, and as many shares, put into a timeline when somebody is followed
TAG_BACKFILL = 40  # entries put into a timeline when a hashtag is followed
BATCH = 2000  # timelines filled in one transaction of the job

_INSERT = "INSERT INTO core_timeline (owner_id, entry_id, position, via_id, tag) SELECT "
_FOLLOWERS = (
    f" AND f.state = '{ACCEPTED}' AND f.at_home JOIN core_actor o ON o.id = f.follower_id AND o.domain = ''"
    " LEFT JOIN core_entry p ON p.id = e.reply_to_id WHERE e.deleted_at IS NULL AND "
)
# No answers of a conversation that the owner wants no more of.
_HEARD = (
    " AND (e.root_id IS NULL OR NOT EXISTS (SELECT 1 FROM core_thread_mute u WHERE u.entry_id = e.root_id"
    " AND u.actor_id = o.id))"
)
# A reply goes to those who know both sides and want answers of its author; what is for friends to friends, and from
# elsewhere to those it was sent to; what is for a few to those it names.
_FITS = (
    " AND (e.reply_to_uri = '' OR p.author_id = e.author_id OR p.author_id = o.id OR (f.shows_replies AND EXISTS"
    " (SELECT 1 FROM core_follow r WHERE r.follower_id = o.id AND r.target_id = p.author_id"
    f" AND r.state = '{ACCEPTED}')))"
    " AND (e.visibility IN ('public', 'unlisted', 'followers')"
    " OR (e.visibility = 'friends' AND e.is_local AND EXISTS (SELECT 1 FROM core_follow r"
    f" WHERE r.follower_id = e.author_id AND r.target_id = o.id AND r.state = '{ACCEPTED}'))"
    " OR (e.visibility IN ('friends', 'circle', 'direct') AND EXISTS"
    " (SELECT 1 FROM core_mention m WHERE m.entry_id = e.id AND m.actor_id = o.id"
    " AND (e.visibility <> 'friends' OR e.is_local OR NOT m.silent OR EXISTS (SELECT 1 FROM core_follow r"
    f" WHERE r.follower_id = e.author_id AND r.target_id = o.id AND r.state = '{ACCEPTED}')))))"
)
# Always in the same order, so that of two who fill the same timelines neither waits for the other.
_ONCE = " ON CONFLICT DO NOTHING RETURNING owner_id, entry_id"


def _of_authors(which: str) -> str:
    """Put entries into the timelines of those who follow their authors, as far as they fit there."""
    return (
        f"{_INSERT} o.id, e.id, e.id, NULL, NULL FROM core_entry e JOIN core_follow f ON f.target_id = e.author_id"
        f"{_FOLLOWERS}{which}{_FITS}{_HEARD} ORDER BY o.id, e.id{_ONCE}"
    )


def _of_sharers(which: str) -> str:
    """Put shared entries into the timelines of those who want the sharers' shares; the first share counts."""
    return (
        f"{_INSERT} o.id, e.id, b.id, b.actor_id, NULL FROM core_boost b JOIN core_entry e ON e.id = b.entry_id"
        f" JOIN core_follow f ON f.target_id = b.actor_id AND f.shows_shares{_FOLLOWERS}{which}"
        f" AND o.id <> e.author_id{_HEARD} ORDER BY o.id, e.id, b.id{_ONCE}"
    )


def _of_tags(which: str) -> str:
    """Put public entries into the timelines of those who follow a hashtag of theirs; answers only to oneself.

    Not what is by somebody silenced, or by somebody whom the owner keeps on a list of its own.
    """
    return (
        f"{_INSERT} o.id, e.id, e.id, NULL, h.name FROM core_tag_follow h JOIN core_entry_tag g ON g.key = h.key"
        " JOIN core_entry e ON e.id = g.entry_id JOIN core_actor w ON w.id = e.author_id"
        " JOIN core_actor o ON o.id = h.actor_id LEFT JOIN core_entry p ON p.id = e.reply_to_id"
        f" WHERE e.deleted_at IS NULL AND {which} AND e.visibility = 'public' AND w.silenced_at IS NULL"
        f" AND (e.reply_to_uri = '' OR p.author_id = e.author_id){_HEARD} AND NOT EXISTS (SELECT 1 FROM core_follow f"
        f" WHERE f.follower_id = o.id AND f.target_id = e.author_id AND NOT f.at_home)"
        f" ORDER BY o.id, e.id, h.id{_ONCE}"
    )


_REASONS = (_of_authors, _of_sharers, _of_tags)


# -- Publishing and sharing ----------------------------------------------------
async def place(entry: Entry, author: Actor, tag_keys: Sequence[str] = ()) -> None:
    """Put a new entry into the timelines of its author, of their followers here and of those who follow its hashtags,
    now or by a job."""
    if entry.is_local:
        await execute(f"{_INSERT} author_id, id, id, NULL, NULL FROM core_entry WHERE id = $1{_ONCE}", entry.id)
    if entry.visibility == "private":
        return
    if await _has_many_followers(author):
        await fill_timelines.later(entry_id=entry.id)
    else:
        await _fill(entry.id, LOWEST_ID, HIGHEST_ID)
    if tag_keys and entry.visibility == "public":
        await place_tagged(entry, tag_keys)


async def place_tagged(entry: Entry, tag_keys: Sequence[str]) -> None:
    """Put an entry into the timelines of those who follow these hashtags of it and do not have it yet."""
    some = f"SELECT 1 FROM core_tag_follow WHERE key {one_of(1, 'text')} LIMIT {AT_ONCE + 1}"
    number = int(await value(f"SELECT COUNT(*) FROM ({some}) AS found", list(tag_keys)) or 0)
    if number > AT_ONCE:
        await fill_tagged.later(entry_id=entry.id)
    elif number:
        await _fill_tagged(entry.id, LOWEST_ID, HIGHEST_ID)


async def place_boost(boost: Boost, sharer: Actor) -> None:
    """Put what somebody shared into the timelines of those who follow them and do not have it yet."""
    if await _has_many_followers(sharer):
        await fill_boost.later(boost_id=boost.id)
    else:
        await _fill_boost(boost.id, LOWEST_ID, HIGHEST_ID)


async def _has_many_followers(actor: Actor) -> bool:
    """Counted no further than it matters, and only where there are many in all, here and elsewhere."""
    if actor.followers_count <= AT_ONCE:
        return False
    sql = f"SELECT 1 FROM core_follow WHERE target_id = $1 AND state = '{ACCEPTED}' LIMIT 1 OFFSET {AT_ONCE}"
    return bool(await value(sql, actor.id))


async def _fill(entry_id: str, after: str, last: str) -> None:
    found = await rows(_of_authors("e.id = $1 AND f.id > $2 AND f.id <= $3"), entry_id, after, last)
    owners = [each["owner_id"] for each in found]
    after_commit(lambda: live_feed.announce(entry_id, owners))


async def _fill_tagged(entry_id: str, after: str, last: str) -> None:
    found = await rows(_of_tags("e.id = $1 AND h.id > $2 AND h.id <= $3"), entry_id, after, last)
    owners = [each["owner_id"] for each in found]
    after_commit(lambda: live_feed.announce(entry_id, owners))


async def _fill_boost(boost_id: str, after: str, last: str) -> None:
    found = await rows(_of_sharers("b.id = $1 AND f.id > $2 AND f.id <= $3"), boost_id, after, last)
    if found:
        entry_id, owners = found[0]["entry_id"], [each["owner_id"] for each in found]
        after_commit(lambda: live_feed.announce(entry_id, owners, boost_id=boost_id))


@task
async def fill_timelines(entry_id: str, after: str = LOWEST_ID) -> None:
    """Fill the timelines of one batch of followers, then queue the next batch."""
    author = "SELECT author_id FROM core_entry WHERE id = $1 AND deleted_at IS NULL"
    if last := await _end_of_batch(author, entry_id, after):
        async with transaction():
            await _fill(entry_id, after, last)
        await fill_timelines.later(entry_id=entry_id, after=last)


@task
async def fill_boost(boost_id: str, after: str = LOWEST_ID) -> None:
    """Fill the timelines of one batch of those who follow a much followed sharer, then queue the next batch."""
    if last := await _end_of_batch("SELECT actor_id FROM core_boost WHERE id = $1", boost_id, after):
        async with transaction():
            await _fill_boost(boost_id, after, last)
        await fill_boost.later(boost_id=boost_id, after=last)


@task
async def fill_tagged(entry_id: str, after: str = LOWEST_ID) -> None:
    """Fill the timelines of one batch of those who follow a hashtag of an entry, then queue the next batch."""
    last = await value(
        "SELECT MAX(id::text) FROM (SELECT h.id FROM core_tag_follow h WHERE h.id > $2 AND h.key IN (SELECT g.key"
        f" FROM core_entry_tag g WHERE g.entry_id = $1) ORDER BY h.id LIMIT {BATCH}) AS batch",
        entry_id,
        after,
    )
    if last:
        async with transaction():
            await _fill_tagged(entry_id, after, str(last))
        await fill_tagged.later(entry_id=entry_id, after=str(last))


async def _end_of_batch(followed: str, subject_id: str, after: str) -> str | None:
    """The last of the next follows of somebody; None where there are no more."""
    last = await value(
        f"SELECT MAX(id::text) FROM (SELECT f.id FROM core_follow f WHERE f.target_id = ({followed})"
        f" AND f.state = '{ACCEPTED}' AND f.id > $2 ORDER BY f.id LIMIT {BATCH}) AS batch",
        subject_id,
        after,
    )
    return str(last) if last else None


# -- Taking back ---------------------------------------------------------------
async def withdraw_boost(boost: Boost, sharer: Actor) -> None:
    """Take a share back; whoever follows the author, or others who shared it, keeps the entry."""
    await execute("DELETE FROM core_timeline WHERE position = $1", boost.id)
    if await _has_many_followers(sharer):
        await restore.later(entry_id=boost.entry_id, sharer_id=boost.actor_id)
    else:
        await restore(entry_id=boost.entry_id, sharer_id=boost.actor_id)


async def withdraw_boosts(boost_ids: Sequence[str]) -> None:
    """Take many shares back at once, whose rows are gone already; who has one for another reason keeps it."""
    gone = await rows(
        f"DELETE FROM core_timeline WHERE position {one_of(1)} RETURNING owner_id, entry_id", list(boost_ids)
    )
    owners: dict[str, list[str]] = {}
    for each in gone:
        owners.setdefault(each["entry_id"], []).append(each["owner_id"])
    theirs = f"e.id = $1 AND o.id {one_of(2)}"
    for entry_id in sorted(owners):
        for reason in _REASONS:
            await rows(reason(theirs), entry_id, owners[entry_id])


@task
async def restore(entry_id: str, sharer_id: str) -> None:
    """Put an entry that somebody shares no longer back where it belongs for another reason."""
    theirs = "o.id IN (SELECT g.follower_id FROM core_follow g WHERE g.target_id = $2)"
    for reason in _REASONS:
        await rows(reason(f"e.id = $1 AND {theirs}"), entry_id, sharer_id)


async def backfill(owner: Actor, followed: Actor) -> None:
    """Put what somebody published and shared lately into the timeline of a new follower."""
    latest = "SELECT x.id FROM {table} x WHERE x.{who} = $2{standing} ORDER BY x.id DESC" + f" LIMIT {BACKFILL}"
    written = latest.format(table="core_entry", who="author_id", standing=" AND x.deleted_at IS NULL")
    shared = latest.format(table="core_boost", who="actor_id", standing="")
    await rows(_of_authors(f"o.id = $1 AND e.author_id = $2 AND e.id IN ({written})"), owner.id, followed.id)
    await rows(_of_sharers(f"o.id = $1 AND b.actor_id = $2 AND b.id IN ({shared})"), owner.id, followed.id)


async def backfill_tag(owner: Actor, key: str) -> None:
    """Put what was published lately with a hashtag into the timeline of somebody who follows it now."""
    latest = (
        "SELECT x.entry_id FROM core_entry_tag x JOIN core_entry y ON y.id = x.entry_id AND y.visibility = 'public'"
        f" WHERE x.key = $2 ORDER BY x.entry_id DESC LIMIT {TAG_BACKFILL}"
    )
    await rows(_of_tags(f"o.id = $1 AND h.key = $2 AND e.id IN ({latest})"), owner.id, key)


async def clear(owner: Actor, unfollowed: Actor) -> None:
    """Take somebody's entries and shares out of a timeline, but for what belongs there for another reason."""
    await _take_out(
        owner,
        "via_id = $2 OR (via_id IS NULL AND entry_id IN (SELECT e.id FROM core_entry e WHERE e.author_id = $2))",
        unfollowed.id,
    )


async def clear_tag(owner: Actor, name: str) -> None:
    """Take out what a hashtag brought into a timeline, but for what belongs there for another reason."""
    await _take_out(owner, "tag = $2", name)


async def sort_anew(owner: Actor, followed: Actor) -> None:
    """Have a timeline hold what its owner wants of somebody they follow, now that they want otherwise."""
    await clear(owner, followed)
    await backfill(owner, followed)


async def _take_out(owner: Actor, which: str, subject: str) -> None:
    gone = await rows(
        f"DELETE FROM core_timeline WHERE owner_id = $1 AND ({which}) RETURNING entry_id", owner.id, subject
    )
    if gone:
        entry_ids = [each["entry_id"] for each in gone]
        for reason in _REASONS:
            await rows(reason(f"o.id = $1 AND e.id {one_of(2)}"), owner.id, entry_ids)


async def retag(entry: Entry) -> None:
    """An entry was given other hashtags: it is where these bring it, and no more where only others did."""
    gone = await rows("DELETE FROM core_timeline WHERE entry_id = $1 AND tag IS NOT NULL RETURNING owner_id", entry.id)
    if gone:
        owners = [each["owner_id"] for each in gone]
        for reason in _REASONS:
            await rows(reason(f"e.id = $1 AND o.id {one_of(2)}"), entry.id, owners)
    keys = await rows("SELECT key FROM core_entry_tag WHERE entry_id = $1", entry.id)
    if entry.visibility == "public" and keys:
        await place_tagged(entry, [each["key"] for each in keys])
