"""The JSON API of posts: writing, reading, changing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from core import followed, present
from core.api import Answer, Api, Ask
from core.api.answers import page_of
from core.api.forms import (
    ContentType,
    Form,
    Policy,
    Post,
    StreamPagination,
    Visibility,
)
from core.api.moments import Moment
from core.entries import visible_entry
from core.errors import Invalid
from core.instance import here
from core.revisions import shown_files
from plugins.posts import conversations, lists, service
from plugins.posts.asking import WantedPoll

api = Api("posts", __name__)


class NewPoll(Form):
    """What to ask; it ends at `expiresAt`, or `expiresIn` seconds after the post appears, or else after a day."""

    options: list[str]
    multiple: bool = Field(False, description="Whether several options can be chosen.")
    expires_at: Moment | None = None
    expires_in: int | None = Field(None, ge=1, le=31_536_000)

    def wanted(self) -> WantedPoll:
        """The poll as the service takes it."""
        ends_at = self.expires_at.isoformat() if self.expires_at else None
        kept: WantedPoll = {"options": self.options, "multiple": self.multiple}
        return {**kept, "expires_at": ends_at, "expires_in": self.expires_in}


class PostBody(Form):
    content: str
    content_type: ContentType | None = Field(
        None, description="As what it was typed; unless you say so as in `settings.contentType`, in changes as it was."
    )
    content_warning: str | None = None
    language: str | None = Field(None, max_length=35, pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*$")
    sensitive: bool | None = None
    reply_policy: Policy | None = Field(None, description="Who may answer it; at first everybody who sees it.")
    quote_policy: Policy | None = Field(None, description="Who may quote it, where everybody may see it.")
    poll: NewPoll | None = None
    file_ids: list[str] | None = Field(None, description="Of POST /files, in the order in which they are shown.")


class NewPost(PostBody):
    visibility: Visibility | None = None
    circle_id: str | None = Field(None, description="One of your circles; `visibility` then is `circle`.")
    in_reply_to: str | None = None
    quote: str | None = None
    local_only: bool = False
    publish_at: Moment | None = None
    media_id: str | None = None
    group_id: str | None = None


class ChangedPost(PostBody):
    show_camera: bool | None = Field(
        None,
        description="Of pictures that are shared as such: false forgets for good with what they were taken, true tells"
        " it of those that come to it now.",
    )


class Status(Form):
    content: str
    media_id: str | None = None
    visibility: Visibility | None = None


class Deleted(Form):
    post_id: str


class Scheduled(Form):
    post_id: str
    publish_at: str


class RevisionFile(Form):
    """A file it showed then, in words: it may be gone."""

    type: str
    alt: str | None


class RevisionForm(Form):
    content: str
    content_warning: str | None
    attachments: list[RevisionFile]
    created_at: str


class History(Form):
    revisions: list[RevisionForm]


class ThreadQuery(Form):
    cursor: str | None = Field(None, description="The `nextCursor` of the page before.")


class Thread(Form):
    is_thread_muted: bool = Field(description="Whether you hear no more of this conversation.")
    ancestors: list[Post]
    post: Post
    replies: list[Post] = Field(description="All answers below the post, oldest first; `inReplyTo` makes the tree.")
    pagination: StreamPagination
    is_looking: bool = Field(description="Whether other servers are being asked for more; `post:ID` tells what comes.")


@api.post("/posts", body=NewPost, answer=Post, status=201, also={202: Scheduled})
async def create_post(ask: Ask[NewPost, None]) -> Answer:
    """Write a post.

    With `publishAt` it is kept until then, and the answer is its id and time.
    """
    body = ask.body
    refuse_what_is_not_here(body)
    wanted = wanted_of(body)
    if body.publish_at:
        post_id = await service.write_later(ask.actor, body.publish_at, wanted)
        later = {"postId": post_id, "publishAt": present.stamp(body.publish_at)}
        return Answer(later, 202, location=_location(post_id))
    entry = await service.write(ask.actor, **wanted)
    return Answer(await present.post(entry, ask.actor), 201, location=_location(entry.id))


def wanted_of(body: NewPost) -> dict[str, Any]:
    """What the service is to write."""
    return {
        "content": body.content,
        "content_type": body.content_type,
        "visibility": body.visibility,
        "circle_id": body.circle_id,
        "content_warning": body.content_warning or "",
        "language": body.language or "",
        "reply_to_id": body.in_reply_to,
        "quote_id": body.quote,
        "local_only": body.local_only,
        "sensitive": body.sensitive or False,
        "reply_policy": body.reply_policy,
        "quote_policy": body.quote_policy,
        "poll": body.poll.wanted() if body.poll else None,
        "file_ids": body.file_ids or [],
    }


def refuse_what_is_not_here(body: NewPost) -> None:
    """Things and groups belong to plugins; without one, there is nothing their ids could name."""
    named = {"mediaId": body.media_id, "groupId": body.group_id}
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


@api.put("/posts/<post_id>", body=ChangedPost, answer=Post)
async def change_post(ask: Ask[ChangedPost, None], post_id: str) -> object:
    """Change a post; what it said before is kept.

    Without `poll` it asks what it asked, with one that has no options nothing; other options begin without votes.
    """
    body = ask.body
    entry = await service.change(
        ask.actor,
        post_id,
        body.content,
        content_type=body.content_type,
        content_warning=body.content_warning,
        language=body.language,
        sensitive=body.sensitive,
        reply_policy=body.reply_policy,
        quote_policy=body.quote_policy,
        poll=body.poll.wanted() if body.poll else None,
        file_ids=body.file_ids,
        show_camera=body.show_camera,
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
            "attachments": _in_words(row["files"]),
            "createdAt": present.stamp(row["created_at"]),
        }
        for row in await lists.revisions(entry)
    ]
    current = {
        "content": entry.content,
        "contentWarning": entry.content_warning or None,
        "attachments": _in_words(await shown_files(entry)),
        "createdAt": present.stamp(entry.edited_at or entry.published_at),
    }
    return {"revisions": [*past, current]}


def _in_words(files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": file["type"], "alt": file["alt"] or None} for file in files]


@api.get("/posts/<post_id>/thread", query=ThreadQuery, answer=Thread, signed_out=True)
async def read_thread(ask: Ask[None, ThreadQuery], post_id: str) -> object:
    """A post with what it answers and all that was answered to it, five hundred answers at a time."""
    entry, name = await visible_entry(ask.viewer, post_id), f"thread:{post_id}"
    above = [row for row in await conversations.line(entry, ask.viewer) if row["id"] != entry.id]
    below = await conversations.descendants(entry, ask.viewer, ask.before(name))
    most = conversations.THREAD_AT_MOST
    forms = await present.posts(below[:most], ask.actor_or_none, "thread")
    return {
        "isThreadMuted": ask.identity is not None and await followed.mutes_thread(ask.actor.id, entry),
        "ancestors": await present.posts(above, ask.actor_or_none, "thread"),
        "post": await present.post(entry, ask.actor_or_none),
        **page_of("replies", list(forms), here().cursors.following(name, below, most)),
        "isLooking": ask.identity is not None and bool(await here().hooks.look_for_replies(entry=entry)),
    }
