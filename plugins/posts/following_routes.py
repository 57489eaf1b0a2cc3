"""The JSON API of what somebody follows besides people, and how far they have read."""

from __future__ import annotations

from core import followed, markers, present
from core.api import Api, Ask
from core.api.forms import Form, StreamQuery, stream_of
from core.entries import visible_entry

api = Api("following", __name__, area="feeds")


class TagState(Form):
    tag: str
    is_following: bool


class FollowedTag(Form):
    tag: str
    created_at: str


class ThreadState(Form):
    post_id: str
    is_thread_muted: bool


class Mark(Form):
    last_read_id: str
    updated_at: str


class Markers(Form):
    home: Mark | None


class ReadTo(Form):
    last_read_id: str


class MarkersBody(Form):
    home: ReadTo


# -- Hashtags ------------------------------------------------------------------
@api.post("/tags/<tag>/follow", answer=TagState)
async def follow_tag(ask: Ask[None, None], tag: str) -> object:
    """Have public posts with a hashtag come into your home feed."""
    made = await followed.follow_tag(ask.actor, tag)
    return {"tag": made.name, "isFollowing": True}


@api.delete("/tags/<tag>/follow", answer=TagState)
async def unfollow_tag(ask: Ask[None, None], tag: str) -> object:
    """Have a hashtag bring nothing into your home feed any more; what it brought goes."""
    await followed.unfollow_tag(ask.actor, tag)
    return {"tag": tag.lstrip("#＃"), "isFollowing": False}


@api.get("/followed-tags", query=StreamQuery, answer=stream_of("tags", FollowedTag))
async def read_followed_tags(ask: Ask[None, StreamQuery]) -> object:
    """The hashtags you follow, latest first."""
    name = f"followed-tags:{ask.actor.id}"
    found = await followed.tags(ask.actor, ask.before(name), ask.query.limit)
    tags = [{"tag": row["name"], "createdAt": present.stamp(row["created_at"])} for row in found]
    return ask.page("tags", name, found, tags)


# -- Conversations -------------------------------------------------------------
@api.post("/posts/<post_id>/mute-thread", answer=ThreadState)
async def mute_thread(ask: Ask[None, None], post_id: str) -> object:
    """Hear no more of the conversation a post belongs to: its answers do not come into your home feed."""
    entry = await visible_entry(ask.viewer, post_id)
    await followed.mute_thread(ask.actor, entry)
    return {"postId": entry.id, "isThreadMuted": True}


@api.delete("/posts/<post_id>/mute-thread", answer=ThreadState)
async def unmute_thread(ask: Ask[None, None], post_id: str) -> object:
    """Hear of a conversation again."""
    entry = await visible_entry(ask.viewer, post_id)
    await followed.unmute_thread(ask.actor, entry)
    return {"postId": entry.id, "isThreadMuted": False}


# -- How far one has read ------------------------------------------------------
async def _markers(ask: Ask[object, None]) -> object:
    marks = await markers.read(ask.actor)
    form = None
    if mark := marks.get(markers.HOME):
        form = {"lastReadId": mark.entry_id, "updatedAt": present.stamp(mark.updated_at)}
    return {"home": form}


@api.get("/markers", answer=Markers)
async def read_markers(ask: Ask[None, None]) -> object:
    """How far you have read your home feed, on whichever device: the latest post you have seen."""
    return await _markers(ask)


@api.put("/markers", body=MarkersBody, answer=Markers)
async def move_markers(ask: Ask[MarkersBody, None]) -> object:
    """Note the latest post you have seen in your home feed; a mark never moves back."""
    await markers.read_home_to(ask.actor, ask.body.home.last_read_id)
    return await _markers(ask)
