"""The JSON API of posts: writing, reading, changing; likes, shares and bookmarks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field, field_validator

from core import people, present, reactions
from core.api import Answer, Api, Ask
from core.api.forms import Form, Post, StreamQuery, User, Visibility, stream_of
from core.entries import visible_entry
from core.errors import Invalid
from core.models import Entry
from plugins.posts import lists, service

api = Api("posts", __name__)


class PostBody(Form):
    content: str
    content_warning: str | None = None
    language: str | None = Field(None, max_length=35, pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$")
    sensitive: bool | None = None


class NewPost(PostBody):
    visibility: Visibility | None = None
    in_reply_to: str | None = None
    quote: str | None = None
    local_only: bool = False
    publish_at: datetime | None = None
    file_ids: list[str] = []
    media_id: str | None = None
    group_id: str | None = None
    poll: dict[str, Any] | None = None

    @field_validator("publish_at")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("A time needs its offset, such as Z.")
        try:
            return value.astimezone(UTC) if value else None
        except OverflowError:
            raise ValueError("There is no such time.") from None


class Status(Form):
    content: str
    media_id: str | None = None
    visibility: Visibility | None = None


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


class Deleted(Form):
    post_id: str


class Scheduled(Form):
    post_id: str
    publish_at: str


class RevisionForm(Form):
    content: str
    content_warning: str | None
    created_at: str


class History(Form):
    revisions: list[RevisionForm]


class Thread(Form):
    ancestors: list[Post]
    post: Post
    replies: list[Post] = Field(description="All answers below the post, oldest first; `inReplyTo` makes the tree.")


@api.post("/posts", body=NewPost, answer=Post, status=201, also={202: Scheduled})
async def create_post(ask: Ask[NewPost, None]) -> Answer:
    """Write a post.

    With `publishAt` it is kept until then, and the answer is its id and time.
    """
    body = ask.body
    _refuse_what_is_not_here(body)
    wanted: dict[str, Any] = {
        "content": body.content,
        "visibility": body.visibility,
        "content_warning": body.content_warning or "",
        "language": body.language or "",
        "reply_to_id": body.in_reply_to,
        "quote_id": body.quote,
        "local_only": body.local_only,
        "sensitive": body.sensitive or False,
    }
    if body.publish_at:
        post_id = await service.write_later(ask.actor, body.publish_at, wanted)
        later = {"postId": post_id, "publishAt": present.stamp(body.publish_at)}
        return Answer(later, 202, location=_location(post_id))
    entry = await service.write(ask.actor, **wanted)
    return Answer(await present.post(entry, ask.actor), 201, location=_location(entry.id))


def _refuse_what_is_not_here(body: NewPost) -> None:
    """Files, things, groups and polls belong to plugins; without one, there is nothing their ids could name."""
    named = {"fileIds": body.file_ids, "mediaId": body.media_id, "groupId": body.group_id, "poll": body.poll}
    errors = {field: "There is no such thing here." for field, wanted in named.items() if wanted}
    if errors:
        raise Invalid(errors)


def _location(post_id: str) -> str:
    return f"/api/v1/posts/{post_id}"


@api.post("/status", body=Status, answer=Post, status=201)
async def create_status(ask: Ask[Status, None]) -> Answer:
    """Write a post about a thing."""
    if ask.body.media_id:
        raise Invalid({"mediaId": "There is no such thing here."})
    entry = await service.write(ask.actor, ask.body.content, visibility=ask.body.visibility)
    return Answer(await present.post(entry, ask.actor), 201, location=_location(entry.id))


@api.get("/posts/<post_id>", answer=Post, signed_out=True)
async def read_post(ask: Ask[None, None], post_id: str) -> object:
    """Read a post."""
    return await present.post(await visible_entry(ask.viewer, post_id), ask.actor_or_none)


@api.put("/posts/<post_id>", body=PostBody, answer=Post)
async def change_post(ask: Ask[PostBody, None], post_id: str) -> object:
    """Change a post; what it said before is kept."""
    body = ask.body
    entry = await service.change(
        ask.actor,
        post_id,
        body.content,
        content_warning=body.content_warning,
        language=body.language,
        sensitive=body.sensitive,
    )
    return await present.post(entry, ask.actor)


@api.delete("/posts/<post_id>", answer=Deleted)
async def delete_post(ask: Ask[None, None], post_id: str) -> object:
    """Delete a post."""
    await service.delete(ask.actor, post_id)
    return {"postId": post_id}


@api.get("/posts/<post_id>/history", answer=History, signed_out=True)
async def read_history(ask: Ask[None, None], post_id: str) -> object:
    """What a post said before each edit and says now, oldest first."""
    entry = await visible_entry(ask.viewer, post_id)
    past = [
        {
            "content": row["content"],
            "contentWarning": row["content_warning"] or None,
            "createdAt": present.stamp(row["created_at"]),
        }
        for row in await lists.revisions(entry)
    ]
    current = {
        "content": entry.content,
        "contentWarning": entry.content_warning or None,
        "createdAt": present.stamp(entry.edited_at or entry.published_at),
    }
    return {"revisions": [*past, current]}


@api.get("/posts/<post_id>/thread", answer=Thread, signed_out=True)
async def read_thread(ask: Ask[None, None], post_id: str) -> object:
    """A post with what it answers and all that was answered to it."""
    entry = await visible_entry(ask.viewer, post_id)
    above, below = await lists.ancestors(entry, ask.viewer), await lists.descendants(entry, ask.viewer)
    return {
        "ancestors": await present.posts(above, ask.actor_or_none),
        "post": await present.post(entry, ask.actor_or_none),
        "replies": await present.posts(below, ask.actor_or_none),
    }


@api.get("/posts/<post_id>/likes", query=StreamQuery, answer=stream_of("users", User), signed_out=True)
async def read_likes(ask: Ask[None, StreamQuery], post_id: str) -> object:
    """Who likes a post, latest first."""
    entry = await visible_entry(ask.viewer, post_id)
    name = f"likes:{entry.id}"
    found = await people.likers(entry.id, ask.viewer, ask.before(name), ask.query.limit)
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
