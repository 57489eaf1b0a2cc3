"""The JSON API of what ties people: following and what one wants of it, requests, blocks, mutes."""

from __future__ import annotations

from pydantic import Field

from core import actors, followed, people, present
from core.api import Api, Ask
from core.api.forms import Form, StreamQuery, User, stream_of
from core.api.moments import Moment
from core.models import ACCEPTED, Actor, Follow

api = Api("ties", __name__, area="users")
Users = stream_of("users", User)


class FollowState(Form):
    user_id: str
    is_following: bool
    is_requested: bool
    followers_count: int
    show_shares: bool = Field(description="Whether what they share comes into your home feed.")
    show_replies: bool = Field(description="Whether what they answer to others comes into your home feed.")


class FollowBody(Form):
    show_shares: bool | None = None
    show_replies: bool | None = None


class FollowerState(Form):
    user_id: str
    is_followed_by: bool
    followers_count: int = Field(description="How many follow you now.")


class BlockState(Form):
    user_id: str
    is_blocked: bool


class MuteBody(Form):
    expires_at: Moment | None = Field(None, description="Until when; null for good.")


class MuteState(Form):
    user_id: str
    is_muted: bool
    expires_at: str | None


async def list_of(ask: Ask[None, StreamQuery], name: str, found: list[people.Row]) -> object:
    """A page of people, out of one row more than was asked for."""
    return ask.page("users", name, found, list(await present.users(found[: ask.query.limit], ask.actor_or_none)))


# -- Following -----------------------------------------------------------------
async def _follow_state(actor: Actor, target: Actor) -> object:
    follow = await Follow.get_or_none(follower_id=actor.id, target_id=target.id)
    return {
        "userId": target.id,
        "isFollowing": follow is not None and follow.state == ACCEPTED,
        "isRequested": follow is not None and follow.state != ACCEPTED,
        "followersCount": (await Actor.get(id=target.id)).followers_count,
        "showShares": follow is None or follow.shows_shares,
        "showReplies": follow is None or follow.shows_replies,
    }


@api.post("/users/<user_id>/follow", answer=FollowState)
async def follow(ask: Ask[None, None], user_id: str) -> object:
    """Follow somebody, or ask to."""
    target = await people.visible_actor(ask.viewer, user_id)
    await actors.follow(ask.actor, target)
    return await _follow_state(ask.actor, target)


@api.put("/users/<user_id>/follow", body=FollowBody, answer=FollowState)
async def change_follow(ask: Ask[FollowBody, None], user_id: str) -> object:
    """Say whether what somebody shares, and what they answer to others, comes into your home feed."""
    target = await people.visible_actor(ask.viewer, user_id)
    await followed.want(ask.actor, target, shares=ask.body.show_shares, replies=ask.body.show_replies)
    return await _follow_state(ask.actor, target)


@api.delete("/users/<user_id>/follow", answer=FollowState)
async def unfollow(ask: Ask[None, None], user_id: str) -> object:
    """Follow somebody no longer."""
    target = await people.visible_actor(ask.viewer, user_id)
    await actors.unfollow(ask.actor, target)
    return await _follow_state(ask.actor, target)


@api.delete("/users/<user_id>/follower", answer=FollowerState)
async def remove_follower(ask: Ask[None, None], user_id: str) -> object:
    """Have somebody follow you no longer, or turn their request down; they are not told, and may ask again."""
    follower = await people.known_actor(user_id)
    await actors.reject(ask.actor, follower)
    me = await Actor.get(id=ask.actor.id)
    return {"userId": follower.id, "isFollowedBy": False, "followersCount": me.followers_count}


@api.get("/follow-requests", query=StreamQuery, answer=Users)
async def read_requests(ask: Ask[None, StreamQuery]) -> object:
    """Who asked to follow you."""
    name = f"requests:{ask.actor.id}"
    return await list_of(ask, name, await people.requests(ask.actor, ask.before(name), ask.query.limit))


@api.put("/follow-requests/<user_id>/accept", answer=User)
async def accept_request(ask: Ask[None, None], user_id: str) -> object:
    """Let somebody follow you."""
    follower = await people.visible_actor(ask.viewer, user_id)
    await actors.accept(ask.actor, follower)
    return (await present.users([present.row_of(follower)], ask.actor))[0]


@api.put("/follow-requests/<user_id>/reject", answer=User)
async def reject_request(ask: Ask[None, None], user_id: str) -> object:
    """Turn a follow request down."""
    follower = await people.visible_actor(ask.viewer, user_id)
    await actors.reject(ask.actor, follower)
    return (await present.users([present.row_of(follower)], ask.actor))[0]


# -- Blocking and muting -------------------------------------------------------
@api.post("/users/<user_id>/block", answer=BlockState)
async def block(ask: Ask[None, None], user_id: str) -> object:
    """Have nothing to do with somebody: neither of you sees the other any more."""
    target = await people.known_actor(user_id)
    await actors.block(ask.actor, target)
    return {"userId": target.id, "isBlocked": True}


@api.delete("/users/<user_id>/block", answer=BlockState)
async def unblock(ask: Ask[None, None], user_id: str) -> object:
    """Lift a block."""
    target = await people.known_actor(user_id)
    await actors.unblock(ask.actor, target)
    return {"userId": target.id, "isBlocked": False}


@api.post("/users/<user_id>/mute", body=MuteBody, body_optional=True, answer=MuteState)
async def mute(ask: Ask[MuteBody | None, None], user_id: str) -> object:
    """Not see somebody in lists, for good or for a while; they do not notice."""
    target = await people.known_actor(user_id)
    until = ask.body.expires_at if ask.body else None
    await actors.mute(ask.actor, target, until=until)
    return {"userId": target.id, "isMuted": True, "expiresAt": present.stamp(until)}


@api.delete("/users/<user_id>/mute", answer=MuteState)
async def unmute(ask: Ask[None, None], user_id: str) -> object:
    """See somebody in lists again."""
    target = await people.known_actor(user_id)
    await actors.unmute(ask.actor, target)
    return {"userId": target.id, "isMuted": False, "expiresAt": None}


@api.get("/blocks", query=StreamQuery, answer=Users)
async def read_blocks(ask: Ask[None, StreamQuery]) -> object:
    """Whom you block."""
    name = f"blocks:{ask.actor.id}"
    return await list_of(ask, name, await people.blocked(ask.actor, ask.before(name), ask.query.limit))


@api.get("/mutes", query=StreamQuery, answer=Users)
async def read_mutes(ask: Ask[None, StreamQuery]) -> object:
    """Whom you mute."""
    name = f"mutes:{ask.actor.id}"
    return await list_of(ask, name, await people.muted(ask.actor, ask.before(name), ask.query.limit))
