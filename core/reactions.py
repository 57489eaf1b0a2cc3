"""Likes, shares and bookmarks of entries of every kind."""

from __future__ import annotations

from datetime import datetime

from core import live_counts, prepared, timelines
from core.audience import OPEN, may_see, viewer_of
from core.database import after_commit, execute, new_id, transaction
from core.entries import Act
from core.errors import Conflict, Invalid, NotFound, Rejected
from core.instance import here
from core.models import Actor, Entry
from core.reaction_models import Bookmark, Boost, Like

_ADD = {
    table: f"INSERT INTO {table} (id, actor_id, entry_id, uri) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
    for table in ("core_like", "core_boost")
}


async def like(actor: Actor, entry: Entry, uri: str = "") -> None:
    """Like an entry. Raises NotFound where the actor may not see it, Conflict where they like it already."""
    await _must_see(actor, entry)
    like_id = new_id()
    async with transaction():
        await _count("likes_count", entry, 1)
        if not await execute(_ADD["core_like"], like_id, actor.id, entry.id, uri or _act_uri(actor, "likes", like_id)):
            raise Conflict("You like this already.", code="already_liked")
        prepared.changed(entry)
        await _tell("like", actor, entry, uri or _act_uri(actor, "likes", like_id))
        live_counts.changed(entry.id)
        after_commit(lambda: here().hooks.reaction_added(actor=actor, entry=entry, reaction="like"))


async def unlike(actor: Actor, entry: Entry) -> None:
    """Take a like back. Raises NotFound where there is none."""
    async with transaction():
        await _count("likes_count", entry, -1)
        like = await Like.get_or_none(actor_id=actor.id, entry_id=entry.id)
        if like is None or not await execute("DELETE FROM core_like WHERE id = $1", like.id):
            raise NotFound("You do not like this.")
        prepared.changed(entry)
        await _tell("unlike", actor, entry, like.uri)
        live_counts.changed(entry.id)
        after_commit(lambda: here().hooks.reaction_removed(actor=actor, entry=entry, reaction="like"))


async def boost(actor: Actor, entry: Entry, uri: str = "", at: datetime | None = None) -> Boost:
    """Pass an entry on to one's followers; `at` is when a share from elsewhere was made.

    Raises NotFound where the actor may not see it, Invalid where it is not for everybody, Conflict where it is
    shared already.
    """
    await _must_see(actor, entry)
    if actor.is_local and actor.moved_to_uri:
        raise Rejected("You have moved to another account: share from there.")
    if entry.visibility not in OPEN:
        raise Invalid({"visibility": "Only what everybody may see can be shared."})
    boost = Boost(id=new_id(at), actor_id=actor.id, entry_id=entry.id)
    boost.uri = uri or _act_uri(actor, "shares", boost.id)
    async with transaction():
        await _count("boosts_count", entry, 1)
        if not await execute(_ADD["core_boost"], boost.id, actor.id, entry.id, boost.uri):
            raise Conflict("You shared this already.", code="already_shared")
        prepared.changed(entry)
        await timelines.place_boost(boost, actor)
        await _tell("boost", actor, entry, boost.uri)
        live_counts.changed(entry.id)
        after_commit(lambda: here().hooks.reaction_added(actor=actor, entry=entry, reaction="boost"))
    return boost


async def unboost(actor: Actor, entry: Entry) -> None:
    """Take a share back. Raises NotFound where there is none."""
    async with transaction():
        await _count("boosts_count", entry, -1)
        boost = await Boost.get_or_none(actor_id=actor.id, entry_id=entry.id)
        if boost is None or not await execute("DELETE FROM core_boost WHERE id = $1", boost.id):
            raise NotFound("You have not shared this.")
        prepared.changed(entry)
        await timelines.withdraw_boost(boost, actor)
        await _tell("unboost", actor, entry, boost.uri)
        live_counts.changed(entry.id)
        after_commit(lambda: here().hooks.reaction_removed(actor=actor, entry=entry, reaction="boost"))


async def bookmark(actor: Actor, entry: Entry) -> None:
    """Keep an entry to find it again. Raises NotFound, Conflict."""
    await _must_see(actor, entry)
    added = await execute(
        "INSERT INTO core_bookmark (id, actor_id, entry_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        new_id(),
        actor.id,
        entry.id,
    )
    if not added:
        raise Conflict("You have this among your bookmarks already.", code="already_bookmarked")


async def unbookmark(actor: Actor, entry: Entry) -> None:
    """Forget a bookmark. Raises NotFound where there is none."""
    if not await Bookmark.filter(actor_id=actor.id, entry_id=entry.id).delete():
        raise NotFound("This is not among your bookmarks.")


async def _count(column: str, entry: Entry, step: int) -> None:
    """Count one more or less, before all else: then whoever else has to do with the entry waits, also to delete it.

    Raises NotFound where it was deleted since it was read.
    """
    sql = f"UPDATE core_entry SET {column} = {column} + $1 WHERE id = $2 AND deleted_at IS NULL"
    if not await execute(sql, step, entry.id):
        raise NotFound("There is no such post.")


async def _must_see(actor: Actor, entry: Entry) -> None:
    if not await may_see(viewer_of(actor), entry):
        raise NotFound("There is no such post.")


async def _tell(verb: str, actor: Actor, entry: Entry, uri: str) -> None:
    if actor.is_local:
        await here().hooks.outgoing(act=Act(verb, actor, entry=entry, uri=uri))


def _act_uri(actor: Actor, collection: str, act_id: str) -> str:
    return f"{actor.uri}/{collection}/{act_id}"
