"""Erase what a removed account left, bit by bit: what is erased stays erased, and who comes after it goes on there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from core import circles, emoji_reactions, polls, prepared, timelines
from core.accounts import audit
from core.accounts.models import Account
from core.audience import OPEN
from core.database import after_commit, execute, many, new_id, now, one_of, rows, transaction
from core.going_out import end_waiting
from core.instance import here
from core.models import ACCEPTED, Actor, Entry
from core.storage import parts
from core.storage.files import discard
from core.storage.service import release
from core.tasks import task

BATCH = 200  # entries or ties erased in one transaction: others may write in between
PLACES = 2000  # places in timelines, and rows that nothing hangs on

_OF_POLLS = ("poll", "poll_option", "poll_vote")  # the poll goes first: whoever votes just now waits
_OF_ENTRIES = (
    *("mention", "entry_tag", "attachment", "revision", "quote_request", "reply_request", "quote_asked", "pin"),
    *("like", "boost", "bookmark", "reaction"),
)
# Somebody else's words hang on it: then an empty place stays, so that their thread keeps its shape.
_OTHERS = " AND NOT EXISTS (SELECT 1 FROM core_entry r WHERE r.{column} = e.id AND r.author_id <> $1)"
_UNUSED = (
    "SELECT e.id FROM core_entry e WHERE e.author_id = $1 AND e.deleted_at IS NOT NULL"
    + "".join(_OTHERS.format(column=column) for column in ("reply_to_id", "root_id", "quote_id"))
    + f" LIMIT {PLACES}"
)


@task(attempts=20, seconds=3600)
async def erase(actor_id: str) -> None:
    """Erase what a removed account left: what plugins store of it, its entries and ties, the account itself."""
    actor = await Actor.get_or_none(id=actor_id, removed_at__isnull=False)
    account = await Account.get_or_none(actor_id=actor_id)
    if actor is None or account is None:
        return
    await here().hooks.erase_account(account=account)
    for step in _STEPS:
        while await step(actor):
            pass
    async with transaction():
        await _forget_the_rest(actor, account)
        await audit.record("account_erased", account_id=actor.id)


# -- What they published -------------------------------------------------------
async def _entries(actor: Actor) -> bool:
    """Empty a batch of entries, the latest first; the counters of what they answered change with them."""
    found = await Entry.filter(author_id=actor.id, deleted_at__isnull=True).order_by("-id").limit(BATCH)
    entry_ids = [entry.id for entry in found]
    while await _out_of_timelines(entry_ids) == PLACES:
        pass
    async with transaction():
        await end_waiting(entry_ids)
        emptied = await rows(
            "UPDATE core_entry SET deleted_at = $1, content = '', source = '', title = '', content_warning = '',"
            f" likes_count = 0, boosts_count = 0, reactions_count = 0, version = version + 1"
            f" WHERE deleted_at IS NULL AND id {one_of(2)}"
            " RETURNING id",
            now(),
            entry_ids,
        )
        gone = {one["id"] for one in emptied}
        entries = [entry for entry in found if entry.id in gone]
        answered = Counter(entry.reply_to_id for entry in entries if entry.reply_to_id)
        openly = Counter(entry.reply_to_id for entry in entries if entry.reply_to_id and entry.visibility in OPEN)
        await many(
            "UPDATE core_entry SET replies_count = replies_count - $1, open_replies_count = open_replies_count - $2"
            " WHERE id = $3",
            [(number, openly[entry_id], entry_id) for entry_id, number in sorted(answered.items())],
        )
        quoted = Counter(entry.quote_id for entry in entries if entry.quote_id and entry.visibility in OPEN)
        await many(
            "UPDATE core_entry SET quotes_count = quotes_count - $1 WHERE id = $2",
            [(number, entry_id) for entry_id, number in sorted(quoted.items())],
        )
        for name in (*_OF_POLLS, *_OF_ENTRIES):
            await execute(f"DELETE FROM core_{name} WHERE entry_id {one_of(1)}", entry_ids)
        await _out_of_timelines(entry_ids)
        await _bury(actor, entries)
        stale = {prepared.of_thread(entry) for entry in entries}
        stale |= {prepared.of_entry(each) for each in (*answered, *quoted)}
        prepared.forget(prepared.of_profile(actor.id), *stale, *map(prepared.of_entry, entry_ids))
        after_commit(lambda: _tell(entries))
    return bool(found)


async def _out_of_timelines(entry_ids: list[str]) -> int:
    return await execute(
        "DELETE FROM core_timeline WHERE id IN"
        f" (SELECT t.id FROM core_timeline t WHERE t.entry_id {one_of(1)} LIMIT {PLACES})",
        entry_ids,
    )


async def _bury(actor: Actor, entries: list[Entry]) -> None:
    """What everybody could see is remembered as gone, so that other servers are told so when they ask for it."""
    buried_at = now()
    await many(
        "INSERT INTO core_tombstone (id, uri, actor_uri, former_type, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING",
        [
            (new_id(), entry.uri, actor.uri, entry.kind, buried_at)
            for entry in entries
            if entry.visibility in OPEN and not entry.local_only
        ],
    )


async def _tell(entries: list[Entry]) -> None:
    for entry in entries:
        await here().hooks.entry_deleted(entry=entry)


async def _files(actor: Actor) -> bool:
    """Discard a batch of what they uploaded; nothing shows it any more."""
    async with transaction():
        found = await rows("SELECT id FROM core_file WHERE owner_id = $1 LIMIT $2", actor.id, BATCH)
        await discard([one["id"] for one in found])
    return bool(found)


async def _places(actor: Actor) -> bool:
    """Remove emptied entries that nobody else's words hang on."""
    async with transaction():
        gone = await rows(
            f"DELETE FROM core_entry WHERE id IN ({_UNUSED}) RETURNING uri, visibility, local_only", actor.id
        )
        hidden = [one["uri"] for one in gone if one["visibility"] not in OPEN or one["local_only"]]
        await execute(f"DELETE FROM core_tombstone WHERE uri {one_of(1, 'text')}", hidden)
    return bool(gone)


