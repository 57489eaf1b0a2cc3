"""The JSON API of moving between accounts: which others are one's own, and leaving for one."""

from __future__ import annotations

from pydantic import Field

from core import moving, people, present
from core.accounts import fresh
from core.accounts.audit import record
from core.api import Answer, Api, Ask
from core.api.answers import page_of
from core.api.forms import Form, StreamPagination, User
from core.database import transaction
from core.errors import Invalid, NotFound
from core.instance import here
from core.looking_up import look_up
from core.models import Actor

api = Api("moving", __name__)


class Aliases(Form):
    users: list[User]
    pagination: StreamPagination


class AliasBody(Form):
    address: str = Field(max_length=300, description="`@name@host`")


class MoveBody(Form):
    """Where to, and a proof of who you are; a session that proved itself within ten minutes need not."""

    address: str = Field(max_length=300, description="`@name@host`; that account lists this one among its own.")
    password: str = Field("", max_length=1000)
    otp: str = Field("", max_length=100)


async def account_at(actor: Actor, address: str) -> Actor:
    """The account behind an address, as its own server describes it now. Raises Invalid, RateLimited."""
    address = f"@{address.strip().removeprefix('@')}"
    _name, _, host = address[1:].partition("@")
    if not host or host.lower() == here().domain.lower():
        found = await people.find(address)
    else:
        looked_up = await look_up(actor.id, address, fresh=True)
        found = looked_up if isinstance(looked_up, Actor) else None
    if found is None or not found.is_here:
        raise Invalid({"address": "There is no such account, or its server does not answer."})
    return found


async def _aliases(actor: Actor) -> object:
    listed = [present.row_of(one) for one in await moving.aliases(actor)]
    return page_of("users", list(await present.users(listed, actor)), None)


@api.get("/users/me/aliases", answer=Aliases, apps=False)
async def read_aliases(ask: Ask[None, None]) -> object:
    """Accounts you have said are yours: they can move here."""
    return await _aliases(ask.actor)


@api.post("/users/me/aliases", body=AliasBody, answer=Aliases, status=201, apps=False)
async def add_alias(ask: Ask[AliasBody, None]) -> Answer:
    """Say that another account is yours, so that it can move here."""
    actor = await moving.add_alias(ask.actor, await account_at(ask.actor, ask.body.address))
    return Answer(await _aliases(actor), 201, location="/api/v1/users/me/aliases")


@api.delete("/users/me/aliases/<user_id>", answer=Aliases, apps=False)
async def remove_alias(ask: Ask[None, None], user_id: str) -> object:
    """Say no longer that another account is yours."""
    other = await people.find(user_id)
    if other is None:
        raise NotFound("There is no such account.")
    return await _aliases(await moving.remove_alias(ask.actor, other))


@api.post("/users/me/move", body=MoveBody, answer=User, apps=False)
async def move(ask: Ask[MoveBody, None]) -> object:
    """Move to another account of yours: your followers go along, what you wrote stays, and you write there."""
    assert ask.identity is not None
    body = ask.body
    await fresh.require(
        ask.identity, password=body.password, otp=body.otp, address=ask.address, user_agent=ask.user_agent
    )
    target = await account_at(ask.actor, body.address)
    async with transaction():
        actor = await moving.leave_for(ask.actor, target)
        await record("account_moved", account_id=actor.id, address=ask.address, user_agent=ask.user_agent)
    return (await present.users([present.row_of(actor)], actor))[0]


@api.delete("/users/me/move", answer=User, apps=False)
async def come_back(ask: Ask[None, None]) -> object:
    """Use this account again; who went along stays where they are."""
    async with transaction():
        actor = await moving.come_back(ask.actor)
        await record("move_taken_back", account_id=actor.id, address=ask.address, user_agent=ask.user_agent)
    return (await present.users([present.row_of(actor)], actor))[0]
