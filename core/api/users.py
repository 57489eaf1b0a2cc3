"""The JSON API of people: profiles, following, blocking, muting."""

from __future__ import annotations

from typing import Any

from core import actors, people, present
from core.accounts import service
from core.accounts.models import Account
from core.accounts.profile import change_profile, change_settings, settings_of
from core.api import Answer, Api, Ask
from core.api.answers import table_of
from core.api.forms import Form, Me, StreamQuery, TableQuery, User, stream_of
from core.api.forms import table_of as table_model
from core.database import transaction
from core.errors import Forbidden, Invalid, NotFound
from core.models import ACCEPTED, Actor, Follow

api = Api("users", __name__)
Users = stream_of("users", User)
UserTable = table_model("users", User)


class FieldBody(Form):
    name: str
    value: str


class ProfileBody(Form):
    full_name: str | None = None
    bio: str | None = None
    fields: list[FieldBody] | None = None
    is_locked: bool | None = None
    is_bot: bool | None = None


class MeBody(ProfileBody):
    settings: dict[str, Any] | None = None


class NewUser(Form):
    username: str
    email: str
    password: str
    full_name: str = ""


class TermQuery(TableQuery):
    term: str = ""


class FollowState(Form):
    user_id: str
    is_following: bool
    is_requested: bool
    followers_count: int


class BlockState(Form):
    user_id: str
    is_blocked: bool


class MuteState(Form):
    user_id: str
    is_muted: bool


async def _form(actor: Actor, ask: Ask[Any, Any]) -> object:
    return (await present.users([present.row_of(actor)], ask.actor_or_none))[0]


async def _me(actor_id: str, account: Account) -> object:
    return present.user(present.row_of(await Actor.get(id=actor_id))) | {
        "email": account.email,
        "emailVerified": account.email_verified_at is not None,
        "settings": settings_of(account),
        "unreadNotifications": 0,
    }


@api.get("/users/me", "/users/profile", answer=Me)
async def read_me(ask: Ask[None, None]) -> object:
    """Yourself."""
    return await _me(ask.actor.id, await Account.get(actor_id=ask.actor.id))


@api.put("/users/me", "/users/profile", body=MeBody, answer=Me)
async def change_me(ask: Ask[MeBody, None]) -> object:
    """Change your profile and settings; what is left out stays."""
    account = await Account.get(actor_id=ask.actor.id)
    errors: dict[str, str] = {}
    async with transaction():  # all of it or nothing, and every wrong field is named
        for change in (
            lambda: change_settings(account, ask.body.settings or {}),
            lambda: _change(ask.actor, ask.body),
        ):
            try:
                await change()
            except Invalid as error:
                errors |= error.errors
        if errors:
            raise Invalid(errors)
    return await _me(ask.actor.id, await Account.get(id=account.id))


async def _change(actor: Actor, body: ProfileBody) -> Actor:
    return await change_profile(
        actor,
        full_name=body.full_name,
        bio=body.bio,
        fields=None if body.fields is None else [field.model_dump() for field in body.fields],
        is_locked=body.is_locked,
        is_bot=body.is_bot,
    )


@api.get("/users", query=TableQuery, answer=UserTable, signed_out=True)
async def read_directory(ask: Ask[None, TableQuery]) -> object:
    """People here who want to be found."""
    return await _directory(ask, "")


@api.get("/users/search", query=TermQuery, answer=UserTable, signed_out=True)
async def search_people(ask: Ask[None, TermQuery]) -> object:
    """People here whose name holds a word."""
    return await _directory(ask, ask.query.term)


@api.post("/users", body=NewUser, answer=User, status=201, role="moderator")
async def make_user(ask: Ask[NewUser, None]) -> Answer:
    """Make an account for somebody."""
    body = ask.body
    _, actor = await service.register(body.username, body.email.strip(), body.password, full_name=body.full_name)
    return Answer(await _form(actor, ask), 201, location=f"/api/v1/users/{actor.id}")


async def _directory(ask: Ask[None, Any], term: str) -> object:
    page, limit = ask.query.page, ask.query.limit
    found, total = await people.directory(ask.viewer, term, page, limit)
    return table_of("users", list(await present.users(found, ask.actor_or_none)), page, limit, total)


@api.get("/users/<user_id>", "/users/<user_id>/profile", answer=User, signed_out=True)
async def read_user(ask: Ask[None, None], user_id: str) -> object:
    """Somebody, by id, name, or name and host."""
    return await _form(await people.visible_actor(ask.viewer, user_id), ask)


@api.put("/users/<user_id>", "/users/<user_id>/profile", body=ProfileBody, answer=User)
async def change_user(ask: Ask[ProfileBody, None], user_id: str) -> object:
    """Change a profile: your own, or as a moderator anybody's here."""
    actor = await people.visible_actor(ask.viewer, user_id)
    if actor.id != ask.actor.id and ask.actor.role not in ("moderator", "admin"):
        raise Forbidden("This is somebody else's profile.")
    if not actor.is_local:
        raise NotFound("There is no such person here.")
    return await _form(await _change(actor, ask.body), ask)


