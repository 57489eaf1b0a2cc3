"""Whoever is answered has a say: answers wait for those who want to be asked, and one can take out what one got."""

from __future__ import annotations

from core import prepared, quotes, timelines
from core.acts import Act
from core.audience import OPEN
from core.database import after_commit, execute, new_id, rows, transaction
from core.entry_counts import count_opened
from core.errors import Forbidden, NotFound
from core.going_out import go_out
from core.instance import here
from core.live_feed import announce_published, announce_removed
from core.models import Actor, Entry, EntryTag
from core.quote_models import AGREED, REFUSED, QuoteRequest, ReplyRequest
from core.threads import attach, detach

ORPHANS_AT_MOST = 50


async def remove_reply(actor: Actor, parent: Entry, reply: Entry) -> None:
    """Have somebody's answer stand for itself, and no more below one's own post: for good.

    Raises Forbidden for what answers other people's, NotFound where it is no answer to this.
    """
    if parent.author_id != actor.id:
        raise Forbidden("This is somebody else's.")
    if reply.reply_to_id != parent.id or reply.author_id == actor.id:
        raise NotFound("This is nobody's answer to your post.")
    async with transaction():
        author = await Actor.get(id=reply.author_id)
        await here().hooks.outgoing(act=Act("unanswer", actor, entry=parent, target=author, uri=reply.uri))
        await detach(reply)
        if author.is_local:
            await here().hooks.outgoing(act=Act("update", author, entry=await Entry.get(id=reply.id)))


async def asked_for(entry: Entry) -> ReplyRequest | None:
    """What an answer of somebody here waits for, and what came of it; None where it waits for nobody."""
    return await ReplyRequest.get_or_none(entry_id=entry.id).select_related("parent")


async def agree(entry: Entry) -> None:
    """Publish an answer that waited: whom it answers agrees. Nothing happens where it does not wait any more.

    Of an author who is suspended or about to leave it is published by `come_back`, if at all. What was answered to it
    meanwhile elsewhere finds its place below it.
    """
    async with transaction():
        # The entry before its request, as where it is refused or taken away: so nobody waits for each other.
        if not await hold(entry):
            return
        author = await Actor.get(id=entry.author_id)
        if not author.is_here:
            await execute("UPDATE core_reply_request SET state = $1 WHERE entry_id = $2", AGREED, entry.id)
            return
        found = await rows(
            "DELETE FROM core_reply_request WHERE entry_id = $1 RETURNING visibility, author_id", entry.id
        )
        if not found or not await _show_to(entry, found[0]["visibility"]):
            return
        keys = [tag.key for tag in await EntryTag.filter(entry_id=entry.id)]
        prepared.changed(entry)
        prepared.published(entry, keys)
        await timelines.place(entry, author, keys)
        if author.is_local:
            request = await quotes.asked_by(entry)
            await go_out(entry, author, request.quoted if request else None)
        else:
            await _join_below(entry)
        if entry.edited_at and not found[0]["author_id"]:  # they were shown it as it was before
            await here().hooks.outgoing(act=Act("update", author, entry=entry))
        await here().hooks.entry_stored(entry=entry)
        after_commit(lambda: announce_published(entry))
        after_commit(lambda: here().hooks.entry_updated(entry=entry))
        after_commit(lambda: here().hooks.entry_published(entry=entry, quiet=False))


async def _join_below(entry: Entry) -> None:
    """What somebody elsewhere answered to an answer that waited stood for itself until now."""
    for orphan in await Entry.filter(
        author_id=entry.author_id, reply_to_uri=entry.uri, reply_to_id=None, deleted_at=None
    ).limit(ORPHANS_AT_MOST):
        await attach(orphan, entry)


async def come_back(author: Actor) -> None:
    """Publish what others agreed to while somebody was out of sight, in the transaction that lets them be here."""
    for waiting in await ReplyRequest.filter(entry__author_id=author.id, state=AGREED).select_related("entry"):
        await agree(waiting.entry)
    for asked in await QuoteRequest.filter(entry__author_id=author.id, state=AGREED).select_related("entry", "quoted"):
        if asked.quoted.deleted_at is None:
            await quotes.agree(asked.entry, asked.quoted)


async def refuse(entry: Entry, parent: Entry) -> None:
    """Show an answer to its author alone from now on: whom it answers does not want it, or no more.

    Whoever was told of it before is told that it is gone.
    """
    async with transaction():
        # Whoever agrees just now waits, or was first: then it is shown to others.
        if not await hold(entry):
            return
        await entry.refresh_from_db()
        await execute(
            "INSERT INTO core_reply_request (id, entry_id, parent_id, visibility, state, uri)"
            " VALUES ($1, $2, $3, $4, $5, '')"
            " ON CONFLICT (entry_id) DO UPDATE SET state = excluded.state",
            new_id(),
            entry.id,
            parent.id,
            entry.visibility,
            REFUSED,
        )
        if entry.visibility == "private":
            prepared.changed(entry)
            after_commit(lambda: here().hooks.entry_updated(entry=entry))
            return
        author, shown = await Actor.get(id=entry.author_id), entry.clone(pk=entry.id)
        await here().hooks.outgoing(act=Act("delete", author, entry=shown))
        if not await _show_to(entry, "private"):
            return
        prepared.removed(shown)
        homes = await rows(
            "DELETE FROM core_timeline WHERE entry_id = $1 AND owner_id <> $2 RETURNING owner_id", entry.id, author.id
        )
        await here().hooks.entry_stored(entry=entry)
        after_commit(lambda: announce_removed(shown, [home["owner_id"] for home in homes]))
        after_commit(lambda: here().hooks.entry_updated(entry=entry))


async def hold(entry: Entry) -> bool:
    """Have whoever else changes an entry wait until the transaction ends; False where it is gone."""
    return bool(
        await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1 AND deleted_at IS NULL", entry.id)
    )


async def _show_to(entry: Entry, visibility: str) -> bool:
    """Let an entry be for others than before, and count it so; False where it is gone or is so already."""
    if not await execute(
        "UPDATE core_entry SET visibility = $1, version = version + 1"
        " WHERE id = $2 AND deleted_at IS NULL AND visibility <> $1",
        visibility,
        entry.id,
    ):
        return False
    step = (visibility in OPEN) - (entry.visibility in OPEN)
    await entry.refresh_from_db()
    if step:
        await count_opened(entry, step)
    return True
