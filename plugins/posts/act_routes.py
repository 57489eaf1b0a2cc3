"""The JSON API of what people do with posts: likes, shares, bookmarks and pins."""

from __future__ import annotations

from core import people, pins, present, reactions
from core.api import Api, Ask
from core.api.forms import Form, StreamQuery, User, stream_of
from core.entries import visible_entry
from core.models import Entry

api = Api("acts", __name__, area="posts")


class Liked(Form):
    post_id: str
    is_liked: bool
    likes_count: int


class Shared(Form):
    post_id: str
    is_shared: bool
    shares_count: int


class Bookmarked(Form):
    post_id: str
    is_bookmarked: bool


class Pinned(Form):
    post_id: str
    is_pinned: bool


@api.get("/posts/<post_id>/likes", query=StreamQuery, answer=stream_of("users", User), signed_out=True)
async def read_likes(ask: Ask[None, StreamQuery], post_id: str) -> object:
    """Who likes a post, latest first."""
    entry = await visible_entry(ask.viewer, post_id)
    name = f"likes:{entry.id}"
    found = await people.likers(entry.id, ask.viewer, ask.before(name), ask.query.limit)
    return ask.page("users", name, found, list(await present.users(found, ask.actor_or_none)))


@api.get("/posts/<post_id>/shares", query=StreamQuery, answer=stream_of("users", User), signed_out=True)
async def read_shares(ask: Ask[None, StreamQuery], post_id: str) -> object:
    """Who shared a post, latest first."""
    entry = await visible_entry(ask.viewer, post_id)
    name = f"shares:{entry.id}"
    found = await people.sharers(entry.id, ask.viewer, ask.before(name), ask.query.limit)
    return ask.page("users", name, found, list(await present.users(found, ask.actor_or_none)))


async def _fresh(post_id: str) -> Entry:
    return await Entry.get(id=post_id)


@api.post("/posts/<post_id>/like", answer=Liked)
async def like(ask: Ask[None, None], post_id: str) -> object:
    """Like a post."""
    await reactions.like(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isLiked": True, "likesCount": (await _fresh(post_id)).likes_count}


@api.delete("/posts/<post_id>/like", answer=Liked)
async def unlike(ask: Ask[None, None], post_id: str) -> object:
    """Take a like back."""
    await reactions.unlike(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isLiked": False, "likesCount": (await _fresh(post_id)).likes_count}


@api.post("/posts/<post_id>/share", answer=Shared)
async def share(ask: Ask[None, None], post_id: str) -> object:
    """Pass a post on to your followers."""
    await reactions.boost(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isShared": True, "sharesCount": (await _fresh(post_id)).boosts_count}


@api.delete("/posts/<post_id>/share", answer=Shared)
async def unshare(ask: Ask[None, None], post_id: str) -> object:
    """Take a share back."""
    await reactions.unboost(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isShared": False, "sharesCount": (await _fresh(post_id)).boosts_count}


@api.post("/posts/<post_id>/bookmark", answer=Bookmarked)
async def bookmark(ask: Ask[None, None], post_id: str) -> object:
    """Keep a post to find it again; nobody else learns of it."""
    await reactions.bookmark(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isBookmarked": True}


@api.delete("/posts/<post_id>/bookmark", answer=Bookmarked)
async def unbookmark(ask: Ask[None, None], post_id: str) -> object:
    """Forget a bookmark."""
    await reactions.unbookmark(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isBookmarked": False}


@api.post("/posts/<post_id>/pin", answer=Pinned)
async def pin(ask: Ask[None, None], post_id: str) -> object:
    """Show a post of yours first on your profile; at most five."""
    await pins.pin(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isPinned": True}


@api.delete("/posts/<post_id>/pin", answer=Pinned)
async def unpin(ask: Ask[None, None], post_id: str) -> object:
    """Show a post where it belongs again."""
    await pins.unpin(ask.actor, await visible_entry(ask.viewer, post_id))
    return {"postId": post_id, "isPinned": False}