async def _list(ask: Ask[None, StreamQuery], name: str, found: list[people.Row]) -> object:
    return ask.page("users", name, found, list(await present.users(found[: ask.query.limit], ask.actor_or_none)))


@api.get("/users/<user_id>/followers", query=StreamQuery, answer=Users, signed_out=True)
async def read_followers(ask: Ask[None, StreamQuery], user_id: str) -> object:
    """Who follows somebody, latest first."""
    actor = await people.visible_actor(ask.viewer, user_id)
    name = f"followers:{actor.id}"
    return await _list(ask, name, await people.followers(actor, ask.viewer, ask.before(name), ask.query.limit))


@api.get("/users/<user_id>/following", query=StreamQuery, answer=Users, signed_out=True)
async def read_following(ask: Ask[None, StreamQuery], user_id: str) -> object:
    """Whom somebody follows, latest first."""
    actor = await people.visible_actor(ask.viewer, user_id)
    name = f"following:{actor.id}"
    return await _list(ask, name, await people.following(actor, ask.viewer, ask.before(name), ask.query.limit))


@api.get("/users/<user_id>/friends", query=StreamQuery, answer=Users, signed_out=True)
async def read_friends_of(ask: Ask[None, StreamQuery], user_id: str) -> object:
    """Somebody's friends: those who follow and are followed."""
    actor = await people.visible_actor(ask.viewer, user_id)
    name = f"friends:{actor.id}"
    return await _list(ask, name, await people.friends(actor, ask.viewer, ask.before(name), ask.query.limit))


# -- Following -----------------------------------------------------------------
async def _follow_state(actor: Actor, target: Actor) -> object:
    follow = await Follow.get_or_none(follower_id=actor.id, target_id=target.id)
    return {
        "userId": target.id,
        "isFollowing": follow is not None and follow.state == ACCEPTED,
        "isRequested": follow is not None and follow.state != ACCEPTED,
        "followersCount": (await Actor.get(id=target.id)).followers_count,
    }


@api.post("/users/<user_id>/follow", answer=FollowState)
async def follow(ask: Ask[None, None], user_id: str) -> object:
    """Follow somebody, or ask to."""
    target = await people.visible_actor(ask.viewer, user_id)
    await actors.follow(ask.actor, target)
    return await _follow_state(ask.actor, target)


@api.delete("/users/<user_id>/follow", answer=FollowState)
async def unfollow(ask: Ask[None, None], user_id: str) -> object:
    """Follow somebody no longer."""
    target = await people.visible_actor(ask.viewer, user_id)
    await actors.unfollow(ask.actor, target)
    return await _follow_state(ask.actor, target)


@api.get("/follow-requests", query=StreamQuery, answer=Users)
async def read_requests(ask: Ask[None, StreamQuery]) -> object:
    """Who asked to follow you."""
    name = f"requests:{ask.actor.id}"
    return await _list(ask, name, await people.requests(ask.actor, ask.before(name), ask.query.limit))


@api.put("/follow-requests/<user_id>/accept", answer=User)
async def accept_request(ask: Ask[None, None], user_id: str) -> object:
    """Let somebody follow you."""
    follower = await people.visible_actor(ask.viewer, user_id)
    await actors.accept(ask.actor, follower)
    return await _form(follower, ask)


@api.put("/follow-requests/<user_id>/reject", answer=User)
async def reject_request(ask: Ask[None, None], user_id: str) -> object:
    """Turn a follow request down."""
    follower = await people.visible_actor(ask.viewer, user_id)
    await actors.reject(ask.actor, follower)
    return await _form(follower, ask)


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


@api.post("/users/<user_id>/mute", answer=MuteState)
async def mute(ask: Ask[None, None], user_id: str) -> object:
    """Not see somebody in lists; they do not notice."""
    target = await people.known_actor(user_id)
    await actors.mute(ask.actor, target)
    return {"userId": target.id, "isMuted": True}


@api.delete("/users/<user_id>/mute", answer=MuteState)
async def unmute(ask: Ask[None, None], user_id: str) -> object:
    """See somebody in lists again."""
    target = await people.known_actor(user_id)
    await actors.unmute(ask.actor, target)
    return {"userId": target.id, "isMuted": False}


@api.get("/blocks", query=StreamQuery, answer=Users)
async def read_blocks(ask: Ask[None, StreamQuery]) -> object:
    """Whom you block."""
    name = f"blocks:{ask.actor.id}"
    return await _list(ask, name, await people.blocked(ask.actor, ask.before(name), ask.query.limit))


@api.get("/mutes", query=StreamQuery, answer=Users)
async def read_mutes(ask: Ask[None, StreamQuery]) -> object:
    """Whom you mute."""
    name = f"mutes:{ask.actor.id}"
    return await _list(ask, name, await people.muted(ask.actor, ask.before(name), ask.query.limit))
