"""The JSON API of what those in charge do with an account: its role, suspending it, what it signs in with."""

from __future__ import annotations

from core.accounts import administration, listing
from core.accounts.admin_routes import AdminUser
from core.api import Api, Ask
from core.api.forms import Form
from core.models import Actor

api = Api("admin_acts", __name__)


class RoleBody(Form):
    role: str


async def _account(user_id: str) -> Actor:
    return await Actor.get(id=await listing.account_id(user_id))


@api.put("/admin/users/<user_id>/role", body=RoleBody, answer=AdminUser, permission="roles.set")
async def set_role(ask: Ask[RoleBody, None], user_id: str) -> object:
    """Make somebody a `user`, `moderator` or `admin`; nobody takes a role away from those of their own rank."""
    actor = await _account(user_id)
    await administration.set_role(actor, ask.body.role, by=ask.doer)
    return await listing.account_form(actor.id)


@api.post("/admin/users/<user_id>/suspend", answer=AdminUser, permission="accounts.suspend")
async def suspend(ask: Ask[None, None], user_id: str) -> object:
    """Make somebody vanish with all they wrote, and sign them out, until they are let in again."""
    actor = await _account(user_id)
    await administration.suspend(actor, by=ask.doer)
    return await listing.account_form(actor.id)


@api.post("/admin/users/<user_id>/unsuspend", answer=AdminUser, permission="accounts.suspend")
async def unsuspend(ask: Ask[None, None], user_id: str) -> object:
    """Let somebody who was suspended be there again."""
    actor = await _account(user_id)
    await administration.unsuspend(actor, by=ask.doer)
    return await listing.account_form(actor.id)


@api.delete("/admin/users/<user_id>/second-factor", answer=AdminUser, permission="accounts.secure")
async def reset_second_factor(ask: Ask[None, None], user_id: str) -> object:
    """Take away the codes of an app, recovery codes and passkeys of somebody who has lost them.

    Then their password alone lets them in; make sure that it is them who asks.
    """
    actor = await _account(user_id)
    await administration.reset_second_factor(actor, by=ask.doer)
    return await listing.account_form(actor.id)
