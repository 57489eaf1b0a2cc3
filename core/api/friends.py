"""The JSON API of friendship: a follow that asks for one back."""

from __future__ import annotations

from typing import Literal

from core import actors, people, present
from core.api import Answer, Api, Ask
from core.api.forms import Form, Nothing, StreamQuery, User, stream_of
from core.models import Follow
from core.people import visible_actor

api = Api("friends", __name__)


class FriendTarget(Form):
    target_user_id: str


class FriendUser(Form):
    friend_user_id: str


class RequestBody(Form):
    request_id: str


class RequestState(Form):
    request_id: str
    status: Literal["pending", "accepted"]


class DirectionQuery(StreamQuery):
    direction: Literal["in", "out"] = "in"


class FriendRequest(Form):
    request_id: str
    direction: Literal["in", "out"]
    user: User
    created_at: str


async def _ask_for_friendship(ask: Ask[object, None], target_id: str) -> Answer:
    target = await visible_actor(ask.viewer, target_id)
    follow = await actors.befriend(ask.actor, target)
    are_friends = await actors.is_following(ask.actor.id, target.id) and await actors.is_following(
        target.id, ask.actor.id
    )
    state = {"requestId": follow.id, "status": "accepted" if are_friends else "pending"}
    return Answer(state, 201, location=f"/api/v1/users/{target.id}")


@api.post("/friends/request", body=FriendTarget, answer=RequestState, status=201)
async def request_friendship(ask: Ask[FriendTarget, None]) -> Answer:
    """Ask somebody to be your friend: a follow that asks for one back."""
    return await _ask_for_friendship(ask, ask.body.target_user_id)


@api.post("/friends/add", body=FriendUser, answer=RequestState, status=201)
async def add_friend(ask: Ask[FriendUser, None]) -> Answer:
    """Ask somebody to be your friend."""
    return await _ask_for_friendship(ask, ask.body.friend_user_id)


@api.put("/friends/accept", body=RequestBody, answer=User)
async def accept_friendship(ask: Ask[RequestBody, None]) -> object:
    """Say yes to a friend request."""
    friend = await actors.accept_friend(ask.actor, ask.body.request_id)
    return (await present.users([present.row_of(friend)], ask.actor))[0]


@api.put("/friends/reject", body=RequestBody, answer=User)
async def reject_friendship(ask: Ask[RequestBody, None]) -> object:
    """Say no to a friend request."""
    friend = await actors.reject_friend(ask.actor, ask.body.request_id)
    return (await present.users([present.row_of(friend)], ask.actor))[0]


@api.get("/friends", query=StreamQuery, answer=stream_of("users", User))
async def read_friends(ask: Ask[None, StreamQuery]) -> object:
    """Your friends, latest first."""
    name = f"friends:{ask.actor.id}"
    found = await people.friends(ask.actor, ask.viewer, ask.before(name), ask.query.limit)
    return ask.page("users", name, found, list(await present.users(found, ask.actor)))


@api.get("/friends/requests", query=DirectionQuery, answer=stream_of("requests", FriendRequest))
async def read_friend_requests(ask: Ask[None, DirectionQuery]) -> object:
    """Open friend requests: those made to you (`in`) or by you (`out`)."""
    direction = ask.query.direction
    name = f"friend-requests:{direction}:{ask.actor.id}"
    found = await people.friend_requests(ask.actor, direction, ask.before(name), ask.query.limit)
    forms = await present.users(found, ask.actor)
    times = {str(f.id): f.created_at for f in await Follow.filter(id__in=[row["position"] for row in found])}
    requests = [
        {
            "requestId": row["position"],
            "direction": direction,
            "user": form,
            "createdAt": present.stamp(times[row["position"]]),
        }
        for row, form in zip(found, forms, strict=True)
    ]
    return ask.page("requests", name, found, list(requests))


async def _end(ask: Ask[object, None], user_id: str) -> object:
    await actors.end_friendship(ask.actor, await visible_actor(ask.viewer, user_id))
    return {}


@api.delete("/friends/<user_id>", answer=Nothing)
async def end_friendship(ask: Ask[None, None], user_id: str) -> object:
    """Be friends no longer; they may go on following you."""
    return await _end(ask, user_id)


@api.post("/friends/remove", body=FriendUser, answer=Nothing)
async def remove_friend(ask: Ask[FriendUser, None]) -> object:
    """Be friends no longer."""
    return await _end(ask, ask.body.friend_user_id)
