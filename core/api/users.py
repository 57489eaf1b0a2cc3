"""The JSON API of people: profiles, following, blocking, muting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import Field

from core import people, present
from core.accounts import administration, changing_email, changing_name, farewell, making
from core.accounts.audit import Doer
from core.accounts.models import Account
from core.accounts.privacy import require_network
from core.accounts.profile import SETTINGS, change_profile, change_settings
from core.api import Answer, Api, Ask
from core.api.answers import table_of
from core.api.forms import Form, Me, Nothing, StreamQuery, TableQuery, User
from core.api.forms import table_of as table_model
from core.api.ties import Users, list_of
from core.database import from_json, now, row, transaction
from core.errors import InsufficientScope, Invalid
from core.models import Actor

api = Api("users", __name__)
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
    username: str | None = Field(None, max_length=100, description="Once in 30 days.")
    email: str | None = Field(None, max_length=320, description="Both addresses are asked by mail before it is yours.")
    password: str | None = Field(None, max_length=1000, description="Yours; needed for another e-mail address.")


class LeavingBody(Form):
    """The password, or a code of the second factor where there is one; then the password may be empty."""

    password: str
    otp: str = ""


class LeavingState(Form):
    leaves_at: str = Field(description="When it is done. Until then POST /auth/stay takes it back.")


class NewUser(Form):
    username: str
    email: str
    password: str | None = None
    full_name: str = ""


class TermQuery(TableQuery):
    term: str = ""


async def _form(actor: Actor, ask: Ask[Any, Any]) -> object:
    return (await present.users([present.row_of(actor)], ask.actor_or_none))[0]


_ME = (  # apps ask this whenever they are opened: one query, and no object for each row
    "SELECT a.*, c.email, c.email_verified_at, c.settings AS account_settings, m.email AS pending_email"
    " FROM core_actor a JOIN core_account c ON c.actor_id = a.id"
    " LEFT JOIN core_email_change m ON m.account_id = c.id AND m.expires_at > $2 WHERE a.id = $1"
)


async def me_form(actor_id: str) -> present.Form:
    """Somebody as they are told of themselves."""
    found = await row(_ME, actor_id, now())
    assert found is not None
    return present.user(found, own=True) | {
        "email": found["email"],
        "emailVerified": found["email_verified_at"] is not None,
        "pendingEmail": found["pending_email"],
        "settings": {**SETTINGS, **(from_json(found["account_settings"]) or {})},
        "unreadNotifications": 0,
    }


@api.get("/users/me", "/users/profile", answer=Me)
async def read_me(ask: Ask[None, None]) -> object:
    """Yourself."""
    return await me_form(ask.actor.id)


@api.put("/users/me", "/users/profile", body=MeBody, answer=Me)
async def change_me(ask: Ask[MeBody, None]) -> object:
    """Change your profile and settings; what is left out stays."""
    account = await Account.get(actor_id=ask.actor.id)
    errors: dict[str, str] = {}
    email = None if ask.body.email is None else ask.body.email.strip()
    email = None if email is not None and changing_email.is_same(account, email) else email
    if (email is not None or ask.body.username is not None) and ask.identity and ask.identity.scopes is not None:
        raise InsufficientScope("Apps may not do this, only you yourself.")
    if email is not None:
        errors |= await _faults_of(lambda: changing_email.check(account, str(email), ask.body.password or ""))
    async with transaction():  # all of it or nothing, and every wrong field is named
        for change in (
            lambda: change_settings(account, ask.body.settings or {}),
            lambda: _change(ask.actor, ask.body),
            lambda: _rename(account, ask),
        ):
            errors |= await _faults_of(change)
        if errors:
            raise Invalid(errors)
        if email is not None:
            await changing_email.ask_both(account, email)
    return await me_form(ask.actor.id)


async def _faults_of(change: Callable[[], Awaitable[object]]) -> Mapping[str, str]:
    try:
        await change()
    except Invalid as error:
        return error.errors
    return {}


async def _rename(account: Account, ask: Ask[MeBody, None]) -> None:
    if ask.body.username is not None:
        await changing_name.rename(account, ask.body.username, address=ask.address, user_agent=ask.user_agent)


@api.delete("/users/me", body=LeavingBody, answer=LeavingState, status=202)
async def leave(ask: Ask[LeavingBody, None]) -> object:
    """Have your account deleted: out of everybody's sight at once, and for good in a week."""
    assert ask.identity is not None
    leaves_at = await farewell.leave(
        ask.identity, password=ask.body.password, otp=ask.body.otp, address=ask.address, user_agent=ask.user_agent
    )
    return {"leavesAt": present.stamp(leaves_at)}


async def _change(actor: Actor, body: ProfileBody, by: Doer | None = None) -> Actor:
    return await change_profile(
        actor,
        full_name=body.full_name,
        bio=body.bio,
        fields=None if body.fields is None else [field.model_dump() for field in body.fields],
        is_locked=body.is_locked,
        is_bot=body.is_bot,
        by=by,
    )


@api.get("/users", query=TableQuery, answer=UserTable, signed_out=True)
async def read_directory(ask: Ask[None, TableQuery]) -> object:
    """People here who want to be found."""
    return await _directory(ask, "")


@api.get("/users/search", query=TermQuery, answer=UserTable, signed_out=True)
async def search_people(ask: Ask[None, TermQuery]) -> object:
    """People here whose name holds a word."""
    return await _directory(ask, ask.query.term)


@api.post("/users", body=NewUser, answer=User, status=201, permission="accounts.create")
async def make_user(ask: Ask[NewUser, None]) -> Answer:
    """Make an account for somebody; without a `password` they are mailed a link to choose one."""
    body = ask.body
    _, actor = await making.make(
        body.username, body.email.strip(), body.password, full_name=body.full_name, by=ask.doer
    )
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
    return await _form(await _change(actor, ask.body, ask.doer), ask)


@api.delete("/users/<user_id>", answer=Nothing, permission="accounts.delete")
async def delete_user(ask: Ask[None, None], user_id: str) -> object:
    """Delete somebody's account with everything they wrote, for good, here and on other servers."""
    await administration.remove(await people.known_actor(user_id), by=ask.doer)
    return {}


@api.get("/users/<user_id>/followers", query=StreamQuery, answer=Users, signed_out=True)
async def read_followers(ask: Ask[None, StreamQuery], user_id: str) -> object:
    """Who follows somebody, latest first."""
    actor = await people.visible_actor(ask.viewer, user_id)
    await require_network(actor, ask.viewer)
    name = f"followers:{actor.id}"
    return await list_of(ask, name, await people.followers(actor, ask.viewer, ask.before(name), ask.query.limit))


@api.get("/users/<user_id>/following", query=StreamQuery, answer=Users, signed_out=True)
async def read_following(ask: Ask[None, StreamQuery], user_id: str) -> object:
    """Whom somebody follows, latest first."""
    actor = await people.visible_actor(ask.viewer, user_id)
    await require_network(actor, ask.viewer)
    name = f"following:{actor.id}"
    return await list_of(ask, name, await people.following(actor, ask.viewer, ask.before(name), ask.query.limit))


@api.get("/users/<user_id>/friends", query=StreamQuery, answer=Users, signed_out=True)
async def read_friends_of(ask: Ask[None, StreamQuery], user_id: str) -> object:
    """Somebody's friends: those who follow and are followed."""
    actor = await people.visible_actor(ask.viewer, user_id)
    await require_network(actor, ask.viewer)
    name = f"friends:{actor.id}"
    return await list_of(ask, name, await people.friends(actor, ask.viewer, ask.before(name), ask.query.limit))
