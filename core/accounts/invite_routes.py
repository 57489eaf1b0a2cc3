"""The JSON API of invites."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core import present
from core.accounts import invites
from core.accounts.invite_forms import form_of
from core.api import Answer, Api, Ask
from core.api.forms import Form, Nothing, StreamPagination, StreamQuery, UserShort, stream_of

api = Api("invites", __name__)


class NewInvite(Form):
    note: str = Field("", description="What it is for; only you, and those who look after invites, see it.")
    uses: int | None = Field(1, description="How many people may join by it; null: any number.")
    days: int | None = Field(7, description="For how many days it is good; null: without end.")


class InviteForm(Form):
    """A link by which somebody may join; `joined` are the names of those who did."""

    invite_id: str
    code: str
    url: str
    note: str
    uses: int
    uses_at_most: int | None
    state: Literal["open", "used", "expired", "revoked"]
    joined: list[str]
    made_by: str | None
    created_at: str
    expires_at: str | None


class OwnInvites(Form):
    invites: list[InviteForm]
    pagination: StreamPagination
    may_invite: bool
    invited_by: UserShort | None


@api.get("/invites", query=StreamQuery, answer=OwnInvites)
async def read_invites(ask: Ask[None, StreamQuery]) -> object:
    """Your invites, newest first, whether you may make more, and who invited you."""
    name = f"invites:{ask.actor.id}"
    found = await invites.made_by(ask.actor, ask.before(name), ask.query.limit)
    inviter = await invites.inviter_of(ask.actor)
    return ask.page("invites", name, found, [form_of(invite) for invite in found]) | {
        "mayInvite": invites.may_invite(ask.actor),
        "invitedBy": present.user_short(present.row_of(inviter)) if inviter else None,
    }


@api.post("/invites", "/admin/invites", body=NewInvite, answer=InviteForm, status=201, secret=True)
async def make_invite(ask: Ask[NewInvite, None]) -> Answer:
    """Make an invite."""
    body = ask.body
    return Answer(form_of(await invites.make(ask.actor, note=body.note, uses=body.uses, days=body.days)), 201)


@api.delete("/invites/<invite_id>", "/admin/invites/<invite_id>", answer=Nothing)
async def revoke_invite(ask: Ask[None, None], invite_id: str) -> object:
    """Make an invite good for nothing: one of yours, or anybody's if you look after invites."""
    await invites.revoke(ask.actor, invite_id)
    return {}


@api.get("/admin/invites", query=StreamQuery, answer=stream_of("invites", InviteForm), permission="invites.manage")
async def read_all_invites(ask: Ask[None, StreamQuery]) -> object:
    """Everybody's invites, newest first, with who made them and who joined by them."""
    name = "all-invites"
    found = await invites.everybodys(ask.before(name), ask.query.limit)
    return ask.page("invites", name, found, [form_of(invite) for invite in found])