# -- What ties them to others --------------------------------------------------
async def _likes(actor: Actor) -> bool:
    async with transaction():
        gone = await rows(_taken("core_like", "actor_id = $1", "entry_id"), actor.id)
        await _uncount("core_entry", "likes_count", [one["entry_id"] for one in gone])
        prepared.forget(*(prepared.of_entry(one["entry_id"]) for one in gone))
    return bool(gone)


async def _boosts(actor: Actor) -> bool:
    """Take shares back; whoever has what was shared for another reason too keeps it."""
    async with transaction():
        gone = await rows(_taken("core_boost", "actor_id = $1", "id, entry_id"), actor.id)
        await _uncount("core_entry", "boosts_count", [one["entry_id"] for one in gone])
        prepared.forget(*(prepared.of_entry(one["entry_id"]) for one in gone))
        await timelines.withdraw_boosts([one["id"] for one in gone])
    return bool(gone)


async def _reactions(actor: Actor) -> bool:
    return await emoji_reactions.take_back_reactions(actor)


async def _votes(actor: Actor) -> bool:
    return await polls.take_back_votes(actor)


async def _follows(actor: Actor) -> bool:
    async with transaction():
        gone = await rows(
            _taken("core_follow", "follower_id = $1 OR target_id = $1", "follower_id, target_id, state"), actor.id
        )
        accepted = [one for one in gone if one["state"] == ACCEPTED]
        followed = [one["target_id"] for one in accepted if one["follower_id"] == actor.id]
        followers = [one["follower_id"] for one in accepted if one["target_id"] == actor.id]
        await _uncount("core_actor", "followers_count", followed)
        await _uncount("core_actor", "following_count", followers)
        prepared.forget(*map(prepared.of_profile, {*followed, *followers}))
    return bool(gone)


