"""The JSON API of comments: answers to entries of every kind, which are entries themselves."""

from __future__ import annotations

from typing import Literal

import orjson
from pydantic import Field

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import Comment, ContentType, Form, StreamQuery, stream_of
from core.entries import visible_entry
from core.errors import Invalid, NotFound
from core.models import Entry
from plugins.posts import conversations, service
from plugins.posts.conversations import Sort

api = Api("comments", __name__, area="feeds")
Comments = stream_of("comments", Comment)


class CommentsQuery(StreamQuery):
    sort: Sort = Field("oldest", description="`top`: most likes first, as they are when the first page is read.")


class NewComment(Form):
    content: str
    content_type: ContentType | None = None
    content_warning: str | None = None


class CommentOn(NewComment):
    target_type: Literal["post", "media", "comment"]
    target_id: str


class DeletedComment(Form):
    comment_id: str


@api.get("/posts/<post_id>/comments", query=CommentsQuery, answer=Comments, signed_out=True)
async def read_comments(ask: Ask[None, CommentsQuery], post_id: str) -> object:
    """The answers to a post or a comment: oldest first, newest first, or those with most likes first.

    One that was deleted keeps its place, empty, while there are answers to it.
    """
    entry, sort = await visible_entry(ask.viewer, post_id), ask.query.sort
    name = f"comments:{sort}:{entry.id}"
    found = await conversations.comments(entry, ask.viewer, sort, ask.before(name), ask.query.limit)
    forms = await present.comments(found[: ask.query.limit], ask.actor_or_none)
    return ask.page("comments", name, found, forms)


async def _comment(ask: Ask[NewComment, None], parent_id: str) -> Answer:
    entry = await service.comment(
        ask.actor,
        parent_id,
        ask.body.content,
        content_warning=ask.body.content_warning or "",
        content_type=ask.body.content_type,
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
