"""The JSON API of feeds and bookmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from core import people_lists, present
from core.api import Api, Ask
from core.api.forms import Post, StreamQuery, stream_of
from core.database import is_id
from core.errors import Unauthenticated
from core.people import visible_actor
from core.present import Row
from plugins.posts import lists
from plugins.posts.list_feeds import friends, of_list

api = Api("feeds", __name__)
Posts = stream_of("posts", Post)


class FeedQuery(StreamQuery):
    scope: Literal["home", "friends", "local", "global", "list"] | None = None
    list: str | None = Field(None, description="With `scope=list`: the list's id.")


class PartQuery(StreamQuery):
    replies: bool = Field(False, description="What they answered.")
    media: bool = Field(False, description="What has pictures or films.")
    pinned: bool = Field(False, description="What they pinned, the latest pin first.")


@api.get("/feed", "/posts/feed", query=FeedQuery, answer=Posts, signed_out=True)
async def read_feed(ask: Ask[None, FeedQuery]) -> object:
    """A feed, newest first: `home` (your own and whom you follow), `friends`, `list` (one of yours), `local`, `global`.

    Signed out there are `local` and `global`.
    """
    scope = ask.query.scope or ("home" if ask.identity else "global")
    if scope == "list":
        return await _of_list(ask, ask.query.list or "")
    if scope in ("home", "friends") and not ask.identity:
        raise Unauthenticated()
    name = f"feed:{scope}:{ask.actor.id}" if scope in ("home", "friends") else f"feed:{scope}"
    before, limit = ask.before(name), ask.query.limit
    if scope == "home":
        found = await lists.home(ask.actor, before, limit)
    elif scope == "friends":
        found = await friends(ask.actor, before, limit)
    else:
        found = await lists.public(ask.viewer, before, limit, local=scope == "local")
    return await _posts(ask, name, found, "home" if scope in ("home", "friends") else "public")


@api.get("/lists/<list_id>/posts", query=StreamQuery, answer=Posts)
async def read_list_posts(ask: Ask[None, StreamQuery], list_id: str) -> object:
    """What people on a list of yours publish and share, newest first."""
    return await _of_list(ask, list_id)


async def _of_list(ask: Ask[None, StreamQuery], list_id: str) -> object:
    found = await people_lists.owned(ask.actor, list_id)
    name = f"list:{found.id}"
    return await _posts(ask, name, await of_list(found, ask.actor, ask.before(name), ask.query.limit), "lists")


async def _posts(ask: Ask[None, StreamQuery], name: str, found: Sequence[Row], context: str = "") -> object:
    """A page of posts, less what the viewer's filters hide in this context; the cursor is that of the whole page."""
    forms = await present.posts(found[: ask.query.limit], ask.actor_or_none, context)
    return ask.page("posts", name, found, list(forms))


@api.get("/posts", query=StreamQuery, answer=Posts, signed_out=True)
async def read_posts(ask: Ask[None, StreamQuery]) -> object:
    """All public posts known here, newest first."""
    found = await lists.public(ask.viewer, ask.before("posts"), ask.query.limit, local=False)
    return await _posts(ask, "posts", found, "public")


@api.get("/users/<user_id>/posts", query=PartQuery, answer=Posts, signed_out=True)
async def read_user_posts(ask: Ask[None, PartQuery], user_id: str) -> object:
    """What somebody published, newest first; with `replies` what they answered, with `media` what has pictures."""
    author_id = user_id if is_id(user_id) else (await visible_actor(ask.viewer, user_id)).id
    part: lists.Part = "media" if ask.query.media else "replies" if ask.query.replies else "posts"
    name = f"posts:{author_id}:{'pinned' if ask.query.pinned else part}"
    before, limit = ask.before(name), ask.query.limit
    if ask.query.pinned:
        found = await lists.pinned(author_id, ask.viewer, before, limit)
    else:
        found = await lists.of_actor(author_id, ask.viewer, before, limit, part=part)
    if not found:  # whose posts can be seen can be seen
        await visible_actor(ask.viewer, user_id)
    return await _posts(ask, name, found, "profile")


@api.get("/bookmarks", query=StreamQuery, answer=Posts)
async def read_bookmarks(ask: Ask[None, StreamQuery]) -> object:
    """Your bookmarks, latest first."""
    name = f"bookmarks:{ask.actor.id}"
    return await _posts(ask, name, await lists.bookmarks(ask.actor, ask.before(name), ask.query.limit))


@api.get("/likes", query=StreamQuery, answer=Posts)
async def read_liked(ask: Ask[None, StreamQuery]) -> object:
    """What you like, latest like first."""
    name = f"liked:{ask.actor.id}"
    return await _posts(ask, name, await lists.liked(ask.actor, ask.before(name), ask.query.limit))
