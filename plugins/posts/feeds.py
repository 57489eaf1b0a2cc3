"""The JSON API of feeds, comments and bookmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import orjson

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import Comment, Form, Post, StreamQuery, stream_of
from core.database import is_id
from core.entries import visible_entry
from core.errors import Invalid, NotFound, Unauthenticated
from core.models import Entry
from core.people import visible_actor
from core.present import Row
from plugins.posts import lists, service

api = Api("feeds", __name__)
Posts = stream_of("posts", Post)
Comments = stream_of("comments", Comment)


class FeedQuery(StreamQuery):
    scope: Literal["home", "friends", "local", "global"] | None = None


class RepliesQuery(StreamQuery):
    replies: bool = False


class NewComment(Form):
    content: str
    content_warning: str | None = None


class CommentOn(NewComment):
    target_type: Literal["post", "media", "comment"]
    target_id: str


class DeletedComment(Form):
    comment_id: str


@api.get("/feed", "/posts/feed", query=FeedQuery, answer=Posts, signed_out=True)
async def read_feed(ask: Ask[None, FeedQuery]) -> object:
    """A feed, newest first: `home` (your own and those you follow), `friends`, `local`, `global`.

    Signed out there are `local` and `global`.
    """
    scope = ask.query.scope or ("home" if ask.identity else "global")
    if scope in ("home", "friends") and not ask.identity:
        raise Unauthenticated()
    name = f"feed:{scope}:{ask.actor.id}" if scope in ("home", "friends") else f"feed:{scope}"
    before, limit = ask.before(name), ask.query.limit
    if scope == "home":
        found = await lists.home(ask.actor, before, limit)
    elif scope == "friends":
        found = await lists.friends(ask.actor, before, limit)
    else:
        found = await lists.public(ask.viewer, before, limit, local=scope == "local")
    return await _posts(ask, name, found)


async def _posts(ask: Ask[None, StreamQuery], name: str, found: Sequence[Row]) -> object:
    forms = await present.posts(found[: ask.query.limit], ask.actor_or_none)
    return ask.page("posts", name, found, list(forms))


@api.get("/posts", query=StreamQuery, answer=Posts, signed_out=True)
async def read_posts(ask: Ask[None, StreamQuery]) -> object:
    """All public posts known here, newest first."""
    found = await lists.public(ask.viewer, ask.before("posts"), ask.query.limit, local=False)
    return await _posts(ask, "posts", found)


@api.get("/users/<user_id>/posts", query=RepliesQuery, answer=Posts, signed_out=True)
async def read_user_posts(ask: Ask[None, RepliesQuery], user_id: str) -> object:
    """What somebody published, newest first; with `replies` what they answered."""
    author_id = user_id if is_id(user_id) else (await visible_actor(ask.viewer, user_id)).id
    name = f"posts:{author_id}:{ask.query.replies}"
    found = await lists.of_actor(author_id, ask.viewer, ask.before(name), ask.query.limit, replies=ask.query.replies)
    if not found:  # whose posts can be seen can be seen
        await visible_actor(ask.viewer, user_id)
    return await _posts(ask, name, found)


@api.get("/bookmarks", query=StreamQuery, answer=Posts)
async def read_bookmarks(ask: Ask[None, StreamQuery]) -> object:
    """Your bookmarks, latest first."""
    name = f"bookmarks:{ask.actor.id}"
    return await _posts(ask, name, await lists.bookmarks(ask.actor, ask.before(name), ask.query.limit))


# -- Comments ------------------------------------------------------------------
@api.get("/posts/<post_id>/comments", query=StreamQuery, answer=Comments, signed_out=True)
async def read_comments(ask: Ask[None, StreamQuery], post_id: str) -> object:
    """The answers to a post or a comment, oldest first."""
    entry = await visible_entry(ask.viewer, post_id)
    name = f"comments:{entry.id}"
    found = await lists.comments(entry, ask.viewer, ask.before(name), ask.query.limit)
    forms = present.unpacked(await present.posts(found[: ask.query.limit], ask.actor_or_none))
    return ask.page("comments", name, found, [present.comment(form) for form in forms])


async def _comment(ask: Ask[NewComment, None], parent_id: str) -> Answer:
    entry = await service.comment(
        ask.actor, parent_id, ask.body.content, content_warning=ask.body.content_warning or ""
    )
    return Answer(await _form(ask, entry), 201, location=f"/api/v1/posts/{entry.id}")


async def _form(ask: Ask[NewComment, None], entry: Entry) -> object:
    return present.comment(orjson.loads(await present.post(entry, ask.actor)))


@api.post("/posts/<post_id>/comments", body=NewComment, answer=Comment, status=201)
async def create_comment(ask: Ask[NewComment, None], post_id: str) -> Answer:
    """Comment on a post."""
    return await _comment(ask, post_id)


@api.post("/comments/<comment_id>/reply", body=NewComment, answer=Comment, status=201)
async def reply_to_comment(ask: Ask[NewComment, None], comment_id: str) -> Answer:
    """Answer a comment."""
    return await _comment(ask, comment_id)


@api.post("/comments", body=CommentOn, answer=Comment, status=201)
async def comment_on(ask: Ask[CommentOn, None]) -> Answer:
    """Comment on a thing of a named type."""
    if ask.body.target_type == "media":
        raise Invalid({"targetType": "There are no things to comment on here."})
    return await _comment(ask, ask.body.target_id)


async def _must_be_a_comment(ask: Ask[object, None], entry_id: str) -> None:
    if not (await visible_entry(ask.viewer, entry_id)).reply_to_uri:
        raise NotFound("There is no such comment.")


@api.put("/comments/<comment_id>", body=NewComment, answer=Comment)
async def change_comment(ask: Ask[NewComment, None], comment_id: str) -> object:
    """Change a comment; what it said before is kept."""
    body = ask.body
    await _must_be_a_comment(ask, comment_id)
    return await _form(
        ask, await service.change(ask.actor, comment_id, body.content, content_warning=body.content_warning)
    )


@api.delete("/comments/<comment_id>", answer=DeletedComment)
async def delete_comment(ask: Ask[None, None], comment_id: str) -> object:
    """Delete a comment."""
    await _must_be_a_comment(ask, comment_id)
    await service.delete(ask.actor, comment_id)
    return {"commentId": comment_id}
