"""What somebody wants of those and of that which they follow: shares, answers, hashtags, conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import timelines
from core.database import HIGHEST_ID, execute, new_id, now, one_at_a_time, one_of, rows, transaction, value
from core.errors import Conflict, Invalid, NotFound
from core.feed_models import TagFollow, ThreadMute
from core.html import find_tags, tag_key
from core.models import Actor, Entry, Follow

Row = dict[str, Any]
TAGS_AT_MOST = 500
LONGEST_TAG = 255


# -- People --------------------------------------------------------------------
async def want(actor: Actor, target: Actor, *, shares: bool | None = None, replies: bool | None = None) -> Follow:
    """Say whether what somebody shares, and what they answer, comes into one's home feed; None leaves it as it is.

    Raises NotFound where they are not followed, nor asked to be.
    """
    async with transaction():
        follow = await Follow.get_or_none(follower_id=actor.id, target_id=target.id)
        if follow is None:
            raise NotFound("You do not follow them.")
        before = (follow.shows_shares, follow.shows_replies)
        follow.shows_shares = follow.shows_shares if shares is None else shares
        follow.shows_replies = follow.shows_replies if replies is None else replies
        if before != (follow.shows_shares, follow.shows_replies):
            await follow.save(update_fields=["shows_shares", "shows_replies"])
            await timelines.sort_anew(actor, target)
    return follow


# -- Hashtags ------------------------------------------------------------------
async def follow_tag(actor: Actor, name: str) -> TagFollow:
    """Have public posts with a hashtag come home. Raises Invalid for what is none or is one too many, Conflict."""
    name = name.lstrip("#＃")
    if [*find_tags(f"#{name}")] != [name] or max(len(name), len(tag_key(name))) > LONGEST_TAG:
        raise Invalid({"tag": "This is not a hashtag."})
    async with transaction():
        await one_at_a_time(f"followed tags:{actor.id}")
        if await TagFollow.filter(actor_id=actor.id).count() >= TAGS_AT_MOST:
            raise Invalid({"tag": f"You follow {TAGS_AT_MOST} hashtags already; that is as many as there can be."})
        followed = TagFollow(id=new_id(), actor_id=actor.id, name=name, key=tag_key(name))
        if not await execute(
            "INSERT INTO core_tag_follow (id, actor_id, name, key, created_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            followed.id,
            actor.id,
            name,
            followed.key,
            now(),
        ):
            raise Conflict("You follow this hashtag already.", code="already_following")
        await timelines.backfill_tag(actor, followed.key)
    return followed


async def unfollow_tag(actor: Actor, name: str) -> None:
    """Have a hashtag bring nothing home any more, and what it brought go. Raises NotFound where it is not followed."""
    async with transaction():
        gone = await rows(
            "DELETE FROM core_tag_follow WHERE actor_id = $1 AND key = $2 RETURNING name", actor.id, tag_key(name)
        )
        if not gone:
            raise NotFound("You do not follow this hashtag.")
        await timelines.clear_tag(actor, gone[0]["name"])


async def follows_tag(actor: Actor, name: str) -> bool:
    """Whether somebody follows a hashtag."""
    key = tag_key(name)
    return len(key) <= LONGEST_TAG and await TagFollow.exists(actor_id=actor.id, key=key)


async def tags(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the hashtags somebody follows, latest first."""
    return await rows(
        "SELECT h.id AS position, h.name, h.created_at FROM core_tag_follow h WHERE h.actor_id = $1 AND h.id < $2"
        " ORDER BY h.id DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )


# -- Conversations -------------------------------------------------------------
def _first(entry: Entry) -> str:
    return entry.root_id or entry.id


async def mute_thread(actor: Actor, entry: Entry) -> None:
    """Hear no more of the conversation an entry belongs to. Raises Conflict where it is so already."""
    if not await execute(
        "INSERT INTO core_thread_mute (id, actor_id, entry_id, created_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        new_id(),
        actor.id,
        _first(entry),
        now(),
    ):
        raise Conflict("You have muted this conversation already.", code="already_muted")


async def unmute_thread(actor: Actor, entry: Entry) -> None:
    """Hear of a conversation again. Raises NotFound where it is not muted."""
    if not await ThreadMute.filter(actor_id=actor.id, entry_id=_first(entry)).delete():
        raise NotFound("You have not muted this conversation.")


async def mutes_thread(actor_id: str, entry: Entry) -> bool:
    """Whether somebody has muted the conversation an entry belongs to."""
    sql = "SELECT 1 FROM core_thread_mute WHERE entry_id = $1 AND actor_id = $2"
    return bool(await value(sql, _first(entry), actor_id))


async def who_mutes_thread(actor_ids: Sequence[str], entry: Entry) -> set[str]:
    """Which of these people have muted the conversation an entry belongs to: they are not to be told of it."""
    sql = f"SELECT actor_id FROM core_thread_mute WHERE entry_id = $1 AND actor_id {one_of(2)}"
    return {found["actor_id"] for found in await rows(sql, _first(entry), list(actor_ids))}