async def _own_timeline(actor: Actor) -> bool:
    return bool(
        await execute(
            "DELETE FROM core_timeline WHERE id IN (SELECT t.id FROM core_timeline t"
            f" WHERE t.owner_id = $1 OR t.via_id = $1 LIMIT {PLACES})",
            actor.id,
        )
    )


def _plain(table: str, where: str) -> Callable[[Actor], Awaitable[bool]]:
    """A step that deletes rows which nothing else counts."""

    async def step(actor: Actor) -> bool:
        return bool(await rows(_taken(table, where, "id"), actor.id))

    return step


def _taken(table: str, where: str, columns: str) -> str:
    return (
        f"DELETE FROM {table} WHERE id IN (SELECT t.id FROM {table} t WHERE {where} LIMIT {BATCH}) RETURNING {columns}"
    )


async def _uncount(table: str, column: str, ids: list[str]) -> None:
    """Take one off a counter of each of these; it changes in the transaction of the rows it counts."""
    await execute(f"UPDATE {table} SET {column} = {column} - 1 WHERE {column} > 0 AND id {one_of(1)}", ids)


_STEPS = (
    _entries,
    _files,
    _places,
    _likes,
    _boosts,
    _reactions,
    _votes,
    _follows,
    _own_timeline,
    circles.erase,
    _plain("core_quote_asked", "actor_id = $1 OR author_id = $1"),
    _plain("core_dismissed_suggestion", "actor_id = $1 OR target_id = $1"),
    _plain("core_move", "actor_id = $1 OR target_id = $1"),
    _plain("core_bookmark", "actor_id = $1"),
    _plain("core_mention", "actor_id = $1"),
    _plain("core_block", "actor_id = $1 OR target_id = $1"),
    _plain("core_mute", "actor_id = $1 OR target_id = $1"),
    _plain("core_domain_block", "actor_id = $1"),
    _plain("core_list", "owner_id = $1"),
    _plain("core_tag_follow", "actor_id = $1"),
    _plain("core_thread_mute", "actor_id = $1"),
    _plain("core_filter", "actor_id = $1"),
    _plain("core_filter_person", "person_id = $1"),
    _plain("core_marker", "actor_id = $1"),
    _plain("core_idempotent_answer", "actor_id = $1"),
)


# -- The account itself --------------------------------------------------------
async def _forget_the_rest(actor: Actor, account: Account) -> None:
    """Delete the account with all that hangs on it, and what remembers it by its id alone.

    Of the audit trail stays what others did to the account and what it did to others, without where that was from.
    """
    await execute(
        "UPDATE core_actor SET followers_count = 0, following_count = 0, posts_count = 0, open_posts_count = 0"
        " WHERE id = $1",
        actor.id,
    )
    await execute(
        "DELETE FROM core_security_event WHERE account_id = $1"
        f" AND (by_id = $1 OR (by_id IS NULL AND details::text NOT LIKE '%{audit.COMMAND_LINE}%'))",
        actor.id,
    )
    await execute("UPDATE core_security_event SET address = '', user_agent = '' WHERE by_id = $1", actor.id)
    await execute("DELETE FROM core_invite WHERE account_id = $1", actor.id)
    # The one that runs is not among them.
    await execute("DELETE FROM core_job WHERE state = 'failed' AND arguments::text LIKE $1", f"%{actor.id}%")
    await _release_files(actor)
    await account.delete()


async def _release_files(actor: Actor) -> None:
    """Let go of pictures, and delete the archives that were made or brought, and uploads that were never finished."""
    for picture in await rows("DELETE FROM core_profile_picture WHERE actor_id = $1 RETURNING blob_id", actor.id):
        await release(picture["blob_id"])
    transfers = await rows("SELECT id FROM core_transfer WHERE account_id = $1", actor.id)
    after_commit(lambda: _unlink([one["id"] for one in transfers]))
    after_commit(lambda: parts.forget_all_of(actor.id))


def _unlink(transfer_ids: list[str]) -> None:
    for transfer_id in transfer_ids:
        for path in (here().folder / "transfers").glob(f"{transfer_id}.*"):
            path.unlink(missing_ok=True)
